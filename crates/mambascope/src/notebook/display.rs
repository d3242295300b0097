//! Values shown while a cell runs, which may change afterwards.

use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::bundle::Bundle;
use super::dialect::Dialect;
use super::frame::{Frame, write};
use crate::show::Show;

/// Shows a value now, before the cell ends.
///
/// # Example
/// ```
/// use mambascope::notebook;
/// let shown = notebook::display("reading");
/// shown.update("done");
/// ```
pub fn display<T: Show + ?Sized>(value: &T) -> Display {
    Display::of(&value.bundle())
}

/// A value that is shown, and can be changed where it stands.
///
/// Outside the mambascope kernel nothing can be changed: the first value is printed, later ones are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Display {
    id: String,
}

impl Display {
    pub(super) fn of(bundle: &Bundle) -> Self {
        let shown = Self { id: new_id() };
        match Dialect::current() {
            Dialect::Frames => {
                let (data, metadata) = (bundle.data(), &bundle.metadata);
                Frame::Display { data, metadata, id: Some(&shown.id) }.send();
            }
            Dialect::Blocks | Dialect::Plain => write(&plain(bundle)),
        }
        shown
    }

    /// Shows another value in place of this one.
    pub fn update<T: Show + ?Sized>(&self, value: &T) {
        self.update_bundle(&value.bundle());
    }

    pub(super) fn update_bundle(&self, bundle: &Bundle) {
        if Dialect::current() == Dialect::Frames {
            let (data, metadata) = (bundle.data(), &bundle.metadata);
            Frame::Update { data, metadata, id: &self.id }.send();
        }
    }
}

/// What becomes of a cell's output when it is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Old {
    /// It goes at once.
    Goes,
    /// It stays until there is something new, so that nothing flickers.
    Waits,
}

/// Takes away what the cell has shown so far; outside the mambascope kernel nothing is taken away.
pub fn clear_output(old: Old) {
    if Dialect::current() == Dialect::Frames {
        Frame::Clear { wait: old == Old::Waits }.send();
    }
}

/// The plainest form, its last line ended.
pub(super) fn plain(bundle: &Bundle) -> String {
    let text = bundle.get("text/plain").unwrap_or_default();
    format!("{}\n", text.trim_end_matches('\n'))
}

/// A name that no display of this or another process has.
fn new_id() -> String {
    static STARTED: OnceLock<u128> = OnceLock::new();
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let since = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let (started, count) = (STARTED.get_or_init(since), COUNT.fetch_add(1, Ordering::Relaxed));
    format!("mambascope-{}-{started:x}-{count}", process::id())
}
