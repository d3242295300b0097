//! The wavefront: every cell of a grid in one walk up the layers.
//!
//! A restore at layer l and token t changes nothing below l and nothing before t. So no cell is ever run as a forward
//! pass. At each layer the base rows go first, the clean run and the corrupted samples, whole prompts; the layer's past
//! is kept at every token. Then all cells that have started: each is only its tokens from t on, begins from its base
//! row's past at t-1, and joins at its own layer. At the last layer only the last token goes on, and only the answer's
//! probability, or what else is measured, is asked of the head. Plans that differ in what they restore alone have the
//! same base rows and go up together: a walk has several maps, each with cells of its own.
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
mod ends;
mod fill;
mod group;
mod head;
mod map;
mod mean;
mod memory;
mod meter;
mod places;
mod put;
mod sheet;
mod source;
mod trunk;
mod walk;
mod work;

use std::slice;

use candle_core::Tensor;
use mambascope_model::Model;

use self::acts::Acts;
use self::chunks::Chunks;
use self::map::{Map, Ready};
use self::meter::Meter;
use self::sheet::Sheet;
use self::source::{Runs, Source};
use self::walk::{On, Walk};
use crate::Error;
use crate::check::Resolved;
use crate::watch::Watch;

pub(crate) use acts::{By, Cuts, Sight};
pub(crate) use cells::{Cell, Entry};
pub(crate) use fill::{Fills, Whose, prepare};
pub(crate) use mean::means;
pub(crate) use memory::{Memory, peak};
pub(crate) use sheet::{Outcome, Reading};
pub(crate) use source::corrupted_runs;
pub use work::Work;
pub(crate) use work::{naive_flops, planned, planned_alone, planned_of, planned_together};

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
    let ready = Ready::of(model, plan, watch)?;
    let map = ready.map();
    let samples = plan.until.map_or(plan.samples(), |until| until.most);
    let run = Run::of(model, &clean, slice::from_ref(&map), budget, (watch, samples));
    let runs = source.runs(plan.stream, plan.corrupted_runs(), watch)?;
    let mut outcome = run.alone(&map, &runs, 0)?;
    if let Some(until) = plan.until {
        loop {
            let cells = outcome.by_cell();
            watch.sampled(until.judge(&cells));
            let more = until.more(&cells);
            if more == 0 {
                break;
            }
            run.meter.expect(outcome.low.len() + more);
            let runs = source.runs(plan.stream, more, watch)?;
            outcome.extend(run.alone(&map, &runs, outcome.low.len())?);
        }
    }
    run.meter.finish();
    Ok(outcome)
}

/// Runs plans that have their clean and corrupted runs in common: the base rows go up the layers once, and the first
/// outcome has the work on them.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_together(
    model: &Model,
    plans: &[&Resolved],
    watch: &dyn Watch,
) -> Result<Vec<Outcome>, Error> {
    match plans {
        [plan] => Ok(vec![run(model, plan, watch)?]),
        _ => run_together_within(model, plans, watch, BUDGET),
    }
}

/// Runs plans that go together, none of which draws samples as it goes, in chunks of samples and cells whose rows fit
/// in so many bytes.
pub(crate) fn run_together_within(
    model: &Model,
    plans: &[&Resolved],
    watch: &dyn Watch,
    budget: usize,
) -> Result<Vec<Outcome>, Error> {
    let Some(plan) = plans.first() else { return Ok(Vec::new()) };
    let clean = model.embeddings(&plan.prompt.ids)?; // [L, D]
    let ready: Vec<Ready<'_>> =
        plans.iter().map(|plan| Ready::of(model, plan, watch)).collect::<Result<_, _>>()?;
    let maps: Vec<Map<'_>> = ready.iter().map(Ready::map).collect();
    let run = Run::of(model, &clean, &maps, budget, (watch, plan.samples()));
    let mut source = Source::new(model, plan, &clean)?;
    let runs = source.runs(plan.stream, plan.corrupted_runs(), watch)?;
    let mut sheets: Vec<Sheet> = maps.iter().map(|map| map.sheet(runs.patched.len())).collect();
    run.samples(&runs, 0, &mut sheets)?;
    run.meter.finish();
    Ok(sheets.into_iter().map(|sheet| sheet.finish(plan.direction)).collect())
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
    let map = Map::of(plan, Acts::Cuts(cuts), &cuts.cells);
    let run = Run::of(model, &clean, slice::from_ref(&map), budget, (watch, 1));
    let outcome = run.alone(&map, &Runs { patched: Vec::new(), held: Vec::new() }, 0)?;
    run.meter.finish();
    Ok(outcome)
}

/// Maps that go up the layers together, made ready for samples.
struct Run<'a> {
    model: &'a Model,
    clean: &'a Tensor,
    maps: &'a [Map<'a>],
    chunks: Chunks,
    meter: Meter<'a>,
}

impl<'a> Run<'a> {
    /// Of these maps, for a watcher who expects so many samples.
    fn of(
        model: &'a Model,
        clean: &'a Tensor,
        maps: &'a [Map<'a>],
        budget: usize,
        (watch, samples): (&'a dyn Watch, usize),
    ) -> Self {
        let config = model.config();
        let (plans, cells): (Vec<_>, Vec<_>) = maps.iter().map(|map| (map.plan, map.cells)).unzip();
        let slots = maps.iter().map(|map| map.acts.slots()).sum();
        let steps = maps.iter().map(|map| map.steps(config.layers)).sum();
        let chunks = Chunks::of(config, &plans, &cells, budget);
        Self { model, clean, maps, chunks, meter: Meter::new(watch, slots, steps, samples) }
    }

    /// Runs some samples of the only map there is, `before` of which have run already.
    fn alone(&self, map: &Map<'_>, runs: &Runs, before: usize) -> Result<Outcome, Error> {
        let mut sheet = map.sheet(runs.patched.len());
        self.samples(runs, before, slice::from_mut(&mut sheet))?;
        Ok(sheet.finish(map.plan.direction))
    }

    /// Runs some samples, noted on a sheet for each map; the first one has the work on the base rows.
    fn samples(&self, runs: &Runs, before: usize, sheets: &mut [Sheet]) -> Result<(), Error> {
        let Some(Map { plan, .. }) = self.maps.first() else { return Ok(()) };
        let tokens = plan.patched().ids.len();
        // With nothing corrupted there is one walk, of the clean run alone.
        let count = runs.patched.len();
        for first in (0..count.max(1)).step_by(self.chunks.samples) {
            let some = first..count.min(first + self.chunks.samples);
            for maps in self.chunks.of_maps(self.maps, some.len().max(1), tokens) {
                let walk = Walk {
                    plan,
                    config: self.model.config(),
                    clean: self.clean,
                    runs: &runs.patched[some.clone()],
                    held: runs.held.get(some.clone()).unwrap_or_default(),
                    first,
                    before,
                    maps,
                    meter: &self.meter,
                };
                let on = On { walk: &walk, sheets: &mut *sheets };
                let walked = self.model.with_network(on);
                let shared = walked.map_err(|error| blamed(self.model, error))?;
                if let Some(sheet) = sheets.first_mut() {
                    sheet.work += shared;
                }
            }
        }
        Ok(())
    }
}

/// An error with the weight that is its likely cause.
fn blamed(model: &Model, error: Error) -> Error {
    match error {
        Error::Model(error) => model.blamed(error).into(),
        other => other,
    }
}

#[cfg(test)]
pub(crate) mod tests;
