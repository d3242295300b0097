//! What a knock-out measured.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::KnockOut;
use super::check::Settled;
use super::knock::Knock;
use super::measured::Also;
use crate::Error;
use crate::check::outcome_warnings;
use crate::metrics::Metric;
use crate::wavefront::{Outcome, Work};

/// What a knock-out measured: p(answer) of the clean run, and with each pair of tokens cut in each run of layers.
///
/// # Units
/// Probabilities; or another metric that the trace asked for, in front by [`Knocked::metric`].
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3);
/// let knocked = trace.knock_out(Subject, Last, ..).and(0, Last).window(1).run()?;
/// assert_eq!(knocked.rows(), ["subject to last token", "token 0 to last token"]);
/// let change = (knocked.score(1, 3).expect("a cell") - knocked.high()) / knocked.high();
/// assert_eq!(knocked.relative()[4 + 3], change);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knocked {
    pub(super) version: String,
    pub(super) model: String,
    pub(super) model_digest: String,
    pub(super) knock: Knock,
    pub(super) input_ids: Vec<u32>,
    pub(super) input_tokens: Vec<String>,
    pub(super) subject: Range<usize>,
    pub(super) answer: String,
    pub(super) answer_id: u32,
    pub(super) correct_prediction: bool,
    pub(super) high: f64,
    pub(super) rows: Vec<String>,
    pub(super) from: Vec<Range<usize>>,
    pub(super) to: Vec<Range<usize>>,
    pub(super) centres: Vec<usize>,
    pub(super) layers: Vec<Range<usize>>,
    pub(super) scores: Vec<f64>,
    pub(super) warnings: Vec<String>,
    /// What was chosen where the plan left it open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<String>,
    /// Sentences about the subject that stand under pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) captions: Vec<String>,
    pub(super) work: Work,
    #[serde(default)]
    pub(super) metric: Metric,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) also: Vec<Also>,
    /// What the answer is told from, as a person reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) foil: Option<String>,
}

impl Knocked {
    /// Puts names to what a run measured.
    pub(super) fn gather(
        knock_out: &KnockOut,
        settled: Settled,
        outcome: Outcome,
    ) -> Result<Self, Error> {
        let model = knock_out.trace.model();
        let answer = outcome.answer;
        let piece = |token: u32| {
            model.tokens().map_or_else(|| format!("#{token}"), |tokens| tokens.readable(token))
        };
        let asked = &settled.plan.asked;
        let foil = asked.foil.map(piece);
        let mut warnings = settled.plan.warnings;
        warnings.extend(asked.warning(answer));
        warnings.extend(outcome_warnings(&outcome, false, &piece));
        let (centres, layers) = settled.windows.into_iter().unzip();
        let (rows, sights): (Vec<_>, Vec<_>) =
            settled.rows.into_iter().map(|row| (row.name, row.sight)).unzip();
        let (from, to) = sights.into_iter().map(|sight| (sight.from, sight.to)).unzip();
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: model.name().to_owned(),
            model_digest: model.digest()?,
            knock: knock_out.knock.clone(),
            input_ids: settled.plan.prompt.ids,
            input_tokens: settled.plan.prompt.pieces,
            subject: settled.plan.prompt.subject,
            answer: piece(answer),
            answer_id: answer,
            correct_prediction: answer == outcome.predicted,
            high: outcome.high,
            rows,
            from,
            to,
            centres,
            layers,
            scores: outcome.scores,
            warnings,
            notes: settled.plan.said.notes,
            captions: settled.plan.said.captions,
            work: outcome.work,
            metric: Metric::Probability,
            also: outcome.also.into_iter().map(Also::from).collect(),
            foil,
        })
    }

    /// What was knocked out.
    pub const fn knock(&self) -> &Knock {
        &self.knock
    }

    /// The token whose probability was measured, as a person reads it.
    pub fn answer(&self) -> &str {
        &self.answer
    }

    /// The token whose probability was measured.
    pub const fn answer_id(&self) -> u32 {
        self.answer_id
    }

    /// The score of the run as it is.
    pub const fn high(&self) -> f64 {
        self.high
    }

    /// The pairs of tokens in words, row after row of the scores.
    pub fn rows(&self) -> &[String] {
        &self.rows
    }

    /// The tokens that were not seen, for each row.
    pub fn from(&self) -> &[Range<usize>] {
        &self.from
    }

    /// The tokens that did not see them, for each row.
    pub fn to(&self) -> &[Range<usize>] {
        &self.to
    }

    /// The layers that were knocked out together, for each column.
    pub fn layers(&self) -> &[Range<usize>] {
        &self.layers
    }

    /// The centre of each column's layers; the first of them where there are no windows.
    pub fn centres(&self) -> &[usize] {
        &self.centres
    }

    /// The score of each pair in each run of layers, row after row.
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// The score of one pair in one run of layers; `None` outside the grid.
    pub fn score(&self, row: usize, column: usize) -> Option<f64> {
        let inside = row < self.rows.len() && column < self.layers.len();
        if inside { self.scores.get(row * self.layers.len() + column).copied() } else { None }
    }

    /// (x - x0) / x0 of each score, as published for p(answer); NaN throughout where x0, the metric of the clean run, is 0 or
    /// so near to it that the share is larger than any number.
    pub fn relative(&self) -> Vec<f64> {
        let share = |score: &f64| (score - self.high) / self.high;
        let relative: Vec<f64> = self.scores.iter().map(share).collect();
        let is_known = relative.iter().all(|share| share.is_finite());
        if is_known { relative } else { vec![f64::NAN; self.scores.len()] }
    }

    /// Each score less that of the run as it is.
    pub fn differences(&self) -> Vec<f64> {
        self.scores.iter().map(|score| score - self.high).collect()
    }

    /// The row and column of the score farthest down from the clean run: the lowest, or the highest divergence or rank.
    pub fn worst(&self) -> Option<(usize, usize)> {
        let rises = self.metric.rises();
        let worse = |worst: usize, (cell, score): (usize, &f64)| {
            let farther =
                if rises { *score < self.scores[worst] } else { *score > self.scores[worst] };
            if farther { cell } else { worst }
        };
        let cell = self.scores.iter().enumerate().fold(0, worse);
        (!self.scores.is_empty()).then(|| (cell / self.layers.len(), cell % self.layers.len()))
    }

    /// What was chosen where the plan left it open, such as a guessed subject and the reason for it.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What a reader should know before trusting the numbers.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The work that was done.
    pub const fn work(&self) -> Work {
        self.work
    }
}

impl fmt::Display for Knocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} clean {:.4}", self.label(), self.high)?;
        if let Some((row, column)) = self.worst() {
            let score = self.scores[row * self.layers.len() + column];
            let (name, layers) = (&self.rows[row], &self.layers[column]);
            let end = if self.metric.rises() { "lowest" } else { "highest" };
            write!(f, ", {end} {score:.4} with {name} cut in layers {layers:?}")?;
        }
        Ok(())
    }
}
