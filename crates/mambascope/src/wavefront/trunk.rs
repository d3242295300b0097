//! Cells that share the rows of another for as long as their windows agree.
//!
//! Windows that begin at the same layer and token restore the same until the first of them ends. The longest of them
//! is the trunk; each other one goes with it up to its own end, and from there on alone. Windows that are the same have
//! the same rows to the end.

use std::collections::BTreeMap;

use super::cells::Cell;

/// Which cells go with which.
#[derive(Debug)]
pub(super) struct Trunks {
    /// For each cell the one that it goes with; itself where it is a trunk.
    with: Vec<usize>,
}

impl Trunks {
    /// The trunks of cells that all restore the same, in windows of their own.
    pub(super) fn of(cells: &[Cell]) -> Self {
        let mut families: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (index, cell) in cells.iter().enumerate() {
            families.entry((cell.token, cell.layers.start)).or_default().push(index);
        }
        let mut with: Vec<usize> = (0..cells.len()).collect();
        for mut family in families.into_values() {
            // The longest first; of windows that are the same, the first in the grid.
            family.sort_by_key(|&index| (std::cmp::Reverse(cells[index].layers.end), index));
            for pair in family.windows(2) {
                let same = cells[pair[0]].layers == cells[pair[1]].layers;
                with[pair[1]] = if same { with_same(&with, cells, pair[0]) } else { family[0] };
            }
        }
        Self { with }
    }

    /// So many cells that share nothing.
    pub(super) fn alone(cells: usize) -> Self {
        Self { with: (0..cells).collect() }
    }

    /// Whether a cell has rows of its own from its first layer on.
    pub(super) fn leads(&self, cell: usize) -> bool {
        self.with[cell] == cell
    }

    /// The cells that leave a trunk before a layer.
    pub(super) fn leaving<'a>(
        &'a self,
        cells: &'a [Cell],
        trunk: usize,
        layer: usize,
    ) -> impl Iterator<Item = usize> + 'a {
        let ends = move |&cell: &usize| cell != trunk && self.leaves(cells, cell) == Some(layer);
        self.all(trunk).filter(ends)
    }

    /// The cells that have a cell's rows at the end, itself among them.
    pub(super) fn sharing<'a>(
        &'a self,
        cells: &'a [Cell],
        cell: usize,
    ) -> impl Iterator<Item = usize> + 'a {
        self.all(cell).filter(move |&other| cells[other].layers == cells[cell].layers)
    }

    /// The layer before which a cell leaves its trunk, if it has one and leaves it.
    pub(super) fn leaves(&self, cells: &[Cell], cell: usize) -> Option<usize> {
        let trunk = &cells[self.with[cell]].layers;
        (*trunk != cells[cell].layers).then_some(cells[cell].layers.end)
    }

    /// A cell, and those that go with it.
    fn all(&self, cell: usize) -> impl Iterator<Item = usize> {
        (0..self.with.len()).filter(move |&index| index == cell || self.with[index] == cell)
    }
}

/// The cell that cells with the same window as this one go with: itself, unless it goes with such a one already.
fn with_same(with: &[usize], cells: &[Cell], cell: usize) -> usize {
    let other = with[cell];
    if cells[other].layers == cells[cell].layers { other } else { cell }
}

#[cfg(test)]
mod tests {
    use super::super::cells::Entry;
    use super::*;

    fn cells(windows: &[(usize, usize, usize)]) -> Vec<Cell> {
        let cell = |(slot, &(token, start, end))| Cell {
            token,
            entry: Entry::ReadOut,
            layers: start..end,
            slot,
        };
        windows.iter().enumerate().map(cell).collect()
    }

    #[test]
    fn each_window_leaves_the_longest_at_its_own_end() {
        let cells =
            cells(&[(2, 0, 3), (2, 0, 4), (2, 0, 4), (2, 0, 6), (2, 0, 6), (3, 0, 4), (2, 1, 6)]);
        let trunks = Trunks::of(&cells);
        let leads: Vec<bool> = (0..cells.len()).map(|cell| trunks.leads(cell)).collect();
        assert_eq!(leads, [false, false, false, true, false, true, true]);
        assert_eq!(trunks.leaving(&cells, 3, 3).collect::<Vec<_>>(), [0]);
        assert_eq!(trunks.leaving(&cells, 3, 4).collect::<Vec<_>>(), [1]);
        assert_eq!(trunks.sharing(&cells, 1).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(trunks.sharing(&cells, 3).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(trunks.sharing(&cells, 5).collect::<Vec<_>>(), [5]);
        assert_eq!(trunks.leaves(&cells, 3), None);
    }
}
