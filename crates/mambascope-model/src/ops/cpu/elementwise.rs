//! Operations on each number or each row alone.

use super::vector::{Arithmetic, Kernel, exp, silu, softplus, sum_of, vectorized};
use crate::Threads;
use crate::packed::Packed;

/// A function of one number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Curve {
    Silu,
    Softplus,
}

/// The curve of each number.
pub(super) fn bend(x: &Packed<f32>, curve: Curve, on: &Threads) -> Packed<f32> {
    let mut out = x.clone();
    on.over(out.values_mut(), x.columns(), |_, values| vectorized(Bend { values, curve }));
    out
}

/// What is made of each pair of numbers.
pub(super) fn paired(
    x: &Packed<f32>,
    y: &Packed<f32>,
    on: &Threads,
    of: impl Fn(f32, f32) -> f32 + Send + Sync,
) -> Packed<f32> {
    let mut out = x.clone();
    on.over(out.values_mut(), x.columns(), |first, values| {
        let others = &y.values()[first * x.columns()..];
        values.iter_mut().zip(others).for_each(|(value, &other)| *value = of(*value, other));
    });
    out
}

struct Bend<'a> {
    values: &'a mut [f32],
    curve: Curve,
}

impl Kernel for Bend<'_> {
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        for value in self.values {
            *value = match self.curve {
                Curve::Silu => silu::<A>(*value),
                Curve::Softplus => softplus::<A>(*value),
            };
        }
    }
}

/// The root-mean-square norm of each row, times a weight a channel.
pub(super) fn norm(x: &Packed<f32>, weight: &[f32], epsilon: f32, on: &Threads) -> Packed<f32> {
    let mut out = x.clone();
    on.over(out.values_mut(), x.columns(), |_, values| {
        vectorized(Norm { values, weight, epsilon });
    });
    out
}

struct Norm<'a> {
    values: &'a mut [f32],
    weight: &'a [f32],
    epsilon: f32,
}

impl Kernel for Norm<'_> {
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        for row in self.values.chunks_exact_mut(self.weight.len()) {
            let mean = sum_of::<A>(row, |value| value * value) / row.len() as f32;
            let scale = 1.0 / (mean + self.epsilon).sqrt();
            for (value, weight) in row.iter_mut().zip(self.weight) {
                *value *= scale * weight;
            }
        }
    }
}

/// The probability of one column in the softmax of each row; sums of blocks are added in f64.
pub(super) fn probability(logits: &Packed<f32>, column: usize) -> Vec<f64> {
    const BLOCK: usize = 512;
    (0..logits.rows())
        .map(|row| {
            let row = logits.row(row);
            let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = row.chunks(BLOCK).map(|block| exponentials(block, top)).sum();
            (f64::from(row[column]) - f64::from(top)).exp() / sum
        })
        .collect()
}

/// The sum of exp(value - top).
fn exponentials(values: &[f32], top: f32) -> f64 {
    let mut sum = 0.0;
    vectorized(Exponentials { values, top, sum: &mut sum });
    f64::from(sum)
}

struct Exponentials<'a> {
    values: &'a [f32],
    top: f32,
    sum: &'a mut f32,
}

impl Kernel for Exponentials<'_> {
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let top = self.top;
        *self.sum = sum_of::<A>(self.values, |value| exp::<A>(value - top));
    }
}
