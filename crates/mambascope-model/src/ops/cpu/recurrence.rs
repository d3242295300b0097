//! The recurrence of a block of channels along the tokens of a span, on the vector unit found at run time.

mod narrow;

use std::ops::Range;

use super::ahead::Ahead;
use super::power::Power;
use super::vector::{LANES, Unit};
use crate::ops::Selection;
use crate::packed::Packed;

/// Some blocks of [`LANES`] channels, and the tokens of a span that they run along.
pub(super) struct Channels<'a, 'b> {
    /// `A` times the binary logarithm of e, `[blocks, N, LANES]`.
    pub(super) a: &'a [[f32; LANES]],
    /// The direct path, `[blocks, LANES]`.
    pub(super) direct: &'a [[f32; LANES]],
    /// The state before the first token, `[blocks, N, LANES]`; zero where there is none.
    pub(super) before: Option<&'a [[f32; LANES]]>,
    pub(super) x: &'a Packed<f32>,
    pub(super) selection: &'a Selection<'a, Packed<f32>>,
    /// The rows of the span's tokens.
    pub(super) rows: Range<usize>,
    /// The first channel of the first block.
    pub(super) first: usize,
    /// The span's outputs, token by token, of the channels of these blocks that the model has.
    pub(super) out: &'a mut [&'b mut [f32]],
    /// The span's states, likewise; nothing where none are kept.
    pub(super) keep: &'a mut [&'b mut [f32]],
}

/// Runs blocks of channels on the best unit there is.
pub(super) fn recur(channels: Channels<'_, '_>) {
    recur_on(Unit::found(), channels);
}

/// The same on one of the units that the processor has.
pub(super) fn recur_on(unit: Unit, mut channels: Channels<'_, '_>) {
    narrow::recur_last(unit, &mut channels);
    whole_on(unit, channels);
}

/// Blocks that have all their channels, on one of the units.
fn whole_on(unit: Unit, channels: Channels<'_, '_>) {
    match unit {
        #[cfg(target_arch = "x86_64")]
        Unit::Avx512(unit) => unit.vectorize(On(unit, channels)),
        #[cfg(target_arch = "x86_64")]
        Unit::Avx2(unit) => unit.vectorize(On(unit, channels)),
        #[cfg(target_arch = "aarch64")]
        Unit::Neon(unit) => channels.run(unit),
        Unit::Plain => channels.run(pulp::Scalar),
    }
}

/// Places of the state that stay in registers along a span.
const PLACES: usize = 8;
/// Blocks of channels between the one that is worked on and the one that is asked for.
const BLOCKS_AHEAD: usize = 2;

/// Channels to be run on a unit.
#[cfg(target_arch = "x86_64")]
struct On<'a, 'b, S>(S, Channels<'a, 'b>);

#[cfg(target_arch = "x86_64")]
impl<S: Power + Ahead> pulp::NullaryFnOnce for On<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.1.run(self.0);
    }
}

/// What a token brings to the recurrence of some blocks.
struct Token<'a> {
    /// Of each block that is whole.
    x: &'a [[f32; LANES]],
    delta: &'a [[f32; LANES]],
    b: &'a [f32],
    c: &'a [f32],
}

impl<'a> Channels<'a, '_> {
    fn token(&self, row: usize) -> Token<'a> {
        let Selection { delta, b, c } = *self.selection;
        let blocks = |rows: &'a Packed<f32>| rows.row(row)[self.first..].as_chunks().0;
        Token { x: blocks(self.x), delta: blocks(delta), b: b.row(row), c: c.row(row) }
    }

    /// Block after block, the first places of the state, then the next.
    #[inline(always)]
    fn run<S: Power + Ahead>(mut self, unit: S) {
        let size = self.a.len() / self.direct.len().max(1);
        let tokens: Vec<Token<'_>> = self.rows.clone().map(|row| self.token(row)).collect();
        for block in 0..self.direct.len() {
            self.ask(unit, &tokens, block + BLOCKS_AHEAD, size);
            for register in 0..LANES / S::F32_LANES {
                let mut place = 0;
                while place + PLACES <= size {
                    self.along::<S, PLACES>(unit, &tokens, (block, size, place), register);
                    place += PLACES;
                }
                while place < size {
                    self.along::<S, 1>(unit, &tokens, (block, size, place), register);
                    place += 1;
                }
            }
        }
    }

    /// Asks for what a block of channels reads, where there is such a block: its state lies far from that of the span
    /// before, and its tokens far from each other.
    #[inline(always)]
    fn ask<S: Ahead>(&self, unit: S, tokens: &[Token<'_>], block: usize, size: usize) {
        let state = self.before.and_then(|before| before.get(block * size..(block + 1) * size));
        unit.soon(state.unwrap_or_default());
        for (token, out) in tokens.iter().zip(&*self.out) {
            for lines in [token.x, token.delta, out.as_chunks().0] {
                unit.soon(lines.get(block..=block).unwrap_or_default());
            }
        }
    }

    /// One register of a block's channels, some places of its state: along all tokens, adding to what earlier places
    /// have put out.
    #[inline(always)]
    fn along<S: Power, const COUNT: usize>(
        &mut self,
        unit: S,
        tokens: &[Token<'_>],
        (block, size, place): (usize, usize, usize),
        register: usize,
    ) {
        let at = block * size + place;
        let pick = |lanes: &[f32; LANES]| S::as_simd_f32s(lanes).0[register];
        let a: [S::f32s; COUNT] = std::array::from_fn(|index| pick(&self.a[at + index]));
        let mut h: [S::f32s; COUNT] = match self.before {
            Some(before) => std::array::from_fn(|index| pick(&before[at + index])),
            None => [unit.splat_f32s(0.0); COUNT],
        };
        let direct = pick(&self.direct[block]);
        for (number, (token, out)) in tokens.iter().zip(self.out.iter_mut()).enumerate() {
            let (x, delta) = (pick(&token.x[block]), pick(&token.delta[block]));
            let (b, c) = (&token.b[place..][..COUNT], &token.c[place..][..COUNT]);
            let out = &mut out.as_chunks_mut().0[block];
            let write = unit.mul_f32s(delta, x);
            let mut sum = if place == 0 { unit.mul_f32s(direct, x) } else { pick(out) };
            for index in 0..COUNT {
                let decay = unit.power_of_two(unit.mul_f32s(delta, a[index]));
                let written = unit.mul_f32s(write, unit.splat_f32s(b[index]));
                h[index] = unit.mul_add_e_f32s(decay, h[index], written);
                sum = unit.mul_add_e_f32s(h[index], unit.splat_f32s(c[index]), sum);
            }
            S::as_mut_simd_f32s(out).0[register] = sum;
            if let Some(kept) = self.keep.get_mut(number) {
                let (kept, _) = kept.as_chunks_mut::<LANES>();
                for index in 0..COUNT {
                    S::as_mut_simd_f32s(&mut kept[at + index]).0[register] = h[index];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers between -1 and 1 that are the same on every machine.
    fn numbers(rows: usize, columns: usize, seed: usize) -> Packed<f32> {
        let one = |index: usize| ((index * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0;
        Packed::new((0..rows * columns).map(one).collect(), columns)
    }

    #[test]
    fn every_unit_runs_the_equations() {
        let (tokens, skipped) = (4, 2);
        for (unit, begun) in Unit::all().flat_map(|unit| [(unit, true), (unit, false)]) {
            for (channels, size) in [(1_usize, 1), (5, 3), (16, 8), (13, 16), (35, 19), (48, 16)] {
                let blocks = channels.div_ceil(LANES);
                let x = numbers(skipped + tokens, channels, 1);
                let mut delta = numbers(skipped + tokens, channels, 2);
                delta.values_mut().iter_mut().for_each(|value| *value = value.abs());
                let b = numbers(skipped + tokens, size, 3);
                let c = numbers(skipped + tokens, size, 4);
                let rate = |channel: usize, place: usize| -0.1 - (channel + place) as f32 / 9.0;
                let mut a = vec![[0.0; LANES]; blocks * size];
                for (index, a) in a.as_flattened_mut().iter_mut().enumerate() {
                    let (block, lane) = (index / LANES / size, index % LANES);
                    let place = index / LANES % size;
                    *a = rate(block * LANES + lane, place) * std::f32::consts::LOG2_E;
                }
                let (state, direct) =
                    (vec![[0.25; LANES]; blocks * size], vec![[0.5; LANES]; blocks]);
                let mut out = vec![0.0; tokens * channels];
                let columns = blocks * size * LANES;
                let mut keep = vec![0.0; tokens * columns];
                recur_on(
                    unit,
                    Channels {
                        a: &a,
                        direct: &direct,
                        before: begun.then_some(&state),
                        x: &x,
                        selection: &Selection { delta: &delta, b: &b, c: &c },
                        rows: skipped..skipped + tokens,
                        first: 0,
                        out: &mut out.chunks_exact_mut(channels).collect::<Vec<_>>(),
                        keep: &mut keep.chunks_exact_mut(columns).collect::<Vec<_>>(),
                    },
                );
                for channel in 0..channels {
                    let mut h = vec![if begun { 0.25_f64 } else { 0.0 }; size];
                    for token in 0..tokens {
                        let row = skipped + token;
                        let x = f64::from(x.row(row)[channel]);
                        let delta = f64::from(delta.row(row)[channel]);
                        let mut sum = 0.5 * x;
                        for place in 0..size {
                            let decay = (delta * f64::from(rate(channel, place))).exp();
                            h[place] = decay * h[place] + delta * f64::from(b.row(row)[place]) * x;
                            sum += h[place] * f64::from(c.row(row)[place]);
                            let slot = (channel / LANES * size + place) * LANES + channel % LANES;
                            let kept = f64::from(keep[token * columns + slot]);
                            assert!((kept - h[place]).abs() < 1e-6, "{unit:?}");
                        }
                        let found = f64::from(out[token * channels + channel]);
                        assert!((found - sum).abs() < 1e-5, "{unit:?}: {found} is not {sum}");
                    }
                }
            }
        }
    }
}
