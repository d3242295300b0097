//! Whole grids against an independent program that runs every cell as a forward pass, as ROME's does.
#![expect(clippy::print_stdout, reason = "figures for whoever reads the log")]

use std::fs;
use std::path::PathBuf;

use mambascope::prelude::*;
use mambascope::{Convention, Placement};
use mambascope_tests::golden;
use serde::Deserialize;

/// Largest difference of a probability from transformers in f32.
const SINGLE: f64 = 1e-5;
/// Largest difference of a probability in f32 on the fast path from the recurrence in f64.
const ROUNDED: f64 = 2e-6;
/// Largest difference of a probability from the recurrence in f64.
const DOUBLE: f64 = 1e-10;

#[derive(Debug, Deserialize)]
struct Map {
    checkpoint: String,
    ids: Vec<u32>,
    subject_range: (usize, usize),
    answer_id: u32,
    noise: NoiseSpec,
    seed: u32,
    samples: usize,
    site: String,
    window: usize,
    convention: Convention,
    f32: Numbers,
    f64: Numbers,
}

#[derive(Debug, Deserialize)]
struct NoiseSpec {
    kind: String,
    scale: f64,
    combine: Placement,
}

#[derive(Debug, Deserialize)]
struct Numbers {
    high_score: f64,
    low_score: f64,
    scores: Vec<Vec<f64>>,
    sample_scores: Option<Vec<Vec<Vec<f64>>>>,
}

fn maps() -> Vec<(PathBuf, Map)> {
    let files = fs::read_dir(golden().join("rome")).expect("goldens");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).expect("a golden");
        let map = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        (file, map)
    };
    files.into_iter().map(read).collect()
}

fn effects(map: &Map, compute: Compute) -> Effects {
    let folder = golden().join(&map.checkpoint);
    let model = Model::from_dir(folder).compute(compute).load().expect("a golden checkpoint");
    let noise = match map.noise.kind.as_str() {
        "gaussian" => Noise::gaussian(map.noise.scale),
        _ => Noise::uniform(map.noise.scale),
    };
    let noise = noise.samples(map.samples).seed(map.seed);
    let noise = if map.noise.combine == Placement::Replace { noise.replacing() } else { noise };
    let (start, end) = map.subject_range;
    let window = Window { size: map.window, convention: map.convention };
    let site: Site = map.site.parse().expect("a site");
    let trace = model.trace(map.ids.clone()).subject(start..end).corrupt(noise);
    trace.restore(site).window(window).run().expect("a run")
}

fn worst(effects: &Effects, numbers: &Numbers) -> f64 {
    let mut worst =
        (effects.high() - numbers.high_score).abs().max((effects.low() - numbers.low_score).abs());
    for (token, row) in numbers.scores.iter().enumerate() {
        for (layer, score) in row.iter().enumerate() {
            let found = effects.score(token, layer).expect("a cell");
            worst = worst.max((found - score).abs());
            for (sample, found) in effects.samples(token, layer).into_iter().enumerate() {
                let expected =
                    numbers.sample_scores.as_ref().map(|scores| scores[sample][token][layer]);
                worst = worst.max(expected.map_or(0.0, |expected| (found - expected).abs()));
            }
        }
    }
    worst
}

fn against(compute: Compute, numbers: fn(&Map) -> &Numbers, tolerance: f64) {
    let maps = maps();
    assert!(maps.len() > 50, "only {} goldens", maps.len());
    let mut overall = 0.0_f64;
    for (file, map) in &maps {
        let effects = effects(map, compute);
        assert_eq!(effects.answer_id(), map.answer_id, "{}", file.display());
        let worst = worst(&effects, numbers(map));
        assert!(worst <= tolerance, "{}: {worst:e}", file.display());
        overall = overall.max(worst);
    }
    println!("{} maps, {compute:?}: worst {overall:.1e}", maps.len());
}

#[test]
fn the_fast_path_is_romes_program() {
    against(Compute::Fast, |map| &map.f32, SINGLE);
}

#[test]
fn the_fast_path_is_near_romes_program_in_f64() {
    against(Compute::Fast, |map| &map.f64, ROUNDED);
}

#[test]
fn the_reference_in_f64_is_romes_program() {
    against(Compute::Reference64, |map| &map.f64, DOUBLE);
}
