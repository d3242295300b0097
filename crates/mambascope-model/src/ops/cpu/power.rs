//! Powers of two, as the decay of a state needs them.

use pulp::Simd;

/// The exponents of the least and the largest powers that a number has room for.
const LEAST: f32 = -126.0;
const MOST: f32 = 127.0;

/// A vector unit that takes powers of two.
pub(super) trait Power: Simd {
    /// 2 to the power of x, within 2 units in the last place between -126 and 127, held at those ends beyond them.
    ///
    /// The argument is split as `r + f` with a whole r and |f| at most a half; 2^f is a polynomial, and 2^r is written
    /// into the exponent bits.
    #[inline(always)]
    fn power_of_two(self, x: Self::f32s) -> Self::f32s {
        // Adding 1.5 * 2^23 leaves the rounded integer in the low bits of the sum.
        let round = self.splat_f32s(12_582_912.0);
        let x = held(self, x);
        let shifted = self.add_f32s(x, round);
        let sum = fraction(self, self.sub_f32s(x, self.sub_f32s(shifted, round)));
        let bits = self.transmute_u32s_f32s(shifted);
        let exponent = self.wrapping_dyn_shl_u32s(bits, self.splat_u32s(23));
        let sum = self.transmute_u32s_f32s(sum);
        self.transmute_f32s_u32s(self.add_u32s(sum, exponent))
    }
}

impl Power for pulp::Scalar {}

#[cfg(target_arch = "x86_64")]
impl Power for pulp::x86::V3 {}

#[cfg(target_arch = "aarch64")]
impl Power for pulp::aarch64::Neon {}

#[cfg(target_arch = "x86_64")]
impl Power for pulp::x86::V4 {
    /// The same, with instructions that split and scale, down to 0 below the least power.
    #[inline(always)]
    fn power_of_two(self, x: Self::f32s) -> Self::f32s {
        use std::arch::x86_64::__m512;

        use pulp::bytemuck::cast;

        let x: __m512 = cast(self.min_f32s(x, self.splat_f32s(MOST)));
        let whole = self.avx512f._mm512_roundscale_ps::<0>(x);
        // What is left of an infinite number is 0, where a difference would be none.
        let rest = self.avx512dq._mm512_reduce_ps::<0>(x);
        cast(self.avx512f._mm512_scalef_ps(cast(fraction(self, cast(rest))), whole))
    }
}

#[inline(always)]
fn held<S: Simd>(unit: S, x: S::f32s) -> S::f32s {
    unit.min_f32s(unit.max_f32s(x, unit.splat_f32s(LEAST)), unit.splat_f32s(MOST))
}

/// 2^f for |f| at most a half.
#[inline(always)]
fn fraction<S: Simd>(unit: S, f: S::f32s) -> S::f32s {
    let mut sum = unit.splat_f32s(SERIES[0]);
    for &coefficient in &SERIES[1..] {
        sum = unit.mul_add_e_f32s(sum, f, unit.splat_f32s(coefficient));
    }
    sum
}

/// The polynomial whose largest relative error is least, 1.9e-9 before it is rounded, highest power first.
const SERIES: [f32; 7] = [
    1.534_581_2e-4,
    1.339_993_1e-3,
    9.618_489e-3,
    5.550_328_8e-2,
    2.402_264_7e-1,
    6.931_472e-1,
    1.0,
];

#[cfg(test)]
mod tests {
    use super::super::vector::{LANES, Unit};
    use super::*;

    struct Powers<'a, S>(S, &'a mut [f32]);

    impl<S: Power> pulp::NullaryFnOnce for Powers<'_, S> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            for value in S::as_mut_simd_f32s(self.1).0 {
                *value = self.0.power_of_two(*value);
            }
        }
    }

    fn powers(unit: Unit, values: &mut [f32]) {
        use pulp::NullaryFnOnce as _;
        match unit {
            #[cfg(target_arch = "x86_64")]
            Unit::Avx512(unit) => unit.vectorize(Powers(unit, values)),
            #[cfg(target_arch = "x86_64")]
            Unit::Avx2(unit) => unit.vectorize(Powers(unit, values)),
            #[cfg(target_arch = "aarch64")]
            Unit::Neon(unit) => Powers(unit, values).call(),
            Unit::Plain => Powers(pulp::Scalar, values).call(),
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
            let mut ends = [0.0; LANES];
            ends[..6].copy_from_slice(&[
                -1.0e9,
                f32::NEG_INFINITY,
                LEAST,
                MOST,
                1.0e9,
                f32::INFINITY,
            ]);
            powers(unit, &mut ends);
            let (least, most) = (2.0_f32.powi(-126), 2.0_f32.powi(127));
            let below = ends[..2].iter().all(|end| (0.0..=least).contains(end));
            assert!(below, "{unit:?}: {ends:?}");
            assert_eq!(ends[2..6], [least, most, most, most], "{unit:?}");
        }
    }
}
