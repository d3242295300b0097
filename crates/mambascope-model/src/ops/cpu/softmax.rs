//! The probability of one column in the softmax of rows of logits, block by block of columns.
//!
//! Each block is measured from its own largest number, so that logits need never lie whole in memory: a block of many
//! rows' logits is made, measured and forgotten while it is in the cache.

use std::ops::Range;

use rayon::prelude::*;

use super::elementwise::all_finite;
use super::project::PackedMatrix;
use super::vector::{Arithmetic, Kernel, LANES, exp, sum_of, vectorized};
use crate::Threads;
use crate::packed::Packed;

/// Columns of a block: whole panels of weights.
const BLOCK: usize = 32 * LANES;

/// What a row's sum of exponentials needs of a block.
#[derive(Debug, Clone, Copy)]
struct Measured {
    /// The largest number.
    top: f32,
    /// The sum of exp(number - top).
    sum: f64,
}

/// The probability of one column in the softmax of each row; NaN where a logit of the row is not finite.
pub(super) fn probability(logits: &Packed<f32>, column: usize) -> Vec<f64> {
    let of_row = |row: usize| {
        let row = logits.row(row);
        if all_finite(row) { share(row[column], row.chunks(BLOCK).map(measure)) } else { f64::NAN }
    };
    (0..logits.rows()).map(of_row).collect()
}

/// The probability of one column in the softmax of `W x + b`, of each row; NaN where a number of those is not finite.
pub(super) fn probability_of(
    x: &Packed<f32>,
    head: &PackedMatrix,
    column: usize,
    on: &Threads,
) -> Vec<f64> {
    if !head.keeps_finite(x.values()) {
        return probability(&head.apply(x, on), column);
    }
    let block = |index: usize| Block::of(x, head, index, column);
    let count = head.outputs_in_all().div_ceil(BLOCK);
    let blocks: Vec<Block> = if on.stay() {
        (0..count).map(block).collect()
    } else {
        on.run(|| (0..count).into_par_iter().map(block).collect())
    };
    let answers = blocks.iter().find_map(|block| block.answers.as_deref()).unwrap_or_default();
    let of_row = |(row, &answer): (usize, &f32)| {
        share(answer, blocks.iter().map(|block| block.measured[row]))
    };
    answers.iter().enumerate().map(of_row).collect()
}

/// What a block of logits is to each row.
struct Block {
    measured: Vec<Measured>,
    /// The logits of the column that is asked for, where the block has it.
    answers: Option<Vec<f32>>,
}

impl Block {
    fn of(x: &Packed<f32>, head: &PackedMatrix, index: usize, column: usize) -> Self {
        let columns = index * BLOCK..head.outputs_in_all().min((index + 1) * BLOCK);
        let Range { start, .. } = columns;
        let asked = columns.contains(&column).then(|| column - start);
        let logits = head.columns(x, columns);
        let rows = || (0..logits.rows()).map(|row| logits.row(row));
        Self {
            measured: rows().map(measure).collect(),
            answers: asked.map(|column| rows().map(|row| row[column]).collect()),
        }
    }
}

/// A logit's share of the sum of exponentials over blocks; sums of blocks are added in f64.
fn share(logit: f32, blocks: impl Iterator<Item = Measured> + Clone) -> f64 {
    let top = blocks.clone().map(|block| block.top).fold(f32::NEG_INFINITY, f32::max);
    let from_top = |value: f32| (f64::from(value) - f64::from(top)).exp();
    let sum: f64 = blocks.map(|block| from_top(block.top) * block.sum).sum();
    from_top(logit) / sum
}

fn measure(values: &[f32]) -> Measured {
    let mut measured = Measured { top: f32::NEG_INFINITY, sum: 0.0 };
    vectorized(Measure { values, measured: &mut measured });
    measured
}

struct Measure<'a> {
    values: &'a [f32],
    measured: &'a mut Measured,
}

impl Kernel for Measure<'_> {
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let (blocks, rest) = self.values.as_chunks::<LANES>();
        let mut tops = [f32::NEG_INFINITY; LANES];
        for block in blocks {
            for lane in 0..LANES {
                tops[lane] = if block[lane] > tops[lane] { block[lane] } else { tops[lane] };
            }
        }
        let top = tops.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max);
        let sum = sum_of::<A>(self.values, |value| exp::<A>(value - top));
        *self.measured = Measured { top, sum };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(rows: usize, columns: usize, scale: f32) -> Packed<f32> {
        let one = |index: usize| scale * ((index * 7919 % 2003) as f32 / 1001.5 - 1.0);
        Packed::new((0..rows * columns).map(one).collect(), columns)
    }

    #[test]
    fn logits_that_are_never_written_down_have_the_same_softmax() -> Result<(), crate::Error> {
        let threads = Threads::new(2)?;
        for outputs in [1, 17, BLOCK - 1, BLOCK, 2 * BLOCK + 37] {
            for bias in [None, Some(numbers(1, outputs, 0.5).values().to_vec())] {
                let weight = numbers(outputs, 24, 3.0);
                let head = PackedMatrix::new(weight.values(), outputs, bias);
                let x = numbers(19, 24, 1.0);
                let logits = head.apply(&x, &threads);
                for column in [0, outputs / 2, outputs - 1] {
                    let whole = probability(&logits, column);
                    assert_eq!(probability_of(&x, &head, column, &threads), whole);
                    for (row, p) in whole.into_iter().enumerate() {
                        let row = logits.row(row).iter().map(|&value| f64::from(value));
                        let sum: f64 = row.clone().map(f64::exp).sum();
                        let exact = row.clone().nth(column).map_or(f64::NAN, f64::exp) / sum;
                        assert!((p - exact).abs() < 1e-6 * exact, "{p} is not {exact}");
                    }
                }
            }
        }
        Ok(())
    }

    #[test]
    fn products_that_overflow_have_no_probability() -> Result<(), crate::Error> {
        let threads = Threads::new(2)?;
        for (weight, x) in [(1e30, 1e10), (-3e38, 5.0), (1e38, -1e38), (1.0, f32::INFINITY)] {
            for place in [0, BLOCK + 5] {
                let mut weights = numbers(BLOCK + 20, 24, 1.0);
                weights.row_mut(place)[3] = weight;
                let head = PackedMatrix::new(weights.values(), BLOCK + 20, None);
                let mut rows = numbers(3, 24, 1.0);
                rows.row_mut(1)[3] = x;
                let p = probability_of(&rows, &head, 7, &threads);
                assert!(p[1].is_nan(), "{weight} {x}");
                assert_eq!([p[0], p[2]].map(f64::is_nan), [false; 2], "{weight} {x}");
            }
        }
        Ok(())
    }

    #[test]
    fn numbers_far_apart_and_without_meaning_are_what_they_are() {
        let logits = Packed::new(vec![-3.0e4, 3.0e4, 0.0, f32::NAN, 1.0, 2.0], 3);
        let p = probability(&logits, 1);
        assert_eq!(p[0], 1.0);
        assert!(p[1].is_nan());
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for place in [0, 20, BLOCK + 3] {
                let mut row = vec![1.0; BLOCK + 4];
                row[place] = bad;
                assert!(
                    probability(&Packed::new(row, BLOCK + 4), 7)[0].is_nan(),
                    "{bad} at {place}"
                );
            }
        }
    }
}
