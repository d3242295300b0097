//! The recurrence of a block of channels along the tokens of a span, on the vector unit found at run time.

use std::ops::Range;

use pulp::Simd;

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
pub(super) fn recur_on(unit: Unit, channels: Channels<'_, '_>) {
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

/// Channels to be run on a unit.
#[cfg(target_arch = "x86_64")]
struct On<'a, 'b, S>(S, Channels<'a, 'b>);

#[cfg(target_arch = "x86_64")]
impl<S: Power> pulp::NullaryFnOnce for On<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.1.run(self.0);
    }
}

impl Channels<'_, '_> {
    /// Block after block, the first places of the state, then the next.
    #[inline(always)]
    fn run<S: Power>(mut self, unit: S) {
        let size = self.a.len() / self.direct.len().max(1);
        let registers = LANES / S::F32_LANES;
        for block in 0..self.direct.len() {
            for register in 0..registers {
                let mut place = 0;
                while place + PLACES <= size {
                    self.along::<S, PLACES>(unit, (block, size, place), register);
                    place += PLACES;
                }
                while place < size {
                    self.along::<S, 1>(unit, (block, size, place), register);
                    place += 1;
                }
            }
        }
    }

    /// One register of a block's channels, some places of its state: along all tokens, adding to what earlier places
    /// have put out.
    #[inline(always)]
    fn along<S: Power, const COUNT: usize>(
        &mut self,
        unit: S,
        (block, size, place): (usize, usize, usize),
        register: usize,
    ) {
        let at = block * size + place;
        let pick = |numbers: &[f32]| S::as_simd_f32s(numbers).0[register];
        let a: [S::f32s; COUNT] = std::array::from_fn(|index| pick(&self.a[at + index]));
        let mut h: [S::f32s; COUNT] = match self.before {
            Some(before) => std::array::from_fn(|index| pick(&before[at + index])),
            None => [unit.splat_f32s(0.0); COUNT],
        };
        let direct = pick(&self.direct[block]);
        let (first, offset) = (self.first + block * LANES, block * LANES);
        for (token, row) in self.rows.clone().enumerate() {
            let x = pick(lanes(&self.x.row(row)[first..], &mut [0.0; LANES]));
            let delta = pick(lanes(&self.selection.delta.row(row)[first..], &mut [0.0; LANES]));
            let b = &self.selection.b.row(row)[place..][..COUNT];
            let c = &self.selection.c.row(row)[place..][..COUNT];
            let write = unit.mul_f32s(delta, x);
            let out = &mut self.out[token][offset..];
            let mut sum = if place == 0 {
                unit.mul_f32s(direct, x)
            } else {
                pick(lanes(out, &mut [0.0; LANES]))
            };
            for index in 0..COUNT {
                let decay = unit.power_of_two(unit.mul_f32s(delta, a[index]));
                let written = unit.mul_f32s(write, unit.splat_f32s(b[index]));
                h[index] = unit.mul_add_e_f32s(decay, h[index], written);
                sum = unit.mul_add_e_f32s(h[index], unit.splat_f32s(c[index]), sum);
            }
            put::<S>(sum, out, register);
            if let Some(kept) = self.keep.get_mut(token) {
                let (kept, _) = kept.as_chunks_mut::<LANES>();
                for (kept, h) in kept[at..at + COUNT].iter_mut().zip(h) {
                    put::<S>(h, kept, register);
                }
            }
        }
    }
}

/// The first channels of a row as a whole block; zeros where the model has no more.
#[inline(always)]
fn lanes<'a>(row: &'a [f32], spare: &'a mut [f32; LANES]) -> &'a [f32] {
    if row.len() >= LANES {
        return &row[..LANES];
    }
    spare[..row.len()].copy_from_slice(row);
    spare
}

/// Writes a register over its part of a row, as far as the row goes.
#[inline(always)]
fn put<S: Simd>(value: S::f32s, row: &mut [f32], register: usize) {
    if row.len() >= LANES {
        S::as_mut_simd_f32s(&mut row[..LANES]).0[register] = value;
        return;
    }
    let first = (register * S::F32_LANES).min(row.len());
    let numbers: &[f32] = pulp::bytemuck::cast_slice(std::slice::from_ref(&value));
    row[first..].iter_mut().zip(numbers).for_each(|(slot, &number)| *slot = number);
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
