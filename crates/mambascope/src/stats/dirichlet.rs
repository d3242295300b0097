//! The distribution of a mean under random weights: each value gets a weight of its own, all ways to share 1 being equally likely.
//!
//! With such weights the mean of `x` is at most `t` just where a sum of independent exponential numbers, each times `x[i] - t`, is
//! not positive: where those of values above `t` are used up before those of values below it. Two ways to that chance:
//!
//! - **Runs**, for few values. The next exponential number of each side runs out at a rate of one over its factor, whichever was
//!   used up before, since what is left of an exponential number is one again. So the chance from each state follows from
//!   those of two others.
//! - **A contour integral**, for many values: the inversion of a Laplace transform, along a hyperbola through the saddle point
//!   that opens to the side on which the integrand falls off, by the trapezoid rule.
//!
//! # Source
//! Daniels 1954, Saddlepoint approximations in statistics, Ann. Math. Statist. 25, for the saddle point; Weideman and Trefethen
//! 2007, Parabolic and hyperbolic contours for computing the Bromwich integral, Math. Comp. 76.

mod contour;

use super::root::crossing;

/// Values up to which runs are counted: they take a time that grows with the square.
const FEW: usize = 160;

/// Values with random weights, beside one more at the lowest place.
///
/// The weights are from the Dirichlet distribution whose parameter is `times` for each value and 1 for the lowest place.
/// `times` is 1 for the values themselves; at 3 the weights are those of a sample three times as large of the same values.
pub(super) struct Weighted<'a> {
    pub(super) values: &'a [f64],
    pub(super) lowest: f64,
    pub(super) times: f64,
}

impl Weighted<'_> {
    /// The chance that the weighted mean is at most `point`; NaN where a value is.
    pub(super) fn below(&self, point: f64) -> f64 {
        let highest = self.values.iter().fold(self.lowest, |high, &value| high.max(value));
        if self.values.iter().any(|value| value.is_nan()) || point.is_nan() {
            f64::NAN
        } else if point >= highest {
            1.0
        } else if point <= self.lowest {
            0.0
        } else if self.times == 1.0 && self.values.len() <= FEW {
            self.by_runs(point)
        } else {
            contour::below(self, point)
        }
    }

    /// The chance that the numbers above `point` are used up first, from the last state to the first.
    fn by_runs(&self, point: f64) -> f64 {
        let factors = || self.values.iter().map(|value| value - point);
        let above: Vec<f64> = factors().filter(|factor| *factor > 0.0).collect();
        let below = factors().filter(|factor| *factor < 0.0).map(f64::abs);
        // `chances[j]`: with the first j of those above left, and so many of those below as were taken.
        let mut chances = vec![0.0; above.len() + 1];
        chances[0] = 1.0;
        for below in below.chain([point - self.lowest]) {
            for (left, above) in above.iter().enumerate() {
                let (used_below, used_above) = (chances[left + 1], chances[left]);
                chances[left + 1] = (above * used_below + below * used_above) / (above + below);
            }
        }
        chances[above.len()]
    }

    /// The value below which the weighted mean lies with this chance.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let highest = self.values.iter().fold(self.lowest, |high, &value| high.max(value));
        if self.values.iter().any(|value| value.is_nan()) {
            return f64::NAN;
        }
        if highest <= self.lowest {
            return self.lowest;
        }
        let above = |point: f64| (self.below(point) / share).ln();
        crossing(above, (self.lowest, highest), 1e-10 * (highest - self.lowest))
    }
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{Beta, ContinuousCDF as _};

    use super::*;
    use crate::random::RandomState;

    fn weighted(values: &[f64], times: f64) -> Weighted<'_> {
        Weighted { values, lowest: 0.0, times }
    }

    #[test]
    fn zeros_and_ones_have_beta_quantiles() {
        for (zeros, ones) in
            [(0, 1), (1, 1), (3, 7), (9, 1), (0, 10), (0, 400), (200, 800), (999, 1)]
        {
            let values = [vec![0.0; zeros], vec![1.0; ones]].concat();
            for share in [5e-4, 0.005, 0.025, 0.3, 0.5] {
                let found = weighted(&values, 1.0).quantile(share);
                let beta = Beta::new(ones as f64, zeros as f64 + 1.0).expect("two shapes");
                let expected = beta.inverse_cdf(share);
                assert!((found - expected).abs() < 1e-9, "{zeros} {ones}: {found} {expected}");
            }
        }
    }

    #[test]
    fn both_ways_lead_to_the_same_chance() {
        let mut random = RandomState::new(3);
        for (count, spread) in
            [(1, 1.0), (2, 1.0), (5, 0.1), (10, 1.0), (60, 1.0), (160, 1e-3), (160, 1.0)]
        {
            let mut values = random.uniform(0.4 - 0.4 * spread, 0.4 + 0.6 * spread, count);
            values.extend([values[0]; 2]);
            let one = weighted(&values, 1.0);
            for point in random.uniform(0.02, 0.98, 20) {
                let (runs, integral) = (one.by_runs(point), contour::below(&one, point));
                if values.iter().any(|value| *value > point) {
                    assert!((runs - integral).abs() < 1e-10, "{count} {point}: {runs} {integral}");
                }
            }
        }
    }

    #[test]
    fn larger_samples_of_the_same_values_are_values_that_count_more() {
        let values = [0.1, 0.35, 0.2, 0.8, 0.55];
        let thrice = values.repeat(3);
        for point in [0.05, 0.2, 0.35, 0.6] {
            let (one, other) = (weighted(&values, 3.0), weighted(&thrice, 1.0));
            assert!((one.below(point) - other.below(point)).abs() < 1e-10, "{point}");
        }
    }

    #[test]
    fn a_value_alone_is_shared_evenly() {
        // One value beside the lowest place: its weight is evenly distributed.
        for point in [0.001, 0.1, 0.3, 0.59] {
            let found = weighted(&[0.6], 1.0).below(point);
            assert!((found - point / 0.6).abs() < 1e-15, "{point}: {found}");
        }
        assert_eq!(weighted(&[0.6], 1.0).below(0.6), 1.0);
        assert_eq!(weighted(&[0.6], 1.0).below(0.0), 0.0);
        assert!(weighted(&[0.6, f64::NAN], 1.0).below(0.5).is_nan());
    }

    #[test]
    fn two_values_have_a_density_of_two_pieces() {
        // The weighted mean of 0, 1/2 and 1: the distribution is 2 t^2 up to the middle, 1 - 2 (1 - t)^2 after it.
        for point in [0.01, 0.2, 0.5, 0.7, 0.99] {
            let found = weighted(&[0.5, 1.0], 1.0).below(point);
            let rest = 1.0 - point;
            let expected = if point <= 0.5 { 2.0 * point * point } else { 1.0 - 2.0 * rest * rest };
            assert!((found - expected).abs() < 1e-14, "{point}: {found} {expected}");
        }
    }
}
