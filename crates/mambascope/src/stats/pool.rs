//! Rows of many cases as one mean.

use super::interval::{Interval, mean};

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
/// [`Weighting::Rows`] the mean is a ratio of sums, whose error is that of its linear part; where each case has one row,
/// it is Student's interval. ROME itself treats rows as independent: [`Interval::rome`] of all rows.
///
/// # Source
/// The pool: `notebooks/average_causal_effects.ipynb` of kmeng01/rome. The error of a ratio: Cochran 1977, Sampling
/// Techniques, section 6.3.
///
/// # Example
/// ```
/// use mambascope::stats::{LEVEL, Weighting, pool};
/// let cases = [vec![0.25], vec![0.75, 0.75, 0.75]];
/// assert_eq!(pool(&cases, Weighting::Rows, LEVEL).mean, 0.625);
/// assert_eq!(pool(&cases, Weighting::Cases, LEVEL).mean, 0.5);
/// ```
pub fn pool<C: AsRef<[f64]>>(cases: &[C], weighting: Weighting, level: f64) -> Interval {
    let cases: Vec<&[f64]> =
        cases.iter().map(AsRef::as_ref).filter(|rows| !rows.is_empty()).collect();
    match weighting {
        Weighting::Cases => {
            let means: Vec<f64> = cases.iter().map(|rows| mean(rows)).collect();
            Interval::student(&means, level)
        }
        Weighting::Rows => by_rows(&cases, level),
    }
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
