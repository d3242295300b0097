//! Effects as a table: a grid where it fits, else the strongest cells.

use std::fmt::Write as _;

use mambascope_figure::readable;

use super::escaped;
use crate::effects::Effects;

/// The largest grid that is shown whole.
const ROWS: usize = 40;
const COLUMNS: usize = 16;
/// How many cells stand for a larger one, and in the text.
const STRONGEST: usize = 12;
const IN_TEXT: usize = 5;
/// How strongly the highest score is coloured; text stays legible on it in light and dark.
const DEEPEST: f64 = 0.55;

/// The numbers of the runs, and the strongest cells with their intervals.
pub(super) fn text(effects: &Effects) -> String {
    let mut text = effects.to_string();
    for (token, layer, score) in strongest(effects, IN_TEXT) {
        let name = piece(effects, token);
        let interval =
            interval(effects, token, layer).map_or_else(String::new, |words| format!("  {words}"));
        // Writing to a string cannot fail.
        let _ =
            write!(text, "\n  token {token:<3} {name:<14} layer {layer:<3} {score:.4}{interval}");
    }
    text
}

/// The same as a table whose colours lie over the theme's ground.
pub(super) fn html(effects: &Effects) -> String {
    let fits = effects.tokens().len() <= ROWS && effects.layers().len() <= COLUMNS;
    let table = match (effects.tokens().is_empty(), fits) {
        (true, _) => String::new(),
        (false, true) => grid(effects),
        (false, false) => list(effects),
    };
    format!("<div style=\"overflow-x:auto\"><p>{}</p>{table}</div>", escaped(&headline(effects)))
}

fn headline(effects: &Effects) -> String {
    let (high, low) = (effects.high(), effects.low());
    let (label, site) = (effects.label(), effects.site().words());
    let restored = match (effects.tokens().is_empty(), effects.window().size) {
        (true, _) => "nothing restored".to_owned(),
        (false, 1) => format!("{site} {}, one layer at a time", effects.participle()),
        (false, size) => format!("{site} {}, {size} layers at a time", effects.participle()),
    };
    let precision =
        effects.precision().map_or_else(String::new, |precision| format!("; {precision}"));
    format!("{label}: clean {high:.4}, corrupted {low:.4}; {restored}{precision}")
}

fn grid(effects: &Effects) -> String {
    let heads =
        effects.layers().iter().map(|layer| format!("<th style=\"text-align:right\">{layer}</th>"));
    let heads: String = heads.collect();
    let rows = effects.tokens().iter().map(|&token| {
        let cell = |&layer: &usize| {
            let score = effects.score(token, layer).unwrap_or(f64::NAN);
            format!(
                "<td style=\"text-align:right;background:rgba(123,87,194,{:.2})\" title=\"{}\">{score:.3}</td>",
                depth(effects, score),
                escaped(&interval(effects, token, layer).unwrap_or_default())
            )
        };
        let cells: String = effects.layers().iter().map(cell).collect();
        format!("<tr><th style=\"text-align:left\">{}</th>{cells}</tr>", escaped(&piece(effects, token)))
    });
    let rows: String = rows.collect();
    format!(
        "<table><thead><tr><th style=\"text-align:left\">layer</th>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )
}

fn list(effects: &Effects) -> String {
    let row = |(token, layer, score): (usize, usize, f64)| {
        format!(
            "<tr><td>{token}</td><td style=\"text-align:left\">{}</td><td>{layer}</td><td style=\"background:\
             rgba(123,87,194,{:.2})\">{score:.4}</td><td>{}</td></tr>",
            escaped(&piece(effects, token)),
            depth(effects, score),
            interval(effects, token, layer).unwrap_or_default()
        )
    };
    let rows: String = strongest(effects, STRONGEST).into_iter().map(row).collect();
    let cells = effects.tokens().len() * effects.layers().len();
    format!(
        "<table><caption>the {STRONGEST} {} of {cells} cells</caption><thead><tr><th>token</th><th></th>\
         <th>layer</th><th>{}</th><th>95 % interval</th></tr></thead><tbody>{rows}</tbody></table>",
        if effects.rises() { "highest" } else { "lowest" },
        escaped(effects.metric.name()),
    )
}

/// Cells by score, those nearest to the clean run first.
fn strongest(effects: &Effects, count: usize) -> Vec<(usize, usize, f64)> {
    let all = effects.tokens().iter().flat_map(|&token| {
        effects
            .layers()
            .iter()
            .map(move |&layer| (token, layer, effects.score(token, layer).unwrap_or(f64::NAN)))
    });
    let mut cells: Vec<_> = all.filter(|cell| cell.2.is_finite()).collect();
    cells.sort_by(|a, b| b.2.total_cmp(&a.2));
    if !effects.rises() {
        // Of equals the earlier cell comes first either way.
        cells.sort_by(|a, b| a.2.total_cmp(&b.2));
    }
    cells.truncate(count);
    cells
}

/// The token as a person reads it, with ROME's mark of the subject.
fn piece(effects: &Effects, token: usize) -> String {
    let name = effects.input_tokens().get(token).map_or_else(String::new, |piece| readable(piece));
    if effects.is_subject(token) { format!("{name}*") } else { name }
}

fn interval(effects: &Effects, token: usize, layer: usize) -> Option<String> {
    let interval = effects.interval(token, layer).filter(|interval| interval.low.is_finite())?;
    Some(format!("{:.4} to {:.4}", interval.low, interval.high))
}

/// The share of the way from the corrupted to the best score, as an opacity.
fn depth(effects: &Effects, score: f64) -> f64 {
    let top = effects.best().map_or(effects.high(), |(_, _, score)| score);
    let toward = if effects.rises() { 1.0 } else { -1.0 };
    let way = (toward * (top - effects.low())).max(f64::EPSILON);
    let share = toward * (score - effects.low()) / way;
    if share.is_nan() { 0.0 } else { DEEPEST * share.clamp(0.0, 1.0) }
}
