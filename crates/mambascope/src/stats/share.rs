//! The share of the way from a corrupted to a clean run that a score has come, with its interval.

use super::interval::{Interval, mean};
use super::method::Bounds;
use super::rule::Rule;

/// The number that a share of the way is 0 at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The corrupted run's score: `(x - low) / (high - low)`.
    Corrupted,
    /// Zero, as published: `x / (high - low)`.
    Zero,
}

/// Samples of a cell and of the corrupted run under the same noise, and the clean run's score.
pub(crate) struct Way<'a> {
    pub(crate) raw: &'a [f64],
    pub(crate) low: &'a [f64],
    pub(crate) high: f64,
    /// Those of a score.
    pub(crate) bounds: Bounds,
}

impl Interval {
    /// The interval of the share of the way from the corrupted to the clean score that a cell recovers, given samples of its score
    /// and of the corrupted run's under the same noise.
    ///
    /// Both are means over the same draws, and the interval reckons with the error of both. An end is infinite where the corrupted
    /// mean may be the clean score as far as the samples tell.
    ///
    /// # Source
    /// Fieller 1954, Some problems in interval estimation; with [`bounded`](Interval::bounded) in place of Student's interval where
    /// scores have bounds.
    ///
    /// # Example
    /// ```
    /// use mambascope::stats::{Bounds, Interval, LEVEL};
    /// let (cell, corrupted) = ([0.5, 0.52, 0.47, 0.5, 0.51, 0.5], [0.1, 0.12, 0.1, 0.09, 0.1, 0.1]);
    /// let share = Interval::recovered(&cell, &corrupted, 0.9, Bounds::UNIT, LEVEL);
    /// assert!((share.mean - 0.5).abs() < 0.01 && share.holds(0.5) && share.width() > 0.5);
    /// ```
    pub fn recovered(
        cell: &[f64],
        corrupted: &[f64],
        clean: f64,
        bounds: Bounds,
        level: f64,
    ) -> Self {
        let way = Way { raw: cell, low: corrupted, high: clean, bounds };
        way.interval(&Rule::Settled, Origin::Corrupted, level)
    }
}

impl Way<'_> {
    /// The interval of the share, around its estimate.
    pub(crate) fn interval(&self, rule: &Rule, origin: Origin, level: f64) -> Interval {
        let low = mean(self.low);
        let way = self.high - low;
        let estimate = match origin {
            Origin::Corrupted => (mean(self.raw) - low) / way,
            Origin::Zero => mean(self.raw) / way,
        };
        let found = rule.ratio(estimate, |share| self.terms(origin, share), level);
        Interval { error: found.error / way.abs(), ..found }
    }

    /// Numbers whose mean is 0 just where the share is `share`, and their bounds.
    fn terms(&self, origin: Origin, share: f64) -> (Vec<f64>, Bounds) {
        let of_low = match origin {
            Origin::Corrupted => share - 1.0,
            Origin::Zero => share,
        };
        let known = share * self.high;
        let pairs = self.raw.iter().zip(self.low);
        let values = pairs.map(|(raw, low)| raw + of_low * low - known).collect();
        let bounds = match self.bounds {
            Bounds::Unbounded => Bounds::Unbounded,
            Bounds::Between { low, high } => {
                let (one, other) = (of_low * low, of_low * high);
                let (low, high) = (low + one.min(other), high + one.max(other));
                Bounds::Between { low: low - known, high: high - known }
            }
        };
        (values, bounds)
    }
}
