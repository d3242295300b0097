//! A figure as a Vega-Lite specification: the same cells, which tell what they are when the pointer rests on them.
//!
//! # Source
//! Vega-Lite 5, `mark`, `encoding` and `concat`.

mod lines;

use serde_json::{Value, json};

use crate::figure::{Content, Figure};
use crate::heatmap::Heatmap;
use crate::number::short;
use crate::readable::readable;
use crate::row_label::Mark;

pub(crate) const MIME: &str = "application/vnd.vegalite.v5+json";
/// Names the dialect; it is not fetched.
const SCHEMA: &str = "https://vega.github.io/schema/vega-lite/v5.json";
/// Pixels between panels.
const GAP: u32 = 30;
/// Widest plot, and widest and narrowest cell, as in the drawing.
const PLOT_WIDTH: usize = 432;
const CELL_WIDTH: (usize, usize) = (4, 40);
const CELL_HEIGHT: u32 = 20;
/// Fewest pixels between two column names.
const NAME_GAP: usize = 22;

/// The specification as JSON.
pub(crate) fn spec(figure: &Figure) -> String {
    let mut spec = part(&figure.content);
    spec["$schema"] = json!(SCHEMA);
    // A white ground, as the drawing has, in dark themes as well: the lowest colour is nearly white.
    spec["background"] = json!("#fff");
    spec["padding"] = json!(14);
    spec["config"] = json!({
        "font": "DejaVu Sans, Verdana, sans-serif",
        "view": { "stroke": "#afb8c1" },
        "axis": { "labelColor": "#59636e", "titleColor": "#1f2328", "titleFontWeight": "normal", "grid": false },
        "legend": { "labelColor": "#59636e", "titleColor": "#1f2328", "titleFontWeight": "normal" },
        "title": { "color": "#1f2328", "fontSize": 13, "fontWeight": "normal", "anchor": "start" },
    });
    spec.to_string()
}

fn part(content: &Content) -> Value {
    let parts = |parts: &[Content]| parts.iter().map(part).collect::<Vec<Value>>();
    let own =
        json!({ "scale": { "color": "independent", "x": "independent", "y": "independent" } });
    match content {
        Content::Heatmap(heatmap) => panel(heatmap),
        Content::Lines(lines) => lines::plot(lines),
        Content::Shared(maps) => {
            let maps: Vec<Value> = maps.iter().map(panel).collect();
            json!({ "hconcat": maps, "spacing": GAP, "resolve": own })
        }
        Content::Beside(some) => json!({ "hconcat": parts(some), "spacing": GAP, "resolve": own }),
        Content::Above(some) => json!({ "vconcat": parts(some), "spacing": GAP, "resolve": own }),
    }
}

fn panel(heatmap: &Heatmap) -> Value {
    let width = (PLOT_WIDTH / heatmap.columns.len().max(1)).clamp(CELL_WIDTH.0, CELL_WIDTH.1);
    let scale = if heatmap.scale.label.is_empty() { "value" } else { &heatmap.scale.label };
    let mut tooltip = vec![
        json!({ "field": "row", "type": "nominal", "title": heatmap.row_noun }),
        json!({ "field": "column", "type": "nominal", "title": heatmap.column_noun }),
        json!({ "field": "told", "type": "nominal", "title": scale }),
    ];
    if let Some(intervals) = &heatmap.intervals {
        tooltip.push(json!({ "field": "interval", "type": "nominal", "title": intervals.name }));
    }
    let rows: Vec<String> = heatmap.rows.iter().map(|row| marked(&row.text, row.mark)).collect();
    let step = NAME_GAP.div_ceil(width);
    let shown: Vec<usize> = (0..heatmap.columns.len()).step_by(step).collect();
    json!({
        "title": heatmap.title,
        "width": { "step": width },
        "height": { "step": CELL_HEIGHT },
        "data": { "values": cells(heatmap) },
        "mark": { "type": "rect", "stroke": "#fff", "strokeOpacity": 0.55, "strokeWidth": 0.7 },
        "encoding": {
            "x": {
                "field": "x", "type": "ordinal", "title": heatmap.column_label,
                "axis": { "labelAngle": 0, "values": shown, "labelExpr": names(&heatmap.columns) },
            },
            "y": {
                "field": "y", "type": "ordinal", "title": heatmap.row_label,
                "axis": { "labelExpr": names(&rows), "labelLimit": 150 },
            },
            "color": {
                "field": "value", "type": "quantitative", "title": heatmap.scale.label,
                "scale": { "domain": domain(heatmap), "range": colors(heatmap), "clamp": true },
            },
            "tooltip": tooltip,
        },
    })
}

/// One record a cell; a cell that was not computed is left out, so that the ground shows.
fn cells(heatmap: &Heatmap) -> Vec<Value> {
    let all = (0..heatmap.rows.len())
        .flat_map(|row| (0..heatmap.columns.len()).map(move |column| (row, column)));
    let known = all.filter(|&(row, column)| heatmap.value(row, column).is_finite());
    known
        .map(|(row, column)| {
            let value = heatmap.value(row, column);
            let mut cell = json!({
                "x": column,
                "y": row,
                "value": value,
                "told": short(value),
                "row": format!("{row} {}", marked(&heatmap.rows[row].text, heatmap.rows[row].mark)),
                "column": heatmap.columns[column],
            });
            if let Some(intervals) = &heatmap.intervals {
                let index = row * heatmap.columns.len() + column;
                let ends = (intervals.low.get(index), intervals.high.get(index));
                if let (Some(low), Some(high)) = ends
                    && low.is_finite()
                    && high.is_finite()
                {
                    let doubt =
                        if heatmap.hatched.contains(&(row, column)) { ", hatched" } else { "" };
                    cell["interval"] = json!(format!("{} to {}{doubt}", short(*low), short(*high)));
                }
            }
            cell
        })
        .collect()
}

/// A row's text with its white space visible and the subject's mark.
fn marked(text: &str, mark: Mark) -> String {
    let text = readable(text);
    if mark == Mark::Subject { format!("{text}*") } else { text }
}

/// An expression that gives a row's or column's name for its number; a list in JSON is one in Vega's language.
fn names(names: &[String]) -> String {
    format!("{}[datum.value]", json!(names))
}

fn domain(heatmap: &Heatmap) -> [f64; 2] {
    let (low, high) = heatmap.limits();
    [low, high]
}

fn colors(heatmap: &Heatmap) -> Vec<String> {
    heatmap.palette.stops().iter().map(ToString::to_string).collect()
}
