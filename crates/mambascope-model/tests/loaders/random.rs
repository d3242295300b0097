//! Random weights: the same for the same seed, and sized as trained ones are.

use mambascope_model::{Config, random_tensors};

fn numbers(config: &Config, seed: u64, name: &str) -> Vec<f32> {
    let tensors = random_tensors(config, seed);
    tensors.tensor(name).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn a_seed_decides_every_number() {
    let config = Config::tiny();
    let name = "backbone.layers.2.mixer.in_proj.weight";
    assert_eq!(numbers(&config, 3, name), numbers(&config, 3, name));
    assert_ne!(numbers(&config, 3, name), numbers(&config, 4, name));
}

#[test]
fn decays_and_time_steps_are_those_of_a_fresh_model() {
    let config = Config::tiny();
    let decays = numbers(&config, 1, "backbone.layers.0.mixer.A_log");
    for (place, decay) in decays.iter().enumerate() {
        assert!((decay.exp() - (place % 4 + 1) as f32).abs() < 1e-5);
    }
    for bias in numbers(&config, 1, "backbone.layers.0.mixer.dt_proj.bias") {
        let step = bias.exp().ln_1p();
        assert!((0.000_99..0.101).contains(&step), "{step}");
    }
}

#[test]
fn projections_keep_the_size_of_what_they_project() {
    let config = Config { width: 128, inner: 256, ..Config::tiny() };
    let weights = numbers(&config, 1, "backbone.layers.0.mixer.in_proj.weight");
    let variance = weights.iter().map(|w| w * w).sum::<f32>() / weights.len() as f32;
    assert!((variance * 128.0 - 1.0).abs() < 0.05, "{variance}");
}
