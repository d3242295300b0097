//! A state patch taken apart: what each of the E x N numbers of a state adds to what its layer says.
//!
//! In a layer whose input stays as it is the scan is linear: a change of the state after token t changes the mixer's
//! output at t' >= t by `W_o [(C_t' (product of Abar_k, t < k <= t') dh) g_t']`, exactly the sum over all E x N numbers.

use candle_core::{DType, Tensor};
use mambascope_model::{Site, Spot};

use crate::Error;
use crate::at::TokenSet;
use crate::check::{self, Corrupted};
use crate::trace::Trace;

/// One number of a state, and how much of the layer's output it moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StateCell {
    /// Its channel.
    pub channel: usize,
    /// Its place among the channel's N.
    pub dim: usize,
    /// Length of the change of the mixer's output over all later tokens; root mean square over noise samples.
    pub size: f64,
}

/// A state cell and what restoring it alone does, by a real run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confirmed {
    /// The cell.
    pub cell: StateCell,
    /// p(answer) with it restored.
    pub score: f64,
}

/// A restored state's effect on its layer's output, number by number.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
/// let parts = trace.decompose(1, 2)?;
/// assert_eq!(parts.top(3).len(), 3);
/// let confirmed = parts.confirm(1)?;
/// assert!((0.0..=1.0).contains(&confirmed[0].score));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Decomposition {
    trace: Trace,
    layer: usize,
    token: usize,
    states: usize,
    /// By sample, later token, channel and dim: what the gated scan output changes by.
    gated: Vec<Vec<f64>>,
    /// `[D, E]`.
    out: Vec<Vec<f64>>,
    cells: Vec<StateCell>,
}

impl Trace {
    /// Takes the restore of a layer's state after a token apart into its E x N numbers.
    ///
    /// # Cost
    /// One forward pass for the clean run and each corrupted one.
    ///
    /// # Errors
    /// When the plan does not fit the model, or is of prompts that differ in length.
    pub fn decompose(&self, layer: usize, token: usize) -> Result<Decomposition, Error> {
        let trace = self.restore((Site::State, layer)).tokens(token).window(1);
        let plan = trace.resolve()?;
        if let Corrupted::Other(_) | Corrupted::Nothing = plan.corrupted {
            return Err(Error::Plan {
                problems: vec![check::Problem::new(
                    "a decomposition of a run that noise did not corrupt",
                    "`.corrupt(3.0)`: what is taken apart is clean minus corrupted, token by token",
                )],
            });
        }
        let model = trace.model();
        let spots =
            [Site::State, Site::Decay, Site::C, Site::Gate].map(|site| Spot { site, layer });
        let clean = model.embeddings(&plan.prompt.ids)?;
        let read = |embeddings: &Tensor| -> Result<[Vec<f64>; 4], Error> {
            let acts = model.activations_of(embeddings, &spots)?;
            let values = |spot: Spot| -> Result<Vec<f64>, Error> {
                let tensor =
                    acts.at(spot.site, layer).ok_or(Error::NotKept { site: spot.site, layer })?;
                Ok(tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?)
            };
            let [state, decay, c, gate] = spots;
            Ok([values(state)?, values(decay)?, values(c)?, values(gate)?])
        };
        let [kept, ..] = read(&clean)?;
        let (tokens, width) = (plan.prompt.ids.len(), model.config().inner * model.config().state);
        let mut gated = Vec::new();
        for run in crate::wavefront::corrupted_runs(model, &plan, &clean)? {
            let [state, decay, c, gate] = read(&run)?;
            let here = token * width..(token + 1) * width;
            let change =
                kept[here.clone()].iter().zip(&state[here]).map(|(kept, state)| kept - state);
            let mut change: Vec<f64> = change.collect();
            let mut of_sample = Vec::with_capacity((tokens - token) * width);
            for later in token..tokens {
                if later > token {
                    let decay = &decay[later * width..][..width];
                    change.iter_mut().zip(decay).for_each(|(change, decay)| *change *= decay);
                }
                let size = model.config().state;
                of_sample.extend(change.iter().enumerate().map(|(place, change)| {
                    let (channel, dim) = (place / size, place % size);
                    change * c[later * size + dim] * gate[later * model.config().inner + channel]
                }));
            }
            gated.push(of_sample);
        }
        let out =
            model.tensors().tensor(&format!("backbone.layers.{layer}.mixer.out_proj.weight"))?;
        let out: Vec<Vec<f64>> = out.to_dtype(DType::F64)?.to_vec2()?;
        let states = model.config().state;
        let cells = sizes(&gated, &out, width, states);
        Ok(Decomposition { trace, layer, token, states, gated, out, cells })
    }
}

/// The cells, the largest first.
fn sizes(gated: &[Vec<f64>], out: &[Vec<f64>], width: usize, states: usize) -> Vec<StateCell> {
    let size = |place: usize| {
        let channel = place / states;
        let column: f64 = out.iter().map(|row| row[channel].powi(2)).sum();
        let moved = |sample: &Vec<f64>| -> f64 {
            sample.iter().skip(place).step_by(width).map(|change| change.powi(2)).sum()
        };
        let mean = gated.iter().map(moved).sum::<f64>() / gated.len().max(1) as f64;
        StateCell { channel, dim: place % states, size: (column * mean).sqrt() }
    };
    let mut cells: Vec<StateCell> = (0..width).map(size).collect();
    cells.sort_by(|one, other| other.size.total_cmp(&one.size));
    cells
}

impl Decomposition {
    /// All cells, the largest first.
    pub fn cells(&self) -> &[StateCell] {
        &self.cells
    }

    /// The largest cells.
    pub fn top(&self, count: usize) -> &[StateCell] {
        &self.cells[..count.min(self.cells.len())]
    }

    /// What one cell changes the mixer's output by, in one noise sample; `None` where there is no such cell or sample.
    ///
    /// # Shapes
    /// `[T - t][D]`, for the restored token and all later ones.
    pub fn change(&self, sample: usize, channel: usize, dim: usize) -> Option<Vec<Vec<f64>>> {
        let width = self.cells.len();
        let gated = self.gated.get(sample)?;
        let place = channel * self.states + dim;
        if dim >= self.states || place >= width {
            return None;
        }
        let at = |gated: &[f64]| self.out.iter().map(|row| row[channel] * gated[place]).collect();
        Some(gated.chunks_exact(width).map(at).collect())
    }

    /// What the largest cells do when each is restored alone, by real runs.
    ///
    /// # Errors
    /// As [`Trace::run`].
    pub fn confirm(&self, count: usize) -> Result<Vec<Confirmed>, Error> {
        let confirm = |&cell: &StateCell| {
            let trace = self.trace.restore((Site::State, self.layer)).window(1);
            let trace = trace.tokens(TokenSet::from(self.token));
            let effects = trace.channels(cell.channel).dims(cell.dim).run()?;
            let score = effects.score(self.token, self.layer).unwrap_or_else(|| effects.low());
            Ok(Confirmed { cell, score })
        };
        self.top(count).iter().map(confirm).collect()
    }
}

#[cfg(test)]
mod tests {
    use mambascope_model::{Compute, Error as ModelError, Model, Tap};

    use super::*;
    use crate::corrupt::Noise;
    use crate::trace::Scope as _;

    /// Puts a state in place, and keeps what the mixer then says.
    struct Patched<'a> {
        layer: usize,
        token: usize,
        state: Option<&'a Tensor>,
        said: Vec<Vec<f64>>,
    }

    impl Tap for Patched<'_> {
        fn wants(&self, spot: Spot) -> bool {
            spot.layer == self.layer && matches!(spot.site, Site::State | Site::MixerOut)
        }

        fn visit(&mut self, _: Spot, now: Tensor) -> Result<Tensor, ModelError> {
            self.said = now.to_vec2()?;
            Ok(now)
        }

        fn step(&mut self, _: Spot, token: usize, now: Tensor) -> Result<Tensor, ModelError> {
            match self.state.filter(|_| token == self.token) {
                Some(state) => Ok(state.narrow(0, token, 1)?),
                None => Ok(now),
            }
        }
    }

    #[test]
    fn all_cells_together_are_the_patch() {
        let model = Model::tiny().computed(Compute::Reference64).expect("packed");
        let (layer, token) = (1, 2);
        let noise = Noise::gaussian(0.7).samples(2);
        let trace = model.trace([5, 9, 2, 7, 11]).subject(1..3).corrupt(noise);
        let parts = trace.decompose(layer, token).expect("taken apart");
        let plan = trace.resolve().expect("sound");
        let clean = model.embeddings(&plan.prompt.ids).expect("embedded");
        let spot = Spot { site: Site::State, layer };
        let kept = model.activations_of(&clean, &[spot]).expect("a run");
        let kept = kept.at(Site::State, layer).expect("kept");
        let runs = crate::wavefront::corrupted_runs(&model, &plan, &clean).expect("drawn");
        for (sample, run) in runs.iter().enumerate() {
            let said = |state| {
                let mut tap = Patched { layer, token, state, said: Vec::new() };
                model.run_embeddings(run, &mut tap).expect("a run");
                tap.said
            };
            let (before, after) = (said(None), said(Some(kept)));
            let mut sums = vec![vec![0.0; 16]; 3];
            for channel in 0..32 {
                for dim in 0..4 {
                    let change = parts.change(sample, channel, dim).expect("a cell");
                    for (sum, change) in sums.iter_mut().flatten().zip(change.iter().flatten()) {
                        *sum += change;
                    }
                }
            }
            for (later, sums) in sums.iter().enumerate() {
                for (place, sum) in sums.iter().enumerate() {
                    let moved = after[token + later][place] - before[token + later][place];
                    assert!((moved - sum).abs() < 1e-10, "{moved} is not {sum}");
                }
            }
        }
    }

    #[test]
    fn the_largest_cells_come_first_and_are_confirmed() {
        let noise = Noise::gaussian(0.7).samples(2);
        let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(noise);
        let parts = trace.decompose(2, 2).expect("taken apart");
        assert_eq!(parts.cells().len(), 128);
        assert!(parts.cells().is_sorted_by(|one, other| one.size >= other.size));
        let confirmed = parts.confirm(2).expect("runs");
        let low = trace.run().expect("a run").low();
        assert!(confirmed.iter().any(|confirmed| (confirmed.score - low).abs() > 1e-9));
        assert!(parts.change(0, 32, 0).is_none() && parts.change(2, 0, 0).is_none());
        assert!(trace.decompose(9, 2).is_err() && trace.decompose(2, 9).is_err());
    }
}
