//! How much of a run goes up the layers together.

use std::collections::BTreeSet;

use mambascope_model::{Config, Site};

use super::base;
use super::cells::Cell;
use super::map::Map;
use crate::check::Resolved;

/// How many matrices as large as a layer's states are held, at most, where cells need the inside of the base rows' scan.
pub(super) const STEPPED: usize = 5;

/// How many samples, and how many rows of cells, go together.
pub(super) struct Chunks {
    pub(super) samples: usize,
    pub(super) rows: usize,
}

impl Chunks {
    /// For plans that go up the layers together, and whose cells these are.
    pub(super) fn of(
        config: &Config,
        plans: &[&Resolved],
        cells: &[&[Cell]],
        budget: usize,
    ) -> Self {
        let inside = cells.iter().any(|cells| any_inside(cells));
        let matrices = if inside { STEPPED } else { 1 } + held_again(plans);
        let state = config.inner * (config.state + config.convolution);
        let token = size_of::<f32>() * (matrices * state + kept_besides(config, plans));
        let samples = (budget / 2 / (token * tokens_of(plans)).max(1)).saturating_sub(1).max(1);
        Self { samples, rows: (budget / 2 / (config.width * size_of::<f32>())).max(1) }
    }

    /// Cells of maps whose rows fit, one map after the other; at least once, so that the base rows are always walked.
    ///
    /// Cells whose windows begin alike stay together, so that they share what they share without chunks.
    pub(super) fn of_maps<'a>(
        &self,
        maps: &[Map<'a>],
        samples: usize,
        tokens: usize,
    ) -> Vec<Vec<Map<'a>>> {
        let mut chunks = Vec::new();
        let mut some = vec![0..0; maps.len()];
        let mut rows = 0;
        for (index, map) in maps.iter().enumerate() {
            for family in map.cells.chunk_by(begin_alike) {
                let more: usize = family.iter().map(|cell| (tokens - cell.token) * samples).sum();
                if rows > 0 && rows + more > self.rows {
                    chunks.push(some.clone());
                    for cells in &mut some {
                        cells.start = cells.end;
                    }
                    rows = 0;
                }
                some[index].end += family.len();
                rows += more;
            }
        }
        chunks.push(some);
        let parts = |some: Vec<_>| maps.iter().zip(some).map(|(map, cells)| map.part(cells));
        chunks.into_iter().map(|some| parts(some).collect()).collect()
    }
}

/// Whether the windows of two cells begin at the same token and layer.
fn begin_alike(one: &Cell, other: &Cell) -> bool {
    one.token == other.token && one.layers.start == other.layers.start
}

/// Tokens of the longer of the runs that plans share, and of those that held lanes keep.
pub(super) fn tokens_of(plans: &[&Resolved]) -> usize {
    let tokens =
        |plan: &&Resolved| plan.passes() * plan.patched().ids.len().max(plan.prompt.ids.len());
    plans.iter().map(tokens).max().unwrap_or(0)
}

/// Whether some cells begin inside a block.
pub(super) fn any_inside(cells: &[Cell]) -> bool {
    cells.iter().any(|cell| cell.entry.is_before())
}

/// How many layers' memory is held beside that of the layer at hand, as values come from there.
pub(super) fn held_again(plans: &[&Resolved]) -> usize {
    let again =
        |plan: &&&Resolved| plan.grid.as_ref().is_some_and(|grid| grid.filling.layer().is_some());
    plans.iter().filter(again).count()
}

/// Numbers that each base row keeps for all plans together, beyond those that it keeps for the one that needs most.
pub(super) fn kept_besides(config: &Config, plans: &[&Resolved]) -> usize {
    let kept = |plan: &&Resolved| -> BTreeSet<Site> {
        let Some(grid) = &plan.grid else { return BTreeSet::new() };
        let severed = base::to_keep_severed(grid.severed.iter().map(|severed| severed.site));
        base::to_keep(&grid.sites()).into_iter().chain(severed).collect()
    };
    let width = |sites: &BTreeSet<Site>| sites.iter().map(|site| site.width(config)).sum::<usize>();
    let each: Vec<BTreeSet<Site>> = plans.iter().map(kept).collect();
    let most = each.iter().map(width).max().unwrap_or(0);
    width(&each.into_iter().flatten().collect()) - most
}
