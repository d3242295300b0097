//! Rows of many cases as one mean.

use super::interval::{Interval, mean};
use super::method::Bounds;
use super::rule::Rule;

/// What counts once in a mean over cases that have several rows each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Weighting {
    /// Each row, so that cases with many (long subjects) weigh more: ROME's averages.
    #[default]
    Rows,
    /// Each case, by the mean of its rows.
    Cases,
}

/// The mean over cases, each with its rows, and its interval over cases; cases without rows do not count.
///
/// Rows of one case are not independent, so the interval comes from the spread between cases under both weightings. Under
/// [`Weighting::Rows`] the mean is a ratio of sums: of bounded rows the interval holds each ratio at which the cases' sums may
/// be 0 on average ([`Interval::bounded`]), with the longest case at hand for the longest of all; of unbounded rows its error is
/// that of its linear part. ROME itself treats rows as independent: [`Interval::rome`] of all rows.
///
/// # Source
/// The pool: `notebooks/average_causal_effects.ipynb` of kmeng01/rome. The error of a ratio: Cochran 1977, Sampling
/// Techniques, section 6.3.
///
/// # Example
/// ```
/// use mambascope::stats::{Bounds, LEVEL, Weighting, pool};
/// let cases = [vec![0.25], vec![0.75, 0.75, 0.75]];
/// assert_eq!(pool(&cases, Weighting::Rows, Bounds::UNIT, LEVEL).mean, 0.625);
/// assert_eq!(pool(&cases, Weighting::Cases, Bounds::UNIT, LEVEL).mean, 0.5);
/// ```
pub fn pool<C: AsRef<[f64]>>(
    cases: &[C],
    weighting: Weighting,
    bounds: Bounds,
    level: f64,
) -> Interval {
    let cases: Vec<&[f64]> =
        cases.iter().map(AsRef::as_ref).filter(|rows| !rows.is_empty()).collect();
    let means = || cases.iter().map(|rows| mean(rows)).collect::<Vec<f64>>();
    match (weighting, bounds) {
        (Weighting::Cases, Bounds::Unbounded) => Interval::student(&means(), level),
        (Weighting::Cases, _) => Rule::Settled.interval(&means(), bounds, level),
        (Weighting::Rows, Bounds::Unbounded) => by_rows(&cases, level),
        (Weighting::Rows, Bounds::Between { low, high }) => {
            by_bounded_rows(&cases, (low, high), level)
        }
    }
}

fn by_bounded_rows(cases: &[&[f64]], (low, high): (f64, f64), level: f64) -> Interval {
    let longest = cases.iter().map(|rows| rows.len()).max().unwrap_or(0) as f64;
    let linear = by_rows(cases, level);
    let terms = |ratio: f64| {
        let rest = |rows: &&[f64]| rows.iter().map(|row| row - ratio).sum();
        let bounds =
            Bounds::Between { low: longest * (low - ratio), high: longest * (high - ratio) };
        (cases.iter().map(rest).collect(), bounds)
    };
    let found = Rule::Settled.ratio(linear.mean, terms, level);
    Interval { error: linear.error, ..found.within(low, high) }
}

fn by_rows(cases: &[&[f64]], level: f64) -> Interval {
    let count = cases.len() as f64;
    let rows: f64 = cases.iter().map(|rows| rows.len() as f64).sum();
    let sum = |rows: &[f64]| rows.iter().sum::<f64>();
    let middle = cases.iter().map(|rows| sum(rows)).sum::<f64>() / rows;
    let rest = |rows: &[f64]| sum(rows) - middle * rows.len() as f64;
    let squares: f64 = cases.iter().map(|rows| rest(rows).powi(2)).sum();
    let error = (squares * count / (count - 1.0)).sqrt() / rows;
    Interval::around(middle, error, count - 1.0, level)
}
