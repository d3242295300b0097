//! How much of a run goes up the layers together.

use mambascope_model::Config;

use super::cells::{Cell, Entry};
use crate::check::Resolved;

/// How many matrices as large as a layer's states are held where the scan of the base rows is stepped through.
pub(super) const STEPPED: usize = 5;

/// How many samples, and how many rows of cells, go together.
pub(super) struct Chunks {
    pub(super) samples: usize,
    rows: usize,
}

impl Chunks {
    /// For these cells of a plan.
    pub(super) fn of(config: &Config, plan: &Resolved, cells: &[Cell], budget: usize) -> Self {
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
    pub(super) fn of_cells<'a>(
        &self,
        cells: &'a [Cell],
        samples: usize,
        tokens: usize,
    ) -> Vec<&'a [Cell]> {
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
