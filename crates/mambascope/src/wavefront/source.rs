//! Where corrupted runs come from: a stream of noise, another prompt, or nowhere.

use candle_core::Tensor;
use mambascope_model::Model;

use crate::Error;
use crate::check::{Corrupted, Resolved};
use crate::corrupt::Noisy;
use crate::sever::Stream;
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

/// The embeddings of corrupted runs, sample by sample.
pub(super) struct Runs {
    /// Those that are patched.
    pub(super) patched: Vec<Tensor>,
    /// Those whose values held lanes keep; none where those are the patched ones.
    pub(super) held: Vec<Tensor>,
}

impl Source {
    /// The next corrupted runs of a plan: for ROME's stream those of a first pass, whose values held lanes keep, then
    /// those of a second one, which goes on drawing.
    ///
    /// # Errors
    /// As [`draw`](Self::draw).
    pub(super) fn runs(
        &mut self,
        stream: Stream,
        count: usize,
        watch: &dyn Watch,
    ) -> Result<Runs, Error> {
        let held = match stream {
            Stream::Same => Vec::new(),
            Stream::Rome => self.draw(count, watch)?,
        };
        Ok(Runs { patched: self.draw(count, watch)?, held })
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
