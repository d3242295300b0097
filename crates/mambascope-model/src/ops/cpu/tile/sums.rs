//! The sums of a tile: chains of multiply-adds in registers, short enough for little rounding, and their totals in the
//! rows of the output.
//!
//! A chain's rounding errors grow with its length: each multiply-add rounds what all before it came to. Chains over some
//! of the inputs each, whose totals are then added, have errors as of a chain the length of one of them and one of their
//! number (N. J. Higham, Accuracy and Stability of Numerical Algorithms, chapter 4).

use pulp::Simd as _;

use super::super::ahead::Ahead;
use super::super::vector::LANES;

/// Inputs between two lines that are asked for: more at a time would keep what is read now waiting.
const APART: usize = 4;
/// Chains an output, where that makes them no shorter than this.
const CHAINS: usize = 5;
const SHORTEST: usize = 48;

/// A vector unit that adds products in chains.
pub(super) trait Chain: Ahead {
    /// What a chain has come to.
    type Sum: Copy;

    /// Inputs of a chain; of the last one, as many as are left.
    #[inline(always)]
    fn length(inputs: usize) -> usize {
        inputs.div_ceil(CHAINS).max(SHORTEST)
    }

    /// The sum of nothing.
    fn nothing(self) -> Self::Sum;

    /// A sum and the product of two numbers.
    fn and(self, sum: Self::Sum, x: Self::f32s, weight: Self::f32s) -> Self::Sum;

    /// What one chain has come to.
    fn whole(self, sum: Self::Sum) -> Self::f32s;

    /// What chains have come to, with one more.
    fn total(self, total: Self::f32s, sum: Self::Sum) -> Self::f32s;
}

macro_rules! fused_chains_on {
    ($unit:ty) => {
        impl Chain for $unit {
            type Sum = Self::f32s;

            #[inline(always)]
            fn nothing(self) -> Self::Sum {
                self.splat_f32s(0.0)
            }

            #[inline(always)]
            fn and(self, sum: Self::Sum, x: Self::f32s, weight: Self::f32s) -> Self::Sum {
                self.mul_add_e_f32s(x, weight, sum)
            }

            #[inline(always)]
            fn whole(self, sum: Self::Sum) -> Self::f32s {
                sum
            }

            #[inline(always)]
            fn total(self, total: Self::f32s, sum: Self::Sum) -> Self::f32s {
                self.add_f32s(total, sum)
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
fused_chains_on!(pulp::x86::V4);
#[cfg(target_arch = "x86_64")]
fused_chains_on!(pulp::x86::V3);
#[cfg(target_arch = "aarch64")]
fused_chains_on!(pulp::aarch64::Neon);

/// Without fused multiply-adds each product is rounded too; in f64 it is not, and one chain does.
impl Chain for pulp::Scalar {
    type Sum = f64;

    #[inline(always)]
    fn length(inputs: usize) -> usize {
        inputs
    }

    #[inline(always)]
    fn nothing(self) -> f64 {
        0.0
    }

    #[inline(always)]
    fn and(self, sum: f64, x: f32, weight: f32) -> f64 {
        f64::from(x) * f64::from(weight) + sum
    }

    #[inline(always)]
    fn whole(self, sum: f64) -> f32 {
        sum as f32
    }

    #[inline(always)]
    fn total(self, total: f32, sum: f64) -> f32 {
        (f64::from(total) + sum) as f32
    }
}

/// `ROWS` rows by `PANELS` panels, into the rows of `out` from a column on, where there is room for whole panels.
///
/// Beside the first inputs the lines of `next` and those that the totals go to are asked for, so that neither is waited
/// for.
#[inline(always)]
pub(super) fn tile<S: Chain, const ROWS: usize, const PANELS: usize, const VECTORS: usize>(
    unit: S,
    panels: &[&[[S::f32s; VECTORS]]; PANELS],
    next: &[[S::f32s; VECTORS]],
    x: &[f32],
    out: &mut [&mut [f32]],
    column: usize,
) {
    let inputs = panels[0].len();
    let panels: [&[[S::f32s; VECTORS]]; PANELS] =
        std::array::from_fn(|panel| &panels[panel][..inputs]);
    let rows: [&[f32]; ROWS] = std::array::from_fn(|row| &x[row * inputs..][..inputs]);
    let columns = column..column + PANELS * LANES;
    let mut totals: [&mut [[f32; LANES]]; ROWS] = std::array::from_fn(|_| Default::default());
    for (totals, row) in totals.iter_mut().zip(out) {
        *totals = row[columns.clone()].as_chunks_mut().0;
    }
    let length = S::length(inputs);
    for first in (0..inputs).step_by(length) {
        let end = inputs.min(first + length);
        let mut sums = [[[unit.nothing(); VECTORS]; PANELS]; ROWS];
        for input in first..end {
            if input % APART == 0 {
                if let Some(line) = next.get(input / APART) {
                    unit.ahead(std::slice::from_ref(line));
                }
                if let Some(row) = totals.get(input / APART) {
                    // A panel's numbers may lie on two lines; the first of them was asked for with the panel before.
                    row[..PANELS].iter().for_each(|panel| unit.soon(&panel[LANES - 1..]));
                }
            }
            let weights: [[S::f32s; VECTORS]; PANELS] =
                std::array::from_fn(|panel| panels[panel][input]);
            for row in 0..ROWS {
                let value = unit.splat_f32s(rows[row][input]);
                for panel in 0..PANELS {
                    for vector in 0..VECTORS {
                        let sum = &mut sums[row][panel][vector];
                        *sum = unit.and(*sum, value, weights[panel][vector]);
                    }
                }
            }
        }
        if first == 0 {
            for row in 0..ROWS {
                for panel in 0..PANELS {
                    let total = S::as_mut_simd_f32s(&mut totals[row][panel]).0;
                    for vector in 0..VECTORS {
                        total[vector] = unit.whole(sums[row][panel][vector]);
                    }
                }
            }
        } else {
            for row in 0..ROWS {
                for panel in 0..PANELS {
                    let total = S::as_mut_simd_f32s(&mut totals[row][panel]).0;
                    for vector in 0..VECTORS {
                        total[vector] = unit.total(total[vector], sums[row][panel][vector]);
                    }
                }
            }
        }
    }
}
