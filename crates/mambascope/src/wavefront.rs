//! The wavefront: every cell of a grid in one walk up the layers.
//!
//! A restore at layer l and token t changes nothing below l and nothing before t. So no cell is ever run as a forward
//! pass. At each layer the base rows go first, the clean run and the corrupted samples, whole prompts; the layer's past
//! is kept at every token. Then all cells that have started: each is only its tokens from t on, begins from its base
//! row's past at t-1, and joins at its own layer. At the last layer only the last token goes on, and only the answer's
//! probability, or what else is measured, is asked of the head.
//!
//! # Cost
//! A layer-step is one token through one block. A cell whose first restored layer is f takes (L-1-f)(T-t) of them a
//! sample, and restores past the scan one read-out more; restores before it or inside it reach later tokens of their own
//! layer, and take (L-f)(T-t). In the first of its layers a cell's later tokens are as they were, and their input
//! projections are the base row's; cells whose windows begin alike share their rows until the shorter window ends. The
//! base rows take L T (S+1). [`Work`] counts what was done, and [`planned`] is the formula.

mod acts;
mod base;
mod blind;
mod cells;
mod chunks;
mod fill;
mod group;
mod head;
mod mean;
mod memory;
mod meter;
mod put;
mod sheet;
mod source;
mod trunk;
mod walk;
mod work;

use candle_core::Tensor;
use mambascope_model::Model;

use self::acts::Acts;
use self::chunks::Chunks;
use self::meter::Meter;
use self::sheet::Sheet;
use self::source::Source;
use self::walk::{On, Walk};
use crate::Error;
use crate::check::Resolved;
use crate::watch::Watch;

pub(crate) use acts::{By, Cuts, Sight};
pub(crate) use cells::{Cell, Entry};
pub(crate) use fill::{Fills, prepare};
pub(crate) use mean::means;
pub(crate) use memory::peak;
pub(crate) use sheet::{Outcome, Reading};
pub(crate) use source::corrupted_runs;
pub use work::Work;
pub(crate) use work::{naive_flops, planned, planned_alone, planned_of};

/// Bytes that a run's rows may take, beside the weights.
const BUDGET: usize = 1 << 30;

/// Runs a plan.
///
/// # Errors
/// When an operation fails, or the watcher stops the run.
pub(crate) fn run(model: &Model, plan: &Resolved, watch: &dyn Watch) -> Result<Outcome, Error> {
    run_within(model, plan, watch, BUDGET)
}

/// Runs a plan in chunks of samples and cells whose rows fit in so many bytes.
pub(crate) fn run_within(
    model: &Model,
    plan: &Resolved,
    watch: &dyn Watch,
    budget: usize,
) -> Result<Outcome, Error> {
    let clean = model.embeddings(&plan.prompt.ids)?; // [L, D]
    let mut source = Source::new(model, plan, &clean)?;
    let fills = fill::prepare(model, plan, watch)?;
    let layers = model.config().layers;
    let cells = cells::that_matter(plan, layers);
    let (acts, slots) = match &plan.grid {
        Some(grid) => {
            (Acts::Restores { grid, fills: &fills }, grid.tokens.len() * grid.layers.len())
        }
        None => (Acts::Nothing, 0),
    };
    let samples = plan.until.map_or(plan.samples(), |until| until.most);
    let steps = planned_of(plan, layers, 1).layer_steps;
    let run = Run {
        model,
        plan,
        clean: &clean,
        cells: &cells,
        acts,
        slots,
        chunks: Chunks::of(model.config(), plan, &cells, budget),
        meter: Meter::new(watch, slots, steps, samples),
    };
    let mut outcome = run.samples(&source.draw(plan.corrupted_runs(), watch)?)?;
    if let Some(until) = plan.until {
        loop {
            let cells = outcome.by_cell();
            watch.sampled(until.judge(&cells));
            let more = until.more(&cells);
            if more == 0 {
                break;
            }
            run.meter.expect(outcome.low.len() + more);
            outcome.extend(run.samples(&source.draw(more, watch)?)?);
        }
    }
    run.meter.finish();
    Ok(outcome)
}

/// Runs knock-outs of a plan's clean run: a score for each slot.
///
/// # Errors
/// As [`run`].
pub(crate) fn knock_out(
    model: &Model,
    plan: &Resolved,
    cuts: &Cuts,
    watch: &dyn Watch,
) -> Result<Outcome, Error> {
    knock_out_within(model, plan, cuts, watch, BUDGET)
}

/// Runs knock-outs in chunks of cells whose rows fit in so many bytes.
pub(crate) fn knock_out_within(
    model: &Model,
    plan: &Resolved,
    cuts: &Cuts,
    watch: &dyn Watch,
    budget: usize,
) -> Result<Outcome, Error> {
    let clean = model.embeddings(&plan.prompt.ids)?; // [L, D]
    let steps = planned_alone(plan, &cuts.cells, model.config().layers).layer_steps;
    let run = Run {
        model,
        plan,
        clean: &clean,
        cells: &cuts.cells,
        acts: Acts::Cuts(cuts),
        slots: cuts.slots(),
        chunks: Chunks::of(model.config(), plan, &cuts.cells, budget),
        meter: Meter::new(watch, cuts.slots(), steps, 1),
    };
    let outcome = run.samples(&[])?;
    run.meter.finish();
    Ok(outcome)
}

/// The cells of a plan, made ready for samples.
struct Run<'a> {
    model: &'a Model,
    plan: &'a Resolved,
    clean: &'a Tensor,
    cells: &'a [Cell],
    acts: Acts<'a>,
    /// How many scores each sample has.
    slots: usize,
    chunks: Chunks,
    meter: Meter<'a>,
}

impl Run<'_> {
    /// Runs some samples.
    fn samples(&self, runs: &[Tensor]) -> Result<Outcome, Error> {
        let tokens = self.plan.patched().ids.len();
        let mut sheet = Sheet::new(self.plan, runs.len().max(1), self.slots);
        // With nothing corrupted there is one walk, of the clean run alone.
        let chunks: Vec<&[Tensor]> =
            if runs.is_empty() { vec![&[]] } else { runs.chunks(self.chunks.samples).collect() };
        for (index, some) in chunks.into_iter().enumerate() {
            let first = index * self.chunks.samples;
            for some_cells in self.chunks.of_cells(self.cells, some.len().max(1), tokens) {
                let walk = Walk {
                    plan: self.plan,
                    config: self.model.config(),
                    clean: self.clean,
                    runs: some,
                    first,
                    cells: some_cells,
                    trunks: self.acts.trunks(some_cells),
                    acts: self.acts,
                    meter: &self.meter,
                };
                self.model.with_network(On { walk: &walk, sheet: &mut sheet })?;
            }
        }
        Ok(sheet.finish(self.plan.direction))
    }
}

#[cfg(test)]
pub(crate) mod tests;
