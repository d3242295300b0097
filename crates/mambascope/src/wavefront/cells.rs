//! The cells of a grid: which of them can matter, where each starts, and what it costs.

use std::ops::Range;

use mambascope_model::{Site, Timing};

use crate::check::Resolved;
use crate::sever::Stream;

/// Where in a layer a cell's run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Entry {
    /// Before the first layer.
    Embeddings,
    /// At the input of the first layer, whichever is restored: lanes are held at values that the patched run does not have.
    Bottom,
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

    /// Whether cells begin at the input of a layer.
    pub(super) const fn is_before(self) -> bool {
        matches!(self, Self::Bottom | Self::Block)
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
    /// The first block that runs anew; the number of layers, where none does.
    pub(crate) const fn first_block(&self) -> usize {
        match self.entry {
            Entry::Embeddings | Entry::Bottom => 0,
            Entry::Block => self.layers.start,
            Entry::ReadOut | Entry::After => self.layers.start + 1,
        }
    }

    /// Whether the restore can change the answer's logits at all.
    ///
    /// Not before the first token at which the runs differ; and not past the scan of the last layer at a token other
    /// than the last, which nothing reads.
    fn matters(&self, first: usize, tokens: usize, layers: usize) -> bool {
        self.token >= first && (self.token + 1 == tokens || self.first_block() < layers)
    }
}

/// The cells of a plan's grid that can differ from the run that is patched.
pub(crate) fn that_matter(plan: &Resolved, layers: usize) -> Vec<Cell> {
    let Some(grid) = &plan.grid else { return Vec::new() };
    let tokens = plan.patched().ids.len();
    let entry = match plan.stream {
        Stream::Same => Entry::of(&grid.sites()),
        Stream::Rome => Entry::of(&grid.sites()).min(Entry::Bottom),
    };
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
