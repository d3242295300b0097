//! Linear maps with weights packed once: the products in which nearly all the time goes.
//!
//! Weights lie in panels of [`LANES`] outputs, inputs innermost-but-one, so that a tile of some rows by some panels
//! stays in registers while the inputs run by. Each output is one chain of multiply-adds in the order of the inputs,
//! whatever the number of rows or threads: the bits of a row never depend on its company.

use rayon::prelude::*;

use super::tile::{multiply, rows_a_tile};
use super::vector::LANES;
use crate::Threads;
use crate::packed::Packed;

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
        Self { panels, bias, inputs, outputs }
    }

    /// The weights of some outputs, `[outputs, inputs]`.
    pub(super) fn outputs(&self, which: &[usize]) -> Packed<f32> {
        let mut out = Packed::zeros(which.len(), self.inputs);
        for (row, &output) in which.iter().enumerate() {
            let panel = &self.panels[output / LANES * self.inputs..][..self.inputs];
            for (value, slot) in out.row_mut(row).iter_mut().zip(panel) {
                *value = slot[output % LANES];
            }
        }
        out
    }

    /// `W x + b` of each row.
    pub(super) fn apply(&self, x: &Packed<f32>, on: &Threads) -> Packed<f32> {
        let mut out = Packed::zeros(x.rows(), self.outputs);
        if self.inputs > 0 && self.outputs > 0 {
            let small = x.rows() * self.inputs * self.outputs < SMALL;
            let threads = if small || on.stay() { 1 } else { on.count() };
            let values = out.values_mut();
            if threads == 1 {
                let mut rows: Vec<&mut [f32]> = values.chunks_exact_mut(self.outputs).collect();
                multiply(&self.panels, self.inputs, x.values(), &mut rows);
            } else if x.rows() >= threads * 2 * rows_a_tile() {
                on.run(|| self.by_rows(x, values, threads));
            } else {
                on.run(|| self.by_panels(x, values, threads));
            }
        }
        if let Some(bias) = &self.bias {
            for row in out.values_mut().chunks_exact_mut(self.outputs) {
                row.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
            }
        }
        out
    }

    /// Each thread takes some rows, and reads all weights.
    fn by_rows(&self, x: &Packed<f32>, out: &mut [f32], threads: usize) {
        let rows = x.rows().div_ceil(threads).next_multiple_of(rows_a_tile());
        let work = |(x, out): (&[f32], &mut [f32])| {
            let mut rows: Vec<&mut [f32]> = out.chunks_exact_mut(self.outputs).collect();
            multiply(&self.panels, self.inputs, x, &mut rows);
        };
        let xs = x.values().par_chunks(rows * self.inputs);
        xs.zip(out.par_chunks_mut(rows * self.outputs)).for_each(work);
    }

    /// Each thread takes some panels, and reads all rows.
    fn by_panels(&self, x: &Packed<f32>, out: &mut [f32], threads: usize) {
        let panels = self.outputs.div_ceil(LANES).div_ceil(threads);
        let of = |panels| Part { panels, rows: Vec::with_capacity(x.rows()) };
        let mut parts: Vec<Part> = self.panels.chunks(panels * self.inputs).map(of).collect();
        for row in out.chunks_exact_mut(self.outputs) {
            for (part, columns) in parts.iter_mut().zip(row.chunks_mut(panels * LANES)) {
                part.rows.push(columns);
            }
        }
        let work = |mut part: Part| multiply(part.panels, self.inputs, x.values(), &mut part.rows);
        parts.into_par_iter().for_each(work);
    }
}

/// Some panels, and their columns of each row of the output.
struct Part<'a> {
    panels: &'a [[f32; LANES]],
    rows: Vec<&'a mut [f32]>,
}
