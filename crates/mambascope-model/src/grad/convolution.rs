//! The causal depthwise convolution over ragged rows.
//!
//! For each channel e and token t of a row, with x zero before the row's first token,
//!
//! ```text
//! c[t] = bias + sum over k of weight[k] · x[t - (K-1) + k]
//! ```
//!
//! # Source
//! `conv1d` of state-spaces/mamba, `mamba_ssm/modules/mamba_simple.py`.

use candle_core::{CpuStorage, CustomOp3, DType, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::real::{Real, contiguous, values};
use super::spans::Spans;

/// Convolves each channel along each row, differentiably.
///
/// # Shapes
/// `input` `[L, E]`, `weight` `[E, K]`, `bias` `[E]`; returns `[L, E]`.
///
/// # Errors
/// When shapes, or the tokens of `spans`, disagree, or the dtype is neither f32 nor f64.
pub fn convolve(input: &Tensor, weight: &Tensor, bias: &Tensor, spans: &Spans) -> Result<Tensor> {
    let (tokens, channels) = input.dims2()?;
    let (weight_channels, taps) = weight.dims2()?;
    let bias_channels = bias.dims1()?;
    if tokens != spans.tokens() || channels != weight_channels || channels != bias_channels {
        bail!(
            "convolution: input {:?}, weight {:?}, bias {:?} and {} tokens in spans do not fit",
            input.dims(),
            weight.dims(),
            bias.dims(),
            spans.tokens()
        );
    }
    let operation = Convolution { spans: spans.clone(), channels, taps };
    input.contiguous()?.apply_op3(&weight.contiguous()?, &bias.contiguous()?, operation)
}

struct Convolution {
    spans: Spans,
    channels: usize,
    taps: usize,
}

impl Convolution {
    /// `[E, K]` to `[K, E]`, so that the inner loop runs over neighbours.
    fn by_tap<T: Real>(&self, weight: &[T]) -> Vec<T> {
        let mut by_tap = vec![T::zero(); weight.len()];
        for channel in 0..self.channels {
            for tap in 0..self.taps {
                by_tap[tap * self.channels + channel] = weight[channel * self.taps + tap];
            }
        }
        by_tap
    }

    /// The pairs of tap and earlier token that reach token `token` of a row.
    fn reach(&self, token: usize) -> impl Iterator<Item = (usize, usize)> {
        let last = self.taps - 1;
        (0..self.taps)
            .filter(move |tap| token + tap >= last)
            .map(move |tap| (tap, token + tap - last))
    }

    fn forward<T: Real>(&self, input: &[T], weight: &[T], bias: &[T]) -> Vec<T> {
        let width = self.channels;
        let weight = self.by_tap(weight);
        let mut output = vec![T::zero(); input.len()];
        let rows = self.spans.cut(&mut output, width);
        rows.into_par_iter().zip(self.spans.ranges()).for_each(|(row, range)| {
            let input = &input[range.start * width..range.end * width];
            for (token, sums) in row.chunks_exact_mut(width).enumerate() {
                sums.copy_from_slice(bias);
                for (tap, earlier) in self.reach(token) {
                    let taps = &weight[tap * width..(tap + 1) * width];
                    add_products(sums, taps, &input[earlier * width..(earlier + 1) * width]);
                }
            }
        });
        output
    }

    /// The gradients of input `[L, E]`, weight `[E, K]` and bias `[E]`.
    fn backward<T: Real>(&self, input: &[T], weight: &[T], gradient: &[T]) -> [Vec<T>; 3] {
        let width = self.channels;
        let weight = self.by_tap(weight);
        let mut input_gradient = vec![T::zero(); input.len()];
        let rows = self.spans.cut(&mut input_gradient, width);
        let parts: Vec<Vec<T>> = rows
            .into_par_iter()
            .zip(self.spans.ranges())
            .map(|(row, range)| {
                let range = range.start * width..range.end * width;
                self.backward_row(&input[range.clone()], &weight, &gradient[range], row)
            })
            .collect();
        // Summed in the order of the rows, so that the threads leave no trace.
        let mut sums = vec![T::zero(); (self.taps + 1) * width];
        for part in parts {
            for (sum, value) in sums.iter_mut().zip(part) {
                *sum += value;
            }
        }
        let bias_gradient = sums.split_off(self.taps * width);
        let mut weight_gradient = vec![T::zero(); sums.len()];
        for channel in 0..width {
            for tap in 0..self.taps {
                weight_gradient[channel * self.taps + tap] = sums[tap * width + channel];
            }
        }
        [input_gradient, weight_gradient, bias_gradient]
    }

    /// Fills the row's input gradient; returns its share of the weight's (by tap) and, last, of the bias's.
    fn backward_row<T: Real>(
        &self,
        input: &[T],
        weight: &[T],
        gradient: &[T],
        input_gradient: &mut [T],
    ) -> Vec<T> {
        let width = self.channels;
        let mut share = vec![T::zero(); (self.taps + 1) * width];
        let (weight_share, bias_share) = share.split_at_mut(self.taps * width);
        for (token, gradient) in gradient.chunks_exact(width).enumerate() {
            for (sum, &value) in bias_share.iter_mut().zip(gradient) {
                *sum += value;
            }
            for (tap, earlier) in self.reach(token) {
                let taps = tap * width..(tap + 1) * width;
                let place = earlier * width..(earlier + 1) * width;
                add_products(&mut input_gradient[place.clone()], &weight[taps.clone()], gradient);
                add_products(&mut weight_share[taps], &input[place], gradient);
            }
        }
        share
    }

    fn gradients<T: Real>(&self, args: [&Tensor; 2], gradient: &Tensor) -> Result<[Vec<T>; 3]> {
        let [input, weight] = args;
        Ok(self.backward(&values::<T>(input)?, &values::<T>(weight)?, &values::<T>(gradient)?))
    }
}

#[inline]
fn add_products<T: Real>(sums: &mut [T], left: &[T], right: &[T]) {
    for ((sum, &l), &r) in sums.iter_mut().zip(left).zip(right) {
        *sum += l * r;
    }
}

impl CustomOp3 for Convolution {
    fn name(&self) -> &'static str {
        "ragged causal convolution"
    }

    fn cpu_fwd(
        &self,
        input: &CpuStorage,
        input_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        macro_rules! run {
            ($float:ty) => {
                <$float as candle_core::WithDType>::to_cpu_storage_owned(self.forward::<$float>(
                    contiguous(input, input_layout)?,
                    contiguous(weight, weight_layout)?,
                    contiguous(bias, bias_layout)?,
                ))
            };
        }
        let output = match input {
            CpuStorage::F32(_) => run!(f32),
            CpuStorage::F64(_) => run!(f64),
            _ => bail!("{} runs in f32 and f64 only", self.name()),
        };
        Ok((output, input_layout.shape().clone()))
    }

    fn bwd(
        &self,
        input: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _output: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        macro_rules! run {
            ($float:ty) => {{
                let [for_input, for_weight, for_bias] =
                    self.gradients::<$float>([input, weight], gradient)?;
                (
                    Some(Tensor::from_vec(for_input, input.shape(), input.device())?),
                    Some(Tensor::from_vec(for_weight, weight.shape(), input.device())?),
                    Some(Tensor::from_vec(for_bias, bias.shape(), input.device())?),
                )
            }};
        }
        Ok(match input.dtype() {
            DType::F32 => run!(f32),
            DType::F64 => run!(f64),
            other => bail!("{} runs in f32 and f64 only, not {other:?}", self.name()),
        })
    }
}
