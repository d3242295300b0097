//! A confidence sequence: an interval that may be looked at after every sample, and at which one may stop.
//!
//! Someone who doubts that a mean is `m` bets on each next value. With the share `s` of the money on high values a value `x`
//! multiplies it by `s x / m + (1 - s) (1 - x) / (1 - m)`, which is 1 on average if the mean is `m`, so that nobody gets
//! rich: the chance to ever have twenty times the first money is at most one in twenty. The interval holds the means at which the
//! bets have not made that much. Shares are not chosen but spread over: the money is the mean over many fixed shares, which
//! depends neither on the order of the values nor on when one looks.
//!
//! # Source
//! Waudby-Smith and Ramdas 2024, Estimating means of bounded random variables by betting, J. R. Statist. Soc. B 86 (the
//! interval); Ville 1939 (the bound); Cover and Ordentlich 1996, Universal portfolios with side information, and Orabona and
//! Jun 2024, Tight concentrations and confidence sequences from the regret of universal portfolio (the spread).

use super::interval::{Interval, mean, standard_error};
use super::method::Method;
use super::root::crossing;

/// The fewest shares that bets are spread over.
const FEWEST: usize = 32;
/// The most, enough for a million samples.
const MOST: usize = 4096;
/// Factors that are multiplied before a logarithm is taken: few enough that products neither over- nor underflow.
const CHUNK: usize = 8;
/// How near to 0 and 1 means are tried.
const EDGE: f64 = 1e-12;

/// The bets of a confidence sequence.
///
/// # Example
/// ```
/// use mambascope::stats::{Bounds, LEVEL, Sequence};
/// let bets = Sequence::up_to(200);
/// let samples = [0.31, 0.42, 0.37, 0.29, 0.45, 0.36, 0.40, 0.33, 0.38, 0.35];
/// // Looked at after each sample: the chance that any of these intervals misses the mean is at most 5 %.
/// for count in 1..=samples.len() {
///     assert!(bets.interval(&samples[..count], (0.0, 1.0), LEVEL).holds(0.37));
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    shares: Vec<f64>,
}

impl Sequence {
    /// Bets that are spread finely enough for this many samples. More are allowed; the interval is a little wider than need be
    /// then.
    pub fn up_to(samples: usize) -> Self {
        let count = ((4.0 * (samples as f64).sqrt()).ceil() as usize).clamp(FEWEST, MOST);
        // The arcsine law's midpoints, as Cover and Ordentlich spread them.
        let share = |index: usize| {
            let angle = (index as f64 + 0.5) / count as f64 * std::f64::consts::PI;
            (1.0 - angle.cos()) / 2.0
        };
        Self { shares: (0..count).map(share).collect() }
    }

    /// The interval of the mean of values between two ends, whenever it is looked at.
    ///
    /// It is a little wider than [`Interval::bounded`], which may be looked at once. Values outside of the ends are taken as the
    /// nearer end; with no value the interval is all between the ends, and with one that is not a number its ends are NaN.
    ///
    /// # Cost
    /// Values times four times the root of the largest number of samples, some twenty times.
    pub fn interval(&self, values: &[f64], (low, high): (f64, f64), level: f64) -> Interval {
        let (mean_seen, error) = (mean(values), standard_error(values));
        let (bottom, top) = self.ends(&scaled(values, (low, high)), level, 1.0);
        let unscaled = |end: f64| low + end * (high - low);
        Interval {
            mean: mean_seen,
            error,
            low: unscaled(bottom),
            high: unscaled(top),
            level,
            method: Method::Betting,
        }
    }

    /// The width that the interval would have with `times` as many values that are distributed as these.
    pub(crate) fn width_at(&self, values: &[f64], bounds: (f64, f64), times: f64) -> f64 {
        let (bottom, top) = self.ends(&scaled(values, bounds), super::LEVEL, times);
        (top - bottom) * (bounds.1 - bounds.0)
    }

    /// Whether the interval holds a mean.
    pub(super) fn holds(
        &self,
        values: &[f64],
        (low, high): (f64, f64),
        point: f64,
        level: f64,
    ) -> bool {
        let place = (point - low) / (high - low);
        let values = scaled(values, (low, high));
        (0.0..=1.0).contains(&place)
            && self.money(&values, place.clamp(EDGE, 1.0 - EDGE), 1.0) <= -(1.0 - level).ln()
    }

    fn ends(&self, values: &[f64], level: f64, times: f64) -> (f64, f64) {
        if values.iter().any(|value| value.is_nan()) {
            return (f64::NAN, f64::NAN);
        }
        if values.is_empty() {
            return (0.0, 1.0);
        }
        let enough = -(1.0 - level).ln();
        // At the mean no bet has won.
        let middle = mean(values).clamp(EDGE, 1.0 - EDGE);
        let left = |place: f64| enough - self.money(values, place, times);
        let end = |edge: f64| {
            let inside = left(edge) >= 0.0;
            if inside { edge.round() } else { crossing(left, (edge, middle), 1e-10) }
        };
        (end(EDGE), end(1.0 - EDGE))
    }

    /// The logarithm of the money that bets against this mean have made of 1, if each value came `times` times.
    fn money(&self, values: &[f64], mean: f64, times: f64) -> f64 {
        let made = |share: &f64| {
            let (up, down) = (share / mean, (1.0 - share) / (1.0 - mean));
            let product = |chunk: &[f64]| -> f64 {
                chunk.iter().map(|value| up * value + down * (1.0 - value)).product()
            };
            times * values.chunks(CHUNK).map(|chunk| product(chunk).ln()).sum::<f64>()
        };
        let made: Vec<f64> = self.shares.iter().map(made).collect();
        let most = made.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = made.iter().map(|one| (one - most).exp()).sum();
        most + (sum / self.shares.len() as f64).ln()
    }
}

/// Values as shares of the way between two ends; a NaN stays.
fn scaled(values: &[f64], (low, high): (f64, f64)) -> Vec<f64> {
    values.iter().map(|value| ((value - low) / (high - low)).clamp(0.0, 1.0)).collect()
}
