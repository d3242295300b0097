//! The two float types that the operations run in.

use std::f32::consts::LOG2_E;

use candle_core::{CpuStorage, Result, Tensor, WithDType};

/// A float with an exponential over slices.
pub(super) trait Real: WithDType {
    /// Replaces each value by its exponential.
    fn exponential(values: &mut [Self]);
}

impl Real for f32 {
    fn exponential(values: &mut [Self]) {
        for value in values {
            *value = exponential_f32(*value);
        }
    }
}

impl Real for f64 {
    fn exponential(values: &mut [Self]) {
        for value in values {
            *value = value.exp();
        }
    }
}

/// The exponential as 2^k · e^r, |r| <= ln(2) / 2, with the series of e^r: a loop over it becomes vector instructions,
/// which calls to the library's do not.
#[inline]
fn exponential_f32(value: f32) -> f32 {
    /// Adding this leaves the rounded number in the low bits of the mantissa.
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2^23
    /// ln(2) in two parts: the first has few bits, so that k times it is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;

    let value = value.clamp(-87.0, 88.0);
    let shifted = value * LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let rest = value - whole * LN_2_HIGH - whole * LN_2_LOW;
    let mut series = 1.0 / 5040.0;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        series = series * rest + coefficient;
    }
    series * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

/// The sum of products, in eight lanes so that the compiler may use vector instructions.
#[inline]
pub(super) fn dot<T: Real>(left: &[T], right: &[T]) -> T {
    let mut lanes = [T::zero(); 8];
    let (left_lanes, left_rest) = left.as_chunks::<8>();
    let (right_lanes, right_rest) = right.as_chunks::<8>();
    for (l, r) in left_lanes.iter().zip(right_lanes) {
        for lane in 0..8 {
            lanes[lane] += l[lane] * r[lane];
        }
    }
    let mut sum = T::zero();
    for (&l, &r) in left_rest.iter().zip(right_rest) {
        sum += l * r;
    }
    for lane in lanes {
        sum += lane;
    }
    sum
}

/// The values of a contiguous CPU tensor inside a custom operation.
pub(super) fn contiguous<'a, T: Real>(
    storage: &'a CpuStorage,
    layout: &candle_core::Layout,
) -> Result<&'a [T]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        candle_core::bail!("the operation reads contiguous tensors only");
    };
    Ok(&storage.as_slice::<T>()?[start..end])
}

/// The values of a tensor, row by row.
pub(super) fn values<T: Real>(tensor: &Tensor) -> Result<Vec<T>> {
    tensor.flatten_all()?.to_vec1::<T>()
}

#[cfg(test)]
mod tests {
    use super::Real;

    #[test]
    fn exponential_f32_is_the_librarys_to_two_units() {
        let mut values: Vec<f32> =
            (-8_700..8_800).map(|hundredth| hundredth as f32 / 100.0).collect();
        let expected: Vec<f32> = values.iter().map(|value| value.exp()).collect();
        f32::exponential(&mut values);
        for (found, expected) in values.iter().zip(expected) {
            assert!(
                (found - expected).abs() <= 2.0 * f32::EPSILON * expected,
                "{found} is not {expected}"
            );
        }
    }
}
