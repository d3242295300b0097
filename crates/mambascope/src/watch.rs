//! Watching a run: how far it is, and whether it is to stop.

use mambascope_model::Error as ModelError;

use crate::Error;
use crate::until::Sampling;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Cells whose work is done, counted by the share of layer-steps behind.
    pub cells_done: usize,
    /// Cells in all.
    pub cells: usize,
}

/// Work that is not counted in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// A mean is taken over prompts, before the first cell.
    Mean,
    /// A prompt is recorded, layer by layer.
    Record,
    /// Weights are read, million bytes by million bytes.
    Load,
}

impl Stage {
    /// What is counted.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Mean => "prompts",
            Self::Record => "layers",
            Self::Load => "MB",
        }
    }
}

/// Somebody who watches a run.
pub trait Watch: Sync {
    /// Hears how far the run is, after each group of rows; may be called from several threads.
    fn progress(&self, progress: Progress);

    /// Hears how far work is that is not counted in cells: so many of so many prompts or layers.
    fn stage(&self, stage: Stage, done: usize, all: usize) {
        let _ = (stage, done, all);
    }

    /// Hears what the samples so far say, where more are drawn until intervals are narrow.
    fn sampled(&self, _: Sampling) {}

    /// Whether the run is to stop; asked before each group of cells' rows, and at each site of whole prompts.
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

/// Ends a run of the model where the watcher says so.
pub(crate) fn stopped(watch: &dyn Watch) -> Result<(), ModelError> {
    if watch.stopped() { Err(ModelError::Tap { source: Box::new(Error::Stopped) }) } else { Ok(()) }
}

/// An error of the model's run; [`Error::Stopped`] where that is what ended it.
pub(crate) fn unstopped(error: ModelError) -> Error {
    match error {
        ModelError::Tap { source } if is_stop(source.as_ref()) => Error::Stopped,
        other => other.into(),
    }
}

fn is_stop(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    matches!(error.downcast_ref::<Error>(), Some(Error::Stopped))
}
