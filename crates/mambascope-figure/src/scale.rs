//! From values to the share of the way from the lowest colour to the highest.

use serde::{Deserialize, Serialize};

use crate::palette::Palette;

/// Where the colours begin and end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Range {
    /// At the lowest and highest value; under a diverging palette as far on both sides of zero.
    #[default]
    Values,
    /// At these two, under a diverging palette at the one farther from zero and its opposite; values past them take the
    /// colour of the end.
    Fixed {
        /// The value of the first colour.
        #[serde(with = "crate::values::one")]
        low: f64,
        /// The value of the last colour.
        #[serde(with = "crate::values::one")]
        high: f64,
    },
}

/// What the colours mean.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// Where the colours begin and end.
    pub range: Range,
    /// What is measured, for instance `p( Paris)`; stands over the colour bar.
    pub label: String,
}

/// A range with both ends known: finite and in order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Span {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// Past this, the difference of two ends would not be a number any more.
pub(crate) const LARGEST: f64 = f64::MAX / 4.0;

impl Range {
    /// Settles the ends. Ends in the wrong order are turned round, and an end that is no number is taken from the values.
    pub(crate) fn span(self, values: &[f64], palette: Palette) -> Span {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let lowest = finite().reduce(f64::min).unwrap_or(0.0);
        let highest = finite().reduce(f64::max).unwrap_or(lowest);
        let (mut low, mut high) = match self {
            Range::Fixed { low, high } => (
                if low.is_nan() { lowest } else { low },
                if high.is_nan() { highest } else { high },
            ),
            Range::Values => (lowest, highest),
        };
        if palette == Palette::Diverging {
            let reach = low.abs().max(high.abs());
            (low, high) = (-reach, reach);
        }
        let (low, high) = (low.clamp(-LARGEST, LARGEST), high.clamp(-LARGEST, LARGEST));
        Span { low: low.min(high), high: low.max(high) }
    }
}

impl Span {
    /// The share of the way from low to high, from 0 to 1; `None` for NaN. A span without length is the middle for its
    /// own value.
    pub(crate) fn share(self, value: f64) -> Option<f64> {
        if value.is_nan() {
            return None;
        }
        if value <= self.low {
            return Some(if self.is_point() && value == self.low { 0.5 } else { 0.0 });
        }
        if value >= self.high {
            return Some(1.0);
        }
        Some(((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0))
    }

    /// Whether both ends are one value.
    pub(crate) fn is_point(self) -> bool {
        self.low == self.high
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_give_the_ends() {
        let span = Range::Values.span(&[0.5, f64::NAN, 0.1, f64::INFINITY], Palette::Purples);
        assert_eq!(span, Span { low: 0.1, high: 0.5 });
        let span = Range::Values.span(&[0.5, -0.1], Palette::Diverging);
        assert_eq!(span, Span { low: -0.5, high: 0.5 });
        let span = Range::Fixed { low: -0.1, high: 0.4 }.span(&[], Palette::Diverging);
        assert_eq!(span, Span { low: -0.4, high: 0.4 }, "white is zero");
        let span = Range::Fixed { low: 1.0, high: 0.0 }.span(&[], Palette::Purples);
        assert_eq!(span, Span { low: 0.0, high: 1.0 });
        assert_eq!(Range::Values.span(&[], Palette::Reds), Span { low: 0.0, high: 0.0 });
    }

    #[test]
    fn one_value_is_the_middle() {
        let span = Span { low: 0.25, high: 0.25 };
        assert_eq!(
            [0.2, 0.25, 0.3].map(|value| span.share(value)),
            [Some(0.0), Some(0.5), Some(1.0)]
        );
    }

    proptest! {
        #[test]
        fn shares_keep_the_order(low in any::<f64>(), high in any::<f64>(), a in any::<f64>(), b in any::<f64>()) {
            let span = Range::Fixed { low, high }.span(&[a, b], Palette::Purples);
            prop_assert!(span.low.is_finite() && span.high.is_finite() && span.low <= span.high);
            let (first, second) = (span.share(a.min(b)).unwrap_or(0.0), span.share(a.max(b)).unwrap_or(1.0));
            prop_assert!((0.0..=1.0).contains(&first) && (0.0..=1.0).contains(&second));
            prop_assert!(first <= second);
        }
    }
}
