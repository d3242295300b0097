//! All metrics from one set of runs, against the program that runs each cell alone.

use super::*;
use crate::metrics::{Measure, Metric};

/// Sums over a vocabulary of logits that differ by 1e-13 or so.
const CLOSE: f64 = 1e-9;

/// A trace that measures everything.
fn measuring(case: &Case, model: &Model, answer: u32, foil: u32) -> Trace {
    case.trace(model).answer(answer).foil(foil).metrics(Metric::ALL)
}

fn close(found: &[f64], expected: &[f64]) -> bool {
    let near = |(found, expected): (&f64, &f64)| {
        (found - expected).abs() <= CLOSE * expected.abs().max(1.0)
    };
    found.len() == expected.len() && found.iter().zip(expected).all(near)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_metric_is_the_one_cell_programs(case in cases(), answer in 0..16_u32, foil in 16..32_u32) {
        let exact = case.model().computed(Compute::Reference64).expect("packed");
        let (plan, ran) = outcome(&measuring(&case, &exact, answer, foil));
        let clean = last_row(&exact.logits(&case.ids).expect("run"));
        let known = case.config.known_vocabulary;
        let measure = Measure::new(&clean, known, answer).expect("a known answer").foil(foil);
        let embeddings = exact.embeddings(&case.ids).expect("embedded");
        let Corrupted::Noise { noise, factor, .. } = &plan.corrupted else { panic!("noise") };
        let mut noisy = Noisy::new(&exact, noise, *factor, &embeddings, std::slice::from_ref(&case.subject)).expect("fitted");
        let corrupted: Vec<Vec<f64>> = noisy.draw(noise.samples, &Unwatched).expect("drawn").iter().map(|sample| {
            last_row(&exact.run_embeddings(sample, &mut Nobody).expect("run"))
        }).collect();
        let rows = naive_rows(&exact, &plan);
        prop_assert_eq!(ran.also.len(), 4);
        for reading in &ran.also {
            let of = |rows: &[Vec<f64>]| -> Vec<f64> {
                rows.iter().map(|row| reading.metric.of(&measure.of(row))).collect()
            };
            let name = reading.metric;
            prop_assert!(close(&[reading.high], &of(std::slice::from_ref(&clean))), "{name}, clean");
            // A rank jumps where two logits are equal to the last bits.
            prop_assert!(close(&reading.low, &of(&corrupted)), "{name}, corrupted");
            prop_assert!(close(&reading.scores, &of(&rows)), "{name}, restored");
        }
    }

    #[test]
    fn what_else_is_measured_changes_no_bit(case in cases(), foil in 0..32_u32) {
        let model = case.model();
        let alone = outcome(&case.trace(&model)).1;
        prop_assume!(alone.answer != foil);
        let (_, ran) = outcome(&measuring(&case, &model, alone.answer, foil));
        prop_assert_eq!(&ran.scores, &alone.scores);
        prop_assert_eq!(&ran.low, &alone.low);
        prop_assert_eq!(ran.high.to_bits(), alone.high.to_bits());
        prop_assert_eq!(ran.work, alone.work);
        let logs = &ran.also.iter().find(|one| one.metric == Metric::LogProbability).expect("asked").scores;
        let shares: Vec<f64> = logs.iter().map(|log| log.exp()).collect();
        prop_assert!(worst(&shares, &ran.scores) < FAST);
    }
}
