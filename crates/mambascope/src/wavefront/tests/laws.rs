//! The laws of state, joint and severed restores, in f64.

use mambascope_model::Timing;

use super::*;
use crate::TokenSet;
use crate::plan::Direction;
use crate::swap::swap;

/// A model in f64, and a trace of a prompt with a token after its subject.
fn exact(case: &Case) -> Option<(Model, Trace)> {
    let model = case.model().computed(Compute::Reference64).expect("packed");
    let trace = case.trace(&model);
    (case.subject.end < case.ids.len()).then_some((model, trace))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_memory_behind_the_subject_is_the_clean_run(case in cases(), carry in any::<bool>()) {
        let Some((model, trace)) = exact(&case) else { return Ok(()) };
        let timing = if carry { Timing::CarryOnly } else { Timing::ReadThrough };
        let all = trace.memory_boundary().timing(timing).window(2 * model.config().layers + 1);
        let (_, ran) = outcome(&all.tokens(case.subject.end - 1));
        prop_assert!(ran.scores.iter().all(|score| (score - ran.high).abs() < EXACT));
    }

    #[test]
    fn carrying_the_last_state_changes_nothing(case in cases()) {
        let Some((_, trace)) = exact(&case) else { return Ok(()) };
        let carried = trace.restore(Site::State).and(Site::ConvState).timing(Timing::CarryOnly);
        let (_, ran) = outcome(&carried.window(1).tokens(TokenSet::Last));
        for (index, score) in ran.scores.iter().enumerate() {
            prop_assert!((score - ran.low[index / case.config.layers]).abs() < EXACT);
        }
    }

    #[test]
    fn scan_and_gate_together_are_what_is_gated(case in cases()) {
        let Some((_, trace)) = exact(&case) else { return Ok(()) };
        let trace = trace.window(case.window);
        let together = outcome(&trace.restore(Site::ScanOut).and(Site::Gate)).1;
        let gated = outcome(&trace.restore(Site::Gated)).1;
        prop_assert!(worst(&together.scores, &gated.scores) < EXACT);
    }

    #[test]
    fn every_factor_of_the_scan_is_its_output(case in cases()) {
        let Some((_, trace)) = exact(&case) else { return Ok(()) };
        let last = trace.window(1).tokens(TokenSet::Last);
        let factors = last.restore(Site::State).and(Site::C).and(Site::ScanIn);
        let scanned = outcome(&last.restore(Site::ScanOut)).1;
        prop_assert!(worst(&outcome(&factors).1.scores, &scanned.scores) < EXACT);
        let steps = trace.window(1).restore(Site::DeltaDecay).and(Site::DeltaWrite);
        let step = outcome(&trace.window(1).restore(Site::Delta)).1;
        prop_assert!(worst(&outcome(&steps).1.scores, &step.scores) < EXACT);
    }

    #[test]
    fn with_every_lane_severed_nothing_comes_back(case in cases()) {
        let Some((_, trace)) = exact(&case) else { return Ok(()) };
        let restored = trace.restore(Site::Resid).window(1).tokens(TokenSet::Subject);
        let lanes = [Site::ResidSkip, Site::ConvState, Site::State, Site::Gate];
        let severed = lanes.into_iter().fold(restored, |trace, lane| trace.sever(lane));
        let (_, ran) = outcome(&severed);
        let cells = ran.scores.len() / ran.low.len();
        for (index, score) in ran.scores.iter().enumerate() {
            prop_assert!((score - ran.low[index / cells]).abs() < EXACT);
        }
    }

    #[test]
    fn a_swapped_pair_gives_the_mirrored_map(case in cases(), other in prop::collection::vec(0..32_u32, 1..4)) {
        let model = case.model().computed(Compute::Reference64).expect("packed");
        let Range { start, end } = case.subject.clone();
        // The subject in its own place is refused.
        prop_assume!(other[..] != case.ids[start..end]);
        let mut ids = case.ids.clone();
        ids.splice(start..end, other.iter().copied());
        let place = start..start + other.len();
        let window = Window { size: 1, ..case.window };
        let one = model.trace(case.ids.clone()).subject(case.subject.clone()).answer(7_u32);
        let one = one.corrupt(swap(other)).restore(case.site).window(window);
        let mirrored = model.trace(ids).subject(place).answer(7_u32);
        let mirrored = mirrored.corrupt(swap(case.ids[start..end].to_vec())).restore(case.site);
        let mirrored = mirrored.window(window).direction(Direction::Noise);
        let (one, mirrored) = (outcome(&one).1, outcome(&mirrored).1);
        prop_assert!(worst(&one.scores, &mirrored.scores) < EXACT);
        prop_assert!((one.high - mirrored.low[0]).abs() < EXACT);
    }
}

#[test]
fn a_lane_that_is_left_brings_something_back() {
    let model = Model::random(&Config::tiny(), 3).expect("a sound shape");
    let noise = Noise::gaussian(1.0).samples(2);
    let trace = model.trace([3, 1, 4, 1, 5]).subject(1..3).corrupt(noise).restore(..2);
    let restored = trace.tokens(TokenSet::Last);
    let lanes = [Site::ResidSkip, Site::ConvState, Site::State, Site::Gate];
    // What the scan keeps came through the convolution.
    for left in [&lanes[..1], &lanes[1..3], &lanes[3..]] {
        let severed = lanes
            .into_iter()
            .filter(|lane| !left.contains(lane))
            .fold(restored.clone(), |trace, lane| trace.sever(lane));
        let (_, ran) = outcome(&severed);
        assert!(worst(&ran.scores[..2], &[ran.low[0]; 2]) > 1e-7, "{left:?}");
    }
}
