//! What is done to the cells of a walk: something put in place, or something not seen.

use std::ops::Range;

use mambascope_model::{Site, Unseen};

use super::base;
use super::cells::Cell;
use super::fill::Fills;
use super::trunk::Trunks;
use crate::check::Grid;

/// What is done to the cells of a walk.
#[derive(Debug, Clone, Copy)]
pub(super) enum Acts<'a> {
    /// There are no cells.
    Nothing,
    /// Sites are restored, and others held.
    Restores {
        /// Which, and where.
        grid: &'a Grid,
        /// What is put in place.
        fills: &'a Fills,
    },
    /// Tokens do not see others.
    Cuts(&'a Cuts),
}

impl Acts<'_> {
    /// Which of some cells go together.
    pub(super) fn trunks(&self, cells: &[Cell]) -> Trunks {
        match self {
            Self::Cuts(_) => Trunks::alone(cells.len()),
            Self::Nothing | Self::Restores { .. } => Trunks::of(cells),
        }
    }

    /// Whether what is put in place is the residual stream of a base row, whole.
    pub(super) fn give_residual(&self) -> bool {
        if let Self::Restores { grid, .. } = self { grid.gives_residual() } else { false }
    }

    /// Whether something in a layer is put in place or held before the input projections.
    pub(super) fn look_before(&self, layer: usize) -> bool {
        if let Self::Restores { grid, .. } = self { grid.looks_before(layer) } else { false }
    }

    /// How many lanes are held at tokens that are named and do not end before this one.
    pub(super) fn held_past(&self, token: usize) -> usize {
        let Self::Restores { grid, .. } = self else { return 0 };
        let ends = grid.severed.iter().filter_map(|severed| severed.tokens.as_ref());
        ends.filter(|tokens| tokens.end > token).count()
    }

    /// How many scores each sample has.
    pub(super) const fn slots(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Restores { grid, .. } => grid.tokens.len() * grid.layers.len(),
            Self::Cuts(cuts) => cuts.slots(),
        }
    }

    /// The sites that a layer of the base rows has to keep; something is done to cells in the `touched` layers.
    pub(super) fn kept(&self, touched: &Range<usize>, layer: usize) -> Vec<Site> {
        match self {
            Self::Restores { grid, .. } => kept_of(grid, touched, layer),
            Self::Cuts(cuts) if touched.contains(&layer) => match cuts.by {
                By::Blindness(_) => vec![Site::ScanIn, Site::Delta, Site::B, Site::C],
                By::Mean(_) => vec![Site::ConvIn],
            },
            Self::Nothing | Self::Cuts(_) => Vec::new(),
        }
    }
}

/// The sites that a layer of the base rows has to keep for the cells of a grid.
pub(super) fn kept_of(grid: &Grid, touched: &Range<usize>, layer: usize) -> Vec<Site> {
    let restored = touched.contains(&layer);
    let mut sites = if restored { base::to_keep(&grid.sites()) } else { Vec::new() };
    let severed = grid.severed.iter().filter(|severed| severed.layers.contains(&layer));
    sites.extend(base::to_keep_severed(severed.map(|severed| severed.site)));
    sites
}

/// The layers in which something is done to any of some cells.
pub(super) fn touched(cells: &[Cell]) -> Range<usize> {
    let first = cells.iter().map(|cell| cell.layers.start).min().unwrap_or(0);
    first..cells.iter().map(|cell| cell.layers.end).max().unwrap_or(0)
}

/// A grid of knock-outs: pairs of tokens down, runs of layers across.
#[derive(Debug)]
pub(crate) struct Cuts {
    /// Those that can change anything.
    pub(crate) cells: Vec<Cell>,
    /// Who does not see whom, row by row of the grid.
    pub(crate) pairs: Vec<Sight>,
    /// How many runs of layers each pair has.
    pub(crate) windows: usize,
    /// How they are knocked out.
    pub(crate) by: By,
}

/// Tokens, and those that they do not see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sight {
    /// Who is not seen.
    pub(crate) from: Range<usize>,
    /// Who does not see.
    pub(crate) to: Range<usize>,
}

/// How tokens are knocked out.
#[derive(Debug)]
pub(crate) enum By {
    /// Others do not see them; what of them, layer by layer.
    Blindness(Vec<Unseen>),
    /// The convolution reads their mean, and what it was of all others but the targets.
    Mean(Fills),
}

impl Cuts {
    /// How many scores there are.
    pub(crate) const fn slots(&self) -> usize {
        self.pairs.len() * self.windows
    }

    /// Who does not see whom in a cell.
    pub(super) fn sight(&self, cell: &Cell) -> &Sight {
        &self.pairs[cell.slot / self.windows.max(1)]
    }
}
