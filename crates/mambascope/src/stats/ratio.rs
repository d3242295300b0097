//! Intervals of a ratio of two means that were measured together: the share of the way that a patch recovers, a mean over cases
//! with several rows each.
//!
//! The ratio is `r` just where the mean of `above - r below` is 0. So the interval holds each `r` for which the interval of that
//! mean holds 0. Where the lower mean may be 0 as far as the samples tell, no end can be given, and it is infinite.
//!
//! # Source
//! Fieller 1954, Some problems in interval estimation, J. R. Statist. Soc. B 16.

use super::root::crossing;

/// How far from the estimate an end is looked for, in units of 1 or of the estimate.
const FARTHEST: f64 = 1e6;

/// The ends of the interval around `start`, a ratio that it holds; infinite where nothing can be said.
pub(super) fn ends(start: f64, holds: impl Fn(f64) -> bool) -> (f64, f64) {
    if !start.is_finite() || !holds(start) {
        return (f64::NAN, f64::NAN);
    }
    (end(start, -1.0, &holds), end(start, 1.0, &holds))
}

/// The end of the interval in one direction.
fn end(start: f64, direction: f64, holds: &impl Fn(f64) -> bool) -> f64 {
    let unit = start.abs().max(1.0);
    let (mut inside, mut step) = (start, 0.125 * unit);
    while step <= FARTHEST * unit {
        let outside = start + direction * step;
        if !holds(outside) {
            let sign = |ratio: f64| if holds(ratio) { -1.0 } else { 1.0 };
            return crossing(sign, (inside, outside), 1e-9 * unit);
        }
        (inside, step) = (outside, step * 2.0);
    }
    direction * f64::INFINITY
}
