//! Linear maps with weights packed once: the products in which nearly all the time goes.
//!
//! Weights lie in panels of [`LANES`] outputs, inputs innermost-but-one, so that a tile of a few rows by one panel
//! stays in registers while the inputs run by. Each output is one chain of multiply-adds in the order of the inputs,
//! whatever the number of rows or threads: the bits of a row never depend on its company.

use rayon::prelude::*;

use super::vector::{Arithmetic, Kernel, LANES, vectorized};
use crate::packed::Packed;

/// Rows of a tile: six accumulators of sixteen numbers fill the registers of AVX2.
const TILE: usize = 6;
/// Rows that one thread takes at a time.
const ROWS_A_TASK: usize = 48;
/// Multiply-adds under which a product is not worth a second thread.
const SMALL: usize = 1 << 20;

/// A linear map `[outputs, inputs]` in panels.
#[derive(Debug)]
pub struct PackedMatrix {
    panels: Vec<[f32; LANES]>,
    bias: Option<Vec<f32>>,
    inputs: usize,
    outputs: usize,
}

impl PackedMatrix {
    /// Packs weights `[outputs, inputs]`.
    pub(super) fn new(weight: &Packed<f32>, bias: Option<Vec<f32>>) -> Self {
        let (outputs, inputs) = (weight.rows(), weight.columns());
        let mut panels = vec![[0.0; LANES]; outputs.div_ceil(LANES) * inputs];
        for output in 0..outputs {
            let panel = &mut panels[output / LANES * inputs..][..inputs];
            for (slot, &value) in panel.iter_mut().zip(weight.row(output)) {
                slot[output % LANES] = value;
            }
        }
        Self { panels, bias, inputs, outputs }
    }

    /// `W x + b` of each row.
    pub(super) fn apply(&self, x: &Packed<f32>) -> Packed<f32> {
        let mut out = Packed::zeros(x.rows(), self.outputs);
        let work = |(x, out): (&[f32], &mut [f32])| vectorized(Product { matrix: self, x, out });
        if x.rows() * self.inputs * self.outputs < SMALL || x.rows() <= TILE {
            work((x.values(), out.values_mut()));
        } else {
            x.values()
                .par_chunks(ROWS_A_TASK * self.inputs)
                .zip(out.values_mut().par_chunks_mut(ROWS_A_TASK * self.outputs))
                .for_each(work);
        }
        out
    }
}

struct Product<'a> {
    matrix: &'a PackedMatrix,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Product<'_> {
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let rows = self.x.len() / self.matrix.inputs;
        for (index, panel) in self.matrix.panels.chunks_exact(self.matrix.inputs).enumerate() {
            let mut row = 0;
            while row < rows {
                row += match rows - row {
                    1 => tile::<A, 1>(self.matrix, self.x, self.out, index, panel, row),
                    2 => tile::<A, 2>(self.matrix, self.x, self.out, index, panel, row),
                    3 => tile::<A, 3>(self.matrix, self.x, self.out, index, panel, row),
                    4 => tile::<A, 4>(self.matrix, self.x, self.out, index, panel, row),
                    5 => tile::<A, 5>(self.matrix, self.x, self.out, index, panel, row),
                    _ => tile::<A, TILE>(self.matrix, self.x, self.out, index, panel, row),
                };
            }
        }
    }
}

/// `ROWS` rows by one panel; returns the number of rows done.
#[inline(always)]
fn tile<A: Arithmetic, const ROWS: usize>(
    matrix: &PackedMatrix,
    x: &[f32],
    out: &mut [f32],
    index: usize,
    panel: &[[f32; LANES]],
    first: usize,
) -> usize {
    let inputs = panel.len();
    let rows: [&[f32]; ROWS] = std::array::from_fn(|row| &x[(first + row) * inputs..][..inputs]);
    let mut sums = [[0.0; LANES]; ROWS];
    for (input, weights) in panel.iter().enumerate() {
        for row in 0..ROWS {
            let value = rows[row][input];
            for lane in 0..LANES {
                sums[row][lane] = A::multiply_add(value, weights[lane], sums[row][lane]);
            }
        }
    }
    let column = index * LANES;
    let width = LANES.min(matrix.outputs - column);
    for (row, sums) in sums.iter_mut().enumerate() {
        if let Some(bias) = &matrix.bias {
            for (sum, bias) in sums.iter_mut().zip(&bias[column..column + width]) {
                *sum += bias;
            }
        }
        out[(first + row) * matrix.outputs + column..][..width].copy_from_slice(&sums[..width]);
    }
    ROWS
}
