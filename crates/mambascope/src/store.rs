//! Effects on disk: npz in ROME's layout, JSON, and pictures.

use std::ops::Range;
use std::path::Path;

use mambascope_model::Site;

use crate::Error;
use crate::at::Window;
use crate::effects::Effects;
use crate::measured::Measured;
use crate::metrics::Metric;
use crate::npz::{Array, Npz, Values};
use crate::original::Original;
use crate::plan::Plan;
use crate::save::{self, Ending};

/// The endings that effects are written under.
const ENDINGS: &str = "`.npz`, `.json`, `.svg`, `.png`, `.pdf` or `.txt`";
/// More layers than any model has: a file that names more is no result.
const LAYERS_LIMIT: usize = 1 << 16;

impl Effects {
    /// Writes the effects by the file's ending: npz, json, or a picture as svg, png, pdf or txt.
    ///
    /// An npz has ROME's keys and reads without pickle; scores of cells outside the grid are NaN. Other metrics that were
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
        serde_json::to_string_pretty(self).map_err(|source| Error::Json { what: "result", source })
    }

    /// Reads effects from JSON.
    ///
    /// # Errors
    /// When the text is not what [`Effects::to_json`] wrote.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let effects: Self =
            serde_json::from_str(text).map_err(|source| Error::Json { what: "result", source })?;
        effects.sound().map_err(|message| Error::NotEffects { file: "the text".into(), message })
    }

    /// These effects, if their parts fit each other; a file may hold anything.
    fn sound(self) -> Result<Self, String> {
        let (tokens, layers) = self.whole_shape();
        let cells = self.tokens.len() * self.layers.len();
        let fits = layers <= LAYERS_LIMIT
            && self.input_tokens.len() == tokens
            && self.subject.start < self.subject.end
            && self.subject.end <= tokens
            && self.tokens.iter().all(|&token| token < tokens)
            && self.layers.iter().all(|&layer| layer < layers)
            && self.scores.len() == cells
            && self.sample_scores.len() == cells * self.low_samples.len()
            && self.also.iter().all(|also| {
                also.scores.len() == cells
                    && also.low_samples.len() == self.low_samples.len()
                    && also.sample_scores.len() == self.sample_scores.len()
            });
        if fits { Ok(self) } else { Err("its parts do not fit each other".to_owned()) }
    }

    /// The effects in ROME's layout, with a few more keys.
    ///
    /// # Errors
    /// Never for effects of a run.
    pub fn to_npz(&self) -> Result<Npz, Error> {
        let ids: Vec<i64> = self.input_ids.iter().map(|&id| i64::from(id)).collect();
        let subject = vec![self.subject.start as i64, self.subject.end as i64];
        let mut npz = Npz::default();
        self.insert(&mut npz, "", &self.scores, &self.sample_scores)?;
        npz.insert("low_score", Array::scalar(self.low));
        npz.insert("high_score", Array::scalar(self.high));
        npz.insert("input_ids", Array::vector(ids));
        npz.insert("input_tokens", Array::vector(self.input_tokens.clone()));
        npz.insert("subject_range", Array::vector(subject));
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

    /// Scores of the cells over the whole grid; NaN where nothing was run.
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
            Some(original) => original.kind(),
            None if self.site == Site::Resid => "None",
            None => self.site.name(),
        }
    }

    /// Reads effects that [`Effects::save`] or ROME's program wrote as npz.
    ///
    /// From a file of ROME's program the plan holds what the file tells, and the samples are not known.
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
    let scores = array(npz, "scores")?;
    let &[tokens, layers] = scores.shape() else {
        return Err("`scores` is not a matrix".to_owned());
    };
    let values = scores.to_f64().ok_or("`scores` holds no numbers")?;
    if npz.array("result").is_none() {
        return read_rome(npz, values, tokens, layers);
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

/// A file of ROME's own program, which knows neither samples nor plan.
fn read_rome(npz: &Npz, scores: Vec<f64>, tokens: usize, layers: usize) -> Result<Effects, String> {
    let ids: Vec<u32> = numbers(npz, "input_ids")?.iter().map(|&id| id as u32).collect();
    let Some(Values::Text(input_tokens)) = npz.array("input_tokens").map(Array::values) else {
        return Err("`input_tokens` holds no texts".to_owned());
    };
    if ids.len() != tokens || input_tokens.len() != tokens {
        return Err("`scores`, `input_ids` and `input_tokens` differ in length".to_owned());
    }
    let subject = match numbers(npz, "subject_range")?.as_slice() {
        &[start, end] if start >= 0.0 && start < end && end as usize <= tokens => {
            start as usize..end as usize
        }
        _ => return Err("`subject_range` is no range of the prompt".to_owned()),
    };
    let low = one(npz, "low_score")?;
    let mut plan = Plan::new(ids.clone());
    plan.subject = crate::plan::Subject::Tokens(Range { start: subject.start, end: subject.end });
    Ok(Effects {
        version: String::new(),
        model: String::new(),
        model_digest: String::new(),
        plan,
        input_ids: ids,
        input_tokens: input_tokens.clone(),
        subject,
        answer: text(npz, "answer")?,
        answer_id: 0,
        correct_prediction: one(npz, "correct_prediction")? != 0.0,
        high: one(npz, "high_score")?,
        low,
        low_samples: Vec::new(),
        sigma: None,
        noise: None,
        site: site_of(npz)?,
        window: Window::from(one(npz, "window").unwrap_or(1.0) as usize),
        model_layers: layers,
        tokens: (0..tokens).collect(),
        layers: (0..layers).collect(),
        scores,
        sample_scores: Vec::new(),
        warnings: vec![
            "read from a file that names neither its samples, nor its plan, nor its answer's token"
                .to_owned(),
        ],
        work: crate::wavefront::Work::default(),
        metric: Metric::Probability,
        normalised: None,
        also: Vec::new(),
        foil: None,
        sampling: None,
    })
}

/// The site of ROME's `kind`, which is a pickled `None` for the whole state.
fn site_of(npz: &Npz) -> Result<Site, String> {
    match array(npz, "kind")?.values() {
        Values::Text(texts) if texts.first().is_some_and(|kind| kind != "None") => {
            texts[0].parse().map_err(|_| format!("its kind is `{}`, which no Mamba has", texts[0]))
        }
        _ => Ok(Site::Resid),
    }
}

fn array<'a>(npz: &'a Npz, name: &str) -> Result<&'a Array, String> {
    npz.array(name).ok_or_else(|| format!("no array `{name}`"))
}

fn numbers(npz: &Npz, name: &str) -> Result<Vec<f64>, String> {
    match array(npz, name)?.values() {
        Values::Bool(values) => {
            Ok(values.iter().map(|&value| f64::from(u8::from(value))).collect())
        }
        _ => array(npz, name)?.to_f64().ok_or_else(|| format!("`{name}` holds no numbers")),
    }
}

fn one(npz: &Npz, name: &str) -> Result<f64, String> {
    numbers(npz, name)?.first().copied().ok_or_else(|| format!("`{name}` is empty"))
}

fn text(npz: &Npz, name: &str) -> Result<String, String> {
    match array(npz, name)?.values() {
        Values::Text(texts) => texts.first().cloned().ok_or_else(|| format!("`{name}` is empty")),
        _ => Err(format!("`{name}` holds no text")),
    }
}
