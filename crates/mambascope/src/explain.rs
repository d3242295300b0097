//! A plan in words, with the work it will take.

use std::fmt::Write as _;

use mambascope_model::Config;

use crate::check::{Grid, Resolved};
use crate::trace::Trace;
use crate::wavefront::{Work, planned};

/// The words; or the problems, where the plan does not fit its model.
pub(crate) fn explain(trace: &Trace) -> String {
    match trace.resolve() {
        Ok(plan) => words(trace, &plan),
        Err(error) => error.to_string(),
    }
}

fn words(trace: &Trace, plan: &Resolved) -> String {
    let (model, config) = (trace.model(), trace.model().config());
    let work = planned(plan, config.layers);
    let tokens = plan.ids.len();
    let subject = &plan.subject;
    let mut text = format!("trace of {} ({} layers)\n", model.name(), config.layers);
    let mut line = |name: &str, words: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<9}{words}");
    };
    let between = if model.tokens().is_some() { "" } else { " " };
    line("prompt", plan.pieces.join(between));
    line("", format!("{tokens} tokens, subject {}..{}", subject.start, subject.end));
    let answer = match plan.answer {
        None => "the clean run's most probable token".to_owned(),
        Some(id) => model.tokens().map_or_else(
            || format!("token {id}"),
            |tokens| format!("`{}`, token {id}", tokens.readable(id)),
        ),
    };
    line("answer", answer);
    let sigma = plan.sigma.map_or_else(String::new, |sigma| format!(" (sigma {sigma:.4})"));
    line("corrupt", format!("noise, {}{sigma}, on the subject", plan.noise));
    match &plan.grid {
        None => line("restore", "nothing".to_owned()),
        Some(grid) => line("restore", restored(trace, grid)),
    }
    line("cost", cost(plan, config, work));
    for warning in &plan.warnings {
        line("warning", warning.clone());
    }
    text.truncate(text.trim_end().len());
    text
}

fn restored(trace: &Trace, grid: &Grid) -> String {
    let tokens = trace.plan().restore.as_ref().map(|restore| restore.tokens).unwrap_or_default();
    let (first, end) =
        (grid.layers.first().copied().unwrap_or(0), grid.layers.last().map_or(0, |&last| last + 1));
    let layers = if end == first + 1 {
        format!("layer {first}")
    } else {
        format!("each layer of {first}..{end}")
    };
    format!("{}, {}, {layers}, {tokens}", grid.site, grid.window)
}

fn cost(plan: &Resolved, config: &Config, work: Work) -> String {
    let cells = plan.grid.as_ref().map_or(0, |grid| grid.tokens.len() * grid.layers.len());
    let (samples, tokens) = (plan.noise.samples, plan.ids.len());
    let naive = cells.max(1) * (samples + 1) * tokens * config.layers;
    let steps = work.base_steps + work.layer_steps;
    let share = 100.0 * steps as f64 / naive as f64;
    let steps = grouped(steps);
    format!(
        "{cells} cells x {samples} samples; {steps} layer-steps, {share:.0}% of one pass a cell"
    )
}

/// A number with commas between its thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
