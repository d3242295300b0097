//! The selective scan, [`LANES`] channels abreast.
//!
//! States lie as `[E / LANES, N, LANES]`, so that one step of a block of channels is a run over contiguous memory.

use rayon::prelude::*;

use super::recurrence::{Channels, recur};
use super::vector::LANES;
use crate::ops::inner::Poles;
use crate::ops::{Keep, Selection};
use crate::packed::Packed;
use crate::{Ragged, Span, Threads};

/// The decay `A` and the direct path `D`, in blocks of channels.
#[derive(Debug)]
pub struct Decay {
    /// `A` times the binary logarithm of e, `[E / LANES, N, LANES]`; zero for the channels that fill the last block.
    a: Vec<[f32; LANES]>,
    /// `[E / LANES, LANES]`.
    direct: Vec<[f32; LANES]>,
    state: usize,
    /// The same, channel by channel, for layers whose inner sites are wanted.
    poles: Poles<f32>,
}

impl Decay {
    /// Packs `A` `[E, N]` and `D` `[E]`.
    pub(super) fn new(a: Packed<f32>, direct: Packed<f32>) -> Self {
        let (channels, state) = (a.rows(), a.columns());
        let blocks = channels.div_ceil(LANES);
        let mut packed = Self {
            a: vec![[0.0; LANES]; blocks * state],
            direct: vec![[0.0; LANES]; blocks],
            state,
            poles: Poles { a, direct },
        };
        let Poles { a, direct } = &packed.poles;
        for channel in 0..channels {
            let (block, lane) = (channel / LANES, channel % LANES);
            packed.direct[block][lane] = direct.values()[channel];
            for (place, &value) in a.row(channel).iter().enumerate() {
                packed.a[block * state + place][lane] = value * std::f32::consts::LOG2_E;
            }
        }
        packed
    }

    /// Decay and direct path, channel by channel.
    pub(super) const fn poles(&self) -> &Poles<f32> {
        &self.poles
    }

    /// Where the number of a channel's place lies in a packed state.
    const fn slot(&self, channel: usize, place: usize) -> usize {
        (channel / LANES * self.state + place) * LANES + channel % LANES
    }

    /// Rows `[E, N]` in the order of the scan.
    pub(super) fn pack_states(&self, rows: &Packed<f32>) -> Packed<f32> {
        let mut packed = Packed::zeros(rows.rows(), self.columns());
        for row in 0..rows.rows() {
            for (index, &value) in rows.row(row).iter().enumerate() {
                packed.row_mut(row)[self.slot(index / self.state, index % self.state)] = value;
            }
        }
        packed
    }

    /// Some states as rows `[E, N]`.
    pub(super) fn unpack_states(&self, states: &Packed<f32>, rows: &[usize]) -> Packed<f32> {
        let mut unpacked = Packed::zeros(rows.len(), self.poles.columns());
        for (target, &row) in rows.iter().enumerate() {
            let state = states.row(row);
            for (index, value) in unpacked.row_mut(target).iter_mut().enumerate() {
                *value = state[self.slot(index / self.state, index % self.state)];
            }
        }
        unpacked
    }

    /// Numbers in one state of all channels.
    fn columns(&self) -> usize {
        self.a.len() * LANES
    }

    /// Runs the recurrence along each span.
    pub(super) fn scan(
        &self,
        x: &Packed<f32>,
        selection: &Selection<'_, Packed<f32>>,
        past: Option<&Packed<f32>>,
        ragged: &Ragged,
        keep: Keep,
        threads: &Threads,
    ) -> (Packed<f32>, Option<Packed<f32>>) {
        let mut out = Packed::zeros(x.rows(), x.columns());
        let kept_rows = if keep == Keep::States { x.rows() } else { 0 };
        let mut states = Packed::zeros(kept_rows, self.columns());
        let mut jobs = Vec::with_capacity(ragged.spans().len());
        let (mut outs, mut kept) = (out.values_mut(), states.values_mut());
        for (start, span) in ragged.spans() {
            let (out, outs_left) = outs.split_at_mut(span.length * x.columns());
            let kept_here = if keep == Keep::States { span.length * self.columns() } else { 0 };
            let (keep, kept_left) = kept.split_at_mut(kept_here);
            (outs, kept) = (outs_left, kept_left);
            jobs.push(Job { decay: self, x, selection, past, start, span, out, keep });
        }
        if jobs.len() == 1 || threads.stay() {
            jobs.into_iter().for_each(Job::run);
        } else {
            threads.run(|| jobs.into_par_iter().for_each(Job::run));
        }
        (out, (keep == Keep::States).then_some(states))
    }
}

/// One span's scan.
struct Job<'a> {
    decay: &'a Decay,
    x: &'a Packed<f32>,
    selection: &'a Selection<'a, Packed<f32>>,
    past: Option<&'a Packed<f32>>,
    start: usize,
    span: Span,
    out: &'a mut [f32],
    keep: &'a mut [f32],
}

impl Job<'_> {
    /// Block after block of channels, each along all tokens.
    fn run(self) {
        let (channels, size) = (self.x.columns(), self.decay.state);
        let mut state = vec![[0.0; LANES]; size];
        for (block, a) in self.decay.a.chunks_exact(size).enumerate() {
            let (first, offset) = (block * LANES, block * size * LANES);
            match (self.span.past, self.past) {
                (Some(row), Some(past)) => {
                    let from = &past.row(row)[offset..offset + size * LANES];
                    state.as_flattened_mut().copy_from_slice(from);
                }
                _ => state.fill([0.0; LANES]),
            }
            recur(Channels {
                a,
                direct: &self.decay.direct[block],
                state: &mut state,
                x: self.x,
                selection: self.selection,
                rows: self.start..self.start + self.span.length,
                columns: first..channels.min(first + LANES),
                out: self.out,
                keep: self.keep,
                offset,
                stride: self.decay.columns(),
            });
        }
    }
}
