//! Watching a run: how far it is, and whether it is to stop.

use crate::until::Sampling;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Cells whose work is done, counted by the share of layer-steps behind.
    pub cells_done: usize,
    /// Cells in all.
    pub cells: usize,
}

/// Somebody who watches a run.
pub trait Watch: Sync {
    /// Hears how far the run is, after each group of rows; may be called from several threads.
    fn progress(&self, progress: Progress);

    /// Hears what the samples so far say, where more are drawn until intervals are narrow.
    fn sampled(&self, _: Sampling) {}

    /// Whether the run is to stop; asked before each group of rows.
    fn stopped(&self) -> bool {
        false
    }
}

/// Nobody watches.
#[derive(Debug, Clone, Copy)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn progress(&self, _: Progress) {}
}
