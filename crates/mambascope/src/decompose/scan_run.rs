//! A run as one layer's scan has it, and what a change of its state comes to.

use candle_core::{DType, Tensor};
use mambascope_model::{Model, Site, Spot, Timing};

use crate::Error;

/// What a run has in one layer's scan, token after token.
pub(super) struct ScanRun {
    /// `[T, E N]`.
    state: Vec<f64>,
    /// `[T, E N]`.
    decay: Vec<f64>,
    /// `[T, N]`.
    c: Vec<f64>,
    /// `[T, E]`.
    gate: Vec<f64>,
    /// N.
    states: usize,
    /// E.
    channels: usize,
}

impl ScanRun {
    pub(super) fn of(model: &Model, embeddings: &Tensor, layer: usize) -> Result<Self, Error> {
        let sites = [Site::State, Site::Decay, Site::C, Site::Gate];
        let acts = model.activations_of(embeddings, &sites.map(|site| Spot { site, layer }))?;
        let values = |site| -> Result<Vec<f64>, Error> {
            let tensor = acts.at(site, layer).ok_or(Error::NotKept { site, layer })?;
            Ok(tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?)
        };
        Ok(Self {
            state: values(Site::State)?,
            decay: values(Site::Decay)?,
            c: values(Site::C)?,
            gate: values(Site::Gate)?,
            states: model.config().state,
            channels: model.config().inner,
        })
    }

    /// The state after a token.
    pub(super) fn state(&self, token: usize) -> &[f64] {
        let width = self.channels * self.states;
        &self.state[token * width..][..width]
    }

    /// What a change of the state after a token changes the gated scan output by, number by number, there and at each later
    /// token.
    pub(super) fn carried(&self, mut change: Vec<f64>, token: usize, timing: Timing) -> Vec<f64> {
        let (size, width) = (self.states, self.channels * self.states);
        let tokens = self.gate.len() / self.channels;
        let mut gated = Vec::with_capacity((tokens - token) * width);
        for later in token..tokens {
            if later > token {
                let decay = &self.decay[later * width..][..width];
                change.iter_mut().zip(decay).for_each(|(change, decay)| *change *= decay);
            }
            let read = match timing {
                Timing::CarryOnly => later > token,
                Timing::ReadOnly => later == token,
                Timing::ReadThrough | Timing::SeedCompat => true,
            };
            gated.extend(change.iter().enumerate().map(|(place, change)| {
                let (channel, dim) = (place / size, place % size);
                let share = self.c[later * size + dim] * self.gate[later * self.channels + channel];
                if read { change * share } else { 0.0 }
            }));
        }
        gated
    }
}
