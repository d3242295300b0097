//! The cells of a grid: which of them can matter, where each starts, and what it costs.

use std::ops::Range;

use mambascope_model::Site;
use serde::{Deserialize, Serialize};

use crate::check::Resolved;

/// One cell: a token, and the layers restored there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) token: usize,
    pub(crate) site: Site,
    /// Restored layers, in one run.
    pub(crate) layers: Range<usize>,
    /// Its place in the grid, token by token.
    pub(crate) slot: usize,
}

impl Cell {
    /// The blocks that run anew: all above the first restored layer, and all for the embedding.
    fn blocks(&self, layers: usize) -> usize {
        if self.site == Site::Embed { layers } else { layers - 1 - self.layers.start }
    }

    /// Layer-steps a sample.
    pub(crate) fn steps(&self, tokens: usize, layers: usize) -> usize {
        self.blocks(layers) * (tokens - self.token)
    }

    /// Whether the restore can change the answer's logits at all.
    ///
    /// Not before the first corrupted token, where both runs are the same; and not in the last layer alone at a token
    /// other than the last, which nothing reads.
    fn matters(&self, corrupted: usize, tokens: usize, layers: usize) -> bool {
        self.token >= corrupted && (self.token + 1 == tokens || self.blocks(layers) > 0)
    }
}

/// The cells of a plan's grid that can differ from the corrupted run.
pub(crate) fn that_matter(plan: &Resolved, layers: usize) -> Vec<Cell> {
    let Some(grid) = &plan.grid else { return Vec::new() };
    let tokens = plan.ids.len();
    let cell = |(row, &token): (usize, &usize)| {
        grid.layers.iter().enumerate().map(move |(column, &centre)| Cell {
            token,
            site: grid.site,
            layers: grid.window.layers(centre, layers),
            slot: row * grid.layers.len() + column,
        })
    };
    grid.tokens
        .iter()
        .enumerate()
        .flat_map(cell)
        .filter(|cell| cell.matters(plan.subject.start, tokens, layers))
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
    let (tokens, samples) = (plan.ids.len(), plan.noise.samples);
    let cells = that_matter(plan, layers);
    let inside = |cell: &&Cell| !matches!(cell.site, Site::Resid | Site::Embed);
    Work {
        base_steps: layers * tokens * (samples + 1),
        layer_steps: samples * cells.iter().map(|cell| cell.steps(tokens, layers)).sum::<usize>(),
        read_outs: samples * cells.iter().filter(inside).count(),
        head_rows: 1 + samples * (cells.len() + 1),
    }
}
