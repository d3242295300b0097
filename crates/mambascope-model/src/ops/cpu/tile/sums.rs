//! The sums of a tile: chains of multiply-adds in registers, short enough for little rounding, and their totals.
//!
//! A chain's rounding errors grow with its length: each multiply-add rounds what all before it came to. Chains over some
//! of the inputs each, whose totals are then added, have errors as of a chain the length of one of them and one of their
//! number (N. J. Higham, Accuracy and Stability of Numerical Algorithms, chapter 4).

use std::hint::black_box;

use pulp::Simd as _;

use super::super::ahead::Ahead;
use super::super::vector::LANES;

/// Inputs between two lines that are asked for.
const APART: usize = 4;
/// Chains an output, where that makes them neither shorter nor longer than these.
const CHAINS: usize = 4;
const SHORTEST: usize = 4;
const LONGEST: usize = 64;

/// What chains have come to, of one row and one panel; as wide as a line of the cache, and aligned like one.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
pub(super) struct Line([f32; LANES]);

/// A vector unit that adds products in chains.
pub(super) trait Chain: Ahead {
    /// What a chain has come to.
    type Sum: Copy;

    /// Inputs of a chain; of the last one, as many as are left.
    #[inline(always)]
    fn length(inputs: usize) -> usize {
        (inputs / CHAINS).next_power_of_two().clamp(SHORTEST, LONGEST)
    }

    /// The sum of nothing.
    fn nothing(self) -> Self::Sum;

    /// A sum and the product of two numbers.
    fn and(self, sum: Self::Sum, x: Self::f32s, weight: Self::f32s) -> Self::Sum;

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
    fn total(self, total: f32, sum: f64) -> f32 {
        (f64::from(total) + sum) as f32
    }
}

/// `ROWS` rows by `PANELS` panels, into the rows of `out` from a column on; lines that are needed next are asked for one
/// at a time, so that what is read now does not queue behind them.
#[inline(always)]
pub(super) fn tile<S: Chain, const ROWS: usize, const PANELS: usize, const VECTORS: usize>(
    unit: S,
    panels: &[&[[S::f32s; VECTORS]]; PANELS],
    next: &[[S::f32s; VECTORS]],
    x: &[f32],
    totals: &mut [Line],
    out: &mut [&mut [f32]],
    column: usize,
) {
    let inputs = panels[0].len();
    let panels: [&[[S::f32s; VECTORS]]; PANELS] =
        std::array::from_fn(|panel| &panels[panel][..inputs]);
    let rows: [&[f32]; ROWS] = std::array::from_fn(|row| &x[row * inputs..][..inputs]);
    let Some(totals) = totals.as_chunks_mut().0.first_chunk_mut() else { return };
    *totals = [[Line::default(); PANELS]; ROWS];
    let chain = S::length(inputs);
    for (number, first) in (0..inputs).step_by(chain).enumerate() {
        let end = inputs.min(first + chain);
        let mut sums = [[[unit.nothing(); VECTORS]; PANELS]; ROWS];
        for input in first..end {
            if input % APART == 0
                && let Some(line) = next.get(input / APART)
            {
                unit.ahead(std::slice::from_ref(line));
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
        // Where a row's totals will be written; one row at a time, as with what is needed next.
        let columns = column..column + PANELS * LANES;
        if let Some(row) = out.get(number).and_then(|row| row.get(columns)) {
            unit.soon(&row.as_chunks::<LANES>().0[..PANELS]);
        }
        // Totals that the compiler may not keep in registers: there is no room for them beside the sums.
        let totals: &mut [[Line; PANELS]; ROWS] = black_box(&mut *totals);
        for row in 0..ROWS {
            for panel in 0..PANELS {
                let total = S::as_mut_simd_f32s(&mut totals[row][panel].0).0;
                for vector in 0..VECTORS {
                    total[vector] = unit.total(total[vector], sums[row][panel][vector]);
                }
            }
        }
    }
    for (totals, out) in totals.iter().zip(out) {
        let end = out.len().min(column + PANELS * LANES);
        for (out, total) in out[column..end].chunks_mut(LANES).zip(totals) {
            // Whole registers, where there is room: a copy whose length is not known is a call.
            if let Some(out) = out.first_chunk_mut::<LANES>() {
                *out = total.0;
            } else {
                out.copy_from_slice(&total.0[..out.len()]);
            }
        }
    }
}
