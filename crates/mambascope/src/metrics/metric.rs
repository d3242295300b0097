//! The metrics by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Metrics;
use crate::Error;
use crate::stats::{Bounds, Interval, LEVEL, Rule};

/// What is asked of the logits at the end of a run.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let noisy = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
/// let effects = noisy.restore(..).foil(3).metrics(Metric::ALL).run()?;
/// let divergence = effects.metric(Metric::Divergence)?;
/// assert_eq!(divergence.high(), 0.0, "of the clean run from itself");
/// assert!(divergence.score(3, 3).expect("a cell") < 1e-9, "the last residual of the last token is the clean run");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Metric {
    /// The answer's share of the softmax: `p`.
    #[default]
    Probability,
    /// Its natural logarithm: `log_p`.
    LogProbability,
    /// The answer's logit less the foil's: `logit_difference`.
    LogitDifference,
    /// The divergence of Kullback and Leibler from the clean run's distribution, in nats: `kl`.
    Divergence,
    /// The answer's place among the known tokens, 1 for the highest: `rank`.
    Rank,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Probability,
        Self::LogProbability,
        Self::LogitDifference,
        Self::Divergence,
        Self::Rank,
    ];

    /// Its name in files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Probability => "p",
            Self::LogProbability => "log_p",
            Self::LogitDifference => "logit_difference",
            Self::Divergence => "kl",
            Self::Rank => "rank",
        }
    }

    /// Its number of a row; NaN for the logit difference of a row without a foil.
    pub fn of(self, row: &Metrics) -> f64 {
        match self {
            Self::Probability => row.probability,
            Self::LogProbability => row.log_probability,
            Self::LogitDifference => row.logit_difference.unwrap_or(f64::NAN),
            Self::Divergence => row.divergence,
            Self::Rank => row.rank as f64,
        }
    }

    /// Whether more of it is nearer to the clean run.
    pub(crate) const fn rises(self) -> bool {
        !matches!(self, Self::Divergence | Self::Rank)
    }

    /// The lowest and highest value that it can have, where both are known and an interval can use them.
    ///
    /// A rank is at most the number of known tokens, which is too far off to say anything of some samples.
    pub const fn bounds(self) -> Bounds {
        match self {
            Self::Probability => Bounds::UNIT,
            _ => Bounds::Unbounded,
        }
    }

    /// The least and the greatest mean that it can have.
    const fn limits(self) -> (f64, f64) {
        match self {
            Self::Probability => (0.0, 1.0),
            Self::LogProbability => (f64::NEG_INFINITY, 0.0),
            Self::LogitDifference => (f64::NEG_INFINITY, f64::INFINITY),
            Self::Divergence => (0.0, f64::INFINITY),
            Self::Rank => (1.0, f64::INFINITY),
        }
    }

    /// The 95 % interval of the mean of samples.
    pub(crate) fn interval(self, rule: &Rule, samples: &[f64]) -> Interval {
        let (low, high) = self.limits();
        rule.interval(samples, self.bounds(), LEVEL).within(low, high)
    }

    /// The 95 % interval of the mean of differences of samples.
    pub(crate) fn interval_of_differences(self, rule: &Rule, differences: &[f64]) -> Interval {
        rule.interval(differences, self.bounds().of_differences(), LEVEL)
    }

    /// What is measured, of an answer and a foil.
    pub(crate) fn label(self, answer: &str, foil: &str) -> String {
        let (answer, foil) = (answer.trim(), foil.trim());
        match self {
            Self::Probability => format!("p({answer})"),
            Self::LogProbability => format!("log p({answer})"),
            Self::LogitDifference => format!("logit({answer}) - logit({foil})"),
            Self::Divergence => "KL divergence".to_owned(),
            Self::Rank => format!("rank of {answer}"),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Metric {
    type Err = Error;

    /// Reads a metric's name, `_` or `-` between its words.
    ///
    /// # Errors
    /// For anything else.
    fn from_str(text: &str) -> Result<Self, Error> {
        let name = text.trim().to_ascii_lowercase().replace('-', "_");
        Self::ALL
            .into_iter()
            .find(|metric| metric.name() == name)
            .ok_or_else(|| Error::UnknownMetric { name: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for metric in Metric::ALL {
            assert_eq!(metric.to_string().parse::<Metric>().expect("a metric"), metric);
        }
        assert_eq!("log-p".parse::<Metric>().expect("a metric"), Metric::LogProbability);
        let error = "loss".parse::<Metric>().expect_err("no metric").to_string();
        assert!(error.contains("`loss`") && error.contains("logit_difference"), "{error}");
    }
}
