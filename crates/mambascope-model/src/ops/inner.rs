//! The inside of the scan as matrices: what the fused scan never writes down.
//!
//! A row of a state is `[E, N]`, a row of a window `[E, K]`, the channel outermost.

use rayon::prelude::*;

use super::plain::Real;
use crate::buffer::Number;
use crate::packed::Packed;

/// The decay `A` `[E, N]` and the direct path `D` `[E]`, as their equation has them.
#[derive(Debug)]
pub struct Poles<T: Number> {
    pub(super) a: Packed<T>,
    pub(super) direct: Packed<T>,
}

impl<T: Real> Poles<T> {
    /// Numbers in the state of all channels.
    pub(super) fn columns(&self) -> usize {
        self.a.values().len()
    }

    /// `exp(delta A)` of each row.
    pub(super) fn decays(&self, delta: &Packed<T>) -> Packed<T> {
        by_channel(delta.rows(), &self.a, |row, channel, out| {
            let step = delta.row(row)[channel];
            for (out, &a) in out.iter_mut().zip(self.a.row(channel)) {
                *out = (step * a).exp();
            }
        })
    }

    /// `delta B x` of each row.
    pub(super) fn writes(&self, delta: &Packed<T>, x: &Packed<T>, b: &Packed<T>) -> Packed<T> {
        by_channel(delta.rows(), &self.a, |row, channel, out| {
            let (step, input) = (delta.row(row)[channel], x.row(row)[channel]);
            for (out, &b) in out.iter_mut().zip(b.row(row)) {
                *out = step * b * input;
            }
        })
    }

    /// `h C` of each row.
    pub(super) fn read(&self, states: &Packed<T>, c: &Packed<T>) -> Packed<T> {
        let (channels, size) = (self.a.rows(), self.a.columns());
        let mut out = Packed::unset(states.rows(), channels);
        for row in 0..states.rows() {
            let (state, c) = (states.row(row), c.row(row));
            for (out, h) in out.row_mut(row).iter_mut().zip(state.chunks_exact(size)) {
                *out = h.iter().zip(c).fold(T::zero(), |sum, (&h, &c)| sum + h * c);
            }
        }
        out
    }

    /// `read + D x` of each row.
    pub(super) fn direct(&self, read: &Packed<T>, x: &Packed<T>) -> Packed<T> {
        let mut out = read.clone();
        for row in 0..x.rows() {
            let inputs = x.row(row).iter().zip(self.direct.values());
            for (out, (&x, &direct)) in out.row_mut(row).iter_mut().zip(inputs) {
                *out += direct * x;
            }
        }
        out
    }
}

/// Fills `[rows, E N]`, `N` numbers at a time.
fn by_channel<T: Real>(
    rows: usize,
    shape: &Packed<T>,
    fill: impl Fn(usize, usize, &mut [T]) + Sync,
) -> Packed<T> {
    let (size, width) = (shape.columns(), shape.values().len());
    let mut out = Packed::unset(rows, width);
    out.values_mut().par_chunks_mut(width).enumerate().for_each(|(row, out)| {
        for (channel, out) in out.chunks_exact_mut(size).enumerate() {
            fill(row, channel, out);
        }
    });
    out
}

/// Matrices of equal size as one: column `e` of part `k` becomes column `e K + k`.
pub(super) fn interleave<T: Number>(parts: &[Packed<T>]) -> Packed<T> {
    let (rows, columns) = parts.first().map_or((0, 0), |part| (part.rows(), part.columns()));
    let mut out = Packed::unset(rows, columns * parts.len());
    for row in 0..rows {
        for (index, part) in parts.iter().enumerate() {
            let slots = out.row_mut(row).iter_mut().skip(index).step_by(parts.len());
            for (slot, &value) in slots.zip(part.row(row)) {
                *slot = value;
            }
        }
    }
    out
}

/// The inverse of [`interleave`].
pub(super) fn separate<T: Number>(whole: &Packed<T>, count: usize) -> Vec<Packed<T>> {
    let columns = whole.columns() / count.max(1);
    let part = |index: usize| {
        let rows = (0..whole.rows())
            .flat_map(|row| whole.row(row).iter().skip(index).step_by(count).copied());
        Packed::new(rows.collect(), columns)
    };
    (0..count).map(part).collect()
}
