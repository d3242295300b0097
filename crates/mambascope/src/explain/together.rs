//! Several traces in words, with what they take together.

use mambascope_model::Model;

use super::{cost_of, expected, grouped, naive_steps, words};
use crate::check::Resolved;
use crate::trace::Trace;
use crate::wavefront::{Work, planned, planned_together};

/// Each of some traces alone, then what those that share a walk take together; `walks` has their numbers.
pub(crate) fn explain_together(
    traces: &[Trace],
    plans: &[Resolved],
    walks: &[Vec<usize>],
) -> String {
    let alone = traces.iter().zip(plans).map(|(trace, plan)| words(trace, plan));
    let shared = walks.iter().filter(|walk| walk.len() > 1).filter_map(|walk| {
        let plans: Vec<&Resolved> = walk.iter().map(|&index| &plans[index]).collect();
        let model = traces[*walk.first()?].model();
        Some(format!("traces {} together: {}", listed(walk), of_walk(model, &plans)))
    });
    let mut parts: Vec<String> = alone.chain(shared).collect();
    if traces.len() > 1 && parts.len() == traces.len() {
        parts.push("each of the traces alone: no two have the same runs".to_owned());
    }
    parts.join("\n")
}

/// What plans that go up the layers together take.
fn of_walk(model: &Model, plans: &[&Resolved]) -> String {
    let config = model.config();
    let work: Work = planned_together(plans, config.layers).into_iter().sum();
    let alone: Work = plans.iter().map(|plan| planned(plan, config.layers)).sum();
    let cells = plans.iter().map(|plan| plan.cells()).sum();
    let naive = plans.iter().map(|plan| naive_steps(plan, config)).sum();
    let samples = plans.iter().map(|plan| plan.samples()).max().unwrap_or(1);
    let cost = cost_of(cells, samples, naive, work);
    let alone = grouped(alone.base_steps + alone.layer_steps);
    let expected = expected(model, plans, work);
    format!(
        "the clean and the corrupted runs go up the layers once\n  \
         cost     {cost}; {alone} were each alone\n           {expected}"
    )
}

/// Numbers of traces as a person counts them: 1, 2 and 4.
fn listed(walk: &[usize]) -> String {
    let numbers: Vec<String> = walk.iter().map(|index| (index + 1).to_string()).collect();
    match numbers.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => numbers.concat(),
    }
}
