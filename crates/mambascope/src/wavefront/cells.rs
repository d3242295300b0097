//! The cells of a grid: which of them can matter, where each starts, and what it costs.

use std::ops::Range;

use mambascope_model::{Site, Timing};
use serde::{Deserialize, Serialize};

use crate::check::Resolved;

/// Where in a layer a cell's run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Entry {
    /// Before the first layer.
    Embeddings,
    /// At the layer's input: what is restored reaches later tokens in this very layer.
    Block,
    /// Past the scan: only the restored token changes in this layer.
    ReadOut,
    /// Behind the layer.
    After,
}

impl Entry {
    /// Where cells begin that restore this site.
    pub(crate) const fn of_site(site: Site) -> Self {
        match site {
            Site::Embed => Self::Embeddings,
            Site::ScanOut | Site::Gate | Site::Gated | Site::MixerOut | Site::ResidSkip => {
                Self::ReadOut
            }
            Site::Resid => Self::After,
            _ => Self::Block,
        }
    }

    /// Where cells begin that restore all of these sites.
    pub(crate) fn of(sites: &[Site]) -> Self {
        sites.iter().map(|&site| Self::of_site(site)).min().unwrap_or(Self::After)
    }
}

/// One cell: a token, and the layers restored there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) token: usize,
    pub(crate) entry: Entry,
    /// Restored layers, in one run.
    pub(crate) layers: Range<usize>,
    /// Its place in the grid, token by token.
    pub(crate) slot: usize,
}

impl Cell {
    /// The blocks that run anew.
    fn blocks(&self, layers: usize) -> usize {
        match self.entry {
            Entry::Embeddings => layers,
            Entry::Block => layers - self.layers.start,
            Entry::ReadOut | Entry::After => layers - 1 - self.layers.start,
        }
    }

    /// Layer-steps a sample.
    pub(crate) fn steps(&self, tokens: usize, layers: usize) -> usize {
        self.blocks(layers) * (tokens - self.token)
    }

    /// Whether the restore can change the answer's logits at all.
    ///
    /// Not before the first token at which the runs differ; and not past the scan of the last layer at a token other
    /// than the last, which nothing reads.
    fn matters(&self, first: usize, tokens: usize, layers: usize) -> bool {
        self.token >= first && (self.token + 1 == tokens || self.blocks(layers) > 0)
    }
}

/// The cells of a plan's grid that can differ from the run that is patched.
pub(crate) fn that_matter(plan: &Resolved, layers: usize) -> Vec<Cell> {
    let Some(grid) = &plan.grid else { return Vec::new() };
    let tokens = plan.patched().ids.len();
    let entry = Entry::of(&grid.sites());
    let cell = |(row, &token): (usize, &usize)| {
        grid.layers.iter().enumerate().map(move |(column, &centre)| Cell {
            token,
            entry,
            layers: grid.window.layers(centre, layers),
            slot: row * grid.layers.len() + column,
        })
    };
    // The original project puts a state back before its token, which changes it even where both runs are the same.
    let first = if grid.timing == Timing::SeedCompat { 0 } else { plan.first_difference };
    grid.tokens
        .iter()
        .enumerate()
        .flat_map(cell)
        .filter(|cell| cell.matters(first, tokens, layers))
        .collect()
}

/// What a run did, or will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Work {
    /// Tokens through blocks for the clean and the corrupted runs.
    pub base_steps: usize,
    /// Tokens through blocks for the cells.
    pub layer_steps: usize,
    /// Tokens through the end of a block, where a cell starts inside it.
    pub read_outs: usize,
    /// Rows through the head.
    pub head_rows: usize,
}

/// The work of a plan in one chunk, by formula.
pub(crate) fn planned(plan: &Resolved, layers: usize) -> Work {
    planned_of(plan, layers, plan.corrupted_runs())
}

/// The work of a plan in one chunk of so many corrupted runs.
pub(crate) fn planned_of(plan: &Resolved, layers: usize, corrupted_runs: usize) -> Work {
    let (tokens, samples) = (plan.patched().ids.len(), corrupted_runs.max(1));
    let cells = that_matter(plan, layers);
    let inside = |cell: &&Cell| cell.entry == Entry::ReadOut;
    Work {
        base_steps: layers * plan.base_tokens(corrupted_runs),
        layer_steps: samples * cells.iter().map(|cell| cell.steps(tokens, layers)).sum::<usize>(),
        read_outs: samples * cells.iter().filter(inside).count(),
        head_rows: 1 + corrupted_runs + samples * cells.len(),
    }
}
