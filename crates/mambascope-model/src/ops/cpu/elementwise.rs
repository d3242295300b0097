//! Operations on each number or each row alone.

use super::vector::{Arithmetic, Kernel, silu, softplus, sum_of, vectorized};
use crate::Threads;
use crate::packed::Packed;

/// A function of one number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Curve {
    Silu,
    Softplus,
}

/// The curve of each number.
pub(super) fn bend(mut x: Packed<f32>, curve: Curve, on: &Threads) -> Packed<f32> {
    let columns = x.columns();
    on.over(x.values_mut(), columns, |_, values| vectorized(Bend { values, curve }));
    x
}

/// What is made of two numbers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pair {
    Product,
    Sum,
}

/// What is made of each pair of numbers.
pub(super) fn paired(mut x: Packed<f32>, y: &Packed<f32>, pair: Pair, on: &Threads) -> Packed<f32> {
    let columns = x.columns();
    on.over(x.values_mut(), columns, |first, values| {
        let others = &y.values()[first * columns..];
        vectorized(Paired { values, others, pair });
    });
    x
}

struct Paired<'a> {
    values: &'a mut [f32],
    others: &'a [f32],
    pair: Pair,
}

impl Kernel for Paired<'_> {
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let pairs = self.values.iter_mut().zip(self.others);
        match self.pair {
            Pair::Product => pairs.for_each(|(value, &other)| *value *= other),
            Pair::Sum => pairs.for_each(|(value, &other)| *value += other),
        }
    }
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
pub(super) fn norm(x: &Packed<f32>, weight: &[f32], epsilon: f64, on: &Threads) -> Packed<f32> {
    let mut out = x.clone();
    on.over(out.values_mut(), x.columns(), |_, values| {
        vectorized(Norm { values, weight, epsilon });
    });
    out
}

struct Norm<'a> {
    values: &'a mut [f32],
    weight: &'a [f32],
    epsilon: f64,
}

impl Kernel for Norm<'_> {
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        for row in self.values.chunks_exact_mut(self.weight.len()) {
            let mean = sum_of::<A>(row, |value| value * value) / row.len() as f64;
            let scale = 1.0 / (mean + self.epsilon).sqrt();
            // Rounded once: an error of the scale would be the same for all channels, and not average out.
            for (value, &weight) in row.iter_mut().zip(self.weight) {
                *value = (f64::from(*value) * scale * f64::from(weight)) as f32;
            }
        }
    }
}
