//! The selective scan, [`LANES`] channels abreast.
//!
//! States lie as `[E / LANES, N, LANES]`, so that one step of a block of channels is a run over contiguous memory.

use std::ops::Range;

use rayon::prelude::*;

use super::recurrence::{Channels, recur};
use super::vector::LANES;
use crate::ops::inner::Poles;
use crate::ops::{Keep, Selection};
use crate::packed::Packed;
use crate::{Ragged, Span, Threads};

/// Numbers of states under which a scan is not worth a second thread.
const SMALL: usize = 1 << 17;

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
    /// Packs `A` `[E, N]`, in f64 so that it is rounded once, and `D` `[E]`.
    pub(super) fn new(a: &Packed<f64>, direct: Packed<f32>) -> Self {
        let (channels, state) = (a.rows(), a.columns());
        let blocks = channels.div_ceil(LANES);
        let rounded = a.values().iter().map(|&value| value as f32).collect();
        let mut packed = Self {
            a: vec![[0.0; LANES]; blocks * state],
            direct: vec![[0.0; LANES]; blocks],
            state,
            poles: Poles { a: Packed::new(rounded, state), direct },
        };
        for channel in 0..channels {
            let (block, lane) = (channel / LANES, channel % LANES);
            packed.direct[block][lane] = packed.poles.direct.values()[channel];
            for (place, &value) in a.row(channel).iter().enumerate() {
                packed.a[block * state + place][lane] = (value * std::f64::consts::LOG2_E) as f32;
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
        let mut unpacked = Packed::unset(rows.len(), self.poles.columns());
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
        let mut out = Packed::unset(x.rows(), x.columns());
        let kept_rows = if keep == Keep::States { x.rows() } else { 0 };
        let mut states = Packed::unset(kept_rows, self.columns());
        let stays = threads.stay() || x.rows() * self.columns() < SMALL;
        // Where there are too few spans for all threads, each thread takes some of the channels of each.
        let spans = ragged.spans().len().max(1);
        let parts = if stays { 1 } else { threads.count().div_ceil(spans) };
        let blocks = self.a.len() / self.state.max(1);
        let each = blocks.div_ceil(parts).max(1);
        let mut jobs: Vec<Job<'_>> = Vec::with_capacity(ragged.spans().len() * parts);
        let mut outs = out.values_mut().chunks_exact_mut(x.columns().max(1));
        let mut kept = states.values_mut().chunks_exact_mut(self.columns().max(1));
        for (start, span) in ragged.spans() {
            let first = jobs.len();
            jobs.extend((0..blocks).step_by(each).map(|block| Job {
                decay: self,
                x,
                selection,
                past,
                start,
                span,
                blocks: block..blocks.min(block + each),
                out: Vec::with_capacity(span.length),
                keep: Vec::new(),
            }));
            for row in outs.by_ref().take(span.length) {
                let columns = row.chunks_mut(each * LANES);
                jobs[first..].iter_mut().zip(columns).for_each(|(job, part)| job.out.push(part));
            }
            for row in kept.by_ref().take(span.length) {
                let columns = row.chunks_mut(each * LANES * self.state);
                jobs[first..].iter_mut().zip(columns).for_each(|(job, part)| job.keep.push(part));
            }
        }
        if jobs.len() == 1 || stays {
            jobs.into_iter().for_each(Job::run);
        } else {
            threads.run(|| jobs.into_par_iter().for_each(Job::run));
        }
        (out, (keep == Keep::States).then_some(states))
    }
}

/// One span's scan, of some blocks of channels.
struct Job<'a> {
    decay: &'a Decay,
    x: &'a Packed<f32>,
    selection: &'a Selection<'a, Packed<f32>>,
    past: Option<&'a Packed<f32>>,
    start: usize,
    span: Span,
    blocks: Range<usize>,
    /// The channels of these blocks, token by token.
    out: Vec<&'a mut [f32]>,
    /// Their states, likewise; nothing where none are kept.
    keep: Vec<&'a mut [f32]>,
}

impl Job<'_> {
    /// All blocks of channels along all tokens.
    fn run(mut self) {
        let Range { start, end } = self.blocks;
        let size = self.decay.state;
        let before = self.span.past.zip(self.past).map(|(row, past)| past.row(row).as_chunks().0);
        recur(Channels {
            a: &self.decay.a[start * size..end * size],
            direct: &self.decay.direct[start..end],
            before: before.map(|before| &before[start * size..end * size]),
            x: self.x,
            selection: self.selection,
            rows: self.start..self.start + self.span.length,
            first: start * LANES,
            out: &mut self.out,
            keep: &mut self.keep,
        });
    }
}
