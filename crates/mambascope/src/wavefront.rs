//! The wavefront: every cell of a grid in one walk up the layers.
//!
//! A restore at layer l and token t changes nothing below l and nothing before t. So no cell is ever run as a forward
//! pass. At each layer the base rows go first, the clean run and the corrupted samples, whole prompts; the layer's past
//! is kept at every token. Then all cells that have started: each is only its tokens from t on, begins from its base
//! row's past at t-1, and joins at its own layer. At the last layer only the last token goes on, and only the answer's
//! probability is asked of the head.
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
mod fill;
mod group;
mod mean;
mod memory;
mod put;
mod trunk;
mod work;

use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::Tensor;
use mambascope_model::{Config, Model, Network, Operations, Program};
use rayon::prelude::*;

use self::acts::Acts;
use self::base::Base;
use self::blind::Twin;
use self::group::{Ground, Group};
use self::put::Behind;
use self::trunk::Trunks;
use crate::Error;
use crate::check::{Corrupted, Resolved};
use crate::corrupt::corrupted;
use crate::plan::Direction;
use crate::watch::{Progress, Watch};

pub(crate) use acts::{By, Cuts, Sight};
pub(crate) use cells::{Cell, Entry};
pub(crate) use fill::{Fills, prepare};
pub(crate) use mean::means;
pub(crate) use memory::peak;
pub use work::Work;
pub(crate) use work::{naive_flops, planned, planned_alone};

/// Bytes that a run's rows may take, beside the weights.
const BUDGET: usize = 1 << 30;

/// How many matrices as large as a layer's states are held where the scan of the base rows is stepped through.
const STEPPED: usize = 5;

/// What a run measured.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) predicted: u32,
    pub(crate) answer: u32,
    /// p(answer) of the clean run.
    pub(crate) high: f64,
    /// p(answer) of each corrupted sample.
    pub(crate) low: Vec<f64>,
    /// p(answer) by sample, token of the grid, layer of the grid.
    pub(crate) scores: Vec<f64>,
    pub(crate) work: Work,
}

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
    let fills = fill::prepare(model, plan, watch)?;
    let cells = cells::that_matter(plan, model.config().layers);
    let (acts, slots) = match &plan.grid {
        Some(grid) => {
            (Acts::Restores { grid, fills: &fills }, grid.tokens.len() * grid.layers.len())
        }
        None => (Acts::Nothing, 0),
    };
    let steps = planned(plan, model.config().layers).layer_steps;
    run_cells(model, plan, Asked { cells: &cells, slots, acts, steps }, watch, budget)
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
    let steps = planned_alone(plan, &cuts.cells, model.config().layers).layer_steps;
    let (cells, slots) = (&cuts.cells[..], cuts.slots());
    let asked = Asked { cells, slots, acts: Acts::Cuts(cuts), steps };
    run_cells(model, plan, asked, watch, budget)
}

/// The cells of a run, and what is done to them.
#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    cells: &'a [Cell],
    /// How many scores each sample has.
    slots: usize,
    acts: Acts<'a>,
    /// Layer-steps that the cells take.
    steps: usize,
}

fn run_cells(
    model: &Model,
    plan: &Resolved,
    asked: Asked<'_>,
    watch: &dyn Watch,
    budget: usize,
) -> Result<Outcome, Error> {
    let clean = model.embeddings(&plan.prompt.ids)?; // [L, D]
    let runs = corrupted_runs(model, plan, &clean, watch)?;
    let (config, cells) = (model.config(), asked.cells);
    let tokens = plan.patched().ids.len();
    let meter = Meter {
        watch,
        done: AtomicUsize::new(0),
        steps: asked.steps,
        cells: asked.slots,
    };
    let mut sheet = Sheet::new(plan, asked.slots);
    let size = Chunks::of(config, plan, cells, budget);
    // With nothing corrupted there is one walk, of the clean run alone.
    let chunks: Vec<&[Tensor]> =
        if runs.is_empty() { vec![&[]] } else { runs.chunks(size.samples).collect() };
    for (index, some) in chunks.into_iter().enumerate() {
        let first = index * size.samples;
        for some_cells in size.of_cells(cells, some.len().max(1), tokens) {
            let walk = Walk {
                plan,
                config,
                clean: &clean,
                runs: some,
                first,
                cells: some_cells,
                trunks: asked.acts.trunks(some_cells),
                acts: asked.acts,
                meter: &meter,
            };
            model.with_network(On { walk: &walk, sheet: &mut sheet })?;
        }
    }
    meter.finish();
    Ok(sheet.finish(plan))
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
    match &plan.corrupted {
        Corrupted::Noise { noise, factor, .. } => {
            corrupted(noise, *factor, clean, &plan.prompt.subject, watch)
        }
        Corrupted::Other(other) => Ok(vec![model.embeddings(&other.ids)?]),
        Corrupted::Nothing => Ok(Vec::new()),
    }
}

/// How many samples, and how many rows of cells, go together.
struct Chunks {
    samples: usize,
    rows: usize,
}

impl Chunks {
    /// For these cells of a plan.
    fn of(config: &Config, plan: &Resolved, cells: &[Cell], budget: usize) -> Self {
        let inside = cells.iter().any(|cell| cell.entry == Entry::Block);
        // Where values come from another layer, its memory is held as well.
        let again = plan.grid.as_ref().is_some_and(|grid| grid.filling.layer().is_some());
        let matrices = if inside { STEPPED } else { 1 } + usize::from(again);
        let tokens = plan.patched().ids.len().max(plan.prompt.ids.len());
        Self::new(config, matrices * tokens, budget)
    }

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
    steps: usize,
    cells: usize,
}

impl Meter<'_> {
    fn advance(&self, steps: usize) {
        let done = self.done.fetch_add(steps, Ordering::Relaxed) + steps;
        let cells_done = (self.cells * done).checked_div(self.steps).unwrap_or(0).min(self.cells);
        self.watch.progress(Progress { cells_done, cells: self.cells });
    }

    fn finish(&self) {
        self.watch.progress(Progress { cells_done: self.cells, cells: self.cells });
    }

    fn check(&self) -> Result<(), Error> {
        if self.watch.stopped() { Err(Error::Stopped) } else { Ok(()) }
    }
}

/// The numbers of a run as they come in.
struct Sheet {
    predicted: u32,
    answer: u32,
    high: f64,
    low: Vec<f64>,
    /// By sample and cell of the grid; the score of the patched run where nothing else comes.
    cells: Vec<Option<f64>>,
    width: usize,
    work: Work,
}

impl Sheet {
    fn new(plan: &Resolved, width: usize) -> Self {
        let samples = plan.samples();
        Self {
            predicted: 0,
            answer: 0,
            high: 0.0,
            low: vec![0.0; samples],
            cells: vec![None; samples * width],
            width,
            work: Work::default(),
        }
    }

    fn finish(self, plan: &Resolved) -> Outcome {
        let width = self.width.max(1);
        let untouched = |sample: usize| match plan.direction {
            Direction::Denoise => self.low[sample],
            Direction::Noise => self.high,
        };
        let score =
            |(index, cell): (usize, &Option<f64>)| cell.unwrap_or_else(|| untouched(index / width));
        Outcome {
            scores: self.cells.iter().enumerate().map(score).collect(),
            predicted: self.predicted,
            answer: self.answer,
            high: self.high,
            low: self.low,
            work: self.work,
        }
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
    trunks: Trunks,
    acts: Acts<'a>,
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
    /// What the groups of a layer stand on.
    fn ground<'a, O: Operations>(
        &'a self,
        network: &'a Network<O>,
        base: &'a Base<'a, O>,
        layer: usize,
        elsewhere: Option<&'a Behind<'a, O>>,
    ) -> Result<Ground<'a, O>, Error> {
        let twin = match self.acts {
            Acts::Cuts(cuts) => Twin::of(network, base, cuts, self.cells, layer)?,
            Acts::Nothing | Acts::Restores { .. } => None,
        };
        let (cells, acts, trunks) = (self.cells, self.acts, &self.trunks);
        Ok(Ground { network, base, cells, acts, layer, trunks, elsewhere, twin })
    }

    /// The base rows behind the layer that a fill names; nothing where it names none.
    fn elsewhere<'a, O: Operations>(
        &'a self,
        network: &'a Network<O>,
        sheet: &mut Sheet,
    ) -> Result<Option<Behind<'a, O>>, Error> {
        let Some(grid) = &self.plan.grid else { return Ok(None) };
        let Some(layer) = grid.filling.layer() else { return Ok(None) };
        let mut base = Base::begin(network, self.plan, self.clean, self.runs)?;
        for below in 0..=layer {
            self.meter.check()?;
            let kept = if below == layer { base::to_keep(&grid.sites()) } else { Vec::new() };
            base.climb(network, below, kept)?;
            sheet.work.base_steps += base.rows();
        }
        Ok(Some(Behind { base, layer }))
    }

    fn up<O: Operations>(&self, network: &Network<O>, sheet: &mut Sheet) -> Result<(), Error> {
        let elsewhere = self.elsewhere(network, sheet)?;
        let elsewhere = elsewhere.as_ref();
        let mut base = Base::begin(network, self.plan, self.clean, self.runs)?;
        let entry = self.cells.first().map(|cell| cell.entry);
        let mut groups = Vec::new();
        if entry == Some(Entry::Embeddings) {
            groups = self.ground(network, &base, 0, elsewhere)?.form()?;
        }
        for layer in 0..network.layers() {
            self.meter.check()?;
            base.climb(network, layer, self.acts.kept(self.cells, layer))?;
            sheet.work.base_steps += base.rows();
            let ground = self.ground(network, &base, layer, elsewhere)?;
            if entry == Some(Entry::Block) {
                groups.extend(ground.form()?);
            }
            groups.extend(ground.fork(&groups)?);
            let climb = |group: &mut Group<O>| {
                self.meter.check()?;
                let work = group.climb(&ground)?;
                self.meter.advance(work.layer_steps);
                Ok::<Work, Error>(work)
            };
            let climbed = || groups.par_iter_mut().map(climb).collect::<Vec<_>>();
            for work in network.threads().run(climbed) {
                sheet.work += work?;
            }
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

    /// Asks the head for the answer's probability.
    fn read<O: Operations>(
        &self,
        network: &Network<O>,
        base: &Base<'_, O>,
        groups: &[Group<O>],
        sheet: &mut Sheet,
    ) -> Result<(), Error> {
        let ends = base.ends(network, self.plan.answer, self.config.known_vocabulary)?;
        (sheet.predicted, sheet.answer, sheet.high) = (ends.predicted, ends.answer, ends.high);
        // With nothing corrupted the clean run is what cells are compared with.
        let low = if ends.low.is_empty() { &[ends.high][..] } else { &ends.low };
        sheet.low[self.first..self.first + low.len()].copy_from_slice(low);
        sheet.work.head_rows += 1 + ends.low.len();
        let together = network.operations().rows_together();
        let mut batches: Vec<&[Group<O>]> = Vec::new();
        let (mut start, mut rows) = (0, 0);
        for (index, group) in groups.iter().enumerate() {
            rows += group.spans();
            if rows >= together || index + 1 == groups.len() {
                batches.push(&groups[start..=index]);
                (start, rows) = (index + 1, 0);
            }
        }
        let read = |batch: &&[Group<O>]| group::probabilities(network, batch, ends.answer);
        let read: Vec<_> = network.threads().run(|| batches.par_iter().map(read).collect());
        let read: Result<Vec<Vec<f64>>, Error> = read.into_iter().collect();
        let owners = groups.iter().flat_map(Group::owners);
        for (owner, p) in owners.zip(read?.into_iter().flatten()) {
            for cell in self.trunks.sharing(self.cells, owner.cell) {
                let slot = self.cells[cell].slot;
                sheet.cells[(self.first + owner.sample) * sheet.width + slot] = Some(p);
            }
            sheet.work.head_rows += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
