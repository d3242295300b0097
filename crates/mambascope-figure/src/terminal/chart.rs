//! Curves in characters: a sign for each point, dots between them, shade for bands.

use crate::fit::{ellipsis, wrap};
use crate::lines::{Lines, Series};
use crate::number::short;
use crate::palette::Color;
use crate::readable::{printable, readable};
use crate::terminal::sheet::{Ink, WIDTH, measure, text_width};
use crate::ticks::{column_step, value_ticks};

/// Lines of text that the plot takes.
const HEIGHT: usize = 15;
/// Signs for points, a line each.
const SIGNS: [char; 8] = ['●', '■', '▲', '◆', '○', '□', '△', '◇'];
const BETWEEN: char = '·';
const SHADE: char = '░';
const RULE: char = '╌';
/// A rule's colour.
const SOFT: Color = Color { red: 0x8c, green: 0x95, blue: 0x9f };

/// Signs by line and column of the terminal, each with its colour.
struct Canvas {
    width: usize,
    cells: Vec<Option<(char, Color)>>,
}

impl Canvas {
    fn new(width: usize) -> Self {
        Canvas { width, cells: vec![None; width * HEIGHT] }
    }

    fn set(&mut self, row: usize, column: usize, sign: char, color: Color) {
        if column < self.width
            && let Some(cell) = self.cells.get_mut(row * self.width + column)
        {
            *cell = Some((sign, color));
        }
    }

    /// One line, its colours written by the ink.
    fn line(&self, row: usize, ink: &dyn Ink) -> String {
        let cells = self.cells.iter().skip(row * self.width).take(self.width);
        let mut line = String::new();
        let mut run: (String, Option<Color>) = (String::new(), None);
        for cell in cells.map(Some).chain([None]) {
            let (sign, color) = match cell {
                Some(Some((sign, color))) => (*sign, Some(*color)),
                _ => (' ', None),
            };
            if color != run.1 || cell.is_none() {
                let (text, before) = std::mem::take(&mut run);
                line.push_str(
                    &before.map_or_else(|| text.clone(), |color| ink.stroke(&text, color)),
                );
                run.1 = color;
            }
            run.0.push(sign);
        }
        line
    }
}

/// The line of a value, from the top; `None` outside of the plot.
fn row_of(value: f64, plot: &Lines) -> Option<usize> {
    let span = plot.span();
    let share = (value / 2.0 - span.low / 2.0) / (span.high / 2.0 - span.low / 2.0);
    let row = ((1.0 - share) * (HEIGHT - 1) as f64).round();
    (0.0..HEIGHT as f64).contains(&row).then_some(row as usize)
}

/// The whole panel, each line ended.
pub(super) fn chart(plot: &Lines, ink: &dyn Ink) -> String {
    let span = plot.span();
    let mut numbers = vec![String::new(); HEIGHT];
    for tick in value_ticks(span.low, span.high, 5) {
        if let Some(row) = row_of(tick.value, plot) {
            numbers[row] = tick.label;
        }
    }
    let gutter = numbers.iter().map(|number| text_width(number)).max().unwrap_or(0);
    let count = plot.columns.len().max(1);
    let room = WIDTH.saturating_sub(gutter + 2);
    let width = if count > room { room } else { (room / count).min(8) * count };
    let canvas = painted(plot, width);

    let mut lines = heading(plot, ink);
    for (row, number) in numbers.iter().enumerate() {
        let space = " ".repeat(gutter - text_width(number));
        let edge = if number.is_empty() { '│' } else { '┤' };
        lines.push(format!("{space}{number} {edge}{}", canvas.line(row, ink)));
    }
    lines.push(format!("{} └{}", " ".repeat(gutter), "─".repeat(width)));
    lines.extend(axis(plot, gutter + 2, width));
    let caption = wrap(&printable(&plot.caption), WIDTH as f64, &measure);
    if !caption.is_empty() {
        lines.push(String::new());
    }
    lines.extend(caption);
    lines.iter().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

/// Title, what the height means, and a line for each curve and rule.
fn heading(plot: &Lines, ink: &dyn Ink) -> Vec<String> {
    let fit = |text: &str, room: f64| {
        let text = printable(text).replace('\n', " ");
        ellipsis(text.trim(), room, &measure)
    };
    let title = wrap(&printable(&plot.title), WIDTH as f64, &measure);
    let mut lines: Vec<String> = title.iter().map(|line| ink.title(line)).collect();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    for (index, series) in plot.series.iter().enumerate() {
        let sign = SIGNS[index % SIGNS.len()].to_string();
        lines.push(format!(
            "{} {}",
            ink.stroke(&sign, series.color(index)),
            fit(&series.name, 76.0)
        ));
    }
    for rule in &plot.rules {
        let (name, value) = (fit(&rule.name, 60.0), short(rule.value));
        lines.push(format!("{} {name}  {value}", ink.stroke(&RULE.to_string(), SOFT)));
    }
    lines.push(String::new());
    if !plot.value_label.is_empty() {
        lines.push(fit(&plot.value_label, WIDTH as f64));
    }
    lines
}

fn painted(plot: &Lines, width: usize) -> Canvas {
    let mut canvas = Canvas::new(width);
    if plot.columns.is_empty() {
        return canvas;
    }
    for (index, series) in plot.series.iter().enumerate().rev() {
        shade(&mut canvas, plot, series, series.color(index));
    }
    for rule in &plot.rules {
        if let Some(row) = row_of(rule.value, plot) {
            (0..width).for_each(|column| canvas.set(row, column, RULE, SOFT));
        }
    }
    for (index, series) in plot.series.iter().enumerate().rev() {
        curve(&mut canvas, plot, series, index);
    }
    canvas
}

/// The place among the plot's columns of a column of the terminal; whole numbers are points.
fn place(column: usize, width: usize, count: usize) -> f64 {
    ((column as f64 + 0.5) * count as f64 / width as f64 - 0.5).clamp(0.0, count as f64 - 1.0)
}

/// A value between two columns; NaN where one of them has none.
fn between(place: f64, value: impl Fn(usize) -> f64) -> f64 {
    let (before, share) = (place.floor() as usize, place.fract());
    let from = value(before);
    if share == 0.0 { from } else { from + (value(before + 1) - from) * share }
}

fn shade(canvas: &mut Canvas, plot: &Lines, series: &Series, color: Color) {
    for column in 0..canvas.width {
        let place = place(column, canvas.width, plot.columns.len());
        let low = between(place, |column| series.point(column).1);
        let high = between(place, |column| series.point(column).2);
        if low.is_nan() || high.is_nan() {
            continue;
        }
        let span = plot.span();
        let end = |value: f64| row_of(value.clamp(span.low, span.high), plot).unwrap_or(0);
        (end(high)..=end(low)).for_each(|row| canvas.set(row, column, SHADE, color));
    }
}

fn curve(canvas: &mut Canvas, plot: &Lines, series: &Series, index: usize) {
    let (count, color) = (plot.columns.len(), series.color(index));
    for column in 0..canvas.width {
        let value = between(place(column, canvas.width, count), |column| series.point(column).0);
        if let Some(row) = row_of(value, plot) {
            canvas.set(row, column, BETWEEN, color);
        }
    }
    for column in 0..count {
        let at = ((column as f64 + 0.5) * canvas.width as f64 / count as f64).floor() as usize;
        if let Some(row) = row_of(series.point(column).0, plot) {
            canvas.set(row, at, SIGNS[index % SIGNS.len()], color);
        }
    }
}

/// The columns' names under their points, and what they are.
fn axis(plot: &Lines, indent: usize, width: usize) -> Vec<String> {
    let fit = |text: &String| ellipsis(&readable(text), 16.0, &measure);
    let names: Vec<String> = plot.columns.iter().map(fit).collect();
    let count = names.len().max(1) as f64;
    let widest = names.iter().map(|name| text_width(name)).max().unwrap_or(0) as f64;
    let step = column_step(names.len(), width as f64 / count, widest + 1.0);
    let mut line = " ".repeat(indent);
    for (column, name) in names.iter().enumerate().step_by(step) {
        let at = ((column as f64 + 0.5) * width as f64 / count).floor() as usize;
        let missing = (indent + at).saturating_sub(text_width(&line));
        line.push_str(&" ".repeat(missing));
        line.push_str(name);
    }
    let room = WIDTH.saturating_sub(indent).max(20) as f64;
    let label = wrap(&printable(&plot.column_label), room, &measure);
    let label = label.into_iter().map(|text| format!("{}{text}", " ".repeat(indent)));
    [line].into_iter().chain(label).collect()
}
