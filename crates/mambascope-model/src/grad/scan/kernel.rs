//! The loops of the scan: rows in parallel, channels one after the other, tokens in order, states side by side.

use std::ops::Range;

use rayon::prelude::*;

use crate::grad::real::{Real, dot};
use crate::grad::spans::Spans;

/// The scan's arrays, row by row.
pub(super) struct Kernel<'a, T> {
    pub(super) spans: &'a Spans,
    /// E.
    pub(super) channels: usize,
    /// N.
    pub(super) states: usize,
    /// `[L, E]`.
    pub(super) delta: &'a [T],
    /// `[L, E]`.
    pub(super) input: &'a [T],
    /// b beside c, `[L, 2N]`.
    pub(super) maps: &'a [T],
    /// a beside skip, `[E, N+1]`.
    pub(super) poles: &'a [T],
}

/// What one row adds to the gradients; the parameters' share is summed over rows.
struct RowGradient<'a, T> {
    delta: &'a mut [T],
    input: &'a mut [T],
    maps: &'a mut [T],
    poles: Vec<T>,
}

impl<T: Real> Kernel<'_, T> {
    /// y, `[L, E]`.
    pub(super) fn forward(&self) -> Vec<T> {
        let mut output = vec![T::zero(); self.delta.len()];
        let rows = self.spans.cut(&mut output, self.channels);
        rows.into_par_iter()
            .zip(self.spans.ranges())
            .for_each(|(row, range)| self.forward_row(range, row));
        output
    }

    fn forward_row(&self, range: &Range<usize>, output: &mut [T]) {
        let mut decays = vec![T::zero(); range.len() * self.states];
        let mut state = vec![T::zero(); self.states];
        for channel in 0..self.channels {
            self.decays(range, channel, &mut decays);
            state.fill(T::zero());
            for (step, token) in range.clone().enumerate() {
                let (delta, input) = self.drive(token, channel);
                let (b, c) = self.maps(token);
                let decay = &decays[step * self.states..(step + 1) * self.states];
                advance(&mut state, decay, b, delta * input);
                output[step * self.channels + channel] =
                    dot(&state, c) + self.skip(channel) * input;
            }
        }
    }

    /// The gradients of the operation's three tensors: `[2L, E]`, `[L, 2N]` and `[E, N+1]`.
    pub(super) fn backward(&self, gradient: &[T]) -> [Vec<T>; 3] {
        let mut drive = vec![T::zero(); 2 * self.delta.len()];
        let mut maps = vec![T::zero(); self.maps.len()];
        let (delta, input) = drive.split_at_mut(self.delta.len());
        let rows = (self.spans.cut(delta, self.channels).into_par_iter())
            .zip(self.spans.cut(input, self.channels))
            .zip(self.spans.cut(&mut maps, 2 * self.states))
            .zip(self.spans.ranges());
        let parts: Vec<Vec<T>> = rows
            .map(|(((delta, input), maps), range)| {
                let poles = vec![T::zero(); self.poles.len()];
                let mut row = RowGradient { delta, input, maps, poles };
                self.backward_row(range, gradient, &mut row);
                row.poles
            })
            .collect();
        // Summed in the order of the rows, so that the threads leave no trace.
        let mut poles = vec![T::zero(); self.poles.len()];
        for part in parts {
            for (sum, value) in poles.iter_mut().zip(part) {
                *sum += value;
            }
        }
        [drive, maps, poles]
    }

    fn backward_row(&self, range: &Range<usize>, gradient: &[T], row: &mut RowGradient<'_, T>) {
        let n = self.states;
        let mut decays = vec![T::zero(); range.len() * n];
        let mut states = vec![T::zero(); (range.len() + 1) * n]; // the first is the empty state
        let mut carry = vec![T::zero(); n]; // the gradient that reaches the state from later tokens
        let mut through_decay = vec![T::zero(); n];
        for channel in 0..self.channels {
            self.decays(range, channel, &mut decays);
            self.replay(range, channel, &decays, &mut states);
            carry.fill(T::zero());
            let pole = channel * (n + 1);
            for (step, token) in range.clone().enumerate().rev() {
                let (delta, input) = self.drive(token, channel);
                let (b, c) = self.maps(token);
                let gradient = gradient[token * self.channels + channel];
                let (before, after) = states[step * n..(step + 2) * n].split_at(n);
                let decay = &decays[step * n..(step + 1) * n];
                let a_gradient = &mut row.poles[pole..pole + n];
                let (b_gradient, c_gradient) =
                    row.maps[step * 2 * n..(step + 1) * 2 * n].split_at_mut(n);
                for state in 0..n {
                    c_gradient[state] += gradient * after[state];
                    carry[state] += gradient * c[state];
                    b_gradient[state] += carry[state] * delta * input;
                }
                let through_input = dot(&carry, b);
                for state in 0..n {
                    carry[state] *= decay[state];
                    through_decay[state] = carry[state] * before[state];
                    a_gradient[state] += through_decay[state] * delta;
                }
                let place = step * self.channels + channel;
                row.delta[place] = dot(&through_decay, self.a(channel)) + through_input * input;
                row.input[place] = through_input * delta + gradient * self.skip(channel);
                row.poles[pole + n] += gradient * input;
            }
        }
    }

    /// exp(delta · a) of one channel at each token of the row, `[L, N]`.
    fn decays(&self, range: &Range<usize>, channel: usize, decays: &mut [T]) {
        let a = self.a(channel);
        for (token, decays) in range.clone().zip(decays.chunks_exact_mut(self.states)) {
            let (delta, _) = self.drive(token, channel);
            for (decay, &a) in decays.iter_mut().zip(a) {
                *decay = delta * a;
            }
        }
        T::exponential(decays);
    }

    /// One channel's state before the row and after each of its tokens, `[L+1, N]`.
    fn replay(&self, range: &Range<usize>, channel: usize, decays: &[T], states: &mut [T]) {
        let n = self.states;
        for (step, token) in range.clone().enumerate() {
            let (delta, input) = self.drive(token, channel);
            let (b, _) = self.maps(token);
            states.copy_within(step * n..(step + 1) * n, (step + 1) * n);
            advance(
                &mut states[(step + 1) * n..(step + 2) * n],
                &decays[step * n..(step + 1) * n],
                b,
                delta * input,
            );
        }
    }

    fn drive(&self, token: usize, channel: usize) -> (T, T) {
        let place = token * self.channels + channel;
        (self.delta[place], self.input[place])
    }

    fn maps(&self, token: usize) -> (&[T], &[T]) {
        self.maps[token * 2 * self.states..(token + 1) * 2 * self.states].split_at(self.states)
    }

    fn a(&self, channel: usize) -> &[T] {
        let start = channel * (self.states + 1);
        &self.poles[start..start + self.states]
    }

    fn skip(&self, channel: usize) -> T {
        self.poles[channel * (self.states + 1) + self.states]
    }
}

#[inline]
fn advance<T: Real>(state: &mut [T], decay: &[T], b: &[T], write: T) {
    for ((state, &decay), &b) in state.iter_mut().zip(decay).zip(b) {
        *state = *state * decay + write * b;
    }
}
