//! The original project's kinds, its order of operations and its blank first row.

use std::fs;

use mambascope::prelude::*;
use mambascope_tests::golden;
use serde::Deserialize;

/// Largest difference of a score in f32.
const SINGLE: f64 = 2e-6;
/// Largest difference of a score in f64.
const DOUBLE: f64 = 1e-10;

#[derive(Deserialize)]
struct Map {
    checkpoint: String,
    ids: Vec<u32>,
    subject_range: [usize; 2],
    scale: f64,
    seed: u32,
    samples: usize,
    kind: String,
    answer_id: u32,
    high_score: f64,
    low_score: f64,
    scores: Vec<Vec<f64>>,
}

fn against(compute: Compute, tolerance: f64) {
    let mut maps = 0;
    for entry in fs::read_dir(golden().join("seed")).expect("goldens") {
        let text = fs::read_to_string(entry.expect("a file").path()).expect("a text");
        let map: Map = serde_json::from_str(&text).expect("a map");
        let folder = golden().join(&map.checkpoint);
        let model = Model::from_dir(folder).compute(compute).load().expect("a checkpoint");
        let noise = Noise::gaussian(map.scale).samples(map.samples).seed(map.seed);
        let [start, end] = map.subject_range;
        let trace = model.trace(map.ids.clone()).subject(start..end).corrupt(noise);
        let kind: Original = map.kind.parse().expect("a kind");
        let effects = trace.original(kind).run().expect("a run");
        assert_eq!(effects.answer_id(), map.answer_id);
        let close = |found: f64, expected: f64| {
            assert!((found - expected).abs() <= tolerance, "{}: {found}, {expected}", map.kind);
        };
        close(effects.high(), map.high_score);
        close(effects.low(), map.low_score);
        for (token, row) in map.scores.iter().enumerate() {
            for (layer, &expected) in row.iter().enumerate() {
                close(effects.score(token, layer).expect("a cell"), expected);
            }
        }
        let npz = effects.to_npz().expect("an npz");
        let layout = ["scores", "low_score", "high_score", "input_ids", "input_tokens"];
        assert!(layout.into_iter().all(|name| npz.array(name).is_some()));
        let written = npz.array("kind").expect("a kind").values().clone();
        assert_eq!(written, mambascope::npz::Values::Text(vec![map.kind]));
        maps += 1;
    }
    assert_eq!(maps, 12);
}

#[test]
fn the_fast_path_is_the_original() {
    against(Compute::Fast, SINGLE);
}

#[test]
fn the_reference_in_f64_is_the_original() {
    against(Compute::Reference64, DOUBLE);
}
