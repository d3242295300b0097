//! A Mamba-1 whose parameters can be trained.
//!
//! # Source
//! Gu and Dao 2023; names and order of operations as in state-spaces/mamba, `mamba_ssm/modules/mamba_simple.py`.

use candle_core::{D, DType, Device, Result, Tensor, Var};
use mambascope_model::grad::{Scan, Spans, convolve};
use serde::{Deserialize, Serialize};

mod first;
mod read;

/// What the norm adds to the mean square; state-spaces/mamba's.
const EPSILON: f64 = 1e-5;

/// The sizes of a Mamba-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shape {
    /// V.
    pub vocabulary: usize,
    /// Blocks.
    pub layers: usize,
    /// D.
    pub width: usize,
    /// N.
    pub states: usize,
    /// K.
    pub taps: usize,
    /// E over D.
    pub expand: usize,
}

impl Default for Shape {
    fn default() -> Self {
        Self { vocabulary: 4_096, layers: 8, width: 96, states: 8, taps: 4, expand: 2 }
    }
}

impl Shape {
    /// E.
    pub fn inner(&self) -> usize {
        self.width * self.expand
    }

    /// R, a sixteenth of the width, rounded up.
    pub fn rank(&self) -> usize {
        self.width.div_ceil(16)
    }
}

/// A Mamba-1 whose parameters can be trained, on the CPU in f32.
#[derive(Debug)]
pub struct Network {
    shape: Shape,
    embedding: Var, // [V, D]
    layers: Vec<Layer>,
    norm: Var, // [D]
}

#[derive(Debug)]
struct Layer {
    norm: Var,             // [D]
    in_proj: Var,          // [2E, D]
    convolution: Var,      // [E, 1, K]
    convolution_bias: Var, // [E]
    x_proj: Var,           // [R+2N, E]
    dt_proj: Var,          // [E, R]
    dt_bias: Var,          // [E]
    a_log: Var,            // [E, N]
    skip: Var,             // [E]
    out_proj: Var,         // [D, E]
}

impl Network {
    /// The sizes.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Every parameter with its name in a state-spaces checkpoint.
    pub fn parameters(&self) -> Vec<(String, Var)> {
        let mut parameters = vec![("backbone.embedding.weight".to_owned(), self.embedding.clone())];
        for (index, layer) in self.layers.iter().enumerate() {
            for (name, parameter) in layer.parameters() {
                parameters.push((format!("backbone.layers.{index}.{name}"), parameter.clone()));
            }
        }
        parameters.push(("backbone.norm_f.weight".to_owned(), self.norm.clone()));
        parameters
    }

    /// What enters the first layer.
    ///
    /// # Shapes
    /// L tokens; returns `[L, D]`.
    ///
    /// # Errors
    /// When a token is not below V.
    pub fn embed(&self, tokens: &[u32]) -> Result<Tensor> {
        self.embedding.index_select(&Tensor::new(tokens, &Device::Cpu)?, 0)
    }

    /// Runs all layers; `visit` sees, and may replace, the residual after each.
    ///
    /// # Shapes
    /// `residual` `[L, D]`; returns the last layer's residual, `[L, D]`.
    ///
    /// # Errors
    /// When the tokens of `spans` are not those of `residual`, or `visit` fails.
    pub fn run(
        &self,
        residual: Tensor,
        spans: &Spans,
        visit: &mut dyn FnMut(usize, Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let mut residual = residual;
        for (index, layer) in self.layers.iter().enumerate() {
            let output = layer.mix(&residual, spans, self.shape)?;
            residual = visit(index, (residual + output)?)?;
        }
        Ok(residual)
    }

    /// The logits after some of the tokens.
    ///
    /// # Shapes
    /// `residual` `[L, D]`, `rows` M of its rows; returns `[M, V]`.
    ///
    /// # Errors
    /// When a row is not below L.
    pub fn logits(&self, residual: &Tensor, rows: &[u32]) -> Result<Tensor> {
        let chosen = residual.index_select(&Tensor::new(rows, &Device::Cpu)?, 0)?;
        normalise(&chosen, &self.norm)?.matmul(&self.embedding.t()?)
    }
}

impl Layer {
    fn parameters(&self) -> [(&'static str, &Var); 10] {
        [
            ("norm.weight", &self.norm),
            ("mixer.in_proj.weight", &self.in_proj),
            ("mixer.conv1d.weight", &self.convolution),
            ("mixer.conv1d.bias", &self.convolution_bias),
            ("mixer.x_proj.weight", &self.x_proj),
            ("mixer.dt_proj.weight", &self.dt_proj),
            ("mixer.dt_proj.bias", &self.dt_bias),
            ("mixer.A_log", &self.a_log),
            ("mixer.D", &self.skip),
            ("mixer.out_proj.weight", &self.out_proj),
        ]
    }

    /// What the layer adds to the residual.
    fn mix(&self, residual: &Tensor, spans: &Spans, shape: Shape) -> Result<Tensor> {
        let (inner, rank) = (shape.inner(), shape.rank());
        let normal = normalise(residual, &self.norm)?; // [L, D]
        let both = normal.matmul(&self.in_proj.t()?)?; // [L, 2E]
        let weight = self.convolution.squeeze(1)?; // [E, K]
        let input = both.narrow(1, 0, inner)?;
        let input = convolve(&input, &weight, &self.convolution_bias, spans)?.silu()?; // [L, E]
        let drive = input.matmul(&self.x_proj.t()?)?; // [L, R+2N]
        let low = drive.narrow(1, 0, rank)?.contiguous()?; // [L, R]
        let delta = softplus(&low.matmul(&self.dt_proj.t()?)?.broadcast_add(&self.dt_bias)?)?;
        let scan = Scan {
            delta,
            input,
            maps: drive.narrow(1, rank, 2 * shape.states)?,
            a: self.a_log.exp()?.neg()?,
            skip: self.skip.as_tensor().clone(),
        };
        let gate = both.narrow(1, inner, inner)?.contiguous()?.silu()?; // [L, E]
        (scan.run(spans)? * gate)?.matmul(&self.out_proj.t()?) // [L, D]
    }
}

/// Divides each row by its root mean square and scales it.
fn normalise(rows: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let size = (rows.sqr()?.mean_keepdim(D::Minus1)? + EPSILON)?.sqrt()?;
    rows.broadcast_div(&size)?.broadcast_mul(weight)
}

/// ln(1 + e^x), without overflow.
fn softplus(values: &Tensor) -> Result<Tensor> {
    values.relu()? + (values.abs()?.neg()?.exp()? + 1.0)?.log()?
}

/// A parameter of a new network.
fn parameter(values: Vec<f32>, dims: &[usize]) -> Result<Var> {
    Var::from_tensor(&Tensor::from_vec(values, dims, &Device::Cpu)?.to_dtype(DType::F32)?)
}
