//! Operations on each number or each row alone.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::vector::{Arithmetic, Kernel, LANES, silu, softplus, sum_of, vectorized};
use crate::Threads;
use crate::finite::first_row;
use crate::ops::Normed;
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
pub(super) fn norm(
    x: &Packed<f32>,
    weight: &[f32],
    epsilon: f64,
    on: &Threads,
) -> Normed<Packed<f32>> {
    let (mut out, unsound) = (x.clone(), AtomicUsize::new(usize::MAX));
    on.over(out.values_mut(), x.columns(), |first, values| {
        vectorized(Norm { values, weight, epsilon, first, unsound: &unsound });
    });
    let unsound = unsound.into_inner();
    Normed { rows: out, unsound: (unsound < usize::MAX).then_some(unsound) }
}

struct Norm<'a> {
    values: &'a mut [f32],
    weight: &'a [f32],
    epsilon: f64,
    /// The number of the first row.
    first: usize,
    /// The first row of all whose mean of squares is not finite.
    unsound: &'a AtomicUsize,
}

impl Kernel for Norm<'_> {
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        for (index, row) in self.values.chunks_exact_mut(self.weight.len()).enumerate() {
            let mean = sum_of::<A>(row, |value| value * value) / row.len() as f64;
            if !mean.is_finite() {
                self.unsound.fetch_min(self.first + index, Ordering::Relaxed);
            }
            let scale = 1.0 / (mean + self.epsilon).sqrt();
            // Rounded once: an error of the scale would be the same for all channels, and not average out.
            for (value, &weight) in row.iter_mut().zip(self.weight) {
                *value = (f64::from(*value) * scale * f64::from(weight)) as f32;
            }
        }
    }
}

/// Numbers that are looked at together: enough for a thread to be worth it, few enough to end soon.
const TOGETHER: usize = 1 << 18;

/// The first row with a number that is not finite.
pub(super) fn unsound(x: &Packed<f32>, on: &Threads) -> Option<usize> {
    let sound = if x.values().len() < 2 * TOGETHER || on.stay() {
        all_finite(x.values())
    } else {
        on.run(|| x.values().par_chunks(TOGETHER).all(all_finite))
    };
    // Which row it is matters only where there is one.
    if sound { None } else { first_row(x.values(), x.columns(), f32::is_finite) }
}

/// Whether all numbers are finite.
pub(super) fn all_finite(values: &[f32]) -> bool {
    let mut all = true;
    vectorized(AllFinite { values, all: &mut all });
    all
}

struct AllFinite<'a> {
    values: &'a [f32],
    all: &'a mut bool,
}

impl Kernel for AllFinite<'_> {
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        // Without leaving early, so that the loop goes many abreast.
        *self.all = self.values.iter().fold(true, |all, value| all & value.is_finite());
    }
}

/// The largest magnitude among numbers; NaN is passed over.
pub(super) fn largest(values: &[f32]) -> f64 {
    let mut largest = 0.0;
    vectorized(Largest { values, largest: &mut largest });
    f64::from(largest)
}

struct Largest<'a> {
    values: &'a [f32],
    largest: &'a mut f32,
}

impl Kernel for Largest<'_> {
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let (blocks, rest) = self.values.as_chunks::<LANES>();
        let mut tops = [0.0_f32; LANES];
        for block in blocks {
            for lane in 0..LANES {
                let value = block[lane].abs();
                tops[lane] = if value > tops[lane] { value } else { tops[lane] };
            }
        }
        let rest = rest.iter().map(|value| value.abs());
        *self.largest = tops.into_iter().chain(rest).fold(0.0, f32::max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn the_first_row_that_is_not_finite_is_found_on_any_number_of_threads() -> Result<(), Error> {
        for threads in [1, 2, 3] {
            let threads = Threads::new(threads)?;
            for (rows, columns) in [(1, 5), (7, 33), (1200, 700)] {
                let weight = vec![1.0; columns];
                let mut x = Packed::new(vec![0.5; rows * columns], columns);
                assert_eq!(unsound(&x, &threads), None);
                assert_eq!(norm(&x, &weight, 1e-5, &threads).unsound, None);
                for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    x.row_mut(rows - 1)[columns / 2] = bad;
                    x.row_mut(rows / 2)[columns - 1] = bad;
                    assert_eq!(unsound(&x, &threads), Some(rows / 2));
                    assert_eq!(norm(&x, &weight, 1e-5, &threads).unsound, Some(rows / 2));
                }
                x.row_mut(rows - 1)[columns / 2] = 1e18;
                x.row_mut(rows / 2)[columns - 1] = -1e20;
                assert_eq!(unsound(&x, &threads), None, "it is finite");
                let square = norm(&x, &weight, 1e-5, &threads).unsound;
                assert_eq!(square, Some(rows / 2), "and its square is not");
            }
        }
        Ok(())
    }
}
