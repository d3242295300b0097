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
//! layer, and take (L-f)(T-t). The base rows take L T (S+1). [`Work`] counts what was done, and [`planned`] is the
//! formula.

mod base;
mod cells;
mod fill;
mod group;
mod head;
mod put;
mod sheet;
mod source;

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::Tensor;
use mambascope_model::{Config, Model, Network, Operations, Program, Site};
use rayon::prelude::*;

use self::base::Base;
use self::cells::{Cell, Entry};
use self::fill::Fills;
use self::group::{Ground, Group};
use self::head::Gauge;
use self::sheet::Sheet;
use self::source::Source;
use crate::Error;
use crate::check::Resolved;
use crate::watch::{Progress, Watch};

pub use cells::Work;
pub(crate) use cells::{planned, planned_of};
pub(crate) use sheet::{Outcome, Reading};
pub(crate) use source::corrupted_runs;

/// Bytes that a run's rows may take, beside the weights.
const BUDGET: usize = 1 << 30;

/// How many matrices as large as a layer's states are held where the scan of the base rows is stepped through.
const STEPPED: usize = 5;

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
    let run = Run::new(model, plan, watch, &clean, budget)?;
    let mut outcome = run.samples(&source.draw(plan.corrupted_runs())?)?;
    if let Some(until) = plan.until {
        loop {
            let cells = outcome.by_cell();
            watch.sampled(until.judge(&cells));
            let more = until.more(&cells);
            if more == 0 {
                break;
            }
            run.meter.expect(outcome.low.len() + more);
            outcome.extend(run.samples(&source.draw(more)?)?);
        }
    }
    run.meter.finish();
    Ok(outcome)
}

/// A plan made ready for samples.
struct Run<'a> {
    model: &'a Model,
    plan: &'a Resolved,
    clean: &'a Tensor,
    cells: Vec<Cell>,
    fills: Fills,
    chunks: Chunks,
    meter: Meter<'a>,
}

impl<'a> Run<'a> {
    fn new(
        model: &'a Model,
        plan: &'a Resolved,
        watch: &'a dyn Watch,
        clean: &'a Tensor,
        budget: usize,
    ) -> Result<Self, Error> {
        let config = model.config();
        let cells = cells::that_matter(plan, config.layers);
        let tokens = plan.patched().ids.len();
        let inside = cells.iter().any(|cell| cell.entry == Entry::Block);
        let matrices = if inside { STEPPED } else { 1 };
        let states = matrices * tokens.max(plan.prompt.ids.len());
        let samples = plan.until.map_or(plan.samples(), |until| until.most);
        let meter = Meter {
            watch,
            done: AtomicUsize::new(0),
            steps: cells.iter().map(|cell| cell.steps(tokens, config.layers)).sum(),
            samples: AtomicUsize::new(samples),
            cells: plan.grid.as_ref().map_or(0, |grid| grid.tokens.len() * grid.layers.len()),
        };
        let fills = fill::prepare(model, plan)?;
        let chunks = Chunks::new(config, states, budget);
        Ok(Self { model, plan, clean, cells, fills, chunks, meter })
    }

    /// Runs some samples.
    fn samples(&self, runs: &[Tensor]) -> Result<Outcome, Error> {
        let tokens = self.plan.patched().ids.len();
        let mut sheet = Sheet::new(self.plan, runs.len().max(1));
        // With nothing corrupted there is one walk, of the clean run alone.
        let chunks: Vec<&[Tensor]> =
            if runs.is_empty() { vec![&[]] } else { runs.chunks(self.chunks.samples).collect() };
        for (index, some) in chunks.into_iter().enumerate() {
            let first = index * self.chunks.samples;
            for some_cells in self.chunks.of_cells(&self.cells, some.len().max(1), tokens) {
                let walk = Walk {
                    plan: self.plan,
                    config: self.model.config(),
                    clean: self.clean,
                    runs: some,
                    first,
                    cells: some_cells,
                    fills: &self.fills,
                    meter: &self.meter,
                };
                self.model.with_network(On { walk: &walk, sheet: &mut sheet })?;
            }
        }
        Ok(sheet.finish(self.plan.direction))
    }
}

/// How many samples, and how many rows of cells, go together.
struct Chunks {
    samples: usize,
    rows: usize,
}

impl Chunks {
    /// For runs of so many states a sample.
    fn new(config: &Config, states: usize, budget: usize) -> Self {
        let state = config.inner * (config.state + config.convolution) * size_of::<f32>();
        let samples = (budget / 2 / (state * states).max(1)).saturating_sub(1).max(1);
        Self { samples, rows: (budget / 2 / (config.width * size_of::<f32>())).max(1) }
    }

    /// Runs of cells whose rows fit; at least one run, so that the base rows are always walked.
    fn of_cells<'a>(&self, cells: &'a [Cell], samples: usize, tokens: usize) -> Vec<&'a [Cell]> {
        let mut runs = Vec::new();
        let (mut start, mut rows) = (0, 0);
        for (index, cell) in cells.iter().enumerate() {
            let more = (tokens - cell.token) * samples;
            if rows + more > self.rows && index > start {
                runs.push(&cells[start..index]);
                (start, rows) = (index, 0);
            }
            rows += more;
        }
        runs.push(&cells[start..]);
        runs
    }
}

/// Tells the watcher how far the run is.
struct Meter<'a> {
    watch: &'a dyn Watch,
    done: AtomicUsize,
    /// Layer-steps of a sample.
    steps: usize,
    /// How many samples there will be, as far as is known.
    samples: AtomicUsize,
    cells: usize,
}

impl Meter<'_> {
    fn advance(&self, steps: usize) {
        let done = self.done.fetch_add(steps, Ordering::Relaxed) + steps;
        let steps = self.steps * self.samples.load(Ordering::Relaxed);
        let cells_done = (self.cells * done).checked_div(steps).unwrap_or(0).min(self.cells);
        self.watch.progress(Progress { cells_done, cells: self.cells });
    }

    /// Hears how many samples there will be.
    fn expect(&self, samples: usize) {
        self.samples.store(samples, Ordering::Relaxed);
    }

    fn finish(&self) {
        self.watch.progress(Progress { cells_done: self.cells, cells: self.cells });
    }

    fn check(&self) -> Result<(), Error> {
        if self.watch.stopped() { Err(Error::Stopped) } else { Ok(()) }
    }
}

/// One walk up the layers: some samples, some cells.
struct Walk<'a> {
    plan: &'a Resolved,
    config: &'a Config,
    clean: &'a Tensor,
    /// The corrupted runs.
    runs: &'a [Tensor],
    /// Number of the first sample.
    first: usize,
    cells: &'a [Cell],
    fills: &'a Fills,
    meter: &'a Meter<'a>,
}

struct On<'a> {
    walk: &'a Walk<'a>,
    sheet: &'a mut Sheet,
}

impl Program for On<'_> {
    type Output = Result<(), Error>;

    fn run<O: Operations>(self, network: &Network<O>) -> Self::Output {
        self.walk.up(network, self.sheet)
    }
}

impl Walk<'_> {
    /// The layers of the grid's restores that any cell needs the clean values of.
    fn restored(&self) -> Range<usize> {
        let first = self.cells.iter().map(|cell| cell.layers.start).min().unwrap_or(0);
        first..self.cells.iter().map(|cell| cell.layers.end).max().unwrap_or(0)
    }

    /// The sites that a layer has to keep.
    fn kept(&self, layer: usize) -> Vec<Site> {
        let Some(grid) = &self.plan.grid else { return Vec::new() };
        let mut sites = Vec::new();
        if self.restored().contains(&layer) {
            sites = base::to_keep(&grid.sites());
        }
        let severed = grid.severed.iter().filter(|severed| severed.layers.contains(&layer));
        sites.extend(base::to_keep_severed(severed.map(|severed| severed.site)));
        sites
    }

    /// What the groups of a layer stand on; nothing where nothing is restored.
    fn ground<'a, O: Operations>(
        &'a self,
        network: &'a Network<O>,
        base: &'a Base<'a, O>,
        layer: usize,
    ) -> Option<Ground<'a, O>> {
        let grid = self.plan.grid.as_ref()?;
        Some(Ground { network, base, cells: self.cells, grid, layer, fills: self.fills })
    }

    fn up<O: Operations>(&self, network: &Network<O>, sheet: &mut Sheet) -> Result<(), Error> {
        let mut base = Base::begin(network, self.plan, self.clean, self.runs)?;
        let entry = self.plan.grid.as_ref().map(|grid| Entry::of(&grid.sites()));
        let mut groups = Vec::new();
        if entry == Some(Entry::Embeddings) {
            groups = self.ground(network, &base, 0).map_or(Ok(groups), |ground| ground.form())?;
        }
        for layer in 0..network.layers() {
            self.meter.check()?;
            base.climb(network, layer, self.kept(layer))?;
            sheet.work.base_steps += base.rows();
            let Some(ground) = self.ground(network, &base, layer) else { continue };
            if entry == Some(Entry::Block) {
                groups.extend(ground.form()?);
            }
            let steps = groups
                .par_iter_mut()
                .map(|group| {
                    self.meter.check()?;
                    let steps = group.climb(&ground)?;
                    self.meter.advance(steps);
                    Ok(steps)
                })
                .sum::<Result<usize, Error>>()?;
            sheet.work.layer_steps += steps;
            if matches!(entry, Some(Entry::ReadOut | Entry::After)) {
                let new = ground.form()?;
                if entry == Some(Entry::ReadOut) {
                    sheet.work.read_outs += new.iter().map(Group::spans).sum::<usize>();
                }
                groups.extend(new);
            }
        }
        self.read(network, &base, &groups, sheet)
    }

    /// Asks the head what the ends say of the answer.
    fn read<O: Operations>(
        &self,
        network: &Network<O>,
        base: &Base<'_, O>,
        groups: &[Group<O>],
        sheet: &mut Sheet,
    ) -> Result<(), Error> {
        let (operations, logits) = (network.operations(), base.logits(network)?);
        let known = self.config.known_vocabulary;
        let gauge = Gauge::new(operations, &logits, &self.plan.asked, known)?;
        sheet.base(&gauge, self.first, &gauge.read(operations, &logits)?);
        let together = operations.rows_together();
        let mut batches: Vec<&[Group<O>]> = Vec::new();
        let (mut start, mut rows) = (0, 0);
        for (index, group) in groups.iter().enumerate() {
            rows += group.spans();
            if rows >= together || index + 1 == groups.len() {
                batches.push(&groups[start..=index]);
                (start, rows) = (index + 1, 0);
            }
        }
        let read: Result<Vec<Vec<f64>>, Error> =
            batches.par_iter().map(|batch| group::read(network, batch, &gauge)).collect();
        let read = read?;
        let numbers = read.iter().flat_map(|batch| batch.chunks_exact(gauge.width()));
        for (owner, numbers) in groups.iter().flat_map(Group::owners).zip(numbers) {
            sheet.cell(self.first + owner.sample, self.cells[owner.cell].slot, numbers);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
