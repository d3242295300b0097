//! Effects: the numbers of a trace, with all that is needed to read them.

use std::fmt;
use std::ops::Range;

use mambascope_figure::{Figure, Heatmap, Intervals, Palette, RowLabel};
use mambascope_model::{Model, Site};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::at::Window;
use crate::check::{Corrupted, Resolved, outcome_warnings};
use crate::measured::{Measured, Normalised};
use crate::metrics::Metric;
use crate::plan::Plan;
use crate::rome::Module;
use crate::stats::Interval;
use crate::trace::Trace;
use crate::until::Sampling;
use crate::wavefront::{Outcome, Reading, Work};

/// What a trace measured: p(answer), clean, corrupted, and with each cell restored.
///
/// # Units
/// Probabilities, averaged over noise samples; or another metric that the plan asked for, in front by [`Effects::metric`].
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
/// let effects = trace.restore(1..3).run()?;
/// assert_eq!((effects.tokens(), effects.layers()), (&[0, 1, 2, 3][..], &[1, 2][..]));
/// assert_eq!(effects.score(0, 1), Some(effects.low()), "before the subject nothing is restored");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effects {
    pub(crate) version: String,
    pub(crate) model: String,
    pub(crate) model_digest: String,
    pub(crate) plan: Plan,
    pub(crate) input_ids: Vec<u32>,
    /// As a person reads them.
    pub(crate) input_tokens: Vec<String>,
    /// Each decoded alone, as ROME's files have them; empty in older files of ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) decoded: Vec<String>,
    pub(crate) subject: Range<usize>,
    /// The subject's other places, where it stands in several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) more_subjects: Vec<Range<usize>>,
    pub(crate) answer: String,
    pub(crate) answer_id: u32,
    pub(crate) correct_prediction: bool,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) low_samples: Vec<f64>,
    pub(crate) sigma: Option<f64>,
    pub(crate) noise: Option<f64>,
    pub(crate) site: Site,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) module: Option<Module>,
    pub(crate) window: Window,
    pub(crate) model_layers: usize,
    pub(crate) tokens: Vec<usize>,
    pub(crate) layers: Vec<usize>,
    pub(crate) scores: Vec<f64>,
    pub(crate) sample_scores: Vec<f64>,
    pub(crate) warnings: Vec<String>,
    /// What was chosen where the plan left it open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<String>,
    /// Sentences about the subject that stand under pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) captions: Vec<String>,
    pub(crate) work: Work,
    #[serde(default)]
    pub(crate) metric: Metric,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) normalised: Option<Normalised>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) also: Vec<Measured>,
    /// What the answer is told from, as a person reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) foil: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sampling: Option<Sampling>,
}

impl Effects {
    /// Puts names to what a run measured.
    pub(crate) fn gather(trace: &Trace, plan: Resolved, outcome: Outcome) -> Result<Self, Error> {
        let model = trace.model();
        let piece = |token: u32| {
            model.tokens().map_or_else(|| format!("#{token}"), |tokens| tokens.readable(token))
        };
        let (sigma, noise) = plan.corrupted.scale();
        let patched = plan.patched().clone();
        let grid = plan.grid;
        let site = grid.as_ref().map_or(Site::Resid, |grid| grid.site);
        let mut warnings = plan.warnings;
        warnings.extend(plan.asked.warning(outcome.answer));
        let corrupted = !matches!(plan.corrupted, Corrupted::Nothing);
        warnings.extend(outcome_warnings(&outcome, corrupted, &piece));
        let effects = Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: model.name().to_owned(),
            model_digest: model.digest()?,
            plan: trace.plan().clone(),
            decoded: decoded(model, &patched.ids),
            input_ids: patched.ids,
            input_tokens: patched.pieces,
            subject: patched.subject,
            more_subjects: patched.more,
            notes: plan.said.notes,
            captions: plan.said.captions,
            answer: piece(outcome.answer),
            answer_id: outcome.answer,
            correct_prediction: outcome.answer == outcome.predicted,
            high: outcome.high,
            low: mean(&outcome.low),
            scores: means(&outcome.scores, outcome.low.len()),
            sampling: plan.until.map(|until| until.judge(&outcome.by_cell())),
            low_samples: outcome.low,
            sigma,
            noise,
            site,
            module: None,
            window: grid.as_ref().map_or_else(|| Window::from(1), |grid| grid.window),
            model_layers: model.config().layers,
            tokens: grid.as_ref().map_or_else(Vec::new, |grid| grid.tokens.clone()),
            layers: grid.map_or_else(Vec::new, |grid| grid.layers),
            sample_scores: outcome.scores,
            warnings,
            work: outcome.work,
            metric: Metric::Probability,
            normalised: None,
            also: outcome.also.into_iter().map(measured).collect(),
            foil: plan.asked.foil.map(piece),
        };
        effects.finite()
    }

    /// These effects, where all scores are finite: their samples are, and their means may still overflow.
    fn finite(self) -> Result<Self, Error> {
        let front = (self.metric, self.low, &self.scores);
        let also = self.also.iter().map(|also| (also.metric, also.low, &also.scores));
        let is_finite = |(_, low, scores): &(Metric, f64, &Vec<f64>)| {
            low.is_finite() && scores.iter().all(|score| score.is_finite())
        };
        match std::iter::once(front).chain(also).find(|metric| !is_finite(metric)) {
            Some((metric, ..)) => Err(Error::Overflow { what: format!("the mean {metric}") }),
            None => Ok(self),
        }
    }

    /// The score, p(answer) unless another [`metric`](Effects::metric) is in front, with one cell restored; `None` outside
    /// the grid.
    pub fn score(&self, token: usize, layer: usize) -> Option<f64> {
        self.scores.get(self.cell(token, layer)?).copied()
    }

    /// The score of each noise sample with one cell restored; empty outside the grid.
    pub fn samples(&self, token: usize, layer: usize) -> Vec<f64> {
        let cells = self.tokens.len() * self.layers.len();
        let cell = self.cell(token, layer);
        cell.map_or_else(Vec::new, |cell| {
            self.sample_scores.iter().skip(cell).step_by(cells).copied().collect()
        })
    }

    /// The intervals of all cells, where there are samples to take them over.
    pub(crate) fn intervals(&self) -> Option<Intervals> {
        if !self.is_drawn() || self.scores.is_empty() {
            return None;
        }
        let places: Vec<(usize, usize)> = self
            .tokens
            .iter()
            .flat_map(|&token| self.layers.iter().map(move |&layer| (token, layer)))
            .collect();
        let of = |&(token, layer): &(usize, usize)| self.interval(token, layer);
        let cells = places.par_iter().map(of).collect::<Option<Vec<_>>>()?;
        let (low, high) = cells.into_iter().map(|interval| (interval.low, interval.high)).unzip();
        Some(Intervals { name: "95 % interval".to_owned(), low, high })
    }

    fn cell(&self, token: usize, layer: usize) -> Option<usize> {
        let row = self.tokens.iter().position(|&one| one == token)?;
        let column = self.layers.iter().position(|&one| one == layer)?;
        Some(row * self.layers.len() + column)
    }

    /// The cell with the highest score, or the lowest of a divergence or rank: token, layer, score.
    pub fn best(&self) -> Option<(usize, usize, f64)> {
        let rises = self.rises();
        let as_good = |one: f64, other: f64| if rises { one >= other } else { one <= other };
        let better = |best: Option<usize>, (cell, score): (usize, &f64)| match best {
            Some(other) if as_good(self.scores[other], *score) => best,
            _ => Some(cell),
        };
        let cell = self.scores.iter().enumerate().fold(None, better)?;
        let (row, column) = (cell / self.layers.len(), cell % self.layers.len());
        Some((self.tokens[row], self.layers[column], self.scores[cell]))
    }

    /// The score of the clean run.
    pub const fn high(&self) -> f64 {
        self.high
    }

    /// The score of the corrupted runs, averaged.
    pub const fn low(&self) -> f64 {
        self.low
    }

    /// The score of the corrupted runs, averaged, with its 95 % interval.
    pub fn corrupted(&self) -> Interval {
        Interval { mean: self.low, ..self.interval_of(&self.low_samples) }
    }

    /// The score of each corrupted run.
    pub fn low_samples(&self) -> &[f64] {
        &self.low_samples
    }

    /// The tokens of the grid, its rows.
    pub fn tokens(&self) -> &[usize] {
        &self.tokens
    }

    /// The centres of layers of the grid, its columns.
    pub fn layers(&self) -> &[usize] {
        &self.layers
    }

    /// The tokens of the prompt that is patched: the one traced, or the corrupted one where a swap made it.
    pub fn input_ids(&self) -> &[u32] {
        &self.input_ids
    }

    /// The prompt's tokens as a person reads them.
    pub fn input_tokens(&self) -> &[String] {
        &self.input_tokens
    }

    /// The prompt's tokens, each decoded alone, as ROME's files have them: spaces and line ends are what they are, and a part of
    /// a character is U+FFFD.
    pub fn decoded(&self) -> &[String] {
        if self.decoded.is_empty() { &self.input_tokens } else { &self.decoded }
    }

    /// The subject's tokens; of one that stands in several places those of the first.
    pub fn subject(&self) -> Range<usize> {
        self.subject.clone()
    }

    /// The tokens of every place of the subject: one, or several with [`all_occurrences`](Trace::all_occurrences).
    pub fn subjects(&self) -> Vec<Range<usize>> {
        std::iter::once(self.subject()).chain(self.more_subjects.iter().cloned()).collect()
    }

    /// Whether a token belongs to the subject.
    pub(crate) fn is_subject(&self, token: usize) -> bool {
        self.subjects().iter().any(|place| place.contains(&token))
    }

    /// What was chosen where the plan left it open, such as a guessed subject and the reason for it.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The token whose probability was measured, as a person reads it.
    pub fn answer(&self) -> &str {
        &self.answer
    }

    /// The token whose probability was measured.
    pub const fn answer_id(&self) -> u32 {
        self.answer_id
    }

    /// Whether the answer was the clean run's most probable token.
    pub const fn correct_prediction(&self) -> bool {
        self.correct_prediction
    }

    /// What was restored.
    pub const fn site(&self) -> Site {
        self.site
    }

    /// The transformer's module that was restored, where a file of ROME's program says so.
    pub const fn module(&self) -> Option<Module> {
        self.module
    }

    /// Whether nothing was traced, as a file of ROME's program says of a prompt that was not answered as expected.
    pub const fn is_stub(&self) -> bool {
        self.input_ids.is_empty()
    }

    /// How many layers were restored together.
    pub const fn window(&self) -> Window {
        self.window
    }

    /// The plan that was run.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// SHA-256 of the model's configuration and weights.
    pub fn model_digest(&self) -> &str {
        &self.model_digest
    }

    /// How many samples were drawn and whether intervals came out narrow, where the plan says
    /// [`until`](Trace::until).
    pub const fn sampling(&self) -> Option<Sampling> {
        self.sampling
    }

    /// What a reader should know before trusting the numbers.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The work that was done; of traces that ran [`together`](crate::together) the first has that on the clean and the
    /// corrupted runs.
    pub const fn work(&self) -> Work {
        self.work
    }

    /// The scores as a picture in ROME's look: tokens down, layers across, colour from the corrupted score up,
    /// or of a divergence or rank from the lowest score up to the corrupted.
    ///
    /// # Errors
    /// When nothing was restored.
    pub fn heatmap(&self) -> Result<Figure, Error> {
        if self.is_stub() {
            return Err(Error::Stub);
        }
        if self.scores.is_empty() {
            return Err(Error::NothingRestored);
        }
        let row = |&token: &usize| {
            let text = self.input_tokens[token].clone();
            if self.is_subject(token) { RowLabel::subject(text) } else { RowLabel::plain(text) }
        };
        let rows: Vec<RowLabel> = self.tokens.iter().map(row).collect();
        let columns = self.layers.iter().map(usize::to_string);
        let map = Heatmap::new(rows, columns, self.scores.clone())?
            .title(self.title())
            .column_label(self.column_label())
            .nouns("token", "layer")
            .scale_label(self.label())
            .range(self.floor(), self.ceiling())
            .palette(self.module.map_or_else(|| palette(self.site), Module::palette));
        let Some(intervals) = self.intervals() else {
            return Ok(map.caption(self.map_caption(&[])).figure());
        };
        let doubtful = self.doubtful();
        let caption = self.map_caption(&doubtful);
        Ok(map.intervals(intervals)?.caption(caption).hatched(doubtful).figure())
    }

    /// The bottom of the colour scale: the corrupted score, or the lowest where lower is nearer to the clean run.
    pub(crate) fn floor(&self) -> f64 {
        if self.rises() {
            return self.low;
        }
        let lowest = self.scores.iter().copied().fold(self.low, f64::min);
        if lowest < self.low { lowest } else { self.high.min(self.low - self.hair()) }
    }

    /// What tells the corrupted score from another.
    fn hair(&self) -> f64 {
        f64::EPSILON * self.low.abs().max(1.0)
    }

    /// The top of the colour scale: the highest score, or the corrupted where lower is nearer to the clean run.
    pub(crate) fn ceiling(&self) -> f64 {
        if !self.rises() {
            return self.low;
        }
        let highest = self.scores.iter().copied().fold(self.low, f64::max);
        if highest > self.low { highest } else { self.high.max(self.low + self.hair()) }
    }

    fn column_label(&self) -> String {
        if self.window.size == 1 {
            format!("single {} layer within {}", self.participle(), self.model)
        } else {
            let (size, done, words) = (self.window.size, self.participle(), self.words());
            format!("center of interval of {size} {done} {words} layers")
        }
    }
}

/// Tokens decoded one by one; numbers where there is no tokenizer.
fn decoded(model: &Model, ids: &[u32]) -> Vec<String> {
    let text = |&id: &u32| {
        let decoded = model.tokens().map(|tokens| tokens.decode(&[id]).unwrap_or_default());
        decoded.unwrap_or_else(|| format!("#{id}"))
    };
    ids.iter().map(text).collect()
}

/// ROME's colours: purple for the state, green for what is read from memory, red for what moves.
const fn palette(site: Site) -> Palette {
    match site {
        Site::MixerOut => Palette::Reds,
        Site::ScanOut | Site::Gated => Palette::Greens,
        Site::Gate => Palette::Oranges,
        _ => Palette::Purples,
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean of each cell over so many samples.
fn means(scores: &[f64], samples: usize) -> Vec<f64> {
    let cells = scores.len() / samples.max(1);
    (0..cells).map(|cell| mean_of_cell(scores, cells, cell)).collect()
}

fn measured(reading: Reading) -> Measured {
    Measured {
        metric: reading.metric,
        normalised: None,
        high: reading.high,
        low: mean(&reading.low),
        scores: means(&reading.scores, reading.low.len()),
        low_samples: reading.low,
        sample_scores: reading.scores,
    }
}

fn mean_of_cell(scores: &[f64], cells: usize, cell: usize) -> f64 {
    let samples: Vec<f64> = scores.iter().skip(cell).step_by(cells).copied().collect();
    mean(&samples)
}

impl fmt::Display for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_stub() {
            return write!(f, "nothing traced: the answer was not the expected one");
        }
        let (high, low) = (self.high, self.low);
        write!(f, "{} clean {high:.4}, corrupted {low:.4}", self.label())?;
        let corrupted = self.corrupted();
        if self.normalised.is_none() && corrupted.width().is_finite() {
            write!(f, " ({:.2} to {:.2})", corrupted.low, corrupted.high)?;
        }
        if let Some((token, layer, score)) = self.best() {
            let piece = self.input_tokens[token].trim();
            write!(f, ", best {score:.4} at token {token} ({piece}), layer {layer}")?;
        }
        if let Some(sampling) = self.sampling {
            write!(f, "; {sampling}")?;
        }
        Ok(())
    }
}
