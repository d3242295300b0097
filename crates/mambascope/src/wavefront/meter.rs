//! Tells a watcher how far a run is, and hears when to stop.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Error;
use crate::watch::{Progress, Watch};

/// Tells the watcher how far the run is.
pub(super) struct Meter<'a> {
    pub(super) watch: &'a dyn Watch,
    done: AtomicUsize,
    /// Layer-steps of a sample.
    steps: usize,
    /// How many samples there will be, as far as is known.
    samples: AtomicUsize,
    cells: usize,
}

impl<'a> Meter<'a> {
    /// Of a run of so many cells that take so many layer-steps a sample.
    pub(super) const fn new(
        watch: &'a dyn Watch,
        cells: usize,
        steps: usize,
        samples: usize,
    ) -> Self {
        let (done, samples) = (AtomicUsize::new(0), AtomicUsize::new(samples));
        Self { watch, done, steps, samples, cells }
    }

    pub(super) fn advance(&self, steps: usize) {
        let done = self.done.fetch_add(steps, Ordering::Relaxed) + steps;
        let steps = self.steps * self.samples.load(Ordering::Relaxed);
        let cells_done = (self.cells * done).checked_div(steps).unwrap_or(0).min(self.cells);
        self.watch.progress(Progress { cells_done, cells: self.cells });
    }

    /// Hears how many samples there will be.
    pub(super) fn expect(&self, samples: usize) {
        self.samples.store(samples, Ordering::Relaxed);
    }

    pub(super) fn finish(&self) {
        self.watch.progress(Progress { cells_done: self.cells, cells: self.cells });
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        if self.watch.stopped() { Err(Error::Stopped) } else { Ok(()) }
    }
}
