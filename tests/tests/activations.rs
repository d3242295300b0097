//! Logits and activations against transformers in f32 and an independent recurrence in f64.
#![expect(clippy::print_stdout, reason = "figures for whoever reads the log")]

use std::collections::BTreeMap;

use candle_core::Tensor;
use mambascope::model::{Compute, Model, Site, Spot};
use mambascope_tests::{distance, golden, tensors};

/// Largest difference from transformers in f32, as a share of the activation's range.
const SINGLE: f64 = 1e-4;
/// Largest difference from the recurrence in f64, likewise.
const DOUBLE: f64 = 1e-10;

const CHECKPOINTS: [(&str, &str); 7] = [
    ("plain", "plain"),
    ("narrow", "narrow"),
    ("wide", "wide"),
    ("tokens", "tokens"),
    ("plain_state_spaces", "plain"),
    ("narrow_sharded", "narrow"),
    ("wide_state_spaces", "wide"),
];

fn model(name: &str, compute: Compute) -> Model {
    Model::from_dir(golden().join(name)).compute(compute).load().expect("a golden checkpoint")
}

fn prompts(tensors: &BTreeMap<String, Tensor>) -> BTreeMap<String, Vec<u32>> {
    let ids = tensors
        .iter()
        .filter_map(|(name, tensor)| Some((name.strip_suffix("/input_ids")?, tensor)));
    let read = |(name, tensor): (&str, &Tensor)| {
        let ids: Vec<i64> = tensor.to_vec1().expect("ids");
        (name.to_owned(), ids.into_iter().map(|id| id as u32).collect())
    };
    ids.map(read).collect()
}

/// Compares every site; returns the worst distance and how many tensors were compared.
fn compare(model: &Model, expected: &BTreeMap<String, Tensor>) -> (f64, usize) {
    let (mut worst, mut count) = (0.0_f64, 0);
    for (prompt, ids) in prompts(expected) {
        let spots: Vec<Spot> = Site::ALL
            .into_iter()
            .flat_map(|site| {
                (0..site.layers(model.config())).map(move |layer| Spot { site, layer })
            })
            .collect();
        let acts = model.activations(&ids, &spots).expect("recorded");
        let mut check = |name: &str, found: &Tensor| {
            let key = format!("{prompt}/{name}");
            let expected = expected.get(&key).unwrap_or_else(|| panic!("no golden {key}"));
            // A head with padding rows has more columns than the model that was saved without them.
            let found = match (found.dims(), expected.dims()) {
                ([_, wide], [_, narrow]) if name == "logits" && wide > narrow => {
                    found.narrow(1, 0, *narrow).expect("columns")
                }
                _ => found.clone(),
            };
            worst = worst.max(distance(&found, expected).expect(name));
            count += 1;
        };
        check("logits", acts.logits());
        for (Spot { site, layer }, found) in acts.iter() {
            match site {
                Site::Embed => check("embed", found),
                // The same numbers as others: the time step in one place, the residual past the block.
                Site::DeltaDecay | Site::DeltaWrite => check(&format!("delta.{layer}"), found),
                Site::ResidSkip => check(&format!("resid_in.{layer}"), found),
                Site::Logits => check("logits", found),
                _ => check(&format!("{site}.{layer}"), found),
            }
        }
    }
    (worst, count)
}

fn against(kind: &str, compute: Compute, tolerance: f64) {
    for (name, source) in CHECKPOINTS {
        let file = |stem: &str| golden().join(source).join(format!("{stem}.safetensors"));
        let mut expected = tensors(&file("sites_f64")).expect("goldens");
        expected.extend(tensors(&file(&format!("activations_{kind}"))).expect("goldens"));
        let (worst, count) = compare(&model(name, compute), &expected);
        println!("{name}, {compute:?}: {count} tensors, worst {worst:.1e}");
        assert!(count > 100, "{name} compares too little");
        assert!(worst <= tolerance, "{name}: {worst:e}");
    }
}

#[test]
fn the_fast_path_is_transformers() {
    against("f32", Compute::Fast, SINGLE);
}

#[test]
fn the_reference_in_f32_is_transformers() {
    against("f32", Compute::Reference32, SINGLE);
}

#[test]
fn the_reference_in_f64_is_the_recurrence() {
    against("f64", Compute::Reference64, DOUBLE);
}
