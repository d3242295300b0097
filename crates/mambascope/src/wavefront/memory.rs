//! How much memory a run takes at its most, by formula.

use mambascope_model::{Compute, Config, Model};

use super::BUDGET;
use super::cells::{Cell, that_matter};
use super::chunks::{Chunks, STEPPED, any_inside, held_again, kept_besides, tokens_of};
use super::trunk::Trunks;
use crate::check::Resolved;

/// What the program itself takes.
const PROGRAM: f64 = 16e6;
/// Logits that each thread holds.
const LOGITS: f64 = 12e6;
/// Blocks as large as its largest that a thread's allocator keeps free before it gives any back: glibc's rule.
const KEPT_FREE: f64 = 2.0;
/// Rows that a thread takes through a block together.
const TOGETHER: usize = 240;
/// Numbers a channel that a row holds on its way through a block.
const ON_THE_WAY: usize = 9;

/// Bytes that a run takes at its most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// By the program, the weights and all rows between two layers.
    pub(crate) held: f64,
    /// By the rows that a thread works on.
    pub(crate) a_thread: f64,
}

/// The memory of a run of plans that go up the layers together, weights and all.
pub(crate) fn peak(model: &Model, plans: &[&Resolved]) -> Memory {
    let config = model.config();
    let number = if model.compute() == Compute::Reference64 { 8.0 } else { 4.0 };
    let held = numbers_of_weights(config) + numbers_of_rows(config, plans);
    let patched = plans.first().map_or(0, |plan| plan.patched().ids.len());
    let way = (TOGETHER + patched) * config.inner * ON_THE_WAY;
    let logits = LOGITS.min(number * (TOGETHER * config.vocabulary) as f64);
    Memory {
        held: PROGRAM + number * held as f64,
        a_thread: number * way as f64 + (1.0 + KEPT_FREE) * logits,
    }
}

/// Numbers in the packed weights; an embedding that is the head is there once.
fn numbers_of_weights(config: &Config) -> usize {
    let Config { width, inner, rank, state, convolution, layers, vocabulary, .. } = *config;
    let heads = if config.tied_head { 1 } else { 2 };
    let select = inner * (rank + 2 * state) + rank * inner;
    // The decay is there twice, for the scan and for those who look inside it.
    let layer = 3 * width * inner + select + inner * (convolution + 2 * state + 4);
    heads * vocabulary * width + layers * layer
}

/// Numbers in the rows of the base and of all cells.
fn numbers_of_rows(config: &Config, plans: &[&Resolved]) -> usize {
    let cells: Vec<Vec<Cell>> = plans.iter().map(|plan| that_matter(plan, config.layers)).collect();
    let cells: Vec<&[Cell]> = cells.iter().map(Vec::as_slice).collect();
    let inside = cells.iter().any(|cells| any_inside(cells));
    let most = plans.iter().map(|plan| plan.samples()).max().unwrap_or(1);
    let chunks = Chunks::of(config, plans, &cells, BUDGET);
    let samples = chunks.samples.min(most);
    let base = (1 + samples) * tokens_of(plans);
    // While a layer's states are made, those of the layer below are still there.
    let states = if inside { STEPPED } else { 2 } + held_again(plans);
    let a_row = config.inner * (states * config.state + ON_THE_WAY) + kept_besides(config, plans);
    let rows: usize = plans.iter().zip(cells).map(|(plan, cells)| rows_of(plan, cells)).sum();
    base * a_row + chunks.rows.min(samples * rows) * config.width
}

/// Rows a sample that are a plan's cells' own.
fn rows_of(plan: &Resolved, cells: &[Cell]) -> usize {
    let trunks = Trunks::of(cells);
    let own = |index: usize, cell: &Cell| {
        trunks.leads(index) || trunks.leaves(cells, index).is_some_and(|at| at > cell.layers.start)
    };
    let own = cells.iter().enumerate().filter(|(index, cell)| own(*index, cell));
    own.map(|(_, cell)| plan.patched().ids.len() - cell.token).sum()
}
