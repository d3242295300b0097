//! A map on its way up the layers: the cells of one plan, and what is done to them.

use std::ops::Range;

use mambascope_model::{Model, Site};

use super::acts::{self, Acts};
use super::cells::{self, Cell, Entry};
use super::fill::{self, Fills};
use super::sheet::Sheet;
use super::trunk::Trunks;
use super::work;
use crate::Error;
use crate::check::Resolved;
use crate::watch::Watch;

/// A plan with all that its cells need before the first layer.
pub(super) struct Ready<'a> {
    plan: &'a Resolved,
    cells: Vec<Cell>,
    fills: Fills,
}

impl<'a> Ready<'a> {
    /// Makes a plan ready.
    ///
    /// # Errors
    /// When the prompts of a mean cannot be run, or the watcher stops them.
    pub(super) fn of(model: &Model, plan: &'a Resolved, watch: &dyn Watch) -> Result<Self, Error> {
        let cells = cells::that_matter(plan, model.config().layers);
        Ok(Self { plan, cells, fills: fill::prepare(model, plan, watch)? })
    }

    /// The plan's map.
    pub(super) fn map(&self) -> Map<'_> {
        let acts = match &self.plan.grid {
            Some(grid) => Acts::Restores { grid, fills: &self.fills },
            None => Acts::Nothing,
        };
        Map::of(self.plan, acts, &self.cells)
    }
}

/// The cells of one plan, or some of them, and what is done to them.
pub(super) struct Map<'a> {
    pub(super) plan: &'a Resolved,
    pub(super) acts: Acts<'a>,
    pub(super) cells: &'a [Cell],
    /// Which of the cells go with which.
    pub(super) trunks: Trunks,
    /// The layers in which something is done to any cell of the plan, be it here or not.
    touched: Range<usize>,
}

impl<'a> Map<'a> {
    /// All cells of a plan.
    pub(super) fn of(plan: &'a Resolved, acts: Acts<'a>, cells: &'a [Cell]) -> Self {
        Self { plan, acts, cells, trunks: acts.trunks(cells), touched: acts::touched(cells) }
    }

    /// Some of the cells.
    pub(super) fn part(&self, cells: Range<usize>) -> Self {
        let cells = &self.cells[cells];
        let touched = self.touched.clone();
        Self { cells, trunks: self.acts.trunks(cells), touched, ..*self }
    }

    /// Where in a layer the cells begin; nothing where there are none.
    pub(super) fn entry(&self) -> Option<Entry> {
        self.cells.first().map(|cell| cell.entry)
    }

    /// The sites that a layer of the base rows has to keep.
    pub(super) fn kept(&self, layer: usize) -> Vec<Site> {
        self.acts.kept(&self.touched, layer)
    }

    /// Layer-steps of its cells for each sample.
    pub(super) fn steps(&self, layers: usize) -> usize {
        work::of_cells(self.plan, (self.cells, &self.trunks), layers, 1).layer_steps
    }

    /// An empty sheet for so many corrupted runs.
    pub(super) fn sheet(&self, corrupted_runs: usize) -> Sheet {
        Sheet::new(self.plan, corrupted_runs.max(1), self.acts.slots())
    }
}
