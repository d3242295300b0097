//! The fast path against the reference, on random shapes: one program, two ways to compute it.

use mambascope::model::{Compute, Config, Model, Site, Spot};
use mambascope_tests::distance;
use proptest::prelude::*;

/// Largest difference of the f32 programs from f64, as a share of an activation's range.
///
/// Thirty f32 operations deep, each off by 6e-8, and sums of up to a hundred terms.
const SINGLE: f64 = 2e-5;

fn configs() -> impl Strategy<Value = Config> {
    let sizes = (1..5_usize, 3..40_usize, 1..60_usize, 1..18_usize, 1..6_usize, 1..5_usize);
    (sizes, any::<[bool; 3]>()).prop_map(
        |((layers, width, inner, state, convolution, rank), [biased, convolution_bias, tied])| {
            Config {
                layers,
                width,
                inner,
                state,
                convolution,
                rank,
                projection_bias: biased,
                convolution_bias,
                tied_head: tied,
                ..Config::tiny()
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fast_and_reference_agree(config in configs(), seed in any::<u64>(), ids in prop::collection::vec(0..32_u32, 1..20)) {
        let fast = Model::random(&config, seed).expect("a sound shape");
        let exact = fast.computed(Compute::Reference64).expect("packed");
        let spots: Vec<Spot> = (0..config.layers)
            .flat_map(|layer| [Site::ScanOut, Site::Gated, Site::Resid].map(|site| Spot { site, layer }))
            .collect();
        let found = fast.activations(&ids, &spots).expect("a run");
        let expected = exact.activations(&ids, &spots).expect("a run");
        prop_assert!(distance(found.logits(), expected.logits()).expect("one shape") < SINGLE);
        for (spot, tensor) in found.iter() {
            let other = expected.at(spot.site, spot.layer).expect("recorded");
            prop_assert!(distance(tensor, other).expect("one shape") < SINGLE, "{spot:?}");
        }
    }

    #[test]
    fn a_row_does_not_depend_on_its_company(seed in any::<u64>(), ids in prop::collection::vec(0..32_u32, 1..80)) {
        let config = Config { width: 20, inner: 36, ..Config::tiny() };
        let model = Model::random(&config, seed).expect("a sound shape");
        let whole = model.logits(&ids).expect("a run").to_vec2::<f32>().expect("rows");
        for end in [1, ids.len().div_ceil(2), ids.len()] {
            let part = model.logits(&ids[..end]).expect("a run").to_vec2::<f32>().expect("rows");
            prop_assert_eq!(&part[..], &whole[..end]);
        }
    }
}
