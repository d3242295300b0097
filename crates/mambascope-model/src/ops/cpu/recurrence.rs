//! The recurrence of a block of channels along the tokens of a span, on the vector unit found at run time.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::vector::{LANES, Unit};
use crate::ops::Selection;
use crate::packed::Packed;

/// A block of [`LANES`] channels, and the tokens that it runs along.
pub(super) struct Channels<'a, 'b> {
    /// `A` times the binary logarithm of e, `[N, LANES]`.
    pub(super) a: &'a [[f32; LANES]],
    /// The direct path.
    pub(super) direct: &'a [f32; LANES],
    /// The state, `[N, LANES]`: before the first token, then after the last.
    pub(super) state: &'a mut [[f32; LANES]],
    pub(super) x: &'a Packed<f32>,
    pub(super) selection: &'a Selection<'a, Packed<f32>>,
    /// The rows of the span's tokens.
    pub(super) rows: Range<usize>,
    /// The channels of the block that the model has.
    pub(super) columns: Range<usize>,
    /// The span's outputs, token by token, of the block or of more channels.
    pub(super) out: &'a mut [&'b mut [f32]],
    /// The span's states, likewise; nothing where none are kept.
    pub(super) keep: &'a mut [&'b mut [f32]],
    /// Where the block lies in an output.
    pub(super) place: usize,
}

/// Runs a block of channels on the best unit there is.
pub(super) fn recur(channels: Channels<'_, '_>) {
    recur_on(Unit::found(), channels);
}

/// The same on one of the units that the processor has.
pub(super) fn recur_on(unit: Unit, channels: Channels<'_, '_>) {
    match unit {
        #[cfg(target_arch = "x86_64")]
        Unit::Avx512(unit) => Simd::vectorize(unit, channels),
        #[cfg(target_arch = "x86_64")]
        Unit::Avx2(unit) => Simd::vectorize(unit, channels),
        #[cfg(target_arch = "aarch64")]
        Unit::Neon(unit) => Simd::vectorize(unit, channels),
        Unit::Plain => channels.with_simd(pulp::Scalar),
    }
}

impl WithSimd for Channels<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, unit: S) {
        let (a, direct) =
            (S::as_simd_f32s(self.a.as_flattened()).0, S::as_simd_f32s(self.direct).0);
        let state = S::as_mut_simd_f32s(self.state.as_flattened_mut()).0;
        let registers = direct.len();
        let width = self.columns.len();
        for (token, row) in self.rows.enumerate() {
            let x = lanes(&self.x.row(row)[self.columns.clone()]);
            let delta = lanes(&self.selection.delta.row(row)[self.columns.clone()]);
            let (b, c) = (self.selection.b.row(row), self.selection.c.row(row));
            let mut out = [0.0; LANES];
            for (register, out) in S::as_mut_simd_f32s(&mut out).0.iter_mut().enumerate() {
                let (x, delta) =
                    (S::as_simd_f32s(&x).0[register], S::as_simd_f32s(&delta).0[register]);
                let write = unit.mul_f32s(delta, x);
                let mut sum = unit.mul_f32s(direct[register], x);
                let states = state.iter_mut().skip(register).step_by(registers);
                let decays = a.iter().skip(register).step_by(registers);
                for (((h, &a), &b), &c) in states.zip(decays).zip(b).zip(c) {
                    let decay = power_of_two(unit, unit.mul_f32s(delta, a));
                    let written = unit.mul_f32s(write, unit.splat_f32s(b));
                    *h = unit.mul_add_e_f32s(decay, *h, written);
                    sum = unit.mul_add_e_f32s(*h, unit.splat_f32s(c), sum);
                }
                *out = sum;
            }
            self.out[token][self.place..][..width].copy_from_slice(&out[..width]);
            if let Some(kept) = self.keep.get_mut(token) {
                let numbers = self.a.len() * LANES;
                let kept = &mut kept[self.place * self.a.len()..][..numbers];
                S::as_mut_simd_f32s(kept).0.copy_from_slice(state);
            }
        }
    }
}

/// 2 to the power of x, within 2 units in the last place between -126 and 127, held at those ends beyond them.
///
/// The argument is split as `r + f` with a whole r and |f| at most a half; 2^f is a polynomial, and 2^r is written into
/// the exponent bits.
#[inline(always)]
fn power_of_two<S: Simd>(unit: S, x: S::f32s) -> S::f32s {
    // Adding 1.5 * 2^23 leaves the rounded integer in the low bits of the sum.
    let round = unit.splat_f32s(12_582_912.0);
    let x = unit.min_f32s(unit.max_f32s(x, unit.splat_f32s(-126.0)), unit.splat_f32s(127.0));
    let shifted = unit.add_f32s(x, round);
    let f = unit.sub_f32s(x, unit.sub_f32s(shifted, round));
    let mut sum = unit.splat_f32s(POWER[0]);
    for &coefficient in &POWER[1..] {
        sum = unit.mul_add_e_f32s(sum, f, unit.splat_f32s(coefficient));
    }
    let bits = unit.transmute_u32s_f32s(shifted);
    let exponent = unit.wrapping_dyn_shl_u32s(bits, unit.splat_u32s(23));
    let sum = unit.transmute_u32s_f32s(sum);
    unit.transmute_f32s_u32s(unit.add_u32s(sum, exponent))
}

/// 2^f on [-1/2, 1/2] by Taylor's series of exp(f ln 2), highest power first.
const POWER: [f32; 8] = {
    let mut series = [1.0; 8];
    let (mut term, mut power) = (1.0, 1);
    while power < series.len() {
        term *= std::f64::consts::LN_2 / power as f64;
        series[series.len() - 1 - power] = term as f32;
        power += 1;
    }
    series
};

/// A block of channels, zeros where the model has no more.
#[inline(always)]
fn lanes(values: &[f32]) -> [f32; LANES] {
    let mut lanes = [0.0; LANES];
    lanes[..values.len()].copy_from_slice(values);
    lanes
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Powers<'a>(&'a mut [f32]);

    impl WithSimd for Powers<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, unit: S) {
            for value in S::as_mut_simd_f32s(self.0).0 {
                *value = power_of_two(unit, *value);
            }
        }
    }

    fn powers(unit: Unit, values: &mut [f32]) {
        match unit {
            #[cfg(target_arch = "x86_64")]
            Unit::Avx512(unit) => Simd::vectorize(unit, Powers(values)),
            #[cfg(target_arch = "x86_64")]
            Unit::Avx2(unit) => Simd::vectorize(unit, Powers(values)),
            #[cfg(target_arch = "aarch64")]
            Unit::Neon(unit) => Simd::vectorize(unit, Powers(values)),
            Unit::Plain => Powers(values).with_simd(pulp::Scalar),
        }
    }

    #[test]
    fn powers_are_within_two_units_in_the_last_place_on_every_unit() {
        let steps = 1 << 18;
        let arguments: Vec<f32> =
            (0..steps).map(|step| -126.0 + 253.0 * step as f32 / steps as f32).collect();
        for unit in Unit::all() {
            let mut found = arguments.clone();
            powers(unit, &mut found);
            for (&x, &power) in arguments.iter().zip(&found) {
                let exact = f64::from(x).exp2();
                let error = (f64::from(power) - exact).abs() / exact;
                assert!(error < 2.0 * f64::from(f32::EPSILON), "{unit:?}: 2^{x} is not {power}");
            }
            let mut ends = [-1.0e9_f32, -126.0, 0.0, 1.0e9];
            ends = {
                let mut whole = [0.0; LANES];
                whole[..4].copy_from_slice(&ends);
                powers(unit, &mut whole);
                [whole[0], whole[1], whole[2], whole[3]]
            };
            assert_eq!(ends, [2.0_f32.powi(-126), 2.0_f32.powi(-126), 1.0, 2.0_f32.powi(127)]);
        }
    }

    /// Numbers between -1 and 1 that are the same on every machine.
    fn numbers(rows: usize, columns: usize, seed: usize) -> Packed<f32> {
        let one = |index: usize| ((index * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0;
        Packed::new((0..rows * columns).map(one).collect(), columns)
    }

    #[test]
    fn every_unit_runs_the_equations() {
        let (tokens, before) = (4, 2);
        for unit in Unit::all() {
            for (channels, size) in [(1, 1), (5, 3), (16, 8), (13, 16)] {
                let x = numbers(before + tokens, channels, 1);
                let mut delta = numbers(before + tokens, channels, 2);
                delta.values_mut().iter_mut().for_each(|value| *value = value.abs());
                let (b, c) = (numbers(before + tokens, size, 3), numbers(before + tokens, size, 4));
                let rate = |channel: usize, place: usize| -0.1 - (channel + place) as f32 / 9.0;
                let mut a = vec![[0.0; LANES]; size];
                for (place, a) in a.iter_mut().enumerate() {
                    for channel in 0..channels {
                        a[channel] = rate(channel, place) * std::f32::consts::LOG2_E;
                    }
                }
                let (mut state, direct) = (vec![[0.25; LANES]; size], [0.5; LANES]);
                let mut out = vec![0.0; tokens * channels];
                let mut keep = vec![0.0; tokens * size * LANES];
                recur_on(
                    unit,
                    Channels {
                        a: &a,
                        direct: &direct,
                        state: &mut state,
                        x: &x,
                        selection: &Selection { delta: &delta, b: &b, c: &c },
                        rows: before..before + tokens,
                        columns: 0..channels,
                        out: &mut out.chunks_exact_mut(channels).collect::<Vec<_>>(),
                        keep: &mut keep.chunks_exact_mut(size * LANES).collect::<Vec<_>>(),
                        place: 0,
                    },
                );
                for channel in 0..channels {
                    let mut h = vec![0.25_f64; size];
                    for token in 0..tokens {
                        let row = before + token;
                        let x = f64::from(x.row(row)[channel]);
                        let delta = f64::from(delta.row(row)[channel]);
                        let mut sum = 0.5 * x;
                        for place in 0..size {
                            let decay = (delta * f64::from(rate(channel, place))).exp();
                            h[place] = decay * h[place] + delta * f64::from(b.row(row)[place]) * x;
                            sum += h[place] * f64::from(c.row(row)[place]);
                            let kept = keep[(token * size + place) * LANES + channel];
                            assert!((f64::from(kept) - h[place]).abs() < 1e-6, "{unit:?}");
                        }
                        let found = f64::from(out[token * channels + channel]);
                        assert!((found - sum).abs() < 1e-5, "{unit:?}: {found} is not {sum}");
                    }
                }
            }
        }
    }
}
