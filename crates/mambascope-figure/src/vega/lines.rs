//! Curves with their bands as a layered Vega-Lite plot.

use serde_json::{Value, json};

use crate::lines::Lines;
use crate::number::short;

/// Width and height of the plot, as in the drawing.
const PLOT: (u32, u32) = (432, 220);
/// Fewest pixels between two column names.
const NAME_GAP: usize = 22;

pub(super) fn plot(lines: &Lines) -> Value {
    let names: Vec<&str> = lines.series.iter().map(|series| series.name.as_str()).collect();
    let colors: Vec<String> = lines
        .series
        .iter()
        .enumerate()
        .map(|(index, series)| series.color(index).to_string())
        .collect();
    let every = (NAME_GAP * lines.columns.len()).div_ceil(PLOT.0 as usize).max(1);
    let shown: Vec<usize> = (0..lines.columns.len()).step_by(every).collect();
    let span = lines.span();
    let x = json!({
        "field": "x", "type": "quantitative", "title": lines.column_label,
        "scale": { "nice": false, "padding": 8 },
        "axis": { "values": shown, "labelExpr": super::names(&lines.columns) },
    });
    let y = |field: &str| {
        json!({
            "field": field, "type": "quantitative", "title": lines.value_label,
            "scale": { "domain": [span.low, span.high], "nice": false },
        })
    };
    let color = json!({
        "field": "line", "type": "nominal", "title": null,
        "scale": { "domain": names, "range": colors },
    });
    let tooltip = json!([
        { "field": "line", "type": "nominal", "title": "line" },
        { "field": "column", "type": "nominal", "title": lines.column_noun },
        { "field": "told", "type": "nominal", "title": "value" },
        { "field": "band", "type": "nominal", "title": "band" },
    ]);
    let mut layers = vec![
        json!({
            "mark": { "type": "area", "opacity": 0.18, "clip": true },
            "encoding": { "x": x, "y": y("low"), "y2": { "field": "high" }, "color": color },
        }),
        json!({
            "mark": { "type": "line", "point": { "size": 36 }, "clip": true },
            "encoding": { "x": x, "y": y("value"), "color": color, "tooltip": tooltip },
        }),
    ];
    layers.extend(lines.rules.iter().map(|rule| {
        json!({
            "data": { "values": [{ "value": rule.value, "told": short(rule.value), "name": rule.name }] },
            "mark": { "type": "rule", "strokeDash": [4, 3], "color": "#59636e", "clip": true },
            "encoding": {
                "y": y("value"),
                "tooltip": [
                    { "field": "name", "type": "nominal", "title": "line" },
                    { "field": "told", "type": "nominal", "title": "value" },
                ],
            },
        })
    }));
    json!({
        "title": lines.title,
        "width": PLOT.0,
        "height": PLOT.1,
        "data": { "values": points(lines) },
        "layer": layers,
    })
}

/// One record a point; a value that was not computed leaves a gap.
fn points(lines: &Lines) -> Vec<Value> {
    let mut points = Vec::new();
    for series in &lines.series {
        for (index, column) in lines.columns.iter().enumerate() {
            let (value, low, high) = series.point(index);
            let mut point = json!({ "line": series.name, "x": index, "column": column });
            if value.is_finite() {
                point["value"] = json!(value);
                point["told"] = json!(short(value));
            }
            if low.is_finite() && high.is_finite() {
                point["low"] = json!(low);
                point["high"] = json!(high);
                point["band"] = json!(format!("{} to {}", short(low), short(high)));
            }
            points.push(point);
        }
    }
    points
}
