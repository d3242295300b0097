//! The loops of the scan: rows in parallel, tokens in order, states one after the other, channels side by side.

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
    /// a, state by state, and skip below it, `[N+1, E]`.
    pub(super) poles: &'a [T],
}

/// What one row adds to the gradients; the share of a and skip is summed over rows.
struct RowGradient<'a, T> {
    delta: &'a mut [T],
    input: &'a mut [T],
    maps: &'a mut [T],
    poles: Vec<T>,
}

/// The state's history along one row, each entry `[N, E]`.
struct History<T> {
    /// exp(delta · a) at each token.
    decays: Vec<T>,
    /// The empty state, then the state after each token.
    states: Vec<T>,
}

impl<T: Real> Kernel<'_, T> {
    /// y, `[L, E]`.
    pub(super) fn forward(&self) -> Vec<T> {
        let mut output = vec![T::zero(); self.delta.len()];
        let rows = self.spans.cut(&mut output, self.channels);
        let rows = rows.into_par_iter().zip(self.spans.ranges());
        rows.for_each(|(row, range)| self.forward_row(range, row));
        output
    }

    fn forward_row(&self, range: &Range<usize>, output: &mut [T]) {
        let width = self.channels;
        let mut decay = vec![T::zero(); self.states * width];
        let mut state = vec![T::zero(); self.states * width];
        for (token, output) in range.clone().zip(output.chunks_exact_mut(width)) {
            let (delta, input) = self.drive(token);
            self.decay(delta, &mut decay);
            self.advance(token, &decay, &mut state);
            for ((output, &skip), &input) in
                output.iter_mut().zip(self.pole(self.states)).zip(input)
            {
                *output = skip * input;
            }
            let (_, c) = self.maps(token);
            for (state, &c) in state.chunks_exact(width).zip(c) {
                add_scaled(output, state, c);
            }
        }
    }

    /// The gradients of the operation's three tensors: `[2L, E]`, `[L, 2N]` and `[N+1, E]`.
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
        let (width, block) = (self.channels, self.states * self.channels);
        let history = self.replay(range);
        let mut carry = vec![T::zero(); block]; // the gradient that reaches the state from later tokens
        let mut write = vec![T::zero(); width];
        let mut through_write = vec![T::zero(); width];
        for (step, token) in range.clone().enumerate().rev() {
            let (delta, input) = self.drive(token);
            let (b, c) = self.maps(token);
            let gradient = &gradient[token * width..(token + 1) * width];
            let delta_gradient = &mut row.delta[step * width..(step + 1) * width];
            let maps_gradient = &mut row.maps[step * 2 * self.states..(step + 1) * 2 * self.states];
            let (b_gradient, c_gradient) = maps_gradient.split_at_mut(self.states);
            for ((write, &delta), &input) in write.iter_mut().zip(delta).zip(input) {
                *write = delta * input;
            }
            through_write.fill(T::zero());
            for state in 0..self.states {
                let place = state * width..(state + 1) * width;
                let carry = &mut carry[place.clone()];
                let before = &history.states[step * block..(step + 1) * block][place.clone()];
                let after = &history.states[(step + 1) * block..(step + 2) * block][place.clone()];
                let decay = &history.decays[step * block..(step + 1) * block][place.clone()];
                add_scaled(carry, gradient, c[state]);
                c_gradient[state] = dot(gradient, after);
                b_gradient[state] = dot(carry, &write);
                add_scaled(&mut through_write, carry, b[state]);
                let a_gradient = &mut row.poles[place];
                let a = self.pole(state);
                for e in 0..width {
                    carry[e] *= decay[e];
                    let through_decay = carry[e] * before[e];
                    a_gradient[e] += through_decay * delta[e];
                    delta_gradient[e] += through_decay * a[e];
                }
            }
            let skip = self.pole(self.states);
            let skip_gradient = &mut row.poles[block..];
            let input_gradient = &mut row.input[step * width..(step + 1) * width];
            for e in 0..width {
                delta_gradient[e] += through_write[e] * input[e];
                input_gradient[e] = through_write[e] * delta[e] + gradient[e] * skip[e];
                skip_gradient[e] += gradient[e] * input[e];
            }
        }
    }

    /// The states along a row.
    fn replay(&self, range: &Range<usize>) -> History<T> {
        let block = self.states * self.channels;
        let mut decays = vec![T::zero(); range.len() * block];
        let mut states = vec![T::zero(); (range.len() + 1) * block];
        for (step, token) in range.clone().enumerate() {
            let decay = &mut decays[step * block..(step + 1) * block];
            self.decay(self.drive(token).0, decay);
            states.copy_within(step * block..(step + 1) * block, (step + 1) * block);
            self.advance(token, decay, &mut states[(step + 1) * block..(step + 2) * block]);
        }
        History { decays, states }
    }

    /// exp(delta · a) at one token, `[N, E]`.
    fn decay(&self, delta: &[T], decay: &mut [T]) {
        for (state, decay) in decay.chunks_exact_mut(self.channels).enumerate() {
            for ((decay, &delta), &a) in decay.iter_mut().zip(delta).zip(self.pole(state)) {
                *decay = delta * a;
            }
        }
        T::exponential(decay);
    }

    /// Takes the state, `[N, E]`, over one token.
    fn advance(&self, token: usize, decay: &[T], state: &mut [T]) {
        let (delta, input) = self.drive(token);
        let (b, _) = self.maps(token);
        let states = state.chunks_exact_mut(self.channels).zip(decay.chunks_exact(self.channels));
        for ((state, decay), &b) in states.zip(b) {
            for e in 0..state.len() {
                state[e] = state[e] * decay[e] + delta[e] * input[e] * b;
            }
        }
    }

    fn drive(&self, token: usize) -> (&[T], &[T]) {
        let place = token * self.channels..(token + 1) * self.channels;
        (&self.delta[place.clone()], &self.input[place])
    }

    fn maps(&self, token: usize) -> (&[T], &[T]) {
        self.maps[token * 2 * self.states..(token + 1) * 2 * self.states].split_at(self.states)
    }

    /// a of one state, or skip after the last, `[E]`.
    fn pole(&self, state: usize) -> &[T] {
        &self.poles[state * self.channels..(state + 1) * self.channels]
    }
}

#[inline]
fn add_scaled<T: Real>(sums: &mut [T], values: &[T], scale: T) {
    for (sum, &value) in sums.iter_mut().zip(values) {
        *sum += value * scale;
    }
}
