//! The causal depthwise convolution along ragged spans.

use super::vector::{Arithmetic, Kernel, vectorized};
use crate::packed::Packed;
use crate::{Ragged, Threads};

/// The convolution's weights, one row of channels for each step back.
#[derive(Debug)]
pub struct Convolution {
    /// `[K, E]`; row 0 weighs the token itself.
    back: Packed<f32>,
    bias: Option<Vec<f32>>,
}

impl Convolution {
    /// Packs weights `[E, K]`, whose last column is the token itself.
    pub(super) fn new(weight: &Packed<f32>, bias: Option<Vec<f32>>) -> Self {
        let (channels, width) = (weight.rows(), weight.columns());
        let mut back = Packed::zeros(width, channels);
        for step in 0..width {
            for (channel, value) in back.row_mut(step).iter_mut().enumerate() {
                *value = weight.row(channel)[width - 1 - step];
            }
        }
        Self { back, bias }
    }

    /// Convolves each span; the rows before a span's first lie in `past`, up to its `past` row.
    pub(super) fn apply(
        &self,
        x: &Packed<f32>,
        past: Option<&Packed<f32>>,
        ragged: &Ragged,
        on: &Threads,
    ) -> Packed<f32> {
        let mut out = Packed::zeros(x.rows(), x.columns());
        on.over(out.values_mut(), x.columns(), |first, rows| {
            self.rows(x, past, ragged, first, rows);
        });
        out
    }

    /// The rows of the pack from number `first` on.
    fn rows(
        &self,
        x: &Packed<f32>,
        past: Option<&Packed<f32>>,
        ragged: &Ragged,
        first: usize,
        out: &mut [f32],
    ) {
        let rows = first..first + out.len().checked_div(x.columns()).unwrap_or(0);
        for (start, span) in ragged.spans() {
            let end = (start + span.length).min(rows.end);
            for row in start.max(rows.start)..end {
                let place = row - start;
                let target = &mut out[(row - first) * x.columns()..][..x.columns()];
                if let Some(bias) = &self.bias {
                    target.copy_from_slice(bias);
                }
                for step in 0..self.back.rows().min(span.token + place + 1) {
                    let input = match (place.checked_sub(step), span.past, past) {
                        (Some(place), ..) => x.row(start + place),
                        (None, Some(row), Some(past)) => past.row(row + 1 + place - step),
                        (None, ..) => continue,
                    };
                    vectorized(Accumulate { weight: self.back.row(step), input, target });
                }
            }
        }
    }
}

struct Accumulate<'a> {
    weight: &'a [f32],
    input: &'a [f32],
    target: &'a mut [f32],
}

impl Kernel for Accumulate<'_> {
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        for ((target, &weight), &input) in self.target.iter_mut().zip(self.weight).zip(self.input) {
            *target = A::multiply_add(weight, input, *target);
        }
    }
}
