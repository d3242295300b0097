//! A figure as an SVG document: the ground and the panels.
//!
//! Nothing has an identifier. Identifiers are a whole page's: of two figures in one page the second would take its colours
//! from the first, and lose them where the first is hidden.

mod axes;
mod bar;
mod cells;
mod hatch;
mod lines;
mod shape;
mod signs;

use svg::Document;
use svg::node::element::{Description, Group, Rectangle, Title};

use crate::arrange::{Arrangement, Laid, Placed};
use crate::draw::shape::{one_line, paragraph, place};
use crate::figure::{Figure, Panel};
use crate::font::FAMILY;
use crate::heatmap::Heatmap;
use crate::layout::{CAPTION_LINE, CAPTION_SIZE, Layout, TITLE_LINE, TITLE_SIZE};
use crate::lines::Lines;
use crate::number::{coordinate, short};
use crate::readable::readable;

/// Between the picture's edge and what is drawn.
const MARGIN: f64 = 16.0;

/// Text that is read first.
const INK: &str = "#1f2328";
/// Text that is looked up.
const SOFT_INK: &str = "#59636e";
/// Signs that stand for white space.
const FAINT_INK: &str = "#a5adb6";
/// Axes, ticks and frames.
const LINE: &str = "#afb8c1";
/// Lines across a plot that lead the eye to a number.
const GRID_LINE: &str = "#eaeef2";

/// The whole document.
pub(crate) fn svg(figure: &Figure) -> String {
    let arrangement = Arrangement::new(&figure.content);
    let width = coordinate(arrangement.width + 2.0 * MARGIN);
    let height = coordinate(arrangement.height + 2.0 * MARGIN);
    let ground = Rectangle::new().set("width", width).set("height", height);
    let mut panels = Group::new()
        .set("font-family", FAMILY)
        .set("fill", INK)
        .set("transform", place(MARGIN, MARGIN));
    for panel in &arrangement.panels {
        panels = panels.add(draw_panel(panel));
    }
    let mut document = Document::new()
        .set("width", width)
        .set("height", height)
        .set("viewBox", (0, 0, width, height))
        .set("role", "img")
        .add(Title::new(headline(figure)))
        .add(Description::new().add(svg::node::Text::new(description(figure))));
    document = document.add(ground.set("fill", "#fff").set("rx", 6)).add(panels);
    let mut text = document.to_string();
    text.push('\n');
    text
}

/// Width and height of the document.
pub(crate) fn size(figure: &Figure) -> (f64, f64) {
    let arrangement = Arrangement::new(&figure.content);
    (arrangement.width + 2.0 * MARGIN, arrangement.height + 2.0 * MARGIN)
}

/// The figure's name: the titles of its panels.
pub(crate) fn headline(figure: &Figure) -> String {
    let panels = figure.content.panels();
    let titles = panels.iter().map(|panel| match panel {
        Panel::Heatmap(heatmap) => one_line(&heatmap.title),
        Panel::Lines(lines) => one_line(&lines.title),
    });
    let titles: Vec<String> = titles.filter(|title| !title.is_empty()).collect();
    if !titles.is_empty() {
        return titles.join("; ");
    }
    let is_lines = |panel: &Panel<'_>| matches!(panel, Panel::Lines(_));
    let name = if panels.iter().any(is_lines) { "Line plot" } else { "Heatmap" };
    name.to_owned()
}

/// What there is to see, for those who do not see it.
fn description(figure: &Figure) -> String {
    let panels = figure.content.panels().into_iter().map(|panel| match panel {
        Panel::Heatmap(heatmap) => describe(heatmap),
        Panel::Lines(lines) => describe_lines(lines),
    });
    panels.collect::<Vec<_>>().join(" ")
}

fn describe_lines(plot: &Lines) -> String {
    let (count, columns) = (plot.series.len(), plot.columns.len());
    let plural = if count == 1 { "" } else { "s" };
    let size = format!("Line plot of {count} line{plural} over {columns} columns.");
    let highest = plot.highest().and_then(|(line, column)| {
        let series = plot.series.get(line)?;
        Some(format!("{size} Highest: {}.", lines::point_name(plot, series, column)))
    });
    highest.unwrap_or(size)
}

fn describe(heatmap: &Heatmap) -> String {
    let (rows, columns) = (heatmap.rows.len(), heatmap.columns.len());
    let size = format!("Heatmap of {rows} rows by {columns} columns.");
    let Some((row, column)) = heatmap.highest() else {
        return size;
    };
    let value = short(heatmap.value(row, column));
    format!("{size} Highest: {value} at {}.", cells::cell_name(heatmap, row, column))
}

fn draw_panel(placed: &Placed<'_>) -> Group {
    let panel = match &placed.panel {
        Laid::Heatmap(heatmap, layout) => draw_heatmap(heatmap, layout),
        Laid::Lines(plot, layout) => lines::lines(plot, layout),
    };
    panel.set("transform", place(placed.x, placed.y))
}

fn draw_heatmap(heatmap: &Heatmap, layout: &Layout) -> Group {
    let plot = Group::new()
        .set("transform", place(layout.gutter, layout.head))
        .add(cells::cells(heatmap, layout))
        .add(axes::axes(layout))
        .add(axes::row_labels(layout));
    let panel = Group::new().add(title(&layout.title)).add(plot);
    let panel =
        if layout.bar_ticks.is_empty() { panel } else { panel.add(bar::bar(heatmap, layout)) };
    panel.add(caption(&layout.caption, layout.height))
}

fn title(lines: &[String]) -> Group {
    paragraph(lines, TITLE_SIZE, TITLE_LINE)
}

/// Small print that ends at the panel's lower edge.
fn caption(lines: &[String], height: f64) -> Group {
    paragraph(lines, CAPTION_SIZE, CAPTION_LINE)
        .set("fill", SOFT_INK)
        .set("transform", place(0.0, height - lines.len() as f64 * CAPTION_LINE))
}

/// A row's text between back quotes, its white space visible.
fn quoted(text: &str) -> String {
    format!("`{}`", readable(text))
}
