//! A line plot: grid, bands, rules, curves and their signs, each of which tells its value when the pointer rests on it.

use svg::node::element::{Circle, Group, Path, Rectangle, Title};

use crate::clip::{Point, outlines, pieces};
use crate::draw::axes::{column_label, column_ticks, upright_label};
use crate::draw::shape::{line, one_line, place, text};
use crate::draw::signs::sign;
use crate::draw::{GRID_LINE, LINE, SOFT_INK, caption, title};
use crate::layout::lines::{Entry, LEGEND_LINE, LinesLayout, PLOT_HEIGHT, SAMPLE_WIDTH};
use crate::layout::{LABEL_GAP, LABEL_SIZE, TICK_LENGTH, TICK_SIZE};
use crate::lines::{Lines, Rule, Series};
use crate::number::{coordinate, short};
use crate::palette::LINE_COLORS;
use crate::scale::Span;

const SIGN_RADIUS: f64 = 2.6;
/// What a pointer must come near to, to be told a value.
const POINTER_RADIUS: f64 = 5.0;
const CURVE_WIDTH: f64 = 1.8;
/// Rules are told apart by these, in turn.
const RULE_DASHES: [&str; 3] = ["5 3", "1.5 2.5", "8 3 1.5 3"];

/// The whole panel.
pub(super) fn lines(plot: &Lines, layout: &LinesLayout) -> Group {
    let legend_height = layout.legend.last().map_or(0, |entry| entry.line + 1) as f64 * LEGEND_LINE;
    let legend =
        layout.legend.iter().fold(Group::new(), |group, entry| group.add(named(plot, entry)));
    Group::new()
        .add(title(&layout.title))
        .add(legend.set("transform", place(layout.gutter, layout.head - legend_height - 6.0)))
        .add(area(plot, layout).set("transform", place(layout.gutter, layout.head)))
        .add(caption(&layout.caption, layout.height))
}

/// The plot with its axes; the origin is its upper left corner.
fn area(plot: &Lines, layout: &LinesLayout) -> Group {
    let span = plot.span();
    let base = PLOT_HEIGHT + 1.0;
    let mut area = Group::new().add(grid(layout, span));
    for (index, series) in plot.series.iter().enumerate().rev() {
        area = area.add(band(series, index, layout, span));
    }
    let known = |rule: &(usize, &Rule)| !rule.1.value.is_nan();
    for (index, rule) in plot.rules.iter().enumerate().filter(known) {
        let y = height(rule.value, span);
        let ends = [(0.0, y), (layout.plot_width, y)];
        area = pieces(&ends, PLOT_HEIGHT).iter().fold(area, |area, piece| {
            area.add(
                path(piece).set("stroke", SOFT_INK).set("stroke-dasharray", rule_dashes(index)),
            )
        });
    }
    for (index, series) in plot.series.iter().enumerate().rev() {
        area = area.add(curve(plot, series, index, layout, span));
    }
    area.add(frame(layout))
        .add(column_ticks(&layout.column_ticks, base, |column| layout.middle(column)))
        .add(column_label(&layout.column_label, layout.plot_width / 2.0, base + 18.0))
        .add(upright_label(&layout.value_label, layout.gutter, PLOT_HEIGHT))
}

/// How far below the upper edge a value lies; past the edges for values outside of the span.
fn height(value: f64, span: Span) -> f64 {
    let share = (value / 2.0 - span.low / 2.0) / (span.high / 2.0 - span.low / 2.0);
    // Far enough away that a line to there is as good as upright.
    PLOT_HEIGHT * (1.0 - share.clamp(-1e4, 1e4))
}

fn points(layout: &LinesLayout, span: Span, value: impl Fn(usize) -> f64) -> Vec<Point> {
    let count = layout.count();
    (0..count).map(|column| (layout.middle(column), height(value(column), span))).collect()
}

/// Faint lines at the numbers, and the numbers.
fn grid(layout: &LinesLayout, span: Span) -> Group {
    let numbers = Group::new().set("fill", SOFT_INK).set("text-anchor", "end");
    layout.value_ticks.iter().fold(numbers, |numbers, tick| {
        let y = height(tick.value, span).clamp(0.0, PLOT_HEIGHT);
        let is_axis = tick.value == 0.0 && span.low < 0.0;
        let color = if is_axis { LINE } else { GRID_LINE };
        numbers
            .add(line((0.0, y), (layout.plot_width, y)).set("stroke", color))
            .add(line((-0.5 - TICK_LENGTH, y), (-0.5, y)))
            .add(text(&tick.label, -LABEL_GAP, y, TICK_SIZE))
    })
}

fn frame(layout: &LinesLayout) -> Rectangle {
    Rectangle::new()
        .set("x", -0.5)
        .set("y", -0.5)
        .set("width", layout.plot_width + 1.0)
        .set("height", PLOT_HEIGHT + 1.0)
        .set("fill", "none")
        .set("stroke", LINE)
}

/// What may lie between the ends of a line's band, and an upright stroke where a column has no neighbour.
fn band(series: &Series, index: usize, layout: &LinesLayout, span: Span) -> Group {
    let color = series.color(index).to_string();
    let low = points(layout, span, |column| series.point(column).1);
    let high = points(layout, span, |column| series.point(column).2);
    let areas = outlines(&high, &low, PLOT_HEIGHT);
    let group = areas.iter().fold(Group::new(), |group, outline| {
        let area = path(outline).set("fill", color.clone()).set("fill-opacity", 0.17);
        group.add(area)
    });
    let is_known = |column: usize| !low[column].1.is_nan() && !high[column].1.is_nan();
    alone(layout.count(), is_known).into_iter().fold(group, |group, column| {
        let ends = [high[column], low[column]];
        pieces(&ends, PLOT_HEIGHT).iter().fold(group, |group, piece| {
            group.add(path(piece).set("stroke", color.clone()).set("stroke-opacity", 0.5))
        })
    })
}

/// Columns that are known and whose neighbours are not.
fn alone(count: usize, is_known: impl Fn(usize) -> bool) -> Vec<usize> {
    let before = |column: usize| column > 0 && is_known(column - 1);
    let after = |column: usize| column + 1 < count && is_known(column + 1);
    (0..count).filter(|&column| is_known(column) && !before(column) && !after(column)).collect()
}

fn curve(plot: &Lines, series: &Series, index: usize, layout: &LinesLayout, span: Span) -> Group {
    let color = series.color(index).to_string();
    let points = points(layout, span, |column| series.point(column).0);
    let is_known = |column: usize| !points[column].1.is_nan();
    let alone = alone(points.len(), is_known);
    let mut group = Group::new();
    for piece in pieces(&points, PLOT_HEIGHT) {
        let stroke = path(&piece).set("stroke", color.clone()).set("stroke-width", CURVE_WIDTH);
        let stroke = stroke.set("stroke-linejoin", "round").set("stroke-linecap", "round");
        group = group.add(match dashes(index) {
            "" => stroke,
            dashes => stroke.set("stroke-dasharray", dashes),
        });
    }
    for (column, point) in points.iter().enumerate() {
        let is_inside = (0.0..=PLOT_HEIGHT).contains(&point.1);
        if is_inside && (layout.has_sign(column) || alone.contains(&column)) {
            group = group.add(signed(index, *point, &color));
        }
        if is_inside {
            let name = Title::new(point_name(plot, series, column));
            group = group.add(pointer(*point, layout).add(name));
        }
    }
    group
}

fn signed(index: usize, at: Point, color: &str) -> Path {
    let sign = sign(index, at, SIGN_RADIUS).set("fill", color.to_owned());
    sign.set("stroke", "#fff").set("stroke-width", 0.8)
}

fn pointer((x, y): Point, layout: &LinesLayout) -> Circle {
    let radius = POINTER_RADIUS.min(layout.cell_width / 2.0);
    let circle = Circle::new().set("cx", coordinate(x)).set("cy", coordinate(y));
    circle.set("r", coordinate(radius)).set("fill-opacity", 0)
}

/// Lines past the number of colours are told apart by their dashes.
fn dashes(index: usize) -> &'static str {
    match index / LINE_COLORS.len() {
        0 => "",
        1 => "7 3",
        _ => "2 3",
    }
}

fn rule_dashes(index: usize) -> &'static str {
    RULE_DASHES[index % RULE_DASHES.len()]
}

fn path(points: &[Point]) -> Path {
    let points = points.iter().map(|(x, y)| format!("{} {}", coordinate(*x), coordinate(*y)));
    let path = format!("M{}", points.collect::<Vec<_>>().join("L"));
    Path::new().set("d", path).set("fill", "none")
}

/// A line's sample and its name in the legend.
fn named(plot: &Lines, entry: &Entry) -> Group {
    let y = (entry.line as f64 + 0.5) * LEGEND_LINE;
    let ends = [(entry.x, y), (entry.x + SAMPLE_WIDTH, y)];
    let middle = (entry.x + SAMPLE_WIDTH / 2.0, y);
    let name = text(&entry.text, entry.text_x(), y, LABEL_SIZE);
    let group = Group::new().add(name);
    let Some(series) = plot.series.get(entry.index) else {
        let dashes = rule_dashes(entry.index - plot.series.len());
        return group.add(path(&ends).set("stroke", SOFT_INK).set("stroke-dasharray", dashes));
    };
    let color = series.color(entry.index).to_string();
    let stroke = path(&ends).set("stroke", color.clone()).set("stroke-width", CURVE_WIDTH);
    let stroke = match dashes(entry.index) {
        "" => stroke,
        dashes => stroke.set("stroke-dasharray", dashes),
    };
    group.add(stroke).add(signed(entry.index, middle, &color))
}

/// Which point it is, and its value: `last token, layer 12: 0.531 (0.502 to 0.560)`.
pub(super) fn point_name(plot: &Lines, series: &Series, column: usize) -> String {
    let (value, low, high) = series.point(column);
    let column = plot.columns.get(column).map_or_else(String::new, |text| one_line(text));
    let name = one_line(&series.name);
    let comma = if name.is_empty() { "" } else { ", " };
    let noun = one_line(&plot.column_noun);
    let band = if low.is_nan() || high.is_nan() {
        String::new()
    } else {
        format!(" ({} to {})", short(low), short(high))
    };
    format!("{name}{comma}{noun} {column}: {}{band}", short(value))
}
