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

pub(crate) mod lines;

use crate::fit::{ellipsis, wrap};
use crate::font::{legible, measured, width};
use crate::heatmap::{ColumnNames, Heatmap};
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
/// From the plot's lower edge to the beginning of names that are turned.
pub(crate) const TURNED_GAP: f64 = 6.0;
pub(crate) const BAR_WIDTH: f64 = 11.0;
/// From the bar to the numbers beside it.
pub(crate) const BAR_LABEL_GAP: f64 = 7.0;
/// From the bar's upper edge to the middle of its name: clear of a number at that edge.
pub(crate) const SCALE_LABEL_RISE: f64 = 14.0;
/// The plot is as near to this wide as whole pixels allow.
pub(crate) const PLOT_WIDTH: f64 = 432.0;
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

/// Whether a panel draws something, or leaves it to a panel beside it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Part {
    #[default]
    Drawn,
    Left,
}

/// What a heatmap draws of its own where several share a scale, and how wide its plot should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Role {
    pub(crate) names: Part,
    pub(crate) bar: Part,
    pub(crate) plot: f64,
}

impl Default for Role {
    fn default() -> Self {
        Role { names: Part::Drawn, bar: Part::Drawn, plot: PLOT_WIDTH }
    }
}

impl Role {
    fn is_alone(self) -> bool {
        self == Role::default()
    }
}

/// A row's label as it is drawn, or that of a column that is named like rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) index: usize,
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
    /// Names of columns that are turned; where there are any, there are no ticks.
    pub(crate) turned: Vec<Row>,
    /// From the plot's lower edge to the column label.
    pub(crate) foot: f64,
    pub(crate) column_label: Vec<String>,
    bar_gap: f64,
    pub(crate) bar_height: f64,
    pub(crate) bar_ticks: Vec<Tick>,
    pub(crate) scale_label: String,
    pub(crate) caption: Vec<String>,
}

/// Width and height of a cell, and the size of a row's label.
#[derive(Debug, Clone, Copy)]
struct Cell {
    width: f64,
    height: f64,
    text: f64,
}

/// Rows and the text that stands in one: lower where there are many, but never too small to read.
const ROWS: [(usize, f64, f64); 2] = [(20, 20.0, 12.0), (48, 16.0, 11.0)];
const LOWEST_ROW: (f64, f64) = (13.0, 10.0);
/// Square cells and the text beside one, likewise.
const SQUARES: [(usize, f64, f64); 4] =
    [(16, 24.0, 12.0), (32, 18.0, 11.0), (64, 14.0, 10.5), (100, 13.0, 10.0)];
const LEAST_SQUARE: (f64, f64) = (11.0, 9.0);
/// Past this many pixels a side, squares shrink and not each is named.
const LARGEST_SQUARES: f64 = 2816.0;

fn pick(table: &[(usize, f64, f64)], least: (f64, f64), count: usize) -> (f64, f64) {
    let fits = |row: &&(usize, f64, f64)| count <= row.0;
    table.iter().find(fits).map_or(least, |row| (row.1, row.2))
}

impl Cell {
    fn of(heatmap: &Heatmap, role: Role) -> Self {
        if heatmap.column_names == ColumnNames::Tokens {
            return Cell::square(heatmap.rows.len().max(heatmap.columns.len()), role);
        }
        let (height, text) = pick(&ROWS, LOWEST_ROW, heatmap.rows.len());
        Cell { width: cell_width(heatmap.columns.len(), role.plot), height, text }
    }

    fn square(count: usize, role: Role) -> Self {
        let count = count.max(1);
        let (side, text) = pick(&SQUARES, LEAST_SQUARE, count);
        // Several beside each other are as much smaller as they share the room, while their names can still be read.
        let shared = (1.4 * role.plot / count as f64).floor().max(LEAST_SQUARE.0);
        let side = if role.is_alone() { side } else { side.min(shared) };
        let side = side.min((LARGEST_SQUARES / count as f64).floor().max(1.0));
        Cell { width: side, height: side, text: text.min(side * 0.8).max(LEAST_SQUARE.1) }
    }
}

/// Whole pixels a column, so that the plot is about `plot` wide.
fn cell_width(columns: usize, plot: f64) -> f64 {
    let columns = columns.max(1) as f64;
    let width = (plot / columns).floor().clamp(4.0, 40.0);
    if width * columns <= 1000.0 { width } else { (1000.0 / columns).floor().max(1.0) }
}

impl Layout {
    pub(crate) fn new(heatmap: &Heatmap, least: Least, role: Role) -> Self {
        let cell = Cell::of(heatmap, role);
        let plot_width = (cell.width * heatmap.columns.len() as f64).max(30.0);
        let plot_height = (cell.height * heatmap.rows.len() as f64).max(20.0);
        let bar_height = plot_height.clamp(80.0, 240.0);
        let narrowest = if role.is_alone() { 220.0 } else { 120.0 };
        let mut layout = Layout {
            width: 0.0,
            height: 0.0,
            head: 0.0,
            gutter: 0.0,
            plot_width,
            plot_height,
            cell_width: cell.width,
            cell_height: cell.height,
            row_size: cell.text,
            star: star(heatmap, cell.text),
            title: Vec::new(),
            rows: Vec::new(),
            row_label: String::new(),
            column_ticks: column_ticks(heatmap, cell.width),
            turned: turned(heatmap, cell),
            foot: TICKS_HEIGHT,
            column_label: lines(&heatmap.column_label, LABEL_SIZE, plot_width.max(narrowest)),
            bar_gap: BAR_GAP,
            bar_height,
            bar_ticks: Vec::new(),
            scale_label: String::new(),
            caption: Vec::new(),
        };
        if role.names == Part::Drawn {
            layout.rows = rows(heatmap, cell);
            layout.row_label = fitted(&heatmap.row_label, LABEL_SIZE, plot_height.max(80.0));
        }
        if role.bar == Part::Drawn {
            layout.bar_ticks = bar_ticks(heatmap, bar_height);
            layout.scale_label = fitted(&heatmap.scale.label, LABEL_SIZE, WIDEST_SCALE_LABEL);
        }
        if !layout.turned.is_empty() {
            layout.foot = TURNED_GAP + layout.longest(&layout.turned) + 4.0;
        }
        layout.foot = layout.foot.max(layout.row_label_reach());
        layout.set_widths(heatmap, least.gutter, role);
        layout.set_heights(least.head, role);
        layout
    }

    /// How far the upright row label reaches past the plot, above and below.
    fn row_label_reach(&self) -> f64 {
        ((width(&self.row_label, LABEL_SIZE) - self.plot_height) / 2.0).max(0.0).ceil()
    }

    /// The room that row labels take, with their stars.
    fn longest(&self, rows: &[Row]) -> f64 {
        let labels = rows.iter().map(|row| width(&row.text, self.row_size));
        labels.fold(0.0, f64::max) + self.star
    }

    /// The left edge of the colour bar.
    pub(crate) fn bar(&self) -> f64 {
        self.gutter + self.plot_width + self.bar_gap
    }

    fn set_widths(&mut self, heatmap: &Heatmap, least_gutter: f64, role: Role) {
        let row_label = if self.row_label.is_empty() { 0.0 } else { LABEL_LINE + 4.0 };
        let names = match role.names {
            Part::Drawn => row_label + self.longest(&self.rows) + LABEL_GAP,
            Part::Left => 1.0,
        };
        // A column label that is wider than the plot, or the name of an outer column, reaches past the plot.
        let column_label = (widest(&self.column_label, LABEL_SIZE) - self.plot_width) / 2.0;
        let (before, after) = self.overhang();
        self.gutter = names.max(least_gutter).max(column_label).max(before).ceil();

        self.bar_gap = self.clear_of_bar(column_label, after);
        let plot_end = self.gutter + self.plot_width + 1.0;
        let bar_end = match role.bar {
            Part::Drawn => self.bar() + self.bar_room(),
            Part::Left => plot_end,
        };
        let narrowest = if role.is_alone() { NARROWEST } else { 0.0 };
        let end = bar_end.max(plot_end + column_label).max(plot_end + after);
        self.width = end.max(narrowest).ceil();
        self.title = lines(&heatmap.title, TITLE_SIZE, self.width);
        self.caption = lines(&heatmap.caption, CAPTION_SIZE, self.width);
    }

    /// From the plot to the bar: more where words under the plot reach to the right beside a bar that is longer than it.
    fn clear_of_bar(&self, column_label: f64, names: f64) -> f64 {
        let bar = self.bar_height + 6.0;
        let names = if bar > self.plot_height { names } else { 0.0 };
        let label = if bar > self.plot_height + self.foot { column_label } else { 0.0 };
        BAR_GAP.max(names + 8.0).max(label + 8.0).ceil()
    }

    fn bar_room(&self) -> f64 {
        let numbers = self.bar_ticks.iter().map(|tick| width(&tick.label, TICK_SIZE));
        let numbers = BAR_WIDTH + BAR_LABEL_GAP + numbers.fold(0.0, f64::max);
        numbers.max(width(&self.scale_label, LABEL_SIZE))
    }

    /// How far the first and the last column's names reach to the left and the right of the plot.
    fn overhang(&self) -> (f64, f64) {
        overhang(&self.column_ticks, self.cell_width, self.plot_width)
    }

    fn set_heights(&mut self, least_head: f64, role: Role) {
        let title = title_height(&self.title);
        let scale_label =
            if self.scale_label.is_empty() { 6.0 } else { SCALE_LABEL_RISE + LABEL_LINE / 2.0 };
        let above = scale_label.max(self.row_label_reach());
        self.head = (title + above).max(least_head).ceil();

        let label = self.column_label.len() as f64 * LABEL_LINE;
        let plot = self.plot_height + self.foot + label;
        let bar = if role.bar == Part::Drawn { self.bar_height + 6.0 } else { 0.0 };
        self.height = (self.head + plot.max(bar) + caption_height(&self.caption)).ceil();
    }
}

fn title_height(title: &[String]) -> f64 {
    if title.is_empty() { 0.0 } else { title.len() as f64 * TITLE_LINE + 6.0 }
}

fn caption_height(caption: &[String]) -> f64 {
    if caption.is_empty() { 0.0 } else { caption.len() as f64 * CAPTION_LINE + 8.0 }
}

/// How far names centred under their columns reach past the plot, to the left and to the right.
fn overhang(ticks: &[ColumnTick], cell: f64, plot: f64) -> (f64, f64) {
    let reach = |tick: &ColumnTick| {
        let (middle, half) =
            ((tick.column as f64 + 0.5) * cell, width(&tick.text, TICK_SIZE) / 2.0);
        (half - middle, middle + half - plot)
    };
    let most = |all: (f64, f64), one: (f64, f64)| (all.0.max(one.0), all.1.max(one.1));
    ticks.iter().map(reach).fold((0.0, 0.0), most)
}

/// Every how many rows one is named, so that names stand apart.
fn row_step(cell: Cell) -> usize {
    (LEAST_SQUARE.0 / cell.height).ceil().max(1.0) as usize
}

fn row(index: usize, text: &str, mark: Mark, size: f64) -> Row {
    let text =
        measured(size, |measure| ellipsis(&legible(readable(text)), WIDEST_ROW_LABEL, measure));
    Row { index, text, mark }
}

fn rows(heatmap: &Heatmap, cell: Cell) -> Vec<Row> {
    let named = heatmap.rows.iter().enumerate().step_by(row_step(cell));
    named.map(|(index, label)| row(index, &label.text, label.mark, cell.text)).collect()
}

fn turned(heatmap: &Heatmap, cell: Cell) -> Vec<Row> {
    if heatmap.column_names == ColumnNames::Ticks {
        return Vec::new();
    }
    let mark = |index: usize, text: &String| match heatmap.rows.get(index) {
        Some(label) if label.text == *text => label.mark,
        _ => Mark::Plain,
    };
    let named = heatmap.columns.iter().enumerate().step_by(row_step(cell));
    named.map(|(index, text)| row(index, text, mark(index, text), cell.text)).collect()
}

fn star(heatmap: &Heatmap, size: f64) -> f64 {
    let marked = heatmap.rows.iter().any(|row| row.mark == Mark::Subject);
    if marked { width("*", size) + 1.0 } else { 0.0 }
}

fn column_ticks(heatmap: &Heatmap, cell_width: f64) -> Vec<ColumnTick> {
    match heatmap.column_names {
        ColumnNames::Ticks => ticks(&heatmap.columns, cell_width),
        ColumnNames::Tokens => Vec::new(),
    }
}

/// Names of columns that stand apart from each other.
fn ticks(columns: &[String], cell_width: f64) -> Vec<ColumnTick> {
    let names: Vec<String> =
        columns.iter().map(|text| fitted(text, TICK_SIZE, WIDEST_COLUMN_LABEL)).collect();
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
    let text = legible(printable(text)).replace('\n', " ");
    measured(size, |measure| ellipsis(text.trim(), room, measure))
}

fn lines(text: &str, size: f64, room: f64) -> Vec<String> {
    measured(size, |measure| wrap(&legible(printable(text)), room, measure))
}

fn widest(texts: &[String], size: f64) -> f64 {
    texts.iter().map(|text| width(text, size)).fold(0.0, f64::max)
}
