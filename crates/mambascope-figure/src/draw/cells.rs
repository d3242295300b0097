//! The coloured cells of a heatmap, each of which tells its value when the pointer rests on it.

use svg::node::element::{Circle, Group, Path, Rectangle, Title};

use crate::draw::shape::one_line;
use crate::draw::{INK, LINE, hatch, quoted};
use crate::heatmap::{ColumnNames, Heatmap, Peak, Shape};
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
    for at in heatmap.cells() {
        rows = rows.add(cell(heatmap, layout, span, at));
    }
    let group = Group::new().add(rows);
    let unknown = heatmap.cells().filter(|at| span.share(heatmap.value(at.0, at.1)).is_none());
    let group = match hatch::hatch(unknown, (layout.cell_width, layout.cell_height)) {
        Some(lines) => group.add(lines),
        None => group,
    };
    let group = match hatching(heatmap, layout, span) {
        Some(lines) => group.add(lines),
        None => group,
    };
    let group = group.add(frame(heatmap, layout));
    let group =
        if heatmap.dots.is_empty() { group } else { group.add(dots(heatmap, layout, span)) };
    match (heatmap.peak, heatmap.highest()) {
        (Peak::Outlined, Some(highest)) => group.add(outline(layout, highest)),
        _ => group,
    }
}

fn cell(heatmap: &Heatmap, layout: &Layout, span: Span, at: (usize, usize)) -> Rectangle {
    let value = heatmap.value(at.0, at.1);
    let fill = match span.share(value) {
        Some(share) => heatmap.palette.color(share).to_string(),
        None => hatch::GROUND.to_owned(),
    };
    let name = cell_name(heatmap, at.0, at.1);
    let tooltip = match interval(heatmap, at) {
        Some(interval) => format!("{name}: {} ({interval})", short(value)),
        None => format!("{name}: {}", short(value)),
    };
    rectangle(layout, at).set("fill", fill).add(Title::new(tooltip))
}

/// The ends of a cell's interval in words; `None` where it has none.
pub(crate) fn interval(heatmap: &Heatmap, (row, column): (usize, usize)) -> Option<String> {
    let intervals = heatmap.intervals.as_ref()?;
    let index = row * heatmap.columns.len() + column;
    let (low, high) = (intervals.low.get(index)?, intervals.high.get(index)?);
    let is_known = low.is_finite() && high.is_finite();
    is_known.then(|| format!("{} {} to {}", one_line(&intervals.name), short(*low), short(*high)))
}

/// Thin lines across each hatched cell, dark or light, whichever is seen on the cell; none where no cell is hatched.
fn hatching(heatmap: &Heatmap, layout: &Layout, span: Span) -> Option<Group> {
    let is_dark = |&(row, column): &(usize, usize)| {
        let share = span.share(heatmap.value(row, column));
        share.is_some_and(|share| heatmap.palette.color(share).is_dark())
    };
    let is_hatched = |at: &(usize, usize)| heatmap.hatched.contains(at);
    let (on_dark, on_light): (Vec<_>, Vec<_>) =
        heatmap.cells().filter(is_hatched).partition(is_dark);
    let path = |(cells, color): (Vec<(usize, usize)>, &str)| {
        let lines = hatch::lines(cells.into_iter(), (layout.cell_width, layout.cell_height));
        let path = Path::new().set("fill", "none").set("stroke", color).set("stroke-opacity", 0.6);
        let path = path.set("stroke-width", 0.8).set("pointer-events", "none");
        (!lines.is_empty()).then(|| path.set("d", lines))
    };
    let paths: Vec<Path> =
        [(on_dark, "#fff"), (on_light, INK)].into_iter().filter_map(path).collect();
    (!paths.is_empty()).then(|| paths.into_iter().fold(Group::new(), Group::add))
}

fn rectangle(layout: &Layout, (row, column): (usize, usize)) -> Rectangle {
    Rectangle::new()
        .set("x", coordinate(column as f64 * layout.cell_width))
        .set("y", coordinate(row as f64 * layout.cell_height))
        .set("width", layout.cell_width)
        .set("height", layout.cell_height)
}

/// A thin line round the plot, just outside the cells: a box, or stairs along the diagonal.
fn frame(heatmap: &Heatmap, layout: &Layout) -> Path {
    let (right, bottom) = (layout.plot_width + 0.5, layout.plot_height + 0.5);
    let path = match heatmap.shape {
        Shape::Full => format!("M-0.5 -0.5H{right}V{bottom}H-0.5Z"),
        Shape::LowerTriangle => {
            let step = |row: usize| {
                let x = (row + 1).min(heatmap.columns.len()) as f64 * layout.cell_width + 0.5;
                let y = (row + 1) as f64 * layout.cell_height - 0.5;
                let y = if row + 1 == heatmap.rows.len() { bottom } else { y };
                format!("H{x}V{y}")
            };
            let stairs: String = (0..heatmap.rows.len()).map(step).collect();
            format!("M-0.5 -0.5{stairs}V{bottom}H-0.5Z")
        }
    };
    Path::new().set("d", path).set("fill", "none").set("stroke", LINE)
}

/// A dot in each marked cell, dark or light, whichever is seen on the cell.
fn dots(heatmap: &Heatmap, layout: &Layout, span: Span) -> Group {
    let radius = (layout.cell_width.min(layout.cell_height) * 0.15).clamp(0.8, 2.4);
    let is_marked = |at: &(usize, usize)| heatmap.dots.contains(at);
    heatmap.cells().filter(is_marked).fold(Group::new(), |group, (row, column)| {
        let share = span.share(heatmap.value(row, column));
        let dark = share.is_some_and(|share| heatmap.palette.color(share).is_dark());
        let dot = Circle::new()
            .set("cx", coordinate((column as f64 + 0.5) * layout.cell_width))
            .set("cy", coordinate((row as f64 + 0.5) * layout.cell_height))
            .set("r", coordinate(radius));
        group.add(dot.set("fill", if dark { "#fff" } else { INK }).set("pointer-events", "none"))
    })
}

fn outline(layout: &Layout, at: (usize, usize)) -> Rectangle {
    rectangle(layout, at).set("fill", "none").set("stroke", INK).set("stroke-width", 1.5)
}

/// Which cell it is: ``token 3 `·Tower`, layer 12``.
pub(super) fn cell_name(heatmap: &Heatmap, row: usize, column: usize) -> String {
    let row_text = heatmap.rows.get(row).map_or_else(String::new, |label| quoted(&label.text));
    let column_text = heatmap.columns.get(column);
    let column_text = match heatmap.column_names {
        ColumnNames::Ticks => column_text.map_or_else(String::new, |text| one_line(text)),
        ColumnNames::Tokens => {
            let text = column_text.map_or_else(String::new, |text| quoted(text));
            format!("{column} {text}")
        }
    };
    let row_noun = one_line(&heatmap.row_noun);
    let column_noun = one_line(&heatmap.column_noun);
    format!("{row_noun} {row} {row_text}, {column_noun} {column_text}")
}
