//! A plan in words, with the work it will take.

use std::fmt::Write as _;

use mambascope_model::{Config, Model, Timing};

use crate::at::Extent;
use crate::check::{Asked, Corrupted, Grid, Resolved};
use crate::plan::{Direction, Restore};
use crate::trace::Trace;
use crate::wavefront::{planned, planned_of};

/// The words; or the problems, where the plan does not fit its model.
pub(crate) fn explain(trace: &Trace) -> String {
    match trace.resolve() {
        Ok(plan) => words(trace, &plan),
        Err(error) => error.to_string(),
    }
}

fn words(trace: &Trace, plan: &Resolved) -> String {
    let (model, config) = (trace.model(), trace.model().config());
    let tokens = plan.prompt.ids.len();
    let subject = &plan.prompt.subject;
    let mut text = format!("trace of {} ({} layers)\n", model.name(), config.layers);
    let mut line = |name: &str, words: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<9}{words}");
    };
    let between = if model.tokens().is_some() { "" } else { " " };
    line("prompt", plan.prompt.pieces.join(between));
    line("", format!("{tokens} tokens, subject {}..{}", subject.start, subject.end));
    let answer = plan.asked.answer.map(|id| token(model, id));
    line("answer", answer.unwrap_or_else(|| "the clean run's most probable token".to_owned()));
    if !plan.asked.metrics.is_empty() {
        line("measure", measured(model, &plan.asked));
    }
    match &plan.corrupted {
        Corrupted::Noise { noise, sigma, .. } => {
            let sigma = sigma.map_or_else(String::new, |sigma| format!(" (sigma {sigma:.4})"));
            line("corrupt", format!("noise, {noise}{sigma}, on the subject"));
        }
        Corrupted::Other(other) => {
            line("corrupt", other.pieces.join(between));
            let (start, end) = (other.subject.start, other.subject.end);
            line("", format!("{} tokens, subject {start}..{end}", other.ids.len()));
        }
        Corrupted::Nothing => line("corrupt", "nothing".to_owned()),
    }
    if plan.direction == Direction::Noise {
        line("patch", "the clean run, with values of the corrupted one".to_owned());
    }
    match &plan.grid {
        None => line("restore", "nothing".to_owned()),
        Some(grid) => line("restore", restored(trace, grid)),
    }
    if let Some(restore) = &trace.plan().restore {
        for part in parts(restore) {
            line("", part);
        }
    }
    for sever in &trace.plan().sever {
        line("sever", sever.to_string());
    }
    if let Some(until) = plan.until {
        line("until", until.to_string());
    }
    line("cost", cost(plan, config));
    for warning in &plan.warnings {
        line("warning", warning.clone());
    }
    text.truncate(text.trim_end().len());
    text
}

fn token(model: &Model, id: u32) -> String {
    model.tokens().map_or_else(
        || format!("token {id}"),
        |tokens| format!("`{}`, token {id}", tokens.readable(id)),
    )
}

/// What is measured, p(answer) and the others.
fn measured(model: &Model, asked: &Asked) -> String {
    let names: Vec<&str> = asked.metrics.iter().map(|metric| metric.name()).collect();
    let foil =
        asked.foil.map_or_else(String::new, |id| format!("; the foil is {}", token(model, id)));
    format!("p, {}{foil}", names.join(", "))
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
    let sites: Vec<String> = grid.sites().iter().map(ToString::to_string).collect();
    format!("{}, {}, {layers}, {tokens}", sites.join(" and "), grid.window)
}

/// What of the restored sites, when it is read, and what is put there, where that is not the usual.
fn parts(restore: &Restore) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = |said: bool, words: String| {
        if said {
            parts.push(words);
        }
    };
    let open = Extent::default();
    part(restore.channels != open, format!("channels {}", restore.channels));
    part(restore.dims != open, format!("state dimensions {}", restore.dims));
    part(restore.timing != Timing::ReadThrough, format!("timing {}", restore.timing));
    part(!restore.fill.is_other_run(), format!("put in place: {}", restore.fill));
    parts
}

fn cost(plan: &Resolved, config: &Config) -> String {
    let cells = plan.grid.as_ref().map_or(0, |grid| grid.tokens.len() * grid.layers.len());
    let (samples, tokens) = (plan.samples(), plan.patched().ids.len());
    let naive = cells.max(1) * (samples + 1) * tokens * config.layers;
    let work = planned(plan, config.layers);
    let steps = work.base_steps + work.layer_steps;
    let share = 100.0 * steps as f64 / naive as f64;
    let steps = grouped(steps);
    if let Some(until) = plan.until {
        let most = planned_of(plan, config.layers, until.most);
        let most = grouped(most.base_steps + most.layer_steps);
        return format!(
            "{cells} cells x {samples} to {} samples; {steps} to {most} layer-steps, {share:.0}% of one pass a cell",
            until.most
        );
    }
    let plural = if samples == 1 { "" } else { "s" };
    format!(
        "{cells} cells x {samples} sample{plural}; {steps} layer-steps, {share:.0}% of one pass a cell"
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
