//! A plan in words, with the work it will take.

mod together;

use std::fmt::Write as _;

use mambascope_model::{Compute, Config, Model, Timing};

use crate::at::Extent;
use crate::check::{Asked, Corrupted, Grid, Resolved};
use crate::plan::{Direction, Restore};
use crate::sever::Stream;
use crate::trace::Trace;
use crate::wavefront::{Work, naive_flops, peak, planned, planned_of};

pub(crate) use together::explain_together;

/// Floating-point operations a second of one core on the fast path: what a core with AVX-512 was measured to do over
/// whole grids of mamba-130m's shape.
const RATE: f64 = 200e9;
/// The same of the reference programs.
const REFERENCE_RATE: f64 = 1e9;

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
    let mut text = format!("trace of {} ({} layers)\n", model.name(), config.layers);
    let mut line = |name: &str, words: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<9}{words}");
    };
    let between = if model.tokens().is_some() { "" } else { " " };
    line("prompt", plan.prompt.pieces.join(between));
    let places = plan.prompt.subjects().into_iter();
    let places: Vec<String> =
        places.map(|place| format!("{}..{}", place.start, place.end)).collect();
    line("", format!("{tokens} tokens, subject {}", places.join(", ")));
    for note in &plan.said.notes {
        line("", note.clone());
    }
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
    if plan.stream == Stream::Rome {
        line(
            "stream",
            "ROME's: held as with the first draws of the noise, patched with those that follow"
                .to_owned(),
        );
    }
    if let Some(until) = plan.until {
        line("until", until.to_string());
    }
    let work = planned(plan, config.layers);
    line("cost", cost(plan, config, work));
    line("", expected(model, &[plan], work));
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
    part(restore.taps != open, format!("taps {} of the window", restore.taps));
    part(restore.timing != Timing::ReadThrough, format!("timing {}", restore.timing));
    part(!restore.fill.is_other_run(), format!("put in place: {}", restore.fill));
    parts
}

fn cost(plan: &Resolved, config: &Config, work: Work) -> String {
    let (cells, samples, naive) = (plan.cells(), plan.samples(), naive_steps(plan, config));
    if let Some(until) = plan.until {
        let (steps, share) = steps_of(work, naive);
        let (most, _) = steps_of(planned_of(plan, config.layers, until.most), naive);
        return format!(
            "{cells} cells x {samples} to {} samples; {steps} to {most} layer-steps, {share:.0}% of one pass a cell",
            until.most
        );
    }
    cost_of(cells, samples, naive, work)
}

/// Layer-steps of a forward pass for each cell: the clean run and all samples, whole.
fn naive_steps(plan: &Resolved, config: &Config) -> usize {
    plan.cells().max(1) * (plan.samples() + 1) * plan.patched().ids.len() * config.layers
}

/// Layer-steps in words, and their percentage of that of a forward pass for each cell.
fn steps_of(work: Work, naive: usize) -> (String, f64) {
    let steps = work.base_steps + work.layer_steps;
    (grouped(steps), 100.0 * steps as f64 / naive as f64)
}

/// The work of some cells in words, beside that of a forward pass for each.
pub(crate) fn cost_of(cells: usize, samples: usize, naive: usize, work: Work) -> String {
    let (steps, share) = steps_of(work, naive);
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    format!(
        "{cells} cell{} x {samples} sample{}; {steps} layer-steps, {share:.0}% of one pass a cell",
        plural(cells),
        plural(samples),
    )
}

/// The floating-point operations of a run of plans, and the time and the memory that they take.
fn expected(model: &Model, plans: &[&Resolved], work: Work) -> String {
    let (config, flops) = (model.config(), work.flops(model.config()));
    let naive: f64 = plans.iter().map(|plan| naive_flops(plan, config, plan.cells())).sum();
    let rate = match model.compute() {
        Compute::Fast => RATE,
        _ => REFERENCE_RATE,
    };
    let (flops_words, naive_words) = (prefixed(flops), prefixed(naive));
    let seconds = flops / rate;
    let time =
        if seconds < 0.01 { "under 0.01".to_owned() } else { format!("about {}", short(seconds)) };
    let memory = peak(model, plans);
    format!(
        "{flops_words}FLOP where one pass a cell takes {naive_words}FLOP; {time} s of one core at \
         {}FLOP/s; {}B of memory, and {}B a thread",
        prefixed(rate),
        prefixed(memory.held),
        prefixed(memory.a_thread)
    )
}

/// A number with its unit's prefix, two digits of it: 2.9 T, 640 M.
fn prefixed(number: f64) -> String {
    let prefixes = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let found = prefixes.into_iter().find(|(size, _)| number >= 0.9995 * size);
    let (size, prefix) = found.unwrap_or((1.0, ""));
    format!("{} {prefix}", short(number / size))
}

/// A number to two digits or more.
fn short(number: f64) -> String {
    match number {
        number if number >= 9.95 => format!("{number:.0}"),
        number if number >= 0.095 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

/// A number with commas between its thousands.
pub(crate) fn grouped(number: usize) -> String {
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
