//! Random weights that behave as trained ones do: for tests, documentation and benches.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use candle_core::{Device, Tensor};

use crate::config::Config;
use crate::error::Error;
use crate::weights::{Tensors, header, shapes};

/// Shortest and longest time step, as state-spaces/mamba draws them (`dt_min`, `dt_max`).
const STEPS: (f64, f64) = (0.001, 0.1);

/// Weights of the config's shapes, in `f32`; the same seed gives the same weights.
///
/// Projections keep the size of what they project, states decay at rates from 1 to N per step,
/// and time steps lie between 0.001 and 0.1, so that logits vary and states carry on.
///
/// # Cost
/// None: a tensor is drawn when it is asked for.
pub fn random_tensors(config: &Config, seed: u64) -> Tensors {
    Tensors::drawn(Drawn::new(config, seed))
}

/// Random weights, each drawn when it is asked for, from where its numbers begin in one sequence.
#[derive(Debug)]
pub(crate) struct Drawn {
    /// By name, the shape and the generator's state before the first number.
    places: BTreeMap<String, (Vec<usize>, u64)>,
}

impl Drawn {
    fn new(config: &Config, seed: u64) -> Self {
        let mut generator = Generator { state: seed };
        let mut places = BTreeMap::new();
        for (name, shape) in shapes(config) {
            let draws = Law::of(&name).draws() * shape.iter().product::<usize>() as u64;
            let state = generator.state;
            generator.skip(draws);
            places.insert(name, (shape, state));
        }
        Self { places }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// Draws a tensor, if there is one of that name.
    pub(crate) fn tensor(&self, name: &str) -> Result<Option<Tensor>, Error> {
        let Some((shape, numbers)) = self.numbers(name) else { return Ok(None) };
        Ok(Some(Tensor::from_vec(numbers.collect(), shape, &Device::Cpu)?))
    }

    /// A tensor's type and shape in words, then its numbers; nothing, if there is none of that name.
    pub(crate) fn bytes(&self, name: &str, take: &mut dyn FnMut(&[u8])) {
        let Some((shape, numbers)) = self.numbers(name) else { return };
        take(header("f32", shape).as_bytes());
        numbers.for_each(|number| take(&number.to_le_bytes()));
    }

    fn numbers(&self, name: &str) -> Option<(&[usize], impl Iterator<Item = f32>)> {
        let (shape, state) = self.places.get(name)?;
        let mut generator = Generator { state: *state };
        let (law, count) = (Law::of(name), shape.iter().product::<usize>());
        let numbers = (0..count).map(move |place| law.number(&mut generator, place, shape) as f32);
        Some((shape, numbers))
    }
}

/// How the numbers of a tensor are drawn.
#[derive(Clone, Copy)]
enum Law {
    /// Logarithms of the rates 1 to N.
    Rates,
    /// Numbers whose softplus is a time step.
    Steps,
    /// About one.
    AboutOne,
    /// Small.
    Small,
    /// Of size one.
    Normal,
    /// As large as keeps the size of what is projected.
    Projection,
}

impl Law {
    fn of(name: &str) -> Self {
        match name.rsplit_once("mixer.").map_or(name, |(_, part)| part) {
            "A_log" => Self::Rates,
            "dt_proj.bias" => Self::Steps,
            part if part == "D" || part.contains("norm") => Self::AboutOne,
            part if part.ends_with("bias") => Self::Small,
            part if part.contains("embedding") => Self::Normal,
            _ => Self::Projection,
        }
    }

    /// Uniform numbers that one number takes.
    const fn draws(self) -> u64 {
        match self {
            Self::Rates => 0,
            Self::Steps => 1,
            Self::AboutOne | Self::Small | Self::Normal | Self::Projection => 2,
        }
    }

    fn number(self, generator: &mut Generator, place: usize, shape: &[usize]) -> f64 {
        match self {
            Self::Rates => ((place % shape[1] + 1) as f64).ln(),
            Self::Steps => generator.step_bias(),
            Self::AboutOne => 1.0 + 0.1 * generator.normal(),
            Self::Small => 0.1 * generator.normal(),
            Self::Normal => generator.normal(),
            Self::Projection => {
                let inputs = shape[1..].iter().product::<usize>().max(1) as f64;
                generator.normal() / inputs.sqrt()
            }
        }
    }
}

/// SplitMix64, with normal numbers by Box and Muller's method.
///
/// # Source
/// Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators", figure 17.
struct Generator {
    state: u64,
}

impl Generator {
    /// What a draw adds to the state.
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    /// Goes past so many draws.
    const fn skip(&mut self, draws: u64) {
        self.state = self.state.wrapping_add(Self::STEP.wrapping_mul(draws));
    }

    fn bits(&mut self) -> u64 {
        self.skip(1);
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
