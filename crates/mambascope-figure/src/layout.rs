//! Where everything of one heatmap goes, before anything is drawn.
//!
//! ```text
//! title, as many lines as it needs
//!                                      scale's label
//!        gutter | plot                | bar and its numbers
//!               | ticks, column label
//! caption
//! ```
//!
//! # Units
//! Pixels of the SVG, from the panel's upper left corner. Plot edges and cells are whole pixels, so that they are sharp.

use crate::fit::{ellipsis, wrap};
use crate::font::{measured, width};
use crate::heatmap::Heatmap;
use crate::readable::{printable, readable};
use crate::row_label::Mark;
use crate::ticks::{Tick, column_step, value_ticks};

pub(crate) const TITLE_SIZE: f64 = 13.0;
pub(crate) const TITLE_LINE: f64 = 18.0;
pub(crate) const LABEL_SIZE: f64 = 11.0;
pub(crate) const LABEL_LINE: f64 = 15.0;
pub(crate) const TICK_SIZE: f64 = 10.0;
pub(crate) const CAPTION_SIZE: f64 = 9.5;
pub(crate) const CAPTION_LINE: f64 = 14.0;
/// Between the row labels' slot for `*` and the plot.
pub(crate) const LABEL_GAP: f64 = 6.0;
pub(crate) const TICK_LENGTH: f64 = 3.0;
/// From the plot's lower edge to the lower edge of the column names.
const TICKS_HEIGHT: f64 = 18.0;
const BAR_GAP: f64 = 16.0;
pub(crate) const BAR_WIDTH: f64 = 11.0;
/// From the bar to the numbers beside it.
pub(crate) const BAR_LABEL_GAP: f64 = 7.0;
/// The plot is as near to this wide as whole pixels allow.
const PLOT_WIDTH: f64 = 432.0;
const WIDEST_ROW_LABEL: f64 = 150.0;
const WIDEST_COLUMN_LABEL: f64 = 90.0;
const WIDEST_SCALE_LABEL: f64 = 130.0;
const NARROWEST: f64 = 280.0;

/// What other panels in the same row or column ask for, so that plots line up.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Least {
    pub(crate) head: f64,
    pub(crate) gutter: f64,
}

/// A row's label as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) text: String,
    pub(crate) mark: Mark,
}

/// A column's name and number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ColumnTick {
    pub(crate) column: usize,
    pub(crate) text: String,
}

/// The places of all parts of one panel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layout {
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// From the panel's upper edge to the plot's.
    pub(crate) head: f64,
    /// From the panel's left edge to the plot's.
    pub(crate) gutter: f64,
    pub(crate) plot_width: f64,
    pub(crate) plot_height: f64,
    pub(crate) cell_width: f64,
    pub(crate) cell_height: f64,
    pub(crate) row_size: f64,
    /// The width that the `*` of a marked row takes; zero where no row is marked.
    pub(crate) star: f64,
    pub(crate) title: Vec<String>,
    pub(crate) rows: Vec<Row>,
    pub(crate) row_label: String,
    pub(crate) column_ticks: Vec<ColumnTick>,
    pub(crate) column_label: Vec<String>,
    pub(crate) bar_height: f64,
    pub(crate) bar_ticks: Vec<Tick>,
    pub(crate) scale_label: String,
    pub(crate) caption: Vec<String>,
}

/// Height of a row and size of its label: smaller where there are many, but never too small to read.
fn row_size(rows: usize) -> (f64, f64) {
    match rows {
        0..=20 => (20.0, 12.0),
        21..=48 => (16.0, 11.0),
        _ => (13.0, 10.0),
    }
}

fn cell_width(columns: usize) -> f64 {
    let columns = columns.max(1) as f64;
    let width = (PLOT_WIDTH / columns).floor().clamp(4.0, 40.0);
    if width * columns <= 1000.0 { width } else { (1000.0 / columns).floor().max(1.0) }
}

impl Layout {
    pub(crate) fn new(heatmap: &Heatmap, least: Least) -> Self {
        let (cell_height, row_size) = row_size(heatmap.rows.len());
        let cell_width = cell_width(heatmap.columns.len());
        let plot_width = (cell_width * heatmap.columns.len() as f64).max(30.0);
        let plot_height = (cell_height * heatmap.rows.len() as f64).max(20.0);
        let bar_height = plot_height.clamp(80.0, 240.0);
        let mut layout = Layout {
            width: 0.0,
            height: 0.0,
            head: 0.0,
            gutter: 0.0,
            plot_width,
            plot_height,
            cell_width,
            cell_height,
            row_size,
            star: star(heatmap, row_size),
            title: Vec::new(),
            rows: rows(heatmap, row_size),
            row_label: fitted(&heatmap.row_label, LABEL_SIZE, plot_height.max(80.0)),
            column_ticks: column_ticks(heatmap, cell_width),
            column_label: lines(&heatmap.column_label, LABEL_SIZE, plot_width.max(220.0)),
            bar_height,
            bar_ticks: bar_ticks(heatmap, bar_height),
            scale_label: fitted(&heatmap.scale.label, LABEL_SIZE, WIDEST_SCALE_LABEL),
            caption: Vec::new(),
        };
        layout.set_widths(heatmap, least.gutter);
        layout.set_heights(least.head);
        layout
    }

    /// The left edge of the colour bar.
    pub(crate) fn bar(&self) -> f64 {
        self.gutter + self.plot_width + BAR_GAP
    }

    fn set_widths(&mut self, heatmap: &Heatmap, least_gutter: f64) {
        let labels = self.rows.iter().map(|row| width(&row.text, self.row_size));
        let row_label = if self.row_label.is_empty() { 0.0 } else { LABEL_LINE + 4.0 };
        let gutter = row_label + labels.fold(0.0, f64::max) + self.star + LABEL_GAP;
        // A column label that is wider than the plot reaches to its left.
        let column_label = widest(&self.column_label, LABEL_SIZE);
        let reach = (column_label - self.plot_width) / 2.0;
        self.gutter = gutter.max(least_gutter).max(reach).ceil();

        let numbers = self.bar_ticks.iter().map(|tick| width(&tick.label, TICK_SIZE));
        let numbers = BAR_WIDTH + BAR_LABEL_GAP + numbers.fold(0.0, f64::max);
        let bar = numbers.max(width(&self.scale_label, LABEL_SIZE));
        let plot_end = self.gutter + self.plot_width;
        self.width = (self.bar() + bar).max(plot_end + reach).max(NARROWEST).ceil();
        self.title = lines(&heatmap.title, TITLE_SIZE, self.width);
        self.caption = lines(&heatmap.caption, CAPTION_SIZE, self.width);
    }

    fn set_heights(&mut self, least_head: f64) {
        let title = self.title.len() as f64 * TITLE_LINE;
        let title = if title > 0.0 { title + 6.0 } else { 0.0 };
        let scale_label = if self.scale_label.is_empty() { 6.0 } else { LABEL_LINE + 3.0 };
        self.head = (title + scale_label).max(least_head).ceil();

        let label = self.column_label.len() as f64 * LABEL_LINE;
        let plot = self.plot_height + TICKS_HEIGHT + label;
        let caption = self.caption.len() as f64 * CAPTION_LINE;
        let caption = if caption > 0.0 { caption + 8.0 } else { 0.0 };
        self.height = (self.head + plot.max(self.bar_height + 6.0) + caption).ceil();
    }
}

fn rows(heatmap: &Heatmap, size: f64) -> Vec<Row> {
    let fit = |text: &str| measured(size, |measure| ellipsis(text, WIDEST_ROW_LABEL, measure));
    let row = |label: &crate::RowLabel| Row { text: fit(&readable(&label.text)), mark: label.mark };
    heatmap.rows.iter().map(row).collect()
}

fn star(heatmap: &Heatmap, size: f64) -> f64 {
    let marked = heatmap.rows.iter().any(|row| row.mark == Mark::Subject);
    if marked { width("*", size) + 1.0 } else { 0.0 }
}

fn column_ticks(heatmap: &Heatmap, cell_width: f64) -> Vec<ColumnTick> {
    let fit = |text: &String| fitted(text, TICK_SIZE, WIDEST_COLUMN_LABEL);
    let names: Vec<String> = heatmap.columns.iter().map(fit).collect();
    let step = column_step(names.len(), cell_width, widest(&names, TICK_SIZE) + 6.0);
    let numbered = names.into_iter().enumerate().step_by(step);
    numbered.map(|(column, text)| ColumnTick { column, text }).collect()
}

fn bar_ticks(heatmap: &Heatmap, height: f64) -> Vec<Tick> {
    let span = heatmap.span();
    let count = (height / 28.0) as usize;
    let ticks = value_ticks(span.low, span.high, count);
    // One number tells no scale; twice as many still stand apart on the shortest bar.
    if ticks.len() > 1 { ticks } else { value_ticks(span.low, span.high, 2 * count) }
}

fn fitted(text: &str, size: f64, room: f64) -> String {
    let text = printable(text).replace('\n', " ");
    measured(size, |measure| ellipsis(text.trim(), room, measure))
}

fn lines(text: &str, size: f64, room: f64) -> Vec<String> {
    measured(size, |measure| wrap(&printable(text), room, measure))
}

fn widest(texts: &[String], size: f64) -> f64 {
    texts.iter().map(|text| width(text, size)).fold(0.0, f64::max)
}
