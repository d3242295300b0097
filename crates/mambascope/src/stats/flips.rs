//! Whether a cell's effect could be chance: signs of paired differences flipped.
//!
//! If restoring a cell did nothing, the clean and the corrupted name of each pair could be exchanged, which turns the sign
//! of their difference. The share of all ways to do so whose mean is as far from zero as the one seen is the p-value: exact
//! for any distribution that is even around zero, and for few samples. All cells are flipped together, so that what they
//! share (their noise draws) is kept.

use crate::random::RandomState;

/// Which flips are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flips {
    /// Up to so many, all are tried; else this many drawn ones beside the one seen.
    pub most: usize,
    /// Seed of the draws.
    pub seed: u32,
}

impl Default for Flips {
    /// All flips of up to 13 samples; 4999 drawn ones of more.
    fn default() -> Self {
        Self { most: 4999, seed: 1 }
    }
}

/// What the flips say of one cell. NaN where the cell has a value that is not a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tested {
    /// The share of flips as far from zero as the cell, for this cell alone.
    pub p: f64,
    /// The share of flips whose farthest cell is as far as this one: below 0.05, there is at most a chance of one in
    /// twenty that any cell of the grid is there wrongly.
    pub p_of_grid: f64,
}

/// Tests each cell of a grid, given its differences, sample by sample: restored less corrupted, under the same noise.
///
/// Cells are compared by their sum over the root of their sum of squares, which no flip changes.
///
/// With S samples no p-value is below 2 to the power of 1 - S: 0.002 for ten. Cells with other numbers of samples than the
/// first are not tested.
///
/// # Cost
/// Flips times cells times samples additions.
///
/// # Source
/// Fisher 1935, The Design of Experiments, section 21; the farthest cell: Westfall and Young 1993.
///
/// # Example
/// ```
/// use mambascope::stats::{Flips, sign_flips};
/// let cells = [vec![0.3, 0.4, 0.2, 0.5, 0.3, 0.4], vec![0.1, -0.2, 0.1, 0.0, -0.1, 0.1]];
/// let tested = sign_flips(&cells, Flips::default());
/// assert_eq!(tested[0].p, 1.0 / 32.0);
/// assert!(tested[1].p > 0.5 && tested[0].p_of_grid >= tested[0].p);
/// ```
pub fn sign_flips<C: AsRef<[f64]>>(cells: &[C], flips: Flips) -> Vec<Tested> {
    let cells: Vec<&[f64]> = cells.iter().map(AsRef::as_ref).collect();
    let samples = cells.first().map_or(0, |cell| cell.len());
    let scales: Vec<f64> = cells.iter().map(|cell| scale(cell, samples)).collect();
    let seen: Vec<f64> = cells
        .iter()
        .zip(&scales)
        .map(|(cell, scale)| distance(cell.iter().sum(), *scale))
        .collect();
    let mut alone = vec![0_usize; cells.len()];
    let mut together = vec![0_usize; cells.len()];
    let mut tried = 0_usize;
    let mut flipped = vec![0.0; cells.len()];
    patterns(samples, flips, |signs| {
        for ((value, cell), scale) in flipped.iter_mut().zip(&cells).zip(&scales) {
            *value = distance(cell.iter().zip(signs).map(|(one, sign)| one * sign).sum(), *scale);
        }
        let farthest = flipped.iter().copied().fold(0.0, f64::max);
        for (index, seen) in seen.iter().enumerate() {
            alone[index] += usize::from(reaches(flipped[index], *seen));
            together[index] += usize::from(reaches(farthest, *seen));
        }
        tried += 1;
    });
    let share = |count: usize, seen: f64| {
        if seen.is_nan() { f64::NAN } else { count as f64 / tried as f64 }
    };
    let tested = seen.iter().zip(alone.iter().zip(&together));
    tested
        .map(|(seen, (alone, together))| Tested {
            p: share(*alone, *seen),
            p_of_grid: share(*together, *seen),
        })
        .collect()
}

/// The root of the sum of squares; NaN for a cell that is not tested.
fn scale(cell: &[f64], samples: usize) -> f64 {
    let squares: f64 = cell.iter().map(|value| value * value).sum();
    if cell.len() == samples && samples > 0 { squares.sqrt() } else { f64::NAN }
}

fn distance(sum: f64, scale: f64) -> f64 {
    if scale == 0.0 { 0.0 } else { sum.abs() / scale }
}

/// Whether a flip is as far as what was seen, up to the rounding of sums in another order.
fn reaches(flipped: f64, seen: f64) -> bool {
    flipped >= seen - 1e-12
}

/// Gives `visit` each pattern of signs; the pattern without a flip is among them.
///
/// A pattern and its opposite are as far from zero, so that the first sign is never turned where all are tried.
fn patterns(samples: usize, flips: Flips, mut visit: impl FnMut(&[f64])) {
    let free = samples.saturating_sub(1);
    let mut signs = vec![1.0; samples];
    if free < usize::BITS as usize - 1 && 1_usize << free <= flips.most {
        for pattern in 0..1_usize << free {
            for (bit, sign) in signs.iter_mut().skip(1).enumerate() {
                *sign = if pattern >> bit & 1 == 1 { -1.0 } else { 1.0 };
            }
            visit(&signs);
        }
        return;
    }
    visit(&signs);
    let mut random = RandomState::new(flips.seed);
    for _ in 0..flips.most {
        for (sign, draw) in signs.iter_mut().zip(random.uniform(0.0, 1.0, samples)) {
            *sign = if draw < 0.5 { -1.0 } else { 1.0 };
        }
        visit(&signs);
    }
}
