//! Numbers are the same, bit by bit, on any number of threads.

use mambascope::model::Config;
use mambascope::prelude::*;

/// Large enough for products, scans and groups of cells to be spread.
fn model() -> Model {
    let config = Config {
        width: 96,
        inner: 192,
        layers: 6,
        state: 8,
        rank: 6,
        vocabulary: 3000,
        known_vocabulary: 2999,
        ..Config::tiny()
    };
    Model::random(&config, 11).expect("a sound shape")
}

#[test]
fn maps_have_equal_bits_on_any_number_of_threads() {
    let model = model();
    let bits = |threads: usize, site: Site| -> Vec<u64> {
        let model = model.threads(threads).expect("threads");
        assert_eq!(model.threads_in_use().count(), threads);
        let trace = model.trace([5, 900, 33, 2100, 7, 64, 1]).subject(1..3);
        let trace = trace.corrupt(Noise::gaussian(0.7).samples(6)).restore(site).window(3);
        let effects = trace.run().expect("a run");
        let layers = effects.layers().iter();
        let cells = layers.flat_map(|&l| effects.tokens().iter().map(move |&token| (token, l)));
        let scores = cells.flat_map(|(token, layer)| effects.samples(token, layer));
        scores.chain([effects.high(), effects.low()]).map(f64::to_bits).collect()
    };
    for site in [Site::Resid, Site::MixerOut, Site::State, Site::ConvIn] {
        let one = bits(1, site);
        for threads in [2, 3] {
            assert_eq!(bits(threads, site), one, "{site}, {threads} threads");
        }
    }
}

#[test]
fn prompts_and_completions_have_equal_bits_on_any_number_of_threads() {
    let model = model();
    let ids: Vec<u32> = (0..60).map(|token| token * 41 % 2999).collect();
    let on = |threads: usize| {
        let model = model.threads(threads).expect("threads");
        let logits = model.logits(&ids).expect("run").to_vec2::<f32>().expect("rows");
        (logits, model.complete(&ids, 5).expect("run"), model.predict(&ids).expect("run"))
    };
    let one = on(1);
    assert_eq!(on(2), one);
    assert_eq!(on(4), one);
}

#[test]
fn no_threads_are_refused() {
    let said = Model::tiny().threads(0).expect_err("a refusal").to_string();
    assert!(said.contains("help: write a number from 1"), "{said}");
}
