//! The parameters of a network before training.

use candle_core::Result;

use super::{Layer, Network, Shape, parameter};
use crate::random::Random;

/// Of the embeddings; state-spaces/mamba's `initializer_range`.
const EMBEDDING_DEVIATION: f64 = 0.02;
/// Between these the first time steps lie, evenly in the logarithm; state-spaces/mamba's `dt_min` and `dt_max`.
const TIME_STEPS: (f64, f64) = (0.001, 0.1);

impl Network {
    /// A network as state-spaces/mamba begins it: uniform projections, output projections smaller the more layers
    /// there are, state decays 1 to N.
    pub(crate) fn first(shape: Shape, random: &mut Random) -> Result<Self> {
        let count = shape.vocabulary * shape.width;
        let values = (0..count).map(|_| (EMBEDDING_DEVIATION * random.normal()) as f32).collect();
        Ok(Self {
            shape,
            embedding: parameter(values, &[shape.vocabulary, shape.width])?,
            layers: (0..shape.layers)
                .map(|_| Layer::first(shape, random))
                .collect::<Result<_>>()?,
            norm: parameter(vec![1.0; shape.width], &[shape.width])?,
        })
    }
}

impl Layer {
    fn first(shape: Shape, random: &mut Random) -> Result<Self> {
        let (width, inner, rank, states) = (shape.width, shape.inner(), shape.rank(), shape.states);
        let mut matrix = |dims: &[usize], bound: f64| {
            let count: usize = dims.iter().product();
            let values = (0..count).map(|_| ((2.0 * random.uniform() - 1.0) * bound) as f32);
            parameter(values.collect(), dims)
        };
        let bound = |inputs: usize| (inputs as f64).sqrt().recip();
        let depth = (shape.layers as f64).sqrt();
        Ok(Self {
            norm: parameter(vec![1.0; width], &[width])?,
            in_proj: matrix(&[2 * inner, width], bound(width))?,
            convolution: matrix(&[inner, 1, shape.taps], bound(shape.taps))?,
            convolution_bias: matrix(&[inner], bound(shape.taps))?,
            x_proj: matrix(&[rank + 2 * states, inner], bound(inner))?,
            dt_proj: matrix(&[inner, rank], bound(rank))?,
            out_proj: matrix(&[width, inner], bound(inner) / depth)?,
            dt_bias: parameter((0..inner).map(|_| time_step_bias(random)).collect(), &[inner])?,
            a_log: parameter(
                (0..inner * states).map(|place| ((place % states + 1) as f32).ln()).collect(),
                &[inner, states],
            )?,
            skip: parameter(vec![1.0; inner], &[inner])?,
        })
    }
}

/// The bias whose softplus is a random time step.
fn time_step_bias(random: &mut Random) -> f32 {
    let (low, high) = (TIME_STEPS.0.ln(), TIME_STEPS.1.ln());
    let step = (low + random.uniform() * (high - low)).exp();
    step.exp_m1().ln() as f32
}
