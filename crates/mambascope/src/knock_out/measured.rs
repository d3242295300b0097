//! The metrics of one knock-out.

use serde::{Deserialize, Serialize};

use super::Knocked;
use crate::Error;
use crate::metrics::Metric;
use crate::wavefront::Reading;

/// The numbers of a metric that is not in front.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Also {
    pub(super) metric: Metric,
    pub(super) high: f64,
    pub(super) scores: Vec<f64>,
}

impl From<Reading> for Also {
    fn from(Reading { metric, high, scores, .. }: Reading) -> Self {
        Self { metric, high, scores }
    }
}

impl Knocked {
    /// The knock-out in another metric that the same runs measured; all words, figures and files follow it.
    ///
    /// # Errors
    /// When the trace did not ask for the metric.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).metrics([Metric::Divergence]);
    /// let knocked = trace.knock_out(Subject, Last, ..).run()?;
    /// let divergence = knocked.metric(Metric::Divergence)?;
    /// assert!(divergence.scores()[0] > divergence.high());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn metric(&self, metric: Metric) -> Result<Self, Error> {
        let mut next = self.clone();
        if metric == self.metric {
            return Ok(next);
        }
        let Some(front) = next.also.iter_mut().find(|also| also.metric == metric) else {
            return Err(Error::NotMeasured { metric, measured: self.metrics() });
        };
        std::mem::swap(&mut next.metric, &mut front.metric);
        std::mem::swap(&mut next.high, &mut front.high);
        std::mem::swap(&mut next.scores, &mut front.scores);
        Ok(next)
    }

    /// The metrics that were measured, the one that scores are in first.
    pub fn metrics(&self) -> Vec<Metric> {
        std::iter::once(self.metric).chain(self.also.iter().map(|also| also.metric)).collect()
    }

    /// What the scores are of, in words: `p(Paris)`, `rank of Paris`.
    pub fn label(&self) -> String {
        self.metric.label(&self.answer, self.foil.as_deref().unwrap_or("foil"))
    }

    /// What pictures show of each score: of p the relative change, as published, of other metrics the difference.
    pub(super) fn changes(&self) -> Vec<f64> {
        if self.metric == Metric::Probability { self.relative() } else { self.differences() }
    }

    /// What pictures show, in words.
    pub(super) fn change_label(&self) -> String {
        if self.metric == Metric::Probability {
            return "(p - p0) / p0".to_owned();
        }
        format!("{} less that of the clean run", self.label())
    }
}
