//! How much a run did, or will do.

use std::ops::{AddAssign, Range};

use mambascope_model::Config;
use serde::{Deserialize, Serialize};

use super::cells::{Cell, Entry, that_matter};
use super::trunk::Trunks;
use crate::check::{Grid, Resolved};

/// What a run did, or will do.
///
/// Of traces that ran [`together`](crate::together) the first has the work on the clean and corrupted runs, which is done
/// once for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Work {
    /// Tokens through blocks for the clean and the corrupted runs.
    pub base_steps: usize,
    /// Tokens through blocks for the cells.
    pub layer_steps: usize,
    /// Of these, those that went through the projection into the convolution; the others took it from a base run.
    pub inputs: usize,
    /// Of these, those that went through the projection into the gate.
    pub gates: usize,
    /// Of these, those that went through the projection back to the residual stream.
    pub outs: usize,
    /// Tokens through the end of a block, where a cell starts inside it.
    pub read_outs: usize,
    /// Rows through the head.
    pub head_rows: usize,
}

impl AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        self.base_steps += other.base_steps;
        self.layer_steps += other.layer_steps;
        self.inputs += other.inputs;
        self.gates += other.gates;
        self.outs += other.outs;
        self.read_outs += other.read_outs;
        self.head_rows += other.head_rows;
    }
}

impl std::iter::Sum for Work {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |mut sum, part| {
            sum += part;
            sum
        })
    }
}

impl Work {
    /// Floating-point operations of the projections and the head: nearly all there are.
    ///
    /// A multiply-add counts as two. The scan adds about a hundredth of them, at N = 16.
    pub fn flops(&self, config: &Config) -> f64 {
        let shape = Shape::of(config);
        let whole = (self.base_steps as f64) * shape.step();
        let cells = (self.layer_steps as f64) * shape.select
            + (self.inputs + self.gates) as f64 * shape.into
            + (self.outs + self.read_outs) as f64 * shape.out;
        whole + cells + self.head_rows as f64 * shape.head
    }
}

/// Floating-point operations of one token.
struct Shape {
    /// The projection into the convolution, or into the gate.
    into: f64,
    /// The projections to the time step and the maps of the state.
    select: f64,
    /// The projection back to the residual stream.
    out: f64,
    head: f64,
}

impl Shape {
    fn of(config: &Config) -> Self {
        let Config { width, inner, rank, state, vocabulary, .. } = *config;
        let product = |inputs: usize, outputs: usize| 2.0 * inputs as f64 * outputs as f64;
        Self {
            into: product(width, inner),
            select: product(inner, rank + 2 * state) + product(rank, inner),
            out: product(inner, width),
            head: product(width, vocabulary),
        }
    }

    fn step(&self) -> f64 {
        2.0 * self.into + self.select + self.out
    }
}

/// Floating-point operations of ROME's program: for each cell, the clean run and all samples, whole, with the head at
/// every token.
pub(crate) fn naive_flops(plan: &Resolved, config: &Config, cells: usize) -> f64 {
    let shape = Shape::of(config);
    let rows = (cells.max(1) * (plan.samples() + 1) * plan.patched().ids.len()) as f64;
    rows * (config.layers as f64 * shape.step() + shape.head)
}

/// The work of a plan in one chunk, by formula.
pub(crate) fn planned(plan: &Resolved, layers: usize) -> Work {
    planned_of(plan, layers, plan.corrupted_runs())
}

/// The work of a plan in one chunk of so many corrupted runs.
pub(crate) fn planned_of(plan: &Resolved, layers: usize, corrupted_runs: usize) -> Work {
    let cells = that_matter(plan, layers);
    of_cells(plan, (&cells, &Trunks::of(&cells)), layers, corrupted_runs)
}

/// The work of plans that go up the layers together, in one chunk, by formula: that of the runs that they share is the
/// first one's.
pub(crate) fn planned_together(plans: &[&Resolved], layers: usize) -> Vec<Work> {
    let of_plan = |(index, plan): (usize, &&Resolved)| {
        let (mut work, runs) = (planned(plan, layers), plan.corrupted_runs());
        if index > 0 {
            work.base_steps -= layers * plan.base_tokens(runs);
            work.head_rows -= 1 + runs;
        }
        work
    };
    plans.iter().enumerate().map(of_plan).collect()
}

/// The work of cells that share nothing, in one chunk, by formula.
pub(crate) fn planned_alone(plan: &Resolved, cells: &[Cell], layers: usize) -> Work {
    of_cells(plan, (cells, &Trunks::alone(cells.len())), layers, plan.corrupted_runs())
}

/// The work of some cells of a plan and of its base rows, in one chunk.
pub(super) fn of_cells(
    plan: &Resolved,
    (cells, trunks): (&[Cell], &Trunks),
    layers: usize,
    corrupted_runs: usize,
) -> Work {
    let of_cell = |(index, cell): (usize, &Cell)| {
        let tokens = plan.patched().ids.len() - cell.token;
        let fresh = fresh(plan.grid.as_ref(), cell, tokens);
        if trunks.leads(index) {
            let read_outs = usize::from(cell.entry == Entry::ReadOut);
            let alone = cell.first_block()..layers;
            return Work { read_outs, ..climbed(cell, tokens, alone, fresh) };
        }
        let left = trunks.leaves(cells, index);
        left.map_or(Work::default(), |left| climbed(cell, tokens, left..layers, fresh))
    };
    let sample: Work = cells.iter().enumerate().map(of_cell).sum();
    let mut work: Work = std::iter::repeat_n(sample, corrupted_runs.max(1)).sum();
    work.base_steps = plan.base_layers(layers) * plan.base_tokens(corrupted_runs);
    work.head_rows += 1 + plan.passes() * corrupted_runs;
    work
}

/// The work of a cell a sample through the layers in which its rows are its own.
fn climbed(cell: &Cell, tokens: usize, layers: Range<usize>, fresh: usize) -> Work {
    let mut work = Work { head_rows: 1, ..Work::default() };
    let last = layers.end - 1;
    for layer in layers {
        let inputs = if layer == cell.first_block() { fresh } else { tokens };
        work.layer_steps += tokens;
        work.inputs += inputs;
        // From the last layer the last token alone goes on; it is one of the fresh ones where all are.
        work.gates += if layer == last { usize::from(inputs == tokens) } else { inputs };
        work.outs += if layer == last { 1 } else { tokens };
    }
    work
}

/// How many of a cell's tokens are projected anew in the first layer that it goes through.
fn fresh(grid: Option<&Grid>, cell: &Cell, tokens: usize) -> usize {
    let sees = grid.is_some_and(|grid| grid.looks_before(cell.first_block()));
    match cell.entry {
        _ if sees => tokens,
        Entry::Bottom | Entry::Block => 0,
        Entry::After if grid.is_some_and(Grid::gives_residual) => 0,
        Entry::Embeddings | Entry::ReadOut | Entry::After => 1,
    }
}
