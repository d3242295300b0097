//! Metrics of rows of logits against numpy's in extended precision, and what holds for every row.

use mambascope::metrics::{Measure, Metrics, Normalisation, Support};
use proptest::prelude::*;
use serde_json::Value;

/// Rounding of sums over a row in double precision.
const CLOSE: f64 = 1e-12;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("numbers").iter().map(|one| one.as_f64().expect("a number")).collect()
}

#[test]
fn metrics_are_numpys() {
    let golden: Value =
        serde_json::from_str(include_str!("golden/numpy_metrics.json")).expect("json");
    for case in golden["cases"].as_array().expect("cases") {
        let whole = |name: &str| case[name].as_u64().expect("a number");
        let (clean, row) = (numbers(&case["clean"]), numbers(&case["row"]));
        let measure = Measure::new(&clean, whole("known") as usize, whole("answer") as u32);
        let measure = measure.expect("a known answer").foil(whole("foil") as u32);
        for expected in case["results"].as_array().expect("results") {
            let support =
                if expected["support"] == "head" { Support::Head } else { Support::Known };
            let found = measure.support(support).of(&row);
            let name = format!("{}, {support:?}", case["name"]);
            let check = |what: &str, found: f64| {
                let expected = expected[what].as_f64().expect("a number");
                let off = (found - expected).abs();
                assert!(
                    off <= CLOSE * expected.abs().max(1.0),
                    "{name}: {what} {found}, not {expected}"
                );
            };
            check("probability", found.probability);
            check("log_probability", found.log_probability);
            check("divergence", found.divergence);
            check("logit_difference", found.logit_difference.expect("a foil"));
            assert_eq!(found.rank as u64, expected["rank"].as_u64().expect("a rank"), "{name}");
        }
    }
}

#[test]
fn rows_at_the_edge_of_numbers_are_measured() {
    let infinite = f64::NEG_INFINITY;
    let measure = Measure::new(&[0.0, 0.0, infinite], 3, 0).expect("a known answer");
    let clean = measure.clean();
    assert_eq!((clean.probability, clean.divergence, clean.rank), (0.5, 0.0, 1));
    let lost = measure.of(&[infinite, 0.0, 0.0]);
    assert_eq!((lost.probability, lost.log_probability, lost.rank), (0.0, infinite, 3));
    assert_eq!(lost.divergence, f64::INFINITY);
    // Far from the others a share vanishes, and its logarithm does not.
    let far = measure.of(&[-2000.0, 0.0, infinite]);
    assert_eq!((far.probability, far.log_probability), (0.0, -2000.0));
    assert!((measure.of(&[1e300, 1e300, infinite]).probability - 0.5).abs() < 1e-15);
    assert!(measure.of(&[f64::NAN, 0.0, 0.0]).probability.is_nan());
}

#[test]
fn what_does_not_fit_is_refused() {
    assert!(Measure::new(&[0.0, 1.0], 2, 2).is_none(), "an answer among the padding");
    assert!(Measure::new(&[0.0, 1.0], 3, 0).is_none(), "more known tokens than rows");
    let measure = Measure::new(&[0.0, 1.0, 2.0], 2, 1).expect("a known answer");
    assert_eq!(measure.foil(2).clean().logit_difference, None, "padding is no foil");
    let short = measure.of(&[0.0]);
    assert!(short.probability.is_nan() && short.rank == 2);
}

#[test]
fn normalisations_have_their_names() {
    let of = |normalisation: Normalisation| normalisation.apply(0.4, 0.1, 0.6);
    assert_eq!(of(Normalisation::Raw), 0.4);
    assert!((of(Normalisation::Recovered) - 0.6).abs() < 1e-15);
    assert!((of(Normalisation::Published) - 0.8).abs() < 1e-15);
    assert!(Normalisation::Recovered.apply(0.4, 0.2, 0.2).is_nan());
    let text = serde_json::to_string(&Normalisation::Published).expect("data");
    assert_eq!(text, "\"published\"");
}

fn logits() -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(-40.0..40.0f64, 12)
}

proptest! {
    #[test]
    fn rows_moved_as_a_whole_say_the_same(clean in logits(), row in logits(), by in -500.0..500.0f64, answer in 0u32..10) {
        let measure = Measure::new(&clean, 10, answer).expect("a known answer").foil(3);
        let moved: Vec<f64> = row.iter().map(|logit| logit + by).collect();
        let (one, other): (Metrics, Metrics) = (measure.of(&row), measure.of(&moved));
        prop_assert!((one.log_probability - other.log_probability).abs() < 1e-10);
        prop_assert!((one.divergence - other.divergence).abs() < 1e-9);
        prop_assert!(one.divergence >= 0.0 && one.probability <= 1.0);
    }

    #[test]
    fn padding_counts_only_where_it_is_asked_to(clean in logits(), row in logits(), padding in -40.0..40.0f64, answer in 0u32..10) {
        let measure = Measure::new(&clean, 10, answer).expect("a known answer").support(Support::Known);
        let mut other = row.clone();
        other[10..].fill(padding);
        prop_assert_eq!(measure.of(&row), measure.of(&other));
        prop_assert_eq!(measure.of(&row).rank, measure.support(Support::Head).of(&other).rank);
    }

    #[test]
    fn shares_of_known_tokens_add_up_to_one(clean in logits(), row in logits()) {
        let share = |answer: u32| {
            let measure = Measure::new(&clean, 10, answer).expect("a known answer");
            measure.support(Support::Known).of(&row)
        };
        let all: Vec<Metrics> = (0..10).map(share).collect();
        prop_assert!((all.iter().map(|one| one.probability).sum::<f64>() - 1.0).abs() < 1e-12);
        let mut ranks: Vec<usize> = all.iter().map(|one| one.rank).collect();
        ranks.sort_unstable();
        prop_assert_eq!(ranks, (1..=10).collect::<Vec<_>>());
    }
}
