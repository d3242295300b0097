//! Linear maps with weights packed once: the products in which nearly all the time goes.
//!
//! Weights lie in panels of [`LANES`] outputs, inputs innermost-but-one, so that a tile of some rows by some panels
//! stays in registers while the inputs run by. Each output is the same chains of multiply-adds, in the order of the
//! inputs, whatever the number of rows or threads: the bits of a row never depend on its company.

use std::ops::Range;
use std::sync::OnceLock;

use rayon::prelude::*;

use super::elementwise::{all_finite, largest};
use super::tile::{multiply, rows_a_tile};
use super::vector::LANES;
use crate::Threads;
use crate::packed::Packed;

/// Multiply-adds under which a product is not worth a second thread.
const SMALL: usize = 1 << 20;
/// The same where the second thread need not be woken.
const SMALL_AWAKE: usize = 1 << 16;

/// Tiles of rows a thread from which on they no longer stay in its cache.
const TALL: usize = 8;
/// Panels a thread from which on one more or less does not matter.
const WIDE: usize = 8;

/// A linear map `[outputs, inputs]` in panels.
#[derive(Debug)]
pub struct PackedMatrix {
    panels: Vec<[f32; LANES]>,
    bias: Option<Vec<f32>>,
    inputs: usize,
    outputs: usize,
    /// The largest magnitudes of a weight and of a bias, once they were asked for.
    largest: OnceLock<[f64; 2]>,
}

impl PackedMatrix {
    /// Packs weights `[outputs, inputs]`, row by row.
    pub(super) fn new(weight: &[f32], outputs: usize, bias: Option<Vec<f32>>) -> Self {
        let inputs = weight.len().checked_div(outputs).unwrap_or(0);
        let mut panels = vec![[0.0; LANES]; outputs.div_ceil(LANES) * inputs];
        let pack = |(panel, rows): (&mut [[f32; LANES]], &[f32])| {
            for (lane, row) in rows.chunks_exact(inputs).enumerate() {
                for (slot, &value) in panel.iter_mut().zip(row) {
                    slot[lane] = value;
                }
            }
        };
        if inputs > 0 {
            let rows = weight.par_chunks(LANES * inputs);
            panels.par_chunks_mut(inputs).zip(rows).for_each(pack);
        }
        Self { panels, bias, inputs, outputs, largest: OnceLock::new() }
    }

    /// Whether these inputs are too small for any output to overflow, so that nobody needs to look at the outputs.
    pub(super) fn keeps_finite(&self, x: &[f32]) -> bool {
        let [weight, bias] = *self.largest.get_or_init(|| {
            let bias = self.bias.as_deref().unwrap_or_default();
            [largest(self.panels.as_flattened()), largest(bias)]
        });
        let bound = self.inputs as f64 * weight * largest(x) + bias;
        all_finite(x) && bound < f64::from(f32::MAX) / 2.0
    }

    /// The weights of some outputs, `[outputs, inputs]`.
    pub(super) fn outputs(&self, which: &[usize]) -> Packed<f32> {
        let mut out = Packed::unset(which.len(), self.inputs);
        for (row, &output) in which.iter().enumerate() {
            let panel = &self.panels[output / LANES * self.inputs..][..self.inputs];
            for (value, slot) in out.row_mut(row).iter_mut().zip(panel) {
                *value = slot[output % LANES];
            }
        }
        out
    }

    /// How many outputs there are.
    pub(super) const fn outputs_in_all(&self) -> usize {
        self.outputs
    }

    /// Some outputs of `W x + b`, the first of them the first of a panel, of each row.
    pub(super) fn columns(&self, x: &Packed<f32>, columns: Range<usize>) -> Packed<f32> {
        if columns.is_empty() || self.inputs == 0 {
            return Packed::zeros(x.rows(), columns.len());
        }
        let mut out = Packed::unset(x.rows(), columns.len());
        let rows = out.values_mut().chunks_exact_mut(columns.len()).collect();
        self.part(columns, rows).fill(x.values());
        out
    }

    /// `W x + b` of each row.
    pub(super) fn apply(&self, x: &Packed<f32>, on: &Threads) -> Packed<f32> {
        if self.inputs == 0 || self.outputs == 0 {
            return Packed::zeros(x.rows(), self.outputs);
        }
        let mut out = Packed::unset(x.rows(), self.outputs);
        let least = if on.awake() { SMALL_AWAKE } else { SMALL };
        let small = x.rows() * self.inputs * self.outputs < least;
        let threads = if small || on.stay() { 1 } else { on.count() };
        let values = out.values_mut();
        if threads == 1 {
            self.rows(x.values(), values);
        } else if self.spread_rows(x.rows(), threads) {
            on.run(|| self.by_rows(x, values, threads));
        } else {
            on.run(|| self.by_panels(x, values, threads));
        }
        out
    }

    /// Whether threads share out the rows rather than the weights: where there are too many to stay in a thread's cache,
    /// or too few panels for each to have about as many.
    fn spread_rows(&self, rows: usize, threads: usize) -> bool {
        let tiles = rows / rows_a_tile();
        let panels = self.outputs / LANES;
        tiles >= threads * TALL || (tiles >= 2 * threads && panels < threads * WIDE)
    }

    /// All outputs of some rows.
    fn rows(&self, x: &[f32], out: &mut [f32]) {
        self.part(0..self.outputs, out.chunks_exact_mut(self.outputs).collect()).fill(x);
    }

    /// Each thread takes some rows, and reads all weights.
    fn by_rows(&self, x: &Packed<f32>, out: &mut [f32], threads: usize) {
        let rows = x.rows().div_ceil(threads).next_multiple_of(rows_a_tile());
        let xs = x.values().par_chunks(rows * self.inputs);
        let outs = out.par_chunks_mut(rows * self.outputs);
        xs.zip(outs).for_each(|(x, out)| self.rows(x, out));
    }

    /// Each thread takes some panels, and reads all rows.
    fn by_panels(&self, x: &Packed<f32>, out: &mut [f32], threads: usize) {
        let each = self.outputs.div_ceil(LANES).div_ceil(threads) * LANES;
        let firsts = (0..self.outputs).step_by(each);
        let of = |first| {
            let columns = first..self.outputs.min(first + each);
            self.part(columns, Vec::with_capacity(x.rows()))
        };
        let mut parts: Vec<Part<'_, '_>> = firsts.map(of).collect();
        for row in out.chunks_exact_mut(self.outputs) {
            for (part, columns) in parts.iter_mut().zip(row.chunks_mut(each)) {
                part.rows.push(columns);
            }
        }
        parts.into_par_iter().for_each(|part| part.fill(x.values()));
    }

    /// Some outputs, the first of them the first of a panel.
    fn part<'a, 'b>(&'a self, columns: Range<usize>, rows: Vec<&'b mut [f32]>) -> Part<'a, 'b> {
        let panels = columns.start / LANES..columns.end.div_ceil(LANES);
        Part {
            panels: &self.panels[panels.start * self.inputs..panels.end * self.inputs],
            bias: self.bias.as_ref().map(|bias| &bias[columns]),
            inputs: self.inputs,
            rows,
        }
    }
}

/// Some panels, and their columns of each row of the output.
struct Part<'a, 'b> {
    panels: &'a [[f32; LANES]],
    bias: Option<&'a [f32]>,
    inputs: usize,
    rows: Vec<&'b mut [f32]>,
}

impl Part<'_, '_> {
    fn fill(mut self, x: &[f32]) {
        multiply(self.panels, self.inputs, x, &mut self.rows);
        let Some(bias) = self.bias else { return };
        for row in self.rows {
            row.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
        }
    }
}
