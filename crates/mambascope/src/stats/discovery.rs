//! Which cells of a grid to believe when many are tested.

/// How the tests of a grid hang together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dependence {
    /// Not at all, or so that one cell's small p-value makes another's more likely: cells under the same noise.
    #[default]
    Positive,
    /// In any way; pays for it with a factor of about the logarithm of the number of cells.
    Any,
}

/// For each p-value the least false discovery rate at which its cell counts as found: those below 0.05 are cells of which
/// one in twenty is expected to be wrong.
///
/// Values that are NaN stay so and do not count as tests.
///
/// # Source
/// [`Dependence::Positive`]: Benjamini and Hochberg 1995; [`Dependence::Any`]: Benjamini and Yekutieli 2001.
///
/// # Example
/// ```
/// use mambascope::stats::{Dependence, false_discovery};
/// assert_eq!(false_discovery(&[0.01, 0.5, 0.02, 0.04], Dependence::Positive), [0.04, 0.5, 0.04, 0.04 * 4.0 / 3.0]);
/// ```
pub fn false_discovery(p_values: &[f64], dependence: Dependence) -> Vec<f64> {
    let mut order: Vec<usize> =
        (0..p_values.len()).filter(|&index| !p_values[index].is_nan()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let tests = order.len() as f64;
    let price = match dependence {
        Dependence::Positive => 1.0,
        Dependence::Any => (1..=order.len()).map(|rank| 1.0 / rank as f64).sum(),
    };
    let mut rates = vec![f64::NAN; p_values.len()];
    let mut least = 1.0_f64;
    for (rank, &index) in order.iter().enumerate().rev() {
        least = least.min(p_values[index] * price * tests / (rank + 1) as f64);
        rates[index] = least;
    }
    rates
}
