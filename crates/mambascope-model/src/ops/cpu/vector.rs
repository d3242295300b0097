//! Loops compiled for the vector unit that the machine turns out to have.
//!
//! A [`Kernel`] is a plain loop over fixed-size lanes, inlined into a function that may use AVX-512, or AVX2 and fused
//! multiply-adds, where the processor has them, so that the compiler vectorises it; elsewhere it runs as it stands.

use std::sync::OnceLock;

use crate::Error;

/// The variable that names the unit that work is done on, where it is not to be the best.
const VARIABLE: &str = "MAMBASCOPE_UNIT";

/// Numbers that a loop treats together.
pub(super) const LANES: usize = 16;

/// `a b + c`, in one rounding or two.
pub(super) trait Arithmetic {
    fn multiply_add(a: f32, b: f32, c: f32) -> f32;
}

/// One rounding; fast only where the processor fuses.
pub(super) enum Fused {}

/// Two roundings, fast everywhere.
#[cfg_attr(target_arch = "aarch64", expect(dead_code))]
pub(super) enum Separate {}

impl Arithmetic for Fused {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

impl Arithmetic for Separate {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }
}

/// A loop to be compiled for several vector units; `run` must be `#[inline(always)]`.
pub(super) trait Kernel {
    fn run<A: Arithmetic>(self);
}

/// A vector unit that the processor has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    /// 32 registers of 16 numbers, fused multiply-adds.
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
    /// 16 registers of 8 numbers, fused multiply-adds.
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    /// 32 registers of 4 numbers, fused multiply-adds.
    #[cfg(target_arch = "aarch64")]
    Neon(pulp::aarch64::Neon),
    /// Whatever the compiler makes of plain loops.
    #[cfg_attr(target_arch = "aarch64", expect(dead_code))]
    Plain,
}

impl Unit {
    /// The units of this processor, the best first.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let avx512 = pulp::x86::V4::try_new().map(Self::Avx512);
        let avx2 = pulp::x86::V3::try_new().map(Self::Avx2);
        avx512.into_iter().chain(avx2).chain([Self::Plain])
    }

    /// The units of this processor, the best first.
    #[cfg(target_arch = "aarch64")]
    pub(super) fn all() -> impl Iterator<Item = Self> {
        pulp::aarch64::Neon::try_new().map(Self::Neon).into_iter().chain([Self::Plain])
    }

    /// The units of this processor, the best first.
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub(super) fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Plain)
    }

    /// What it is called.
    pub(super) const fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "AVX-512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "AVX2",
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => "NEON",
            Self::Plain => "plain",
        }
    }

    /// The unit that work is done on: the best of this processor, or the one that `MAMBASCOPE_UNIT` names.
    pub(super) fn found() -> Self {
        static FOUND: OnceLock<Unit> = OnceLock::new();
        *FOUND.get_or_init(|| {
            let named = Self::named().ok().flatten();
            named.or_else(|| Self::all().next()).unwrap_or(Self::Plain)
        })
    }

    /// The unit that `MAMBASCOPE_UNIT` names, where it says anything.
    pub(super) fn named() -> Result<Option<Self>, Error> {
        let Some(asked) = std::env::var_os(VARIABLE) else { return Ok(None) };
        let asked = asked.to_string_lossy();
        let named = Self::all().find(|unit| unit.name().eq_ignore_ascii_case(asked.trim()));
        let known = || Self::all().map(Self::name).collect();
        named.map(Some).ok_or_else(|| Error::Unit { asked: asked.into_owned(), known: known() })
    }
}

#[cfg(target_arch = "x86_64")]
struct FusedCall<K>(K);

#[cfg(target_arch = "x86_64")]
impl<K: Kernel> pulp::NullaryFnOnce for FusedCall<K> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        self.0.run::<Fused>();
    }
}

/// Runs a kernel on the best unit there is.
pub(super) fn vectorized(kernel: impl Kernel) {
    vectorized_on(Unit::found(), kernel);
}

/// Runs a kernel on one of the units that the processor has.
pub(super) fn vectorized_on(unit: Unit, kernel: impl Kernel) {
    match unit {
        #[cfg(target_arch = "x86_64")]
        Unit::Avx512(unit) => unit.vectorize(FusedCall(kernel)),
        #[cfg(target_arch = "x86_64")]
        Unit::Avx2(unit) => unit.vectorize(FusedCall(kernel)),
        #[cfg(target_arch = "aarch64")]
        Unit::Neon(_) => kernel.run::<Fused>(),
        Unit::Plain => kernel.run::<Separate>(),
    }
}

/// exp, within 2 units in the last place between -87 and 88, held at those ends beyond them.
#[inline(always)]
pub(super) fn exp<A: Arithmetic>(x: f32) -> f32 {
    exp_and_lost::<A>(x).0
}

/// exp, and most of what its last rounding took from it.
///
/// The argument is split as `r ln 2 + f` with |f| below 0.35 in two steps, exp(f) is its Taylor series to f^7, and
/// 2^r is written into the exponent bits.
#[inline(always)]
fn exp_and_lost<A: Arithmetic>(x: f32) -> (f32, f32) {
    // Adding 1.5 * 2^23 leaves the rounded integer in the low bits of the sum.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts; the first has few enough bits for its product with r to be exact.
    const LN_2_HIGH: f32 = 355.0 / 512.0;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let shifted = A::multiply_add(x, std::f32::consts::LOG2_E, ROUND);
    let r = shifted - ROUND;
    let f = A::multiply_add(r, -LN_2_LOW, A::multiply_add(r, -LN_2_HIGH, x));
    let mut sum = 1.0 / 5040.0;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0] {
        sum = A::multiply_add(sum, f, coefficient);
    }
    let whole = A::multiply_add(sum, f, 1.0);
    let lost = A::multiply_add(sum, f, 1.0 - whole);
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    (whole * power, lost * power)
}

/// ln(1 + exp(x)), with a relative error of a few units in the last place for every x.
///
/// max(x, 0) + ln(1 + u) with u = exp(-|x|), and ln(1 + u) = 2 atanh(u / (2 + u)), whose series converges fast as its
/// argument is at most a third.
#[inline(always)]
pub(super) fn softplus<A: Arithmetic>(x: f32) -> f32 {
    let u = exp::<A>(-x.abs());
    let s = u / (2.0 + u);
    let square = s * s;
    let mut sum = 1.0 / 15.0;
    for coefficient in [1.0 / 13.0, 1.0 / 11.0, 1.0 / 9.0, 1.0 / 7.0, 0.2, 1.0 / 3.0, 1.0] {
        sum = A::multiply_add(sum, square, coefficient);
    }
    A::multiply_add(2.0 * s, sum, x.max(0.0))
}

/// x / (1 + exp(-x)), within a unit in the last place where multiply-adds are fused.
///
/// What the divisor's roundings took from it is made up for in one step of Newton's.
#[inline(always)]
pub(super) fn silu<A: Arithmetic>(x: f32) -> f32 {
    let (power, lost) = exp_and_lost::<A>(-x);
    let divisor = 1.0 + power;
    let added = divisor - 1.0;
    let lost = (1.0 - (divisor - added)) + (power - added) + lost;
    let inverse = 1.0 / divisor;
    let near = x * inverse;
    let rest = A::multiply_add(-near, lost, A::multiply_add(-near, divisor, x));
    // What is infinite has no rest.
    if near == x { x } else { A::multiply_add(rest, inverse, near) }
}

/// The sum of many numbers, in an order that vector units like and that never changes; what the lanes come to is added
/// in f64.
#[inline(always)]
pub(super) fn sum_of<A: Arithmetic>(values: &[f32], term: impl Fn(f32) -> f32) -> f64 {
    let (blocks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for block in blocks {
        for lane in 0..LANES {
            lanes[lane] += term(block[lane]);
        }
    }
    let tail = rest.iter().map(|&value| term(value));
    lanes.into_iter().chain(tail).map(f64::from).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst(lowest: f32, highest: f32, ours: fn(f32) -> f32, exact: fn(f64) -> f64) -> f64 {
        let steps = 200_000;
        (0..=steps)
            .map(|step| lowest + (highest - lowest) * step as f32 / steps as f32)
            .map(|x| ((f64::from(ours(x)) - exact(f64::from(x))) / exact(f64::from(x))).abs())
            .fold(0.0, f64::max)
    }

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        let bound = 2.0 * f64::from(f32::EPSILON);
        assert!(worst(-86.9, 87.9, exp::<Separate>, f64::exp) < bound);
        assert!(worst(-1.0, 1.0, exp::<Fused>, f64::exp) < bound);
        assert!(exp::<Separate>(f32::NAN).is_nan());
        assert!(exp::<Separate>(-1.0e9) < 2.0e-38);
    }

    #[test]
    fn silu_is_within_a_unit_in_the_last_place() {
        let exact = |x: f64| x / (1.0 + (-x).exp());
        for (lowest, highest) in [(-86.0, -0.01), (-4.0, -1e-3), (1e-3, 4.0), (0.01, 1.0e4)] {
            let fused = worst(lowest, highest, silu::<Fused>, exact);
            assert!(fused < 0.75 * f64::from(f32::EPSILON), "{fused:e}");
            let separate = worst(lowest, highest, silu::<Separate>, exact);
            assert!(separate < 2.0 * f64::from(f32::EPSILON), "{separate:e}");
        }
        assert_eq!(silu::<Fused>(0.0), 0.0);
        assert!(silu::<Fused>(-1.0e9).abs() < 1e-27);
        assert_eq!(silu::<Fused>(f32::INFINITY), f32::INFINITY);
        assert!(silu::<Fused>(f32::NAN).is_nan());
    }

    #[test]
    fn softplus_is_accurate_on_both_sides() {
        let exact = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
        assert!(worst(-80.0, 80.0, softplus::<Separate>, exact) < 4.0 * f64::from(f32::EPSILON));
        assert!(worst(-80.0, 80.0, softplus::<Fused>, exact) < 4.0 * f64::from(f32::EPSILON));
    }
}
