//! The assumptions that an interval rests on, by name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The values that a number can take: all that an interval of its mean needs to know beside the sample.
///
/// # Example
/// ```
/// use mambascope::stats::Bounds;
/// assert_eq!(Bounds::UNIT.of_differences(), Bounds::Between { low: -1.0, high: 1.0 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bounds {
    /// Between these ends, which belong to it: a probability is between 0 and 1.
    Between {
        /// The lowest value.
        low: f64,
        /// The highest value.
        high: f64,
    },
    /// Any number: a logit, a divergence.
    Unbounded,
}

impl Bounds {
    /// Probabilities.
    pub const UNIT: Self = Self::Between { low: 0.0, high: 1.0 };

    /// The bounds of the difference of two such values.
    #[must_use]
    pub fn of_differences(self) -> Self {
        match self {
            Self::Between { low, high } => Self::Between { low: low - high, high: high - low },
            Self::Unbounded => Self::Unbounded,
        }
    }
}

/// How an [`Interval`](super::Interval) was made, and so when it can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// Gaffke's bounds: independent values from any distribution between known ends, any number of them.
    Gaffke,
    /// A betting confidence sequence: as [`Gaffke`](Method::Gaffke), and whenever one stops drawing.
    Betting,
    /// Student's t: values that lie about evenly on both sides of their mean.
    Student,
    /// Hall's transformation of Student's t: values that lie farther out on one side, without rare far ones that the sample
    /// lacks.
    Skewed,
    /// ROME's 1.96 standard errors: many values.
    Rome,
    /// Resampled cases: at least some twenty of them.
    Bootstrap,
}

impl Method {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gaffke => "gaffke",
            Self::Betting => "betting",
            Self::Student => "student",
            Self::Skewed => "skewed",
            Self::Rome => "rome",
            Self::Bootstrap => "bootstrap",
        }
    }

    /// The condition under which the interval covers, for a figure's caption.
    pub const fn condition(self) -> &'static str {
        match self {
            Self::Gaffke => "for any distribution",
            Self::Betting => "for any distribution and any stopping time",
            Self::Student | Self::Skewed => "if no rare, far value is missing from the samples",
            Self::Rome => "if there are many values",
            Self::Bootstrap => "if there are at least some twenty cases",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
