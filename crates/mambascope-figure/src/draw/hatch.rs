//! Slanted lines over cells, which say that there is no value.

use std::fmt::Write as _;

use svg::node::element::Path;

use crate::number::coordinate;

/// The colour under the lines.
pub(super) const GROUND: &str = "#f6f8fa";
/// From one line to the next, across and down.
const STEP: f64 = 5.0;

/// The lines over these cells (row, column), in order, each `cell` wide and high; none where there are no cells.
///
/// The lines of neighbouring cells meet. They are drawn one by one, because a pattern would need an identifier.
pub(super) fn hatch(cells: impl Iterator<Item = (usize, usize)>, cell: (f64, f64)) -> Option<Path> {
    let mut lines = String::new();
    for (row, columns) in runs(cells) {
        let across = (columns.start as f64 * cell.0, columns.end as f64 * cell.0);
        let down = (row as f64 * cell.1, (row + 1) as f64 * cell.1);
        push_lines(&mut lines, across, down);
    }
    let path = Path::new().set("fill", "none").set("stroke", "#d8dee4").set("stroke-width", 0.8);
    (!lines.is_empty()).then(|| path.set("pointer-events", "none").set("d", lines))
}

/// Cells of a row beside each other as one.
fn runs(cells: impl Iterator<Item = (usize, usize)>) -> Vec<(usize, std::ops::Range<usize>)> {
    let mut runs: Vec<(usize, std::ops::Range<usize>)> = Vec::new();
    for (row, column) in cells {
        match runs.last_mut() {
            Some((last, columns)) if *last == row && columns.end == column => columns.end += 1,
            _ => runs.push((row, column..column + 1)),
        }
    }
    runs
}

/// The lines on which right and down together are a multiple of the step, as far as they lie in a rectangle.
fn push_lines(lines: &mut String, across: (f64, f64), down: (f64, f64)) {
    let mut sum = ((across.0 + down.0) / STEP).floor() * STEP + STEP;
    while sum < across.1 + down.1 {
        let (from, to) = (across.0.max(sum - down.1), across.1.min(sum - down.0));
        let (x, y, length) = (coordinate(from), coordinate(sum - from), coordinate(to - from));
        // Writing to a string cannot fail.
        let _ = write!(lines, "M{x} {y}l{length} -{length}");
        sum += STEP;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_in_their_cells_and_meet() {
        assert!(hatch([].into_iter(), (10.0, 10.0)).is_none());
        let path = hatch([(0, 1), (0, 2), (2, 0)].into_iter(), (10.0, 10.0)).expect("cells");
        let lines = path.get_attributes()["d"].to_string();
        let expected = [
            "M10 5l5 -5M10 10l10 -10M15 10l10 -10M20 10l10 -10M25 10l5 -5",
            "M0 25l5 -5M0 30l10 -10M5 30l5 -5",
        ];
        assert_eq!(lines, expected.concat());
    }
}
