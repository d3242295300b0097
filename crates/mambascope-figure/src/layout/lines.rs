//! Where everything of one line plot goes, before anything is drawn.
//!
//! ```text
//! title, as many lines as it needs
//!        legend, as many lines as it needs
//!        gutter | plot
//!               | ticks, column label
//! caption
//! ```
//!
//! Columns are as wide as a heatmap's of as many columns, so that the two line up above each other.

use super::{
    CAPTION_SIZE, ColumnTick, LABEL_GAP, LABEL_LINE, LABEL_SIZE, Least, NARROWEST, PLOT_WIDTH,
    TICK_SIZE, TICKS_HEIGHT, TITLE_SIZE, caption_height, cell_width, fitted, lines, overhang,
    ticks, title_height, widest,
};
use crate::font::width;
use crate::lines::Lines;
use crate::ticks::{Tick, value_ticks};

pub(crate) const PLOT_HEIGHT: f64 = 216.0;
/// The least width of a plot, where columns are few.
const NARROWEST_PLOT: f64 = 320.0;
pub(crate) const LEGEND_LINE: f64 = 17.0;
/// The piece of line beside a name in the legend.
pub(crate) const SAMPLE_WIDTH: f64 = 24.0;
const SAMPLE_GAP: f64 = 6.0;
const ENTRY_GAP: f64 = 18.0;
/// Names longer than this are shortened.
const WIDEST_ENTRY: f64 = 260.0;
/// Points at least this far apart each have a sign; nearer ones only where the column is named.
const SIGNS_FROM: f64 = 14.0;

/// A name in the legend: the lines in their order, then the rules. The corner is from the legend's own.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) index: usize,
    pub(crate) text: String,
    pub(crate) x: f64,
    pub(crate) line: usize,
}

impl Entry {
    pub(crate) fn text_x(&self) -> f64 {
        self.x + SAMPLE_WIDTH + SAMPLE_GAP
    }
}

/// The places of all parts of one panel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LinesLayout {
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// From the panel's upper edge to the plot's.
    pub(crate) head: f64,
    /// From the panel's left edge to the plot's.
    pub(crate) gutter: f64,
    pub(crate) plot_width: f64,
    pub(crate) cell_width: f64,
    columns: usize,
    pub(crate) title: Vec<String>,
    pub(crate) legend: Vec<Entry>,
    pub(crate) value_ticks: Vec<Tick>,
    pub(crate) value_label: String,
    pub(crate) column_ticks: Vec<ColumnTick>,
    pub(crate) column_label: Vec<String>,
    pub(crate) caption: Vec<String>,
}

impl LinesLayout {
    pub(crate) fn new(plot: &Lines, least: Least) -> Self {
        let count = plot.columns.len();
        let natural = cell_width(count, PLOT_WIDTH) * count as f64;
        let plot_width = natural.max(NARROWEST_PLOT);
        let cell_width = plot_width / count.max(1) as f64;
        let span = plot.span();
        let mut layout = LinesLayout {
            width: 0.0,
            height: 0.0,
            head: 0.0,
            gutter: 0.0,
            plot_width,
            cell_width,
            columns: count,
            title: Vec::new(),
            legend: Vec::new(),
            value_ticks: value_ticks(span.low, span.high, 6),
            value_label: fitted(&plot.value_label, LABEL_SIZE, PLOT_HEIGHT),
            column_ticks: ticks(&plot.columns, cell_width),
            column_label: lines(&plot.column_label, LABEL_SIZE, plot_width),
            caption: Vec::new(),
        };
        layout.set_widths(plot, least.gutter);
        layout.set_heights(least.head);
        layout
    }

    /// How many columns there are.
    pub(crate) const fn count(&self) -> usize {
        self.columns
    }

    /// The middle of a column.
    pub(crate) fn middle(&self, column: usize) -> f64 {
        (column as f64 + 0.5) * self.cell_width
    }

    /// Whether the points of a column have signs.
    pub(crate) fn has_sign(&self, column: usize) -> bool {
        self.cell_width >= SIGNS_FROM || self.column_ticks.iter().any(|tick| tick.column == column)
    }

    fn set_widths(&mut self, plot: &Lines, least_gutter: f64) {
        let label = if self.value_label.is_empty() { 0.0 } else { LABEL_LINE + 4.0 };
        let numbers = self.value_ticks.iter().map(|tick| width(&tick.label, TICK_SIZE));
        let (before, after) = overhang(&self.column_ticks, self.cell_width, self.plot_width);
        let gutter = label + numbers.fold(0.0, f64::max) + LABEL_GAP + 1.0;
        self.gutter = gutter.max(least_gutter).max(before).ceil();
        let end = self.gutter + self.plot_width + 1.0 + after;
        self.width = end.max(NARROWEST).ceil();
        self.title = lines(&plot.title, TITLE_SIZE, self.width);
        self.caption = lines(&plot.caption, CAPTION_SIZE, self.width);
        self.legend = legend(plot, self.plot_width);
    }

    fn set_heights(&mut self, least_head: f64) {
        let legend = self.legend.last().map_or(0.0, |entry| (entry.line + 1) as f64 * LEGEND_LINE);
        self.head = (title_height(&self.title) + legend + 8.0).max(least_head).ceil();
        let label = self.column_label.len() as f64 * LABEL_LINE;
        let plot = PLOT_HEIGHT + TICKS_HEIGHT + label;
        self.height = (self.head + plot + caption_height(&self.caption)).ceil();
    }
}

/// Names in lines no wider than `room`; none where there is only one line and it has no name.
fn legend(plot: &Lines, room: f64) -> Vec<Entry> {
    let names = plot.series.iter().map(|line| &line.name);
    let names: Vec<&String> = names.chain(plot.rules.iter().map(|rule| &rule.name)).collect();
    if names.iter().all(|name| name.trim().is_empty()) {
        return Vec::new();
    }
    let (mut x, mut line) = (0.0, 0);
    let mut entries = Vec::with_capacity(names.len());
    for (index, name) in names.into_iter().enumerate() {
        let text = fitted(name, LABEL_SIZE, WIDEST_ENTRY);
        let wide = SAMPLE_WIDTH + SAMPLE_GAP + widest(std::slice::from_ref(&text), LABEL_SIZE);
        if x > 0.0 && x + wide > room {
            (x, line) = (0.0, line + 1);
        }
        entries.push(Entry { index, text, x, line });
        x += wide + ENTRY_GAP;
    }
    entries
}
