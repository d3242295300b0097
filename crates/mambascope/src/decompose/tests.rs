//! A decomposition against real patches.

use candle_core::Tensor;
use mambascope_model::{Compute, Error as ModelError, Model, Spot, Tap};

use super::*;
use crate::check::Filling;
use crate::corrupt::{Corruption, Noise};
use crate::fill::Fill;
use crate::swap::swap;
use crate::trace::Scope as _;
use crate::watch::Unwatched;

/// f64 leaves rounding of about 1e-16 a step, and a few hundred steps.
const EXACT: f64 = 1e-10;
const LAYER: usize = 1;

/// Puts some numbers of a state in place, and keeps what the mixer then says.
struct Patched {
    token: usize,
    timing: Timing,
    /// Each a place in the state, and what comes there.
    numbers: Vec<(usize, f64)>,
    said: Vec<Vec<f64>>,
}

impl Tap for Patched {
    fn wants(&self, spot: Spot) -> bool {
        spot.layer == LAYER && matches!(spot.site, Site::State | Site::MixerOut)
    }

    fn timing(&self, _: Spot) -> Timing {
        self.timing
    }

    fn visit(&mut self, _: Spot, now: Tensor) -> Result<Tensor, ModelError> {
        self.said = now.to_vec2()?;
        Ok(now)
    }

    fn step(&mut self, _: Spot, token: usize, now: Tensor) -> Result<Tensor, ModelError> {
        if token != self.token {
            return Ok(now);
        }
        let mut state: Vec<f64> = now.flatten_all()?.to_vec1()?;
        for &(place, number) in &self.numbers {
            state[place] = number;
        }
        Ok(Tensor::from_vec(state, now.shape(), now.device())?)
    }
}

/// What the mixer says with some numbers of a state put in place, from the token on.
fn said(trace: &Trace, run: &Tensor, token: usize, numbers: Vec<(usize, f64)>) -> Vec<Vec<f64>> {
    let timing = trace_timing(trace);
    let mut tap = Patched { token, timing, numbers, said: Vec::new() };
    trace.model().run_embeddings(run, &mut tap).expect("a run");
    tap.said.split_off(token)
}

/// The largest difference between what was moved and a change.
fn worst(before: &[Vec<f64>], after: &[Vec<f64>], change: &[Vec<f64>]) -> f64 {
    assert_eq!(before.len(), change.len());
    let moved =
        after.iter().flatten().zip(before.iter().flatten()).map(|(after, before)| after - before);
    let pairs = moved.zip(change.iter().flatten());
    pairs.map(|(moved, change)| (moved - change).abs()).fold(0.0, f64::max)
}

/// All numbers of a state together, and one of them alone, against runs in which they are put in place.
fn check(trace: &Trace, token: usize) {
    let parts = trace.decompose(LAYER, token).expect("taken apart");
    let trace = trace.restore((Site::State, LAYER)).tokens(token);
    let (model, plan) = (trace.model(), trace.resolve().expect("sound"));
    let clean = model.embeddings(&plan.prompt.ids).expect("embedded");
    let runs = wavefront::corrupted_runs(model, &plan, &clean, &Unwatched).expect("drawn");
    let filling = &plan.grid.as_ref().expect("a grid").filling;
    let zero = matches!(filling, Filling::Plain(Fill::Zero));
    let columns = plan.grid.as_ref().expect("a grid").places[0].columns.clone();
    let columns = columns.unwrap_or_else(|| (0..128).collect());
    for (sample, run) in if runs.is_empty() { vec![clean.clone()] } else { runs }.iter().enumerate()
    {
        let noising = plan.direction == Direction::Noise;
        let (patched, giving) = if noising { (&clean, run) } else { (run, &clean) };
        let gives = ScanRun::of(model, giving, LAYER).expect("a run");
        let gives = gives.state(plan.align[token]);
        let number = |place: usize| (place, if zero { 0.0 } else { gives[place] });
        let before = said(&trace, patched, token, Vec::new());
        let mut sums = vec![vec![0.0; 16]; before.len()];
        for place in 0..128 {
            let change = parts.change(sample, place / 4, place % 4).expect("a cell");
            let zip = sums.iter_mut().flatten().zip(change.iter().flatten());
            zip.for_each(|(sum, change)| *sum += change);
        }
        let after =
            said(&trace, patched, token, columns.iter().map(|&place| number(place)).collect());
        assert!(worst(&before, &after, &sums) < EXACT, "{}", trace.explain());
        let StateCell { channel, dim, .. } = parts.top(1)[0];
        let alone = said(&trace, patched, token, vec![number(channel * 4 + dim)]);
        let change = parts.change(sample, channel, dim).expect("a cell");
        assert!(worst(&before, &alone, &change) < EXACT, "{}", trace.explain());
        assert!(change.iter().flatten().any(|change| change.abs() > 1e-9), "it does something");
    }
}

fn trace() -> Trace {
    let model = Model::tiny().computed(Compute::Reference64).expect("packed");
    model.trace([5, 9, 2, 7, 11]).subject(1..3).corrupt(Noise::gaussian(0.7).samples(2))
}

#[test]
fn all_cells_together_are_the_patch() {
    check(&trace(), 2);
    check(&trace().direction(Direction::Noise), 2);
    check(&trace().timing(Timing::CarryOnly), 2);
    check(&trace().timing(Timing::ReadOnly), 4);
    check(&trace().channels(3..9).dims(1..3), 2);
    check(&trace().corrupt(Corruption::Nothing).fill(Fill::Zero), 2);
}

#[test]
fn so_they_are_of_swaps_of_any_length() {
    for ids in [vec![14, 3], vec![14], vec![14, 3, 8, 21]] {
        let swapped = trace().corrupt(swap(ids.clone()));
        for token in 1..3 + ids.len() - 1 {
            check(&swapped, token);
        }
        check(&swapped.direction(Direction::Noise), 2);
        check(&swapped.pairs(&[(3, 1)]), 3);
    }
}

#[test]
fn the_largest_cells_come_first_and_are_confirmed() {
    let noise = Noise::gaussian(0.7).samples(2);
    let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(noise);
    for trace in [trace.clone(), trace.corrupt(swap([11]))] {
        let token = trace.resolve().expect("sound").patched().subject.end - 1;
        let parts = trace.decompose(2, token).expect("taken apart");
        assert_eq!(parts.cells().len(), 128);
        assert!(parts.cells().is_sorted_by(|one, other| one.size >= other.size));
        let confirmed = parts.confirm(2).expect("runs");
        let low = trace.run().expect("a run").low();
        assert!(confirmed.iter().any(|confirmed| (confirmed.score - low).abs() > 1e-9));
        assert!(parts.change(0, 32, 0).is_none() && parts.change(2, 0, 0).is_none());
        assert!(trace.decompose(9, 2).is_err() && trace.decompose(2, 9).is_err());
    }
}

#[test]
fn more_than_a_state_is_refused() {
    let wrong = trace().restore(Site::State).and(Site::Gate).sever(Site::MixerOut);
    let said =
        wrong.timing(Timing::SeedCompat).decompose(LAYER, 9).expect_err("refused").to_string();
    assert!(said.contains("4 problems"), "{said}");
    for words in ["together with another site", "enters its state twice", "something severed"] {
        assert!(said.contains(words), "{words} is not in: {said}");
    }
}
