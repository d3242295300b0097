//! The metrics of one set of runs, and what is made of their scores: raw, or a share of the way from corrupted to clean.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::corrupt::Corruption;
use crate::effects::Effects;
use crate::metrics::{Metric, Normalisation};
use crate::stats::{Interval, LEVEL, Origin, Rule, Way};

/// The numbers of a metric that is not in front.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Measured {
    pub(crate) metric: Metric,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) normalised: Option<Normalised>,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) low_samples: Vec<f64>,
    pub(crate) scores: Vec<f64>,
    pub(crate) sample_scores: Vec<f64>,
}

/// What normalised numbers were made from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Normalised {
    normalisation: Normalisation,
    /// The metric of the corrupted run, averaged.
    low: f64,
    /// The metric of the clean run.
    high: f64,
}

impl Normalised {
    fn way(self) -> f64 {
        self.high - self.low
    }

    fn apply(self, raw: f64) -> f64 {
        self.normalisation.apply(raw, self.low, self.high)
    }

    /// The number that [`apply`](Self::apply) makes this of.
    fn raw(self, number: f64) -> f64 {
        match self.normalisation {
            Normalisation::Raw => number,
            Normalisation::Recovered => self.low + number * self.way(),
            Normalisation::Published => number * self.way(),
        }
    }
}

impl Effects {
    /// The effects in another metric that the same runs measured; all words, figures and files follow it.
    ///
    /// # Units
    /// Averaged over noise samples: the mean of log p is not the logarithm of the mean p.
    ///
    /// # Errors
    /// When the plan did not ask for the metric.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let noisy = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
    /// let effects = noisy.restore(..).metrics([Metric::Rank]).run()?;
    /// assert_eq!(effects.metric(Metric::Rank)?.high(), 1.0, "the answer is the clean run's first");
    /// assert!(effects.metric(Metric::Divergence).is_err());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn metric(&self, metric: Metric) -> Result<Self, Error> {
        let mut next = self.clone();
        if metric == self.metric {
            return Ok(next);
        }
        let Some(front) = next.also.iter_mut().find(|measured| measured.metric == metric) else {
            return Err(Error::NotMeasured { metric, measured: self.metrics() });
        };
        std::mem::swap(&mut next.metric, &mut front.metric);
        std::mem::swap(&mut next.normalised, &mut front.normalised);
        std::mem::swap(&mut next.high, &mut front.high);
        std::mem::swap(&mut next.low, &mut front.low);
        std::mem::swap(&mut next.low_samples, &mut front.low_samples);
        std::mem::swap(&mut next.scores, &mut front.scores);
        std::mem::swap(&mut next.sample_scores, &mut front.sample_scores);
        Ok(next)
    }

    /// The metrics that were measured, the one that scores are in first.
    pub fn metrics(&self) -> Vec<Metric> {
        std::iter::once(self.metric).chain(self.also.iter().map(|also| also.metric)).collect()
    }

    /// The scores as shares of the way from the corrupted to the clean run, as a [`Normalisation`] says; the other metrics
    /// stay as they are.
    ///
    /// Their intervals reckon with the corrupted run's score too, which is a mean over the same samples; an end is infinite where
    /// that score may be the clean run's as far as the samples tell.
    ///
    /// # Errors
    /// When the corrupted run is as good as the clean one, or the scores are normalised already.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let noisy = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
    /// let shares = noisy.restore(..).run()?.normalised(Normalisation::Recovered)?;
    /// assert_eq!((shares.low(), shares.high()), (0.0, 1.0));
    /// assert!((shares.score(3, 3).expect("a cell") - 1.0).abs() < 1e-6, "the last residual of the last token brings all back");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn normalised(&self, normalisation: Normalisation) -> Result<Self, Error> {
        if normalisation == Normalisation::Raw {
            return if self.normalised.is_none() {
                Ok(self.clone())
            } else {
                Err(Error::NormalisedTwice)
            };
        }
        if self.normalised.is_some() {
            return Err(Error::NormalisedTwice);
        }
        let (low, high) = (self.low, self.high);
        let by = Normalised { normalisation, low, high };
        if by.way() == 0.0 || !by.way().is_finite() {
            return Err(Error::NoWay { metric: self.metric, low, high });
        }
        let all = |raw: &[f64]| raw.iter().map(|&raw| by.apply(raw)).collect();
        let next = Self {
            normalised: Some(by),
            high: by.apply(high),
            low: by.apply(low),
            low_samples: all(&self.low_samples),
            scores: all(&self.scores),
            sample_scores: all(&self.sample_scores),
            ..self.clone()
        };
        // A way of almost nothing makes shares that are larger than any number.
        let is_finite = |numbers: &[f64]| numbers.iter().all(|number| number.is_finite());
        if is_finite(&next.scores) && is_finite(&next.sample_scores) && is_finite(&next.low_samples)
        {
            Ok(next)
        } else {
            Err(Error::NoWay { metric: self.metric, low, high })
        }
    }

    /// What was made of the scores.
    pub fn normalisation(&self) -> Normalisation {
        self.normalised.map_or(Normalisation::Raw, |normalised| normalised.normalisation)
    }

    /// What the scores are of, in words: `p(Paris)`, `rank of Paris`, `recovered p(Paris)`.
    pub fn label(&self) -> String {
        let of = self.metric.label(&self.answer, self.foil.as_deref().unwrap_or("foil"));
        match self.normalisation() {
            Normalisation::Raw => of,
            Normalisation::Recovered => format!("recovered {of}"),
            Normalisation::Published => format!("{of} / (high - low)"),
        }
    }

    /// Whether higher scores are nearer to the clean run.
    pub(crate) fn rises(&self) -> bool {
        // A share of a way that leads down is as high as its score is low.
        let is_turned = self.normalised.is_some_and(|normalised| normalised.way() < 0.0);
        self.metric.rises() != is_turned
    }

    /// The rule by which intervals are made.
    fn rule(&self) -> Rule {
        match self.plan.until {
            Some(until) if self.sampling.is_some() => Rule::Stopped(until.bets()),
            _ => Rule::Settled,
        }
    }

    /// Whether scores are means over draws, so that other draws would have given others.
    pub(crate) fn is_drawn(&self) -> bool {
        !self.low_samples.is_empty() && matches!(self.plan.corrupt, Corruption::Noise(_))
    }

    /// The 95 % interval of the mean of samples of the scores; without ends where nothing was drawn.
    pub(crate) fn interval_of(&self, samples: &[f64]) -> Interval {
        if !self.is_drawn() {
            return Interval::student(&[], LEVEL);
        }
        let Some(by) = self.normalised else { return self.metric.interval(&self.rule(), samples) };
        let origin = match by.normalisation {
            Normalisation::Published => Origin::Zero,
            _ => Origin::Corrupted,
        };
        self.share_of_way(by, origin, samples)
    }

    /// The 95 % interval of the mean of what samples have above those of the corrupted run.
    pub(crate) fn interval_of_effect(&self, samples: &[f64]) -> Interval {
        if !self.is_drawn() {
            return Interval::student(&[], LEVEL);
        }
        if let Some(by) = self.normalised {
            return self.share_of_way(by, Origin::Corrupted, samples);
        }
        let pairs = samples.iter().zip(&self.low_samples);
        let differences: Vec<f64> = pairs.map(|(sample, low)| sample - low).collect();
        self.metric.interval_of_differences(&self.rule(), &differences)
    }

    fn share_of_way(&self, by: Normalised, origin: Origin, samples: &[f64]) -> Interval {
        let raw =
            |numbers: &[f64]| numbers.iter().map(|&number| by.raw(number)).collect::<Vec<f64>>();
        let (raw, low) = (raw(samples), raw(&self.low_samples));
        let bounds = self.metric.bounds();
        Way { raw: &raw, low: &low, high: by.high, bounds }.interval(&self.rule(), origin, LEVEL)
    }
}
