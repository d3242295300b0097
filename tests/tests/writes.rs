//! Every site written: what replaces one token's activation goes on to later tokens, later layers and the logits,
//! against a program that runs the whole recurrence again with the value replaced.

use candle_core::{DType, Device, Tensor};
use mambascope::Site;
use mambascope::model::{Compute, Error, Model, Spot, Tap, Timing};
use mambascope_tests::{distance, golden, tensors};

/// Largest difference in f32, as a share of the logits' range.
const SINGLE: f64 = 2e-6;
/// Largest difference in f64, likewise.
const DOUBLE: f64 = 1e-10;

/// Replaces one token's activation as `sites.py` does.
struct Written {
    spot: Spot,
    token: usize,
    timing: Timing,
}

/// Half of the value the other way round, and a wave.
fn replaced(value: &Tensor) -> candle_core::Result<Tensor> {
    let count = value.elem_count();
    let wave = Tensor::from_vec(
        (0..count).map(|index| 0.25 * (index as f64).cos()).collect::<Vec<f64>>(),
        value.shape(),
        &Device::Cpu,
    )?;
    ((value.to_dtype(DType::F64)? * -0.5)? + wave)?.to_dtype(value.dtype())
}

impl Tap for Written {
    fn wants(&self, spot: Spot) -> bool {
        spot == self.spot
    }

    fn visit(&mut self, _: Spot, now: Tensor) -> Result<Tensor, Error> {
        let row = |row| {
            let here = now.get(row)?;
            if row == self.token { replaced(&here) } else { Ok(here) }
        };
        let rows: candle_core::Result<Vec<Tensor>> = (0..now.dim(0)?).map(row).collect();
        Ok(Tensor::stack(&rows?, 0)?)
    }

    fn step(&mut self, _: Spot, token: usize, now: Tensor) -> Result<Tensor, Error> {
        Ok(if token == self.token { replaced(&now)? } else { now })
    }

    fn timing(&self, _: Spot) -> Timing {
        self.timing
    }
}

/// Reads `<site>.<layer>.<token>` and `<site>.<timing>.<layer>.<token>`.
fn written(name: &str) -> Written {
    let parts: Vec<&str> = name.split('.').collect();
    let number = |text: &str| text.parse().expect("a number");
    let timing = match parts[1] {
        "carry_only" => Timing::CarryOnly,
        "seed_compat" => Timing::SeedCompat,
        _ => Timing::ReadThrough,
    };
    let [.., layer, token] = parts[..] else { panic!("{name}") };
    let spot = Spot { site: parts[0].parse().expect("a site"), layer: number(layer) };
    Written { spot, token: number(token), timing }
}

fn against(compute: Compute, tolerance: f64) {
    for (checkpoint, prompt) in [("plain", "seven"), ("narrow", "fourteen"), ("wide", "eight")] {
        let folder = golden().join(checkpoint);
        let model = Model::from_dir(&folder).compute(compute).load().expect("a golden checkpoint");
        let ids: Vec<i64> = tensors(&folder.join("activations_f64.safetensors")).expect("goldens")
            [&format!("{prompt}/input_ids")]
            .to_vec1()
            .expect("ids");
        let ids: Vec<u32> = ids.into_iter().map(|id| id as u32).collect();
        let plain = model.logits(&ids).expect("a run");
        let goldens = tensors(&folder.join("writes_f64.safetensors")).expect("goldens");
        let mut sites = std::collections::BTreeSet::new();
        for (name, expected) in &goldens {
            let mut tap = written(name);
            sites.insert(tap.spot.site);
            let found = model.run_with(&ids, &mut tap).expect("a run");
            let worst = distance(&found, expected).expect("one shape");
            assert!(worst <= tolerance, "{checkpoint}, {name}: {worst:e}");
            let silent = distance(&found, &plain).expect("one shape") == 0.0;
            let nothing_before = name.contains("seed_compat") && tap.token == 0;
            assert!(!silent || nothing_before || reads_nothing(&tap, &model, ids.len()), "{name}");
        }
        assert_eq!(sites.len(), Site::ALL.len(), "every site is written");
    }
}

/// Whether nobody reads the place: a state that only later tokens see, at the last one; the decay of the first token.
fn reads_nothing(tap: &Written, model: &Model, tokens: usize) -> bool {
    let narrow_window = tap.spot.site == Site::ConvState && model.config().convolution == 1;
    let no_later_token = tap.timing == Timing::CarryOnly && tap.token + 1 == tokens;
    let no_state_yet = matches!(tap.spot.site, Site::Decay | Site::DeltaDecay) && tap.token == 0;
    narrow_window || no_later_token || no_state_yet
}

#[test]
fn the_fast_path_is_the_recurrence() {
    against(Compute::Fast, SINGLE);
}

#[test]
fn the_reference_in_f32_is_the_recurrence() {
    against(Compute::Reference32, SINGLE);
}

#[test]
fn the_reference_in_f64_is_the_recurrence() {
    against(Compute::Reference64, DOUBLE);
}
