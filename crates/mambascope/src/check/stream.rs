//! Which plans ROME's program with severed modules could run.

use super::Problem;
use crate::corrupt::{Corruption, Placement};
use crate::plan::{Direction, Plan};
use crate::sever::Stream;

/// Notes what ROME's two passes of one stream of noise cannot be made for.
pub(super) fn check(plan: &Plan, problems: &mut Vec<Problem>) {
    if plan.stream == Stream::Same {
        return;
    }
    let mut problem = |what: &str, help: &str| problems.push(Problem::new(what, help));
    if plan.sever.is_empty() {
        problem(
            "ROME's stream of noise is asked for, and nothing is severed that could keep values of its first pass",
            "`.severed_modules().stream(Stream::Rome)`, or `--severed-modules --stream rome`; or leave the stream out",
        );
    }
    if plan.sever.iter().any(|sever| sever.tokens.is_some()) {
        problem(
            "ROME's stream of noise, and a lane that is held at tokens that are named",
            "`.sever(Site::MixerOut)`: ROME's program holds lanes at the restored token; or leave `.stream(..)` out",
        );
    }
    if plan.direction == Direction::Noise {
        problem(
            "ROME's stream of noise, and a clean run that is patched",
            "`.direction(Direction::Denoise)`, or `--direction denoise`: ROME's program patches the corrupted run",
        );
    }
    if plan.until.is_some() {
        problem(
            "ROME's stream of noise, and samples that are drawn until intervals are narrow",
            "leave `.until(..)` or `.stream(..)` out: the second pass begins where all samples of the first one end",
        );
    }
    match &plan.corrupt {
        Corruption::Noise(noise) if noise.distribution.is_fitted() => problem(
            "ROME's stream of noise, and noise that is fitted to embeddings",
            "gaussian or uniform noise, such as `.corrupt(3.0)` or `--noise u0.2`: ROME's program with severed modules \
             has no other",
        ),
        Corruption::Noise(noise) if noise.placement == Placement::Replace => problem(
            "ROME's stream of noise, and noise in the embeddings' place",
            "leave `.replacing()`, or `--replace`, out: ROME's program with severed modules adds its noise",
        ),
        Corruption::Noise(_) => {}
        _ => problem(
            "ROME's stream of noise, and a run that is not corrupted by noise",
            "corrupt by noise, `.corrupt(3.0)`; or leave `.stream(..)` out",
        ),
    }
}
