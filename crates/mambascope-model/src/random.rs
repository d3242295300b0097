//! Random weights that behave as trained ones do: for tests, documentation and benches.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use candle_core::{Device, Tensor};

use crate::config::Config;
use crate::weights::{Tensors, shapes};

/// Shortest and longest time step, as state-spaces/mamba draws them (`dt_min`, `dt_max`).
const STEPS: (f64, f64) = (0.001, 0.1);

/// Weights of the config's shapes, in `f32`; the same seed gives the same weights.
///
/// Projections keep the size of what they project, states decay at rates from 1 to N per step,
/// and time steps lie between 0.001 and 0.1, so that logits vary and states carry on.
///
/// # Panics
/// When the config's sizes are more than the memory holds.
pub fn random_tensors(config: &Config, seed: u64) -> Tensors {
    let mut generator = Generator { state: seed };
    let tensors: BTreeMap<String, Tensor> = shapes(config)
        .map(|(name, shape)| {
            let numbers = numbers(&mut generator, &name, &shape);
            let tensor = Tensor::from_vec(numbers, shape, &Device::Cpu);
            (name, tensor.expect("as many numbers as the shape has"))
        })
        .collect();
    Tensors::new(tensors, config).expect("names and shapes are those of the config")
}

fn numbers(generator: &mut Generator, name: &str, shape: &[usize]) -> Vec<f32> {
    let count = shape.iter().product();
    let inputs = shape[1..].iter().product::<usize>().max(1) as f64;
    let part = name.rsplit_once("mixer.").map_or(name, |(_, part)| part);
    let mut number: Box<dyn FnMut(usize) -> f64> = match part {
        "A_log" => {
            let states = shape[1];
            Box::new(move |place| ((place % states + 1) as f64).ln())
        }
        "D" => Box::new(|_| 1.0 + 0.1 * generator.normal()),
        "dt_proj.bias" => Box::new(|_| generator.step_bias()),
        part if part.contains("norm") => Box::new(|_| 1.0 + 0.1 * generator.normal()),
        part if part.ends_with("bias") => Box::new(|_| 0.1 * generator.normal()),
        part if part.contains("embedding") => Box::new(|_| generator.normal()),
        _ => Box::new(|_| generator.normal() / inputs.sqrt()),
    };
    (0..count).map(|place| number(place) as f32).collect()
}

/// SplitMix64, with normal numbers by Box and Muller's method.
///
/// # Source
/// Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators", figure 17.
struct Generator {
    state: u64,
}

impl Generator {
    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in (0, 1].
    fn uniform(&mut self) -> f64 {
        ((self.bits() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (TAU * self.uniform()).cos()
    }

    /// The number whose softplus is a time step, evenly spread in its logarithm.
    fn step_bias(&mut self) -> f64 {
        let (shortest, longest) = STEPS;
        let step = shortest * (longest / shortest).powf(self.uniform());
        step.exp_m1().ln()
    }
}
