//! A state patch taken apart: what each of the E x N numbers of a state adds to what its layer says.
//!
//! In a layer whose input stays as it is the scan is linear: a change of the state after token t changes the mixer's
//! output at t' >= t by `W_o [(C_t' (product of Abar_k, t < k <= t') dh) g_t']`, exactly the sum over all E x N numbers.

mod scan_run;

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use mambascope_model::{Site, Spot, Timing};

use self::scan_run::ScanRun;
use crate::at::TokenSet;
use crate::check::{Problem, Resolved};
use crate::fill::Fill;
use crate::plan::Direction;
use crate::trace::Trace;
use crate::wavefront::{Fills, Whose};
use crate::{Error, notebook, wavefront};

/// One number of a state, and how much of the layer's output it moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StateCell {
    /// Its channel.
    pub channel: usize,
    /// Its place among the channel's N.
    pub dim: usize,
    /// Length of the change of the mixer's output over all later tokens; root mean square over samples.
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
    /// Takes the restore of a layer's state after a token apart into its E x N numbers: what the trace puts in place, less
    /// what is there. The prompts of a swap may differ in length; the token is one of the prompt that is patched.
    ///
    /// # Cost
    /// One forward pass for the clean run and each corrupted one.
    ///
    /// # Errors
    /// When the plan does not fit the model, all problems at once; or restores, severs or times more than a state's scan.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let swapped = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(swap([11]));
    /// let parts = swapped.decompose(1, 1)?;
    /// assert_eq!(parts.change(0, 3, 2).expect("a cell").len(), 2, "the swapped subject and the last token");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn decompose(&self, layer: usize, token: usize) -> Result<Decomposition, Error> {
        let trace = self.restore((Site::State, layer)).tokens(token).window(1);
        let plan = resolve(&trace)?;
        let (model, grid) = (trace.model(), plan.grid.as_ref());
        let columns = grid.and_then(|grid| grid.places[0].columns.clone());
        let fills = wavefront::prepare(model, &plan, &notebook::progress("decompose"))?;
        let clean = model.embeddings(&plan.prompt.ids)?;
        let mut runs =
            wavefront::corrupted_runs(model, &plan, &clean, &notebook::progress("decompose"))?;
        if runs.is_empty() {
            runs.push(clean.clone());
        }
        let clean = ScanRun::of(model, &clean, layer)?;
        let mut gated = Vec::new();
        for (sample, run) in runs.into_iter().enumerate() {
            let run = ScanRun::of(model, &run, layer)?;
            let (patched, giving) = match plan.direction {
                Direction::Denoise => (&run, &clean),
                Direction::Noise => (&clean, &run),
            };
            let (other, now) = (giving.state(plan.align[token]), patched.state(token));
            let given = given(&fills, (layer, Whose { sample, token }), other, now)?;
            let mut change: Vec<f64> =
                given.iter().zip(patched.state(token)).map(|(given, is)| given - is).collect();
            if let Some(columns) = &columns {
                let mut part = vec![0.0; change.len()];
                for &column in columns {
                    part[column] = change[column];
                }
                change = part;
            }
            gated.push(patched.carried(change, token, trace_timing(&trace)));
        }
        let out =
            model.tensors().tensor(&format!("backbone.layers.{layer}.mixer.out_proj.weight"))?;
        let out: Vec<Vec<f64>> = out.to_dtype(DType::F64)?.to_vec2()?;
        let states = model.config().state;
        let cells = sizes(&gated, &out, model.config().inner * states, states);
        let is_finite = |cell: &StateCell| cell.size.is_finite();
        if !(cells.iter().all(is_finite) && gated.iter().flatten().all(|number| number.is_finite()))
        {
            let what = format!("the decomposition of layer {layer} after token {token}");
            return Err(Error::Overflow { what });
        }
        Ok(Decomposition { trace, layer, token, states, gated, out, cells })
    }
}

/// The plan, where its patch is one of a state alone.
fn resolve(trace: &Trace) -> Result<Resolved, Error> {
    let (plan, mut problems) = match trace.resolve() {
        Ok(plan) => (Some(plan), Vec::new()),
        Err(Error::Plan { problems }) => (None, problems),
        Err(other) => return Err(other),
    };
    let mut refuse = |wrong: bool, what: &str, help: &str| {
        if wrong {
            problems.push(Problem::new(what, help));
        }
    };
    let restore = trace.plan().restore.as_ref();
    refuse(
        restore.is_some_and(|restore| !restore.also.is_empty()),
        "a decomposition of a state together with another site",
        "leave `.and(..)` out: what is taken apart is the patch of a state alone",
    );
    refuse(
        trace_timing(trace) == Timing::SeedCompat,
        "a decomposition in the original project's order, in which a token enters its state twice",
        "`.timing(Timing::ReadThrough)`, `Timing::CarryOnly` or `Timing::ReadOnly`",
    );
    refuse(
        !trace.plan().sever.is_empty(),
        "a decomposition with something severed",
        "leave `.sever(..)` out: what is taken apart is what the state does to its whole layer",
    );
    refuse(
        restore.is_some_and(|restore| matches!(restore.fill, Fill::Elsewhere(_))),
        "a decomposition of what another place has",
        "`Fill::OtherRun`, or numbers, a mean or a tap",
    );
    match plan {
        Some(plan) if problems.is_empty() => Ok(plan),
        _ => Err(Error::Plan { problems }),
    }
}

fn trace_timing(trace: &Trace) -> Timing {
    trace.plan().restore.as_ref().map(|restore| restore.timing).unwrap_or_default()
}

/// What is put in place of a state, where the other run has `other` and `now` is there.
fn given(
    fills: &Fills,
    (layer, whose): (usize, Whose),
    other: &[f64],
    now: &[f64],
) -> Result<Vec<f64>, Error> {
    let row = |rows: &BTreeMap<(Site, usize), Vec<f64>>| {
        rows.get(&(Site::State, layer)).cloned().ok_or(Error::NotKept { site: Site::State, layer })
    };
    Ok(match fills {
        // A decomposition of what another place has was refused.
        Fills::OtherRun | Fills::Elsewhere => other.to_vec(),
        Fills::Tapped(tap, config) => {
            let now = Tensor::from_slice(now, (1, now.len()), &Device::Cpu)?;
            let made = tap.rows(Spot { site: Site::State, layer }, &[whose.token], &now, config)?;
            made.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?
        }
        Fills::Scaled(factor) => now.iter().map(|now| now * factor).collect(),
        Fills::Drawn(draws) => {
            let now = Tensor::from_slice(now, (1, now.len()), &Device::Cpu)?;
            draws.over((Site::State, layer), &[whose], &now)?.flatten_all()?.to_vec1()?
        }
        Fills::Rows(rows) => row(rows)?,
    })
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

    /// What one cell changes the mixer's output by, in one sample; `None` where there is no such cell or sample.
    ///
    /// # Shapes
    /// `[T - t][D]`, for the restored token and all later ones.
    pub fn change(&self, sample: usize, channel: usize, dim: usize) -> Option<Vec<Vec<f64>>> {
        let width = self.cells.len();
        let gated = self.gated.get(sample)?;
        if dim >= self.states || channel >= width / self.states.max(1) {
            return None;
        }
        let place = channel * self.states + dim;
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
mod tests;
