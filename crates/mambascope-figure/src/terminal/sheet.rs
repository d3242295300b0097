//! What both forms for a terminal share: labels, cells, axis and scale in lines of at most 80 columns.

use crate::fit::{ellipsis, wrap};
use crate::font::columns;
use crate::heatmap::{ColumnNames, Heatmap};
use crate::number::short;
use crate::palette::Color;
use crate::readable::{printable, readable};
use crate::row_label::{Mark, RowLabel};
use crate::ticks::column_step;

/// The width that a picture is made for.
pub(super) const WIDTH: usize = 80;
/// Least and most columns for a row's label.
const LABEL: (usize, usize) = (10, 18);
/// The `*` of a marked row and the space after it.
const MARK: usize = 2;
/// Characters in the scale's sample.
pub(super) const SAMPLE: usize = 24;

/// How many cells of the table a character shows, or how many characters show a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// So many characters a cell.
    Wide(usize),
    /// Two cells a character.
    Half,
}

/// One way to show values in a terminal.
pub(super) trait Ink {
    /// The cell's width where so many columns of the table must share so many of the terminal.
    fn cell(&self, table: usize, terminal: usize) -> Cell;
    /// One row of cells.
    fn row(&self, heatmap: &Heatmap, shares: &[Option<f64>], cell: Cell) -> String;
    /// Every share from low to high.
    fn sample(&self, heatmap: &Heatmap) -> String;
    /// A label, in which the signs for white space may be made faint.
    fn label(&self, text: &str) -> String;
    /// A heading.
    fn title(&self, text: &str) -> String;
    /// A piece of a plot in this colour.
    fn stroke(&self, text: &str, color: Color) -> String;
}

pub(super) fn measure(character: char) -> f64 {
    columns(character) as f64
}

pub(super) fn text_width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// The whole panel, each line ended.
pub(super) fn sheet(heatmap: &Heatmap, ink: &dyn Ink) -> String {
    let room = WIDTH.saturating_sub(MARK + heatmap.columns.len()).clamp(LABEL.0, LABEL.1);
    let names: Vec<String> = heatmap.rows.iter().map(|row| name(row, room)).collect();
    let numbers = numbers(heatmap);
    let number = numbers.first().map_or(0, |number| text_width(number));
    let gutter = number + names.iter().map(|name| text_width(name)).max().unwrap_or(0);
    let cell = ink.cell(heatmap.columns.len(), WIDTH.saturating_sub(gutter + MARK));

    let mut lines = Vec::new();
    let title = wrap(&printable(&heatmap.title), WIDTH as f64, &measure);
    lines.extend(title.iter().map(|line| ink.title(line)));
    if !lines.is_empty() {
        lines.push(String::new());
    }
    let span = heatmap.span();
    for (index, (row, name)) in heatmap.rows.iter().zip(&names).enumerate() {
        let values = (0..heatmap.cells_of(index)).map(|column| heatmap.value(index, column));
        let shares: Vec<Option<f64>> = values.map(|value| span.share(value)).collect();
        let number = numbers.get(index).map_or("", String::as_str);
        let space = " ".repeat(gutter - text_width(name) - text_width(number));
        let mark = if row.mark == Mark::Subject { '*' } else { ' ' };
        let label = ink.label(name);
        lines.push(format!("{number}{space}{label}{mark} {}", ink.row(heatmap, &shares, cell)));
    }
    lines.extend(axis(heatmap, gutter + MARK, cell));
    lines.push(String::new());
    lines.push(scale(heatmap, gutter + MARK, ink));
    let caption = wrap(&printable(&heatmap.caption), WIDTH as f64, &measure);
    if !caption.is_empty() {
        lines.push(String::new());
    }
    lines.extend(caption);
    lines.iter().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

fn name(row: &RowLabel, room: usize) -> String {
    ellipsis(&readable(&row.text), room as f64, &measure)
}

/// The rows' numbers, all of one width, where columns are tokens and called by theirs.
fn numbers(heatmap: &Heatmap) -> Vec<String> {
    let widest = heatmap.rows.len().saturating_sub(1).to_string().len();
    match heatmap.column_names {
        ColumnNames::Ticks => Vec::new(),
        ColumnNames::Tokens => {
            (0..heatmap.rows.len()).map(|index| format!("{index:>widest$} ")).collect()
        }
    }
}

/// The columns' names under their first character, and what they are.
fn axis(heatmap: &Heatmap, indent: usize, cell: Cell) -> Vec<String> {
    let fit = |(index, text): (usize, &String)| match heatmap.column_names {
        ColumnNames::Ticks => ellipsis(&readable(text), 16.0, &measure),
        ColumnNames::Tokens => index.to_string(),
    };
    let names: Vec<String> = heatmap.columns.iter().enumerate().map(fit).collect();
    let widest = names.iter().map(|name| text_width(name)).max().unwrap_or(0) as f64;
    let (room, start): (f64, Box<dyn Fn(usize) -> usize>) = match cell {
        Cell::Wide(wide) => (wide as f64, Box::new(move |column| column * wide)),
        Cell::Half => (0.5, Box::new(|column| column / 2)),
    };
    let step = column_step(names.len(), room, widest + 1.0);
    let mut line = " ".repeat(indent);
    for (column, name) in names.iter().enumerate().step_by(step) {
        let missing = (indent + start(column)).saturating_sub(text_width(&line));
        line.push_str(&" ".repeat(missing));
        line.push_str(name);
    }
    let room = WIDTH.saturating_sub(indent).max(20) as f64;
    let label = wrap(&printable(&heatmap.column_label), room, &measure);
    let label = label.into_iter().map(|text| format!("{}{text}", " ".repeat(indent)));
    [line].into_iter().chain(label).collect()
}

/// What the colours mean, on one line.
fn scale(heatmap: &Heatmap, indent: usize, ink: &dyn Ink) -> String {
    let span = heatmap.span();
    let label = printable(&heatmap.scale.label).replace('\n', " ");
    let label = ellipsis(label.trim(), 30.0, &measure);
    let space = if label.is_empty() { "" } else { "  " };
    let (low, high) = (short(span.low), short(span.high));
    let indent = " ".repeat(indent);
    if span.is_point() {
        return format!("{indent}{label}{space}{low}");
    }
    format!("{indent}{label}{space}{low} {} {high}", ink.sample(heatmap))
}
