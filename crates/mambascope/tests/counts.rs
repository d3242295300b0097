//! How much work fixed plans take: a change that adds a twentieth to it fails.

use mambascope::model::Config;
use mambascope::prelude::*;

/// Layers, tokens and samples as in the published measurements; counts do not depend on the widths.
const LAYERS: usize = 24;

/// What one map takes at the shape of mamba-130m.
struct Counted {
    layer_steps: usize,
    inputs: usize,
    /// Billions of floating-point operations.
    gflop: f64,
}

/// How a trace with noise becomes one that restores.
type Grow = fn(&Trace) -> Trace;

fn counted(tokens: u32, grow: Grow) -> Counted {
    let config = Config { layers: LAYERS, ..Config::tiny() };
    let model = Model::random(&config, 1).expect("a sound shape");
    let ids: Vec<u32> = (0..tokens).collect();
    let noisy = model.trace(ids).subject(2..5).corrupt(Noise::gaussian(0.1).samples(10));
    let work = grow(&noisy).run().expect("a run").work();
    let gflop = work.flops(&Config::mamba_130m()) / 1e9;
    Counted { layer_steps: work.layer_steps, inputs: work.inputs, gflop }
}

/// Within a twentieth above, and not so far below that the number should be written anew.
fn holds(name: &str, found: f64, committed: f64) {
    assert!(found < 1.05 * committed, "{name}: {found} where {committed} was enough");
    assert!(
        found > 0.95 * committed,
        "{name}: {found} is less than {committed}: write the new number"
    );
}

#[test]
fn maps_of_ten_tokens_take_what_they_took() {
    let maps: [(&str, Grow, Counted); 4] = [
        (
            "resid",
            |noisy| noisy.restore(Site::Resid),
            Counted { layer_steps: 99_360, inputs: 91_080, gflop: 837.0 },
        ),
        (
            "mixer_out, windows of 10",
            |noisy| noisy.restore(Site::MixerOut).window(10),
            Counted { layer_steps: 126_360, inputs: 121_040, gflop: 1_059.7 },
        ),
        (
            "scan_out, windows of 10",
            |noisy| noisy.restore(Site::ScanOut).window(10),
            Counted { layer_steps: 126_360, inputs: 121_040, gflop: 1_059.7 },
        ),
        (
            "state",
            |noisy| noisy.restore(Site::State),
            Counted { layer_steps: 108_000, inputs: 99_360, gflop: 903.9 },
        ),
    ];
    for (name, grow, committed) in maps {
        let found = counted(10, grow);
        holds(name, found.layer_steps as f64, committed.layer_steps as f64);
        holds(name, found.inputs as f64, committed.inputs as f64);
        holds(name, found.gflop, committed.gflop);
    }
}

#[test]
fn longer_prompts_take_what_they_took() {
    let found = counted(20, |noisy| noisy.restore(Site::Resid));
    holds("resid, 20 tokens", found.gflop, 3_538.8);
}
