//! Where corrupted runs come from: a stream of noise, another prompt, or nowhere.

use candle_core::Tensor;
use mambascope_model::Model;

use crate::Error;
use crate::check::{Corrupted, Resolved};
use crate::corrupt::Noisy;
use crate::watch::Watch;

/// Where corrupted runs come from.
pub(super) enum Source {
    Noise(Box<Noisy>),
    Other(Tensor),
    Nothing,
}

impl Source {
    pub(super) fn new(model: &Model, plan: &Resolved, clean: &Tensor) -> Result<Self, Error> {
        Ok(match &plan.corrupted {
            Corrupted::Noise { noise, factor, .. } => {
                let places = plan.prompt.subjects();
                Self::Noise(Box::new(Noisy::new(model, noise, *factor, clean, &places)?))
            }
            Corrupted::Other(other) => Self::Other(model.embeddings(&other.ids)?),
            Corrupted::Nothing => Self::Nothing,
        })
    }

    /// The embeddings of the next corrupted runs.
    ///
    /// # Errors
    /// When they cannot be made, or the watcher stops the drawing of noise.
    pub(super) fn draw(&mut self, count: usize, watch: &dyn Watch) -> Result<Vec<Tensor>, Error> {
        match self {
            Self::Noise(noisy) => noisy.draw(count, watch),
            Self::Other(other) => Ok(vec![other.clone()]),
            Self::Nothing => Ok(Vec::new()),
        }
    }
}

/// The embeddings of the corrupted runs.
///
/// # Errors
/// When they cannot be made, or the watcher stops the drawing of noise.
pub(crate) fn corrupted_runs(
    model: &Model,
    plan: &Resolved,
    clean: &Tensor,
    watch: &dyn Watch,
) -> Result<Vec<Tensor>, Error> {
    Source::new(model, plan, clean)?.draw(plan.corrupted_runs(), watch)
}
