//! Which interval a sample gets: by the bounds of its values, and by whether one looked before the last of them was drawn.

use super::bounded;
use super::interval::{Interval, mean, standard_error, two_sided};
use super::method::{Bounds, Method};
use super::ratio;
use super::sequence::Sequence;

/// How a sample came to have as many values as it has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rule {
    /// Their number was settled beforehand.
    Settled,
    /// Drawing stopped when the values so far were found to be enough; the bets are those that were looked at.
    Stopped(Sequence),
}

impl Rule {
    /// The interval of the mean.
    pub(crate) fn interval(&self, values: &[f64], bounds: Bounds, level: f64) -> Interval {
        match (self, bounds) {
            (_, Bounds::Unbounded) => Interval::skewed(values, level),
            (Self::Settled, Bounds::Between { low, high }) => {
                Interval::bounded(values, (low, high), level)
            }
            (Self::Stopped(bets), Bounds::Between { low, high }) => {
                bets.interval(values, (low, high), level)
            }
        }
    }

    /// The interval of a ratio, which is `r` where the mean of `terms(r)` is 0, around its estimate.
    pub(crate) fn ratio(
        &self,
        estimate: f64,
        terms: impl Fn(f64) -> (Vec<f64>, Bounds),
        level: f64,
    ) -> Interval {
        let (low, high) = ratio::ends(estimate, |ratio| {
            let (values, bounds) = terms(ratio);
            self.holds_zero(&values, bounds, level)
        });
        let (values, bounds) = terms(estimate);
        let method = match (self, bounds) {
            (_, Bounds::Unbounded) => Method::Student,
            (Self::Settled, _) => Method::Gaffke,
            (Self::Stopped(_), _) => Method::Betting,
        };
        Interval { mean: estimate, error: standard_error(&values), low, high, level, method }
    }

    fn holds_zero(&self, values: &[f64], bounds: Bounds, level: f64) -> bool {
        match (self, bounds) {
            (_, Bounds::Unbounded) => {
                let reach = two_sided(values.len() as f64 - 1.0, level) * standard_error(values);
                mean(values).abs() <= reach
            }
            (Self::Settled, Bounds::Between { low, high }) => {
                bounded::holds(values, (low, high), 0.0, level)
            }
            (Self::Stopped(bets), Bounds::Between { low, high }) => {
                bets.holds(values, (low, high), 0.0, level)
            }
        }
    }
}
