//! The causal depthwise convolution along ragged spans.

use super::vector::{Arithmetic, Kernel, LANES, vectorized};
use crate::packed::Packed;
use crate::{Ragged, Span, Threads};

/// Channels whose sums stay in registers together.
const WIDE: usize = 4 * LANES;

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
        let mut out = Packed::unset(x.rows(), x.columns());
        on.over(out.values_mut(), x.columns(), |first, out| {
            vectorized(Rows { convolution: self, x, past, ragged, first, out });
        });
        out
    }

    /// What a row of the pack is made of: the inputs of its token, of the one before, and so on.
    #[inline(always)]
    fn inputs<'a>(
        &self,
        (start, span): (usize, Span),
        place: usize,
        x: &'a Packed<f32>,
        past: Option<&'a Packed<f32>>,
    ) -> impl Iterator<Item = &'a [f32]> {
        let steps = 0..self.back.rows().min(span.token + place + 1);
        steps.map_while(move |step| match (place.checked_sub(step), span.past, past) {
            (Some(place), ..) => Some(x.row(start + place)),
            (None, Some(row), Some(past)) => Some(past.row(row + 1 + place - step)),
            (None, ..) => None,
        })
    }
}

/// The rows of the pack from number `first` on.
struct Rows<'a> {
    convolution: &'a Convolution,
    x: &'a Packed<f32>,
    past: Option<&'a Packed<f32>>,
    ragged: &'a Ragged,
    first: usize,
    out: &'a mut [f32],
}

impl Kernel for Rows<'_> {
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { convolution, x, past, ragged, first, out } = self;
        let width = x.columns();
        let rows = first..first + out.len().checked_div(width).unwrap_or(0);
        let bias = convolution.bias.as_deref();
        let mut steps: Vec<Step<'_>> = Vec::with_capacity(convolution.back.rows());
        for (start, span) in ragged.spans() {
            let end = (start + span.length).min(rows.end);
            for row in start.max(rows.start)..end {
                let inputs = convolution.inputs((start, span), row - start, x, past);
                steps.clear();
                steps.extend(
                    inputs
                        .enumerate()
                        .map(|(step, input)| Step { weights: convolution.back.row(step), input }),
                );
                weigh::<A>(&steps, bias, &mut out[(row - first) * width..][..width]);
            }
        }
    }
}

/// A step back: what its token has, and what that weighs.
struct Step<'a> {
    weights: &'a [f32],
    input: &'a [f32],
}

/// The sum of all steps back from one token, in registers until all are added.
#[inline(always)]
fn weigh<A: Arithmetic>(steps: &[Step<'_>], bias: Option<&[f32]>, out: &mut [f32]) {
    let width = out.len();
    let mut at = 0;
    while at + WIDE <= width {
        sum::<A, WIDE>(steps, bias, at, out);
        at += WIDE;
    }
    while at < width {
        sum::<A, 1>(steps, bias, at, out);
        at += 1;
    }
}

/// The same for some channels.
#[inline(always)]
fn sum<A: Arithmetic, const COUNT: usize>(
    steps: &[Step<'_>],
    bias: Option<&[f32]>,
    at: usize,
    out: &mut [f32],
) {
    let mut sums = [0.0; COUNT];
    if let Some(bias) = bias {
        sums.copy_from_slice(&bias[at..at + COUNT]);
    }
    for Step { weights, input } in steps {
        let (weights, input) = (&weights[at..at + COUNT], &input[at..at + COUNT]);
        for lane in 0..COUNT {
            sums[lane] = A::multiply_add(weights[lane], input[lane], sums[lane]);
        }
    }
    out[at..at + COUNT].copy_from_slice(&sums);
}
