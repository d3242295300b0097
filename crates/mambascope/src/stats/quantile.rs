//! Quantiles of the normal distribution and of Student's t.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Past so many degrees of freedom t is taken from the normal by an expansion, whose error is below 1e-13 there; the
/// library's own incomplete beta function loses figures as degrees grow.
const MANY: f64 = 1000.0;

/// The value below which a standard normal number lies with this probability; NaN where `share` is no probability.
///
/// # Example
/// ```
/// assert!((mambascope::stats::normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-12);
/// ```
pub fn normal_quantile(share: f64) -> f64 {
    if (0.0..=1.0).contains(&share) { Normal::standard().inverse_cdf(share) } else { f64::NAN }
}

/// The share of standard normal numbers below a value.
pub(super) fn normal_share(value: f64) -> f64 {
    Normal::standard().cdf(value)
}

/// The value below which a number of Student's t distribution with so many degrees of freedom lies with this probability;
/// NaN for fewer than one degree, and where `share` is no probability.
///
/// # Source
/// Beyond 1000 degrees: Abramowitz and Stegun 1964, 26.7.5.
///
/// # Example
/// ```
/// assert!((mambascope::stats::student_quantile(0.975, 9.0) - 2.262_157_162_798_205).abs() < 1e-12);
/// ```
pub fn student_quantile(share: f64, degrees: f64) -> f64 {
    if !(0.0..=1.0).contains(&share) || degrees.is_nan() || degrees < 1.0 {
        return f64::NAN;
    }
    if degrees > MANY {
        return expansion(normal_quantile(share), degrees);
    }
    StudentsT::new(0.0, 1.0, degrees).map_or(f64::NAN, |student| student.inverse_cdf(share))
}

/// Student's quantile from the normal's, in powers of one over the degrees.
fn expansion(x: f64, degrees: f64) -> f64 {
    if x.is_infinite() || degrees.is_infinite() {
        return x;
    }
    let square = x * x;
    let first = (square + 1.0) / 4.0;
    let second = ((5.0 * square + 16.0) * square + 3.0) / 96.0;
    let third = (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0;
    let fourth = ((((79.0 * square + 776.0) * square + 1482.0) * square - 1920.0) * square - 945.0)
        / 92160.0;
    let share = 1.0 / degrees;
    x * (1.0 + share * (first + share * (second + share * (third + share * fourth))))
}
