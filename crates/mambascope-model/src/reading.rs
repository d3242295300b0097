//! Watching a checkpoint being read, which of a large model takes a while.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::Error;

/// Somebody who watches a checkpoint being read.
pub trait Reading: Send + Sync {
    /// Hears how many bytes of weights are read, of how many; may be called from several threads.
    ///
    /// All bytes are read twice: checked, then packed for the device.
    fn read(&self, bytes: u64, all: u64);

    /// Whether to stop; asked before each tensor is read, and before each layer is packed.
    fn stopped(&self) -> bool {
        false
    }
}

static BEGIN: OnceLock<fn() -> Box<dyn Reading>> = OnceLock::new();

/// Has every checkpoint that this process loads from now on watched; only the first call counts.
///
/// A notebook does so for its user, whose `Model::load` has no place for a watcher.
///
/// # Example
/// ```
/// use mambascope_model::{Model, Reading, watch_reading};
/// struct Told;
/// impl Reading for Told {
///     fn read(&self, bytes: u64, all: u64) {
///         assert!(bytes <= all);
///     }
/// }
/// watch_reading(|| Box::new(Told));
/// Model::bundled()?;
/// # Ok::<(), mambascope_model::Error>(())
/// ```
pub fn watch_reading(begin: fn() -> Box<dyn Reading>) {
    // A second watcher would take the first one's place in the middle of a load.
    let _ = BEGIN.set(begin);
}

/// How far one checkpoint is read.
pub(crate) struct Meter {
    watcher: Option<Box<dyn Reading>>,
    bytes: AtomicU64,
    all: AtomicU64,
    stopped: AtomicBool,
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Meter {
    /// Nobody watches.
    pub(crate) const fn unwatched() -> Self {
        Self {
            watcher: None,
            bytes: AtomicU64::new(0),
            all: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        }
    }

    /// Begins to watch, where this process wants that.
    pub(crate) fn begin() -> Self {
        Self { watcher: BEGIN.get().map(|begin| begin()), ..Self::unwatched() }
    }

    /// Says how many bytes there are to check, and then to pack.
    pub(crate) fn begins(&self, bytes: u64) {
        self.all.store(2 * bytes, Ordering::Relaxed);
    }

    /// Adds bytes that were checked.
    pub(crate) fn add(&self, bytes: u64) {
        let read = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(watcher) = &self.watcher {
            watcher.read(read, self.all.load(Ordering::Relaxed));
        }
    }

    /// Adds one part of the bytes, packed.
    pub(crate) fn packed(&self, parts: usize) {
        let bytes = self.all.load(Ordering::Relaxed) / 2;
        if bytes > 0 {
            self.add(bytes / parts as u64);
        }
    }

    /// Ends the load once somebody asked for that.
    ///
    /// # Errors
    /// [`Error::Stopped`], from then on.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.watcher.as_ref().is_some_and(|watcher| watcher.stopped()) {
            self.stopped.store(true, Ordering::Relaxed);
        }
        if self.stopped.load(Ordering::Relaxed) { Err(Error::Stopped) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Stops after so many bytes.
    struct Until(u64, Arc<AtomicU64>);

    impl Reading for Until {
        fn read(&self, bytes: u64, all: u64) {
            assert!(bytes <= all);
            self.1.fetch_max(bytes, Ordering::Relaxed);
        }

        fn stopped(&self) -> bool {
            self.1.load(Ordering::Relaxed) >= self.0
        }
    }

    #[test]
    fn a_load_is_told_and_stopped() {
        let read = Arc::new(AtomicU64::new(0));
        let watched = |limit| Meter {
            watcher: Some(Box::new(Until(limit, Arc::clone(&read)))),
            ..Meter::unwatched()
        };
        let source = crate::Source::Bundled;
        let open = |meter: &Meter| crate::Checkpoint::open_under(&source, meter);
        let whole = open(&watched(u64::MAX)).expect("read");
        let all: usize = whole
            .tensors
            .names()
            .map(|name| whole.tensors.tensor(name).expect("read").elem_count())
            .sum();
        let bytes = read.load(Ordering::Relaxed);
        assert!(bytes >= 2 * all as u64, "{bytes} bytes of {all} numbers");
        read.store(0, Ordering::Relaxed);
        assert!(matches!(open(&watched(bytes / 2)), Err(Error::Stopped)));
        assert!(read.load(Ordering::Relaxed) < bytes, "it read on");
    }
}
