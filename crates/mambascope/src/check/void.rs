//! Plans that run, and say nothing: those that cannot mean anything are problems, the others warnings.

use mambascope_model::Model;

use super::{Corrupted, Filling, Grid, Problem, Resolved};
use crate::corrupt::Corruption;
use crate::elsewhere::Run;
use crate::fill::Fill;
use crate::plan::Plan;
use crate::wavefront::Outcome;

/// A clean p(answer) under which there is little to bring back.
const UNKNOWN: f64 = 0.01;
/// The share of the clean p(answer) that a corruption takes at least.
const HARDLY: f64 = 0.01;

/// Notes what a sound plan does in vain.
pub(super) fn check(
    model: &Model,
    plan: &Plan,
    resolved: &mut Resolved,
    problems: &mut Vec<Problem>,
) {
    same_prompt(plan, resolved, problems);
    repeated_metrics(plan, resolved);
    let Some(grid) = resolved.grid.clone() else {
        if plan.until.is_some() && plan.restore.is_none() {
            resolved.warnings.push(
                "samples are to be drawn until intervals are narrow, and nothing is restored: there are no cells whose \
                 intervals could be"
                    .to_owned(),
            );
        }
        return;
    };
    before_the_difference(&grid, resolved, problems);
    own_value(&grid, problems);
    let layers = model.config().layers;
    let size = grid.window.size;
    if layers > 1 && size + 1 >= 2 * layers {
        resolved.warnings.push(whole_window(size, layers, "restores"));
    } else if size > layers && plan.restore.as_ref().is_some_and(|one| one.window.is_some()) {
        resolved.warnings.push(format!(
            "a window of {size} layers is wider than the model, which has {layers}: it is cut off at both ends of the map"
        ));
    }
}

/// The words for a window so wide that every centre means the same layers.
pub(crate) fn whole_window(size: usize, layers: usize, does: &str) -> String {
    format!(
        "a window of {size} layers {does} all {layers} layers around any centre: the columns of a row are all the same"
    )
}

/// Another prompt that is the prompt itself.
fn same_prompt(plan: &Plan, resolved: &mut Resolved, problems: &mut Vec<Problem>) {
    let Corrupted::Other(other) = &resolved.corrupted else { return };
    let other_run = plan.restore.as_ref().is_none_or(|restore| restore.fill == Fill::OtherRun);
    let is_other = matches!(plan.corrupt, Corruption::Other(_));
    if is_other && other.ids == resolved.prompt.ids && plan.pairs.is_empty() && other_run {
        problems.push(Problem::new(
            "the other prompt is the prompt itself: nothing differs, so a patch changes nothing",
            "name another prompt; to move values between tokens of one prompt, `.pairs(&[(4, 1)])` or \
             `.fill(Elsewhere::patched().token(1))`",
        ));
    }
}

/// Metrics that are named twice are measured once.
fn repeated_metrics(plan: &Plan, resolved: &mut Resolved) {
    for (index, metric) in plan.metrics.iter().enumerate() {
        if plan.metrics[..index].contains(metric) {
            resolved
                .warnings
                .push(format!("the metric {metric} is named twice, and measured once"));
        }
    }
}

/// Tokens that all come before anything differs.
fn before_the_difference(grid: &Grid, resolved: &Resolved, problems: &mut Vec<Problem>) {
    let first = resolved.first_difference;
    let other_run = matches!(&grid.filling, Filling::Plain(fill) if fill.is_other_run());
    if other_run && !grid.tokens.is_empty() && grid.tokens.iter().all(|token| *token < first) {
        problems.push(Problem::new(
            format!(
                "all restored tokens come before token {first}, the first at which the runs differ: restoring them changes \
                 nothing"
            ),
            format!("tokens from {first} on, such as `.tokens(Subject)` or `--tokens {first}..`"),
        ));
    }
}

/// Fills that put in place what is there.
fn own_value(grid: &Grid, problems: &mut Vec<Problem>) {
    let what = match &grid.filling {
        Filling::Plain(Fill::Scaled(factor)) if *factor == 1.0 => "itself times 1".to_owned(),
        Filling::Plain(Fill::Noised { deviation, .. }) if *deviation == 0.0 => {
            "itself and noise of deviation 0".to_owned()
        }
        // With neither token nor layer it is refused as it is.
        Filling::Elsewhere(from) if (from.token, from.layer) == (None, None) => return,
        Filling::Elsewhere(from) if from.run == Run::Patched => {
            let same_token = from.token.is_none_or(|token| grid.tokens == [token]);
            let same_layer = from.layer.is_none_or(|layer| grid.layers == [layer]);
            if !(same_token && same_layer && grid.window.size == 1) {
                return;
            }
            "the same token and layer of the patched run".to_owned()
        }
        _ => return,
    };
    problems.push(Problem::new(
        format!("{what} is put in place of {}, which is what is there already", grid.site),
        "another value, such as `Fill::Zero`, or another token or layer",
    ));
}

/// What a reader should know of a run whose numbers leave nothing to find.
pub(crate) fn outcome_warnings(
    outcome: &Outcome,
    corrupted: bool,
    piece: &dyn Fn(u32) -> String,
) -> Vec<String> {
    let mut warnings = Vec::new();
    let high = outcome.high;
    if high < UNKNOWN {
        let own = if outcome.predicted == outcome.answer {
            String::new()
        } else {
            format!(", which would say `{}`", piece(outcome.predicted).trim())
        };
        warnings.push(format!(
            "the clean run gives `{}` p = {high:.2e}{own}: the model does not know this answer, so there is little to bring back",
            piece(outcome.answer).trim()
        ));
    }
    let low = outcome.low.iter().sum::<f64>() / outcome.low.len().max(1) as f64;
    if corrupted && (high - low).abs() < HARDLY * high {
        warnings.push(format!(
            "the corrupted runs keep p = {low:.4} of {high:.4}: clean and corrupted hardly differ, so there is hardly an \
             effect to find; corrupt more strongly"
        ));
    } else if corrupted && low > high {
        warnings.push(format!(
            "the corrupted runs have a higher p, {low:.4}, than the clean one, {high:.4}: the corruption helps the answer"
        ));
    }
    warnings
}
