//! Intervals of the mean of values between two known ends, whatever their distribution.
//!
//! # Source
//! Gaffke 2005, Three test statistics for a nonparametric one-sided hypothesis on the mean of a nonnegative variable, Math.
//! Methods Statist. 14; Learned-Miller and Thomas 2020, A new confidence interval for the mean of a bounded random variable,
//! arXiv 1905.06208.

use super::dirichlet::Weighted;
use super::interval::{Interval, mean, standard_error};
use super::method::Method;
use super::root::crossing;

impl Interval {
    /// An interval of the mean of values between two ends, for any distribution and any number of them.
    ///
    /// The sample may lack rare values. So the lower end is the mean that the values have under random weights (all ways to share
    /// 1 are equally likely) beside one more value at the lowest place, at its 2.5 % quantile; the upper end likewise with
    /// one more at the highest place. Of values that are 0 or 1 alone this is Clopper and Pearson's interval: ten equal values have
    /// one 0.31 times as wide as the ends are apart. Of values with little spread it comes near to Student's as they grow many.
    ///
    /// Values outside of the ends are taken as the nearer end. With no value the interval is all between the ends; with a NaN its
    /// ends are NaN.
    ///
    /// # Source
    /// Gaffke 2005; Learned-Miller and Thomas 2020. That it covers is proved for one value and for values of two kinds; for all
    /// others it is a conjecture without a counterexample. `tests/coverage.rs` searches for one, with exact sums over all samples.
    /// A proof for every distribution has [`Sequence`](super::Sequence), which is wider.
    ///
    /// # Example
    /// ```
    /// use mambascope::stats::{Interval, LEVEL};
    /// let never_lost = Interval::bounded(&[1.0; 10], (0.0, 1.0), LEVEL);
    /// assert!((never_lost.low - 0.025_f64.powf(0.1)).abs() < 1e-9 && never_lost.high == 1.0);
    /// ```
    pub fn bounded(values: &[f64], (low, high): (f64, f64), level: f64) -> Self {
        let (seen, error) = (mean(values), standard_error(values));
        let inside: Vec<f64> = values.iter().map(|value| value.clamp(low, high)).collect();
        let (bottom, top) = ends(&inside, (low, high), level, 1.0);
        Self { mean: seen, error, low: bottom, high: top, level, method: Method::Gaffke }
    }

    /// The interval of the mean of probabilities, such as p(answer) over noise samples: [`bounded`](Interval::bounded) by 0 and 1.
    ///
    /// # Example
    /// ```
    /// use mambascope::stats::{Interval, LEVEL};
    /// let lost_in_most = [0.01, 0.0, 0.02, 0.98, 0.0, 0.01, 0.0, 0.05, 0.0, 0.01];
    /// let interval = Interval::probability(&lost_in_most, LEVEL);
    /// assert!(interval.low > 0.0 && interval.high < 0.46);
    /// ```
    pub fn probability(values: &[f64], level: f64) -> Self {
        Self::bounded(values, (0.0, 1.0), level)
    }
}

/// The ends of the interval if each value came `times` times.
fn ends(values: &[f64], (low, high): (f64, f64), level: f64, times: f64) -> (f64, f64) {
    let share = 0.5 - level / 2.0;
    let mirrored: Vec<f64> = values.iter().map(|value| -value).collect();
    let bottom = Weighted { values, lowest: low, times }.quantile(share);
    let top = Weighted { values: &mirrored, lowest: -high, times }.quantile(share);
    (bottom, -top)
}

/// Whether the interval of values between two ends holds a mean.
pub(super) fn holds(values: &[f64], (low, high): (f64, f64), point: f64, level: f64) -> bool {
    let share = 0.5 - level / 2.0;
    let mirrored: Vec<f64> = values.iter().map(|value| -value).collect();
    Weighted { values, lowest: low, times: 1.0 }.below(point) >= share
        && Weighted { values: &mirrored, lowest: -high, times: 1.0 }.below(-point) >= share
}

/// Samples that would make the interval of values like these at most so far from its middle to its ends.
///
/// A first look for planning: the spread of the values at hand is taken for that of all, so a rare value that they lack makes the
/// true number larger. `None` of fewer than two values, of one that is not a number, or where ten million are too few.
///
/// # Example
/// ```
/// use mambascope::stats::samples_for;
/// let first = [0.31, 0.42, 0.37, 0.29, 0.45, 0.36, 0.40, 0.33, 0.38, 0.35];
/// assert_eq!(samples_for(0.05, &first, (0.0, 1.0)), Some(37));
/// assert_eq!(samples_for(0.2, &first, (0.0, 1.0)), Some(10), "it is narrower already");
/// ```
pub fn samples_for(half_width: f64, values: &[f64], bounds: (f64, f64)) -> Option<usize> {
    const MOST: f64 = 1e7;
    let count = values.len() as f64;
    if values.len() < 2 || values.iter().any(|value| value.is_nan()) || half_width.is_nan() {
        return None;
    }
    let excess = |times: f64| {
        let (low, high) = ends(values, bounds, super::LEVEL, times);
        ((high - low) / 2.0 / half_width).ln()
    };
    if excess(1.0) <= 0.0 {
        return Some(values.len());
    }
    let most = MOST / count;
    // Powers of times, since the width falls with the root of it.
    let power = crossing(|power| -excess(most.powf(power)), (0.0, 1.0), 1e-4);
    (power < 1.0 - 1e-3).then(|| (count * most.powf(power)).ceil() as usize)
}
