//! The reference: each knock-out a forward pass of its own, step by step under a tap.

use std::collections::BTreeMap;
use std::ops::Range;

use candle_core::Tensor;
use mambascope_model::{
    Error as ModelError, Model, Removal, Rest, Site, Spot, Tap, Timing, Unseen,
};

use crate::knock_out::{KnockOut, check};
use crate::watch::Unwatched;
use crate::wavefront::{By, Cuts, Fills, Sight};

/// The scores of a knock-out, one forward pass each.
pub(super) fn scores(knock_out: &KnockOut, answer: u32) -> Vec<f64> {
    let settled = check::resolve(knock_out).expect("a sound knock-out");
    let cuts = settled.cuts(knock_out, &Unwatched).expect("channels ranked");
    let model = knock_out.trace.model();
    let mut scores = Vec::new();
    for sight in &cuts.pairs {
        for (_, layers) in &settled.windows {
            let logits = run(model, &settled.plan.prompt.ids, &cuts, sight, layers.clone());
            scores.push(probability(&logits, answer));
        }
    }
    scores
}

fn run(model: &Model, ids: &[u32], cuts: &Cuts, sight: &Sight, layers: Range<usize>) -> Tensor {
    match &cuts.by {
        By::Blindness(unseen) => {
            let mut tap = Cut::new(sight.clone(), layers, unseen.clone());
            model.run_with(ids, &mut tap).expect("a run")
        }
        By::Mean(fills) => {
            let spots: Vec<Spot> =
                layers.clone().map(|layer| Spot { site: Site::ConvIn, layer }).collect();
            let clean = model.activations(ids, &spots).expect("a run");
            let was = |layer| clean.at(Site::ConvIn, layer).expect("kept").clone();
            let clean = layers.map(|layer| (layer, was(layer))).collect();
            let mut tap = Meaned { sight: sight.clone(), clean, fills };
            model.run_with(ids, &mut tap).expect("a run")
        }
    }
}

fn probability(logits: &Tensor, answer: u32) -> f64 {
    let last = logits.get(logits.dim(0).expect("rows") - 1).expect("a row");
    let last: Vec<f64> = last.to_vec1().expect("f64");
    let top = last.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = last.iter().map(|logit| (logit - top).exp()).sum();
    (last[answer as usize] - top).exp() / sum
}

/// A tap by which targets read states and windows that the sources never entered; what later tokens read stays.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    sight: Sight,
    layers: Range<usize>,
    unseen: Vec<Unseen>,
    /// For the layer that runs the decays and writes of all tokens.
    seen: BTreeMap<Spot, Tensor>,
    /// The state that the sources never entered, of the layer that runs.
    without: Option<Tensor>,
}

impl Cut {
    pub(super) fn new(sight: Sight, layers: Range<usize>, unseen: Vec<Unseen>) -> Self {
        Self { sight, layers, unseen, seen: BTreeMap::new(), without: None }
    }

    /// One in the channels of a layer that are cut and zero in the rest, `[E, 1]`.
    fn cut(&self, layer: usize, state: &Tensor) -> candle_core::Result<Tensor> {
        let channels = state.dim(0)?;
        let mut cut = vec![0.0_f64; channels];
        match &self.unseen[layer].channels {
            Some(some) => {
                for &channel in some {
                    cut[channel] = 1.0;
                }
            }
            None => cut.fill(1.0),
        }
        Tensor::from_vec(cut, (channels, 1), state.device())
    }

    /// The state `[E, N]` after a token, as if the sources had never entered it.
    fn step_without(
        &mut self,
        layer: usize,
        token: usize,
        now: &Tensor,
    ) -> candle_core::Result<Tensor> {
        let before = match self.without.take() {
            Some(state) if token > 0 => state,
            _ => now.zeros_like()?,
        };
        let row = |site| self.seen[&Spot { site, layer }].get(token);
        let unseen = &self.unseen[layer];
        let after = match (self.sight.from.contains(&token), unseen.removal, unseen.rest) {
            (true, Removal::Invisible, Rest::Whole) => before,
            (true, Removal::Invisible, Rest::Undecayed) => {
                let rest = (self.cut(layer, now)?.neg()? + 1.0)?;
                (before + row(Site::Write)?.broadcast_mul(&rest)?)?
            }
            (true, Removal::Write, _) => (before * row(Site::Decay)?)?,
            (false, ..) => ((before * row(Site::Decay)?)? + row(Site::Write)?)?,
        };
        self.without = Some(after.clone());
        Ok(after)
    }

    /// What a target reads, where the whole and the state without the sources are known.
    fn read(&self, layer: usize, whole: &Tensor, without: Tensor) -> candle_core::Result<Tensor> {
        if self.unseen[layer].rest == Rest::Undecayed {
            return Ok(without);
        }
        let cut = self.cut(layer, whole)?.broadcast_as(whole.shape())?;
        cut.ne(0.0)?.where_cond(&without, whole)
    }
}

impl Tap for Cut {
    fn wants(&self, spot: Spot) -> bool {
        let lanes = self.unseen[0].lanes;
        self.layers.contains(&spot.layer)
            && match spot.site {
                Site::State | Site::Decay | Site::Write => lanes.scan(),
                Site::ConvState => lanes.convolution(),
                _ => false,
            }
    }

    fn timing(&self, _: Spot) -> Timing {
        Timing::ReadOnly
    }

    fn visit(&mut self, spot: Spot, now: Tensor) -> Result<Tensor, ModelError> {
        self.seen.insert(spot, now.clone());
        Ok(now)
    }

    fn step(&mut self, spot: Spot, token: usize, now: Tensor) -> Result<Tensor, ModelError> {
        let state = now.get(0)?;
        if spot.site == Site::State {
            let without = self.step_without(spot.layer, token, &state)?;
            let target = self.sight.to.contains(&token);
            return if target {
                Ok(self.read(spot.layer, &state, without)?.unsqueeze(0)?)
            } else {
                Ok(now)
            };
        }
        if !self.sight.to.contains(&token) {
            return Ok(now);
        }
        // The window ends with the token itself.
        let width = state.dim(1)?;
        let sees = |place: usize| {
            let source = (token + place + 1).checked_sub(width);
            u8::from(!source.is_some_and(|source| self.sight.from.contains(&source)))
        };
        let sees: Vec<u8> = (0..width).map(sees).collect();
        let sees = Tensor::new(sees, now.device())?.unsqueeze(0)?.broadcast_as(state.shape())?;
        Ok(sees.where_cond(&state, &state.zeros_like()?)?.unsqueeze(0)?)
    }
}

/// A tap by which the convolution reads the mean of the sources, and of others but the targets what it was.
struct Meaned<'a> {
    sight: Sight,
    clean: BTreeMap<usize, Tensor>,
    fills: &'a Fills,
}

impl Tap for Meaned<'_> {
    fn wants(&self, spot: Spot) -> bool {
        spot.site == Site::ConvIn && self.clean.contains_key(&spot.layer)
    }

    fn visit(&mut self, spot: Spot, now: Tensor) -> Result<Tensor, ModelError> {
        let Fills::Rows(means) = self.fills else { panic!("rows") };
        let mean = Tensor::new(means[&(spot.site, spot.layer)].as_slice(), now.device())?;
        let row = |token: usize| {
            if self.sight.from.contains(&token) {
                Ok(mean.clone())
            } else if self.sight.to.contains(&token) {
                now.get(token)
            } else {
                self.clean[&spot.layer].get(token)
            }
        };
        let rows = (0..now.dim(0)?).map(row).collect::<candle_core::Result<Vec<_>>>()?;
        Ok(Tensor::stack(&rows, 0)?)
    }
}
