//! The coloured cells of a heatmap, each of which tells its value when the pointer rests on it.

use svg::node::element::{Group, Rectangle, Title};

use crate::draw::shape::one_line;
use crate::draw::{HATCH, INK, LINE, quoted};
use crate::heatmap::{Heatmap, Peak};
use crate::layout::Layout;
use crate::number::{coordinate, short};
use crate::scale::Span;

/// Cells at least this wide and high have a thin light seam between them.
const SEAM_FROM: f64 = 9.0;

/// All cells in their frame; the origin is the plot's upper left corner.
pub(super) fn cells(heatmap: &Heatmap, layout: &Layout) -> Group {
    let span = heatmap.span();
    let mut rows = Group::new().set("shape-rendering", "crispEdges");
    if layout.cell_width >= SEAM_FROM {
        rows = rows.set("stroke", "#fff").set("stroke-opacity", 0.55).set("stroke-width", 0.7);
    }
    for row in 0..heatmap.rows.len() {
        for column in 0..heatmap.columns.len() {
            rows = rows.add(cell(heatmap, layout, span, (row, column)));
        }
    }
    let group = Group::new().add(rows).add(frame(layout));
    match (heatmap.peak, heatmap.highest()) {
        (Peak::Outlined, Some(highest)) => group.add(outline(layout, highest)),
        _ => group,
    }
}

fn cell(heatmap: &Heatmap, layout: &Layout, span: Span, at: (usize, usize)) -> Rectangle {
    let value = heatmap.value(at.0, at.1);
    let fill = match span.share(value) {
        Some(share) => heatmap.palette.color(share).to_string(),
        None => format!("url(#{HATCH})"),
    };
    let tooltip = format!("{}: {}", cell_name(heatmap, at.0, at.1), short(value));
    rectangle(layout, at).set("fill", fill).add(Title::new(tooltip))
}

fn rectangle(layout: &Layout, (row, column): (usize, usize)) -> Rectangle {
    Rectangle::new()
        .set("x", coordinate(column as f64 * layout.cell_width))
        .set("y", coordinate(row as f64 * layout.cell_height))
        .set("width", layout.cell_width)
        .set("height", layout.cell_height)
}

/// A thin line round the plot, just outside the cells.
fn frame(layout: &Layout) -> Rectangle {
    Rectangle::new()
        .set("x", -0.5)
        .set("y", -0.5)
        .set("width", layout.plot_width + 1.0)
        .set("height", layout.plot_height + 1.0)
        .set("fill", "none")
        .set("stroke", LINE)
}

fn outline(layout: &Layout, at: (usize, usize)) -> Rectangle {
    rectangle(layout, at).set("fill", "none").set("stroke", INK).set("stroke-width", 1.5)
}

/// Which cell it is: ``token 3 `·Tower`, layer 12``.
pub(super) fn cell_name(heatmap: &Heatmap, row: usize, column: usize) -> String {
    let row_text = heatmap.rows.get(row).map_or_else(String::new, |label| quoted(&label.text));
    let column_text = heatmap.columns.get(column).map_or_else(String::new, |text| one_line(text));
    let row_noun = one_line(&heatmap.row_noun);
    let column_noun = one_line(&heatmap.column_noun);
    format!("{row_noun} {row} {row_text}, {column_noun} {column_text}")
}
