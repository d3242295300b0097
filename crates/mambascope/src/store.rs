//! Effects on disk: npz in ROME's layout, JSON, and pictures.

use std::path::Path;

use mambascope_model::Site;
use serde::Serialize;

use crate::Error;
use crate::effects::Effects;
use crate::json::{self, Form};
use crate::measured::Measured;
use crate::npz::{Array, Npz, Values};
use crate::original::Original;
use crate::rome::{self, Module};
use crate::save::{self, Ending};
use crate::stats::{LEVEL, Method};

/// The endings that effects are written under.
const ENDINGS: &str = "`.npz`, `.json`, `.svg`, `.png`, `.pdf` or `.txt`";
/// More layers than any model has: a file that names more is no result.
const LAYERS_LIMIT: usize = 1 << 16;

/// The keys of a JSON file that its other numbers settle.
const DERIVED: [&str; 4] = ["interval_low", "interval_high", "interval_method", "interval_level"];

/// The intervals of the scores in a file: derived from the samples, for readers who do not derive them again.
///
/// Ends that are not known are `null`.
#[derive(Serialize)]
struct Ends {
    #[serde(rename = "interval_low")]
    low: Vec<f64>,
    #[serde(rename = "interval_high")]
    high: Vec<f64>,
    #[serde(rename = "interval_method")]
    method: Method,
    #[serde(rename = "interval_level")]
    level: f64,
}

/// Effects as a JSON file has them.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    effects: &'a Effects,
    #[serde(flatten)]
    ends: Option<Ends>,
}

impl Effects {
    /// Writes the effects by the file's ending: npz, json, or a picture as svg, png, pdf or txt.
    ///
    /// An npz has ROME's keys and reads without pickle; scores of cells outside the grid are NaN, and `asked` is false there:
    /// a score that was asked for is always a number. `input_tokens` are decoded one by one, spaces and all, as ROME has them;
    /// `labels` are what pictures here show. Of the residual stream `kind` is `None`, and ROME's `plot_trace_heatmap` draws the
    /// file. It knows no kind of any other site and refuses their files, unless `kind` is named anew:
    /// `plot_trace_heatmap({**numpy.load(file), "kind": "mlp"})`. Other metrics that were
    /// measured are there under the same keys with their name added, such as `scores.log_p`.
    ///
    /// # Errors
    /// For another ending, or when the file cannot be written; a file that was there is kept then.
    pub fn save(&self, file: impl AsRef<Path>) -> Result<&Self, Error> {
        let file = file.as_ref();
        match Ending::of(file, &[Ending::Npz, Ending::Json, Ending::Picture], ENDINGS)? {
            Ending::Npz => self.to_npz()?.save(file)?,
            Ending::Json => mambascope_files::write(file, self.to_json()?.as_bytes())?,
            _ => {
                self.heatmap()?.save(file)?;
            }
        }
        Ok(self)
    }

    /// Whether a name is that of a file of numbers, npz or json, which holds all metrics at once, raw or normalised.
    pub fn is_numbers(file: &Path) -> bool {
        Ending::of(file, &[Ending::Npz, Ending::Json], ENDINGS).is_ok()
    }

    /// Refuses a name under which effects cannot be written.
    ///
    /// # Errors
    /// As said, before any work.
    pub fn check_name(file: &Path) -> Result<(), Error> {
        Ending::of(file, &[Ending::Npz, Ending::Json, Ending::Picture], ENDINGS).map(|_| ())
    }

    /// Refuses a file to which effects cannot be written: its name, its folder, what is there, the space left.
    ///
    /// # Errors
    /// As said, before any work. [`save`](Self::save) may still fail, for what changes in between.
    pub fn check_file(file: impl AsRef<Path>) -> Result<(), Error> {
        save::check(file.as_ref(), &[Ending::Npz, Ending::Json, Ending::Picture], ENDINGS)
    }

    /// The effects as JSON.
    ///
    /// # Errors
    /// Never for numbers that are finite.
    pub fn to_json(&self) -> Result<String, Error> {
        let written = Written { effects: self, ends: self.ends() };
        serde_json::to_string_pretty(&written)
            .map_err(|source| Error::Json { what: "result", source })
    }

    /// The intervals of the cells, row after row, where scores are means over draws.
    fn ends(&self) -> Option<Ends> {
        let intervals = self.intervals()?;
        let method = self.interval(*self.tokens.first()?, *self.layers.first()?)?.method;
        Some(Ends { low: intervals.low, high: intervals.high, method, level: LEVEL })
    }

    /// Reads effects from JSON.
    ///
    /// # Errors
    /// When the text is not what [`Effects::to_json`] wrote: what does not fit is named by its path.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let effects: Self =
            json::read(text, Form { what: "result", version: None, derived: &DERIVED })?;
        effects.sound().map_err(|message| Error::NotEffects { file: "the text".into(), message })
    }

    /// These effects, if their parts fit each other; a file may hold anything.
    fn sound(self) -> Result<Self, String> {
        let (tokens, layers) = self.whole_shape();
        let cells = self.tokens.len() * self.layers.len();
        let fits = layers <= LAYERS_LIMIT
            && self.input_tokens.len() == tokens
            && (self.decoded.is_empty() || self.decoded.len() == tokens)
            && self.subject.start < self.subject.end
            && self.subject.end <= tokens
            && self
                .more_subjects
                .iter()
                .all(|place| place.start < place.end && place.end <= tokens)
            && self.tokens.iter().all(|&token| token < tokens)
            && self.layers.iter().all(|&layer| layer < layers)
            && self.scores.len() == cells
            && self.sample_scores.len() == cells * self.low_samples.len()
            && self.also.iter().all(|also| {
                also.scores.len() == cells
                    && also.low_samples.len() == self.low_samples.len()
                    && also.sample_scores.len() == self.sample_scores.len()
            });
        if fits { self.told_apart() } else { Err("its parts do not fit each other".to_owned()) }
    }

    /// These effects, if every score that was asked for is a number.
    fn told_apart(self) -> Result<Self, String> {
        let columns = self.layers.len().max(1);
        let of_cell = |scores: &[f64]| {
            let cell = scores.iter().position(|score| !score.is_finite())?;
            let cell = cell % (self.tokens.len() * columns).max(1);
            Some((self.tokens[cell / columns], self.layers[cell % columns]))
        };
        let also = self.also.iter().flat_map(|also| [&also.scores, &also.sample_scores]);
        let all = [&self.scores, &self.sample_scores].into_iter().chain(also);
        let cells: Vec<(usize, usize)> = all.filter_map(|scores| of_cell(scores)).collect();
        match cells.first() {
            Some((token, layer)) => Err(format!(
                "the score of token {token} and layer {layer} was asked for and is no finite number"
            )),
            None => Ok(self),
        }
    }

    /// The effects in ROME's layout, with a few more keys.
    ///
    /// # Errors
    /// Never for effects of a run.
    pub fn to_npz(&self) -> Result<Npz, Error> {
        let ids: Vec<i64> = self.input_ids.iter().map(|&id| i64::from(id)).collect();
        let subject = vec![self.subject.start as i64, self.subject.end as i64];
        let mut npz = Npz::default();
        if self.is_stub() {
            npz.insert("correct_prediction", Array::scalar(false));
            return Ok(npz);
        }
        self.insert(&mut npz, "", &self.scores, &self.sample_scores)?;
        self.insert_ends(&mut npz, "")?;
        let (tokens, layers) = self.whole_shape();
        npz.insert("asked", Array::new([tokens, layers], self.asked())?);
        npz.insert("low_score", Array::scalar(self.low));
        npz.insert("high_score", Array::scalar(self.high));
        npz.insert("input_ids", Array::vector(ids));
        npz.insert("input_tokens", Array::vector(self.decoded().to_vec()));
        npz.insert("labels", Array::vector(self.input_tokens.clone()));
        npz.insert("subject_range", Array::vector(subject));
        if !self.more_subjects.is_empty() {
            let ends = self
                .subjects()
                .into_iter()
                .flat_map(|place| [place.start as i64, place.end as i64]);
            let ends: Vec<i64> = ends.collect();
            npz.insert("subject_ranges", Array::new([ends.len() / 2, 2], ends)?);
        }
        npz.insert("answer", Array::scalar(self.answer.as_str()));
        npz.insert("window", Array::scalar(self.window.size as i64));
        npz.insert("correct_prediction", Array::scalar(self.correct_prediction));
        npz.insert("kind", Array::scalar(self.kind()));
        npz.insert("answer_id", Array::scalar(i64::from(self.answer_id)));
        npz.insert("site", Array::scalar(self.site.name()));
        npz.insert("metric", Array::scalar(self.metric.name()));
        npz.insert("low_samples", Array::vector(self.low_samples.clone()));
        for also in &self.also {
            let name = also.metric.name();
            self.insert(&mut npz, &format!(".{name}"), &also.scores, &also.sample_scores)?;
            self.metric(also.metric)?.insert_ends(&mut npz, &format!(".{name}"))?;
            npz.insert(format!("low_score.{name}"), Array::scalar(also.low));
            npz.insert(format!("high_score.{name}"), Array::scalar(also.high));
            npz.insert(format!("low_samples.{name}"), Array::vector(also.low_samples.clone()));
        }
        npz.insert("plan", Array::scalar(self.plan.to_json()?.as_str()));
        npz.insert("result", Array::scalar(self.without_scores()?.as_str()));
        Ok(npz)
    }

    /// The scores of a metric and those of its samples over the whole grid, under keys with this ending.
    fn insert(
        &self,
        npz: &mut Npz,
        ending: &str,
        scores: &[f64],
        sample_scores: &[f64],
    ) -> Result<(), Error> {
        let (tokens, layers) = self.whole_shape();
        let (samples, cells) = (self.low_samples.len(), self.tokens.len() * self.layers.len());
        let of_samples = (0..samples).flat_map(|sample| {
            self.whole(sample_scores.get(sample * cells..(sample + 1) * cells).unwrap_or_default())
        });
        let of_samples = of_samples.collect::<Vec<f64>>();
        let shape = [samples, tokens, layers];
        npz.insert(format!("scores{ending}"), Array::new([tokens, layers], self.whole(scores))?);
        npz.insert(format!("sample_scores{ending}"), Array::new(shape, of_samples)?);
        Ok(())
    }

    /// The intervals of the metric in front over the whole grid, under keys with this ending; nothing where nothing was drawn.
    fn insert_ends(&self, npz: &mut Npz, ending: &str) -> Result<(), Error> {
        let Some(ends) = self.ends() else { return Ok(()) };
        let (tokens, layers) = self.whole_shape();
        for (name, values) in [("low", &ends.low), ("high", &ends.high)] {
            let values = Array::new([tokens, layers], self.whole(values))?;
            npz.insert(format!("interval_{name}{ending}"), values);
        }
        npz.insert(format!("interval_method{ending}"), Array::scalar(ends.method.name()));
        npz.insert(format!("interval_level{ending}"), Array::scalar(ends.level));
        Ok(())
    }

    /// All but the scores, as JSON: what ROME's keys have no place for.
    fn without_scores(&self) -> Result<String, Error> {
        let without = |also: &Measured| Measured {
            scores: Vec::new(),
            sample_scores: Vec::new(),
            low_samples: also.low_samples.clone(),
            ..*also
        };
        let bare = Self {
            scores: Vec::new(),
            sample_scores: Vec::new(),
            also: self.also.iter().map(without).collect(),
            ..self.clone()
        };
        serde_json::to_string(&bare).map_err(|source| Error::Json { what: "result", source })
    }

    /// Rows and columns of the whole grid: all tokens, all layers.
    fn whole_shape(&self) -> (usize, usize) {
        let layers = if self.site == Site::Embed { 1 } else { self.model_layers };
        (self.input_ids.len(), layers)
    }

    /// Which cells of the whole grid were asked for: those whose scores are numbers.
    fn asked(&self) -> Vec<bool> {
        let (tokens, layers) = self.whole_shape();
        let mut asked = vec![false; tokens * layers];
        for token in &self.tokens {
            for &layer in &self.layers {
                asked[token * layers + layer] = true;
            }
        }
        asked
    }

    /// Scores of the cells over the whole grid; NaN where nothing was run, as [`asked`](Self::asked) says.
    fn whole(&self, scores: &[f64]) -> Vec<f64> {
        let (tokens, layers) = self.whole_shape();
        let mut whole = vec![f64::NAN; tokens * layers];
        for (row, token) in self.tokens.iter().enumerate() {
            for (column, layer) in self.layers.iter().enumerate() {
                whole[token * layers + layer] = scores[row * self.layers.len() + column];
            }
        }
        whole
    }

    /// ROME's name of the kind, `None` for the whole state; or the original project's.
    fn kind(&self) -> &'static str {
        let original = self.plan.restore.as_ref().and_then(|restore| {
            let sites = [&[self.site][..], &restore.also].concat();
            Original::of(&sites, restore.timing)
        });
        match original {
            _ if self.module.is_some() => self.module.map_or("", Module::kind),
            Some(original) => original.kind(),
            None if self.site == Site::Resid => "None",
            None => self.site.name(),
        }
    }

    /// Reads effects that [`Effects::save`] or ROME's program wrote as npz.
    ///
    /// From a file of ROME's program the plan holds what the file tells, and the samples are not known. Its kinds are read
    /// (`mlp` and `attn` as [`Effects::module`]), its files of the subject's last token alone, and its stubs, which say only
    /// that the prediction was not the expected one: those have no cells ([`Effects::is_stub`]).
    ///
    /// # Errors
    /// When the file is no npz, or lacks a key of ROME's layout.
    pub fn open(file: impl AsRef<Path>) -> Result<Self, Error> {
        let file = file.as_ref();
        let npz = Npz::open(file)?;
        read(&npz).map_err(|message| Error::NotEffects { file: file.to_owned(), message })
    }
}

fn read(npz: &Npz) -> Result<Effects, String> {
    if rome::is_stub(npz) {
        return Ok(rome::stub());
    }
    let scores = array(npz, "scores")?;
    let &[tokens, layers] = scores.shape() else {
        return Err("`scores` is not a matrix".to_owned());
    };
    let values = scores.to_f64().ok_or("`scores` holds no numbers")?;
    if npz.array("result").is_none() {
        return rome::read(npz, values, tokens, layers);
    }
    let mut effects: Effects = serde_json::from_str(&text(npz, "result")?)
        .map_err(|error| format!("`result`: {error}"))?;
    let fits = effects.whole_shape() == (tokens, layers)
        && effects.tokens.iter().all(|&token| token < tokens)
        && effects.layers.iter().all(|&layer| layer < layers);
    if !fits {
        return Err("`scores`, `sample_scores` and `result` do not fit each other".to_owned());
    }
    (effects.scores, effects.sample_scores) = scores_of(npz, &effects, "")?;
    for index in 0..effects.also.len() {
        let ending = format!(".{}", effects.also[index].metric);
        let read = scores_of(npz, &effects, &ending)?;
        let also = &mut effects.also[index];
        (also.scores, also.sample_scores) = read;
    }
    let asked = npz.array("asked").map(Array::values);
    if asked.is_some_and(|asked| *asked != Values::Bool(effects.asked())) {
        return Err("`asked` and `result` do not fit each other".to_owned());
    }
    effects.sound()
}

/// The scores of the cells, and of their samples, under keys with this ending.
fn scores_of(npz: &Npz, effects: &Effects, ending: &str) -> Result<(Vec<f64>, Vec<f64>), String> {
    let (tokens, layers) = effects.whole_shape();
    let whole = tokens * layers;
    let (scores, samples) = (format!("scores{ending}"), format!("sample_scores{ending}"));
    let (values, of_samples) = (numbers(npz, &scores)?, numbers(npz, &samples)?);
    if values.len() != whole || of_samples.len() != effects.low_samples.len() * whole {
        return Err(format!("`{scores}`, `{samples}` and `result` do not fit each other"));
    }
    let cells: Vec<usize> = effects
        .tokens
        .iter()
        .flat_map(|token| effects.layers.iter().map(move |layer| token * layers + layer))
        .collect();
    let of_cells = |whole: &[f64]| cells.iter().map(|&cell| whole[cell]).collect::<Vec<f64>>();
    let of_samples = of_samples.chunks(whole.max(1)).flat_map(of_cells).collect();
    Ok((of_cells(&values), of_samples))
}

pub(crate) fn array<'a>(npz: &'a Npz, name: &str) -> Result<&'a Array, String> {
    npz.array(name).ok_or_else(|| format!("no array `{name}`"))
}

pub(crate) fn numbers(npz: &Npz, name: &str) -> Result<Vec<f64>, String> {
    match array(npz, name)?.values() {
        Values::Bool(values) => {
            Ok(values.iter().map(|&value| f64::from(u8::from(value))).collect())
        }
        _ => array(npz, name)?.to_f64().ok_or_else(|| format!("`{name}` holds no numbers")),
    }
}

pub(crate) fn one(npz: &Npz, name: &str) -> Result<f64, String> {
    numbers(npz, name)?.first().copied().ok_or_else(|| format!("`{name}` is empty"))
}

pub(crate) fn text(npz: &Npz, name: &str) -> Result<String, String> {
    match array(npz, name)?.values() {
        Values::Text(texts) => texts.first().cloned().ok_or_else(|| format!("`{name}` is empty")),
        _ => Err(format!("`{name}` holds no text")),
    }
}
