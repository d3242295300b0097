//! Knock-outs on disk: npz, JSON, CSV, and pictures.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;

use super::Knocked;
use crate::Error;
use crate::check::Problem;
use crate::json::{self, Form};
use crate::npz::{Array, Npz, Values};
use crate::save::{self, Ending};

/// The endings that knock-outs are written under.
const ENDINGS: &[Ending] = &[Ending::Npz, Ending::Json, Ending::Csv, Ending::Picture];
/// The same in words.
const KNOWN: &str = "`.npz`, `.json`, `.csv`, `.svg`, `.png`, `.pdf` or `.txt`";

impl Knocked {
    /// Writes the knock-out by the file's ending: npz, json, csv, or its [`figure`](Knocked::figure) as svg, png, pdf or txt.
    ///
    /// An npz reads without pickle: `scores` and `relative` [pairs, runs of layers], `from` and `to` [pairs, 2], `layers`
    /// [runs, 2], `high_score`, `metric`, `relative_known`, false where `relative` is NaN as `high_score` is 0, and the prompt's keys of a trace; other metrics that were measured are there as
    /// `scores.log_p` and `high_score.log_p`, and in a csv as further columns.
    ///
    /// # Errors
    /// For another ending, or when the file cannot be written; a file that was there is kept then.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let folder = tempfile::tempdir().expect("a folder");
    /// let file = folder.path().join("knock.npz");
    /// let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3);
    /// let knocked = trace.knock_out(Subject, Last, ..).window(1).run()?;
    /// knocked.save(&file)?;
    /// assert_eq!(Knocked::open(&file)?, knocked);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn save(&self, file: impl AsRef<Path>) -> Result<&Self, Error> {
        let file = file.as_ref();
        match Ending::of(file, ENDINGS, KNOWN)? {
            Ending::Npz => self.to_npz()?.save(file)?,
            Ending::Json => mambascope_files::write(file, self.to_json()?.as_bytes())?,
            Ending::Csv => mambascope_files::write(file, self.to_csv().as_bytes())?,
            _ => {
                self.figure()?.save(file)?;
            }
        }
        Ok(self)
    }

    /// Whether a name is that of a file of numbers, npz, json or csv, which holds all metrics at once.
    pub fn is_numbers(file: &Path) -> bool {
        Ending::of(file, &[Ending::Npz, Ending::Json, Ending::Csv], KNOWN).is_ok()
    }

    /// Refuses a name under which knock-outs cannot be written.
    ///
    /// # Errors
    /// As said, before any work.
    pub fn check_name(file: &Path) -> Result<(), Error> {
        Ending::of(file, ENDINGS, KNOWN).map(|_| ())
    }

    /// Refuses a file to which knock-outs cannot be written: its name, its folder, what is there, the space left.
    ///
    /// # Errors
    /// As said, before any work. [`save`](Self::save) may still fail, for what changes in between.
    pub fn check_file(file: impl AsRef<Path>) -> Result<(), Error> {
        save::check(file.as_ref(), ENDINGS, KNOWN)
    }

    /// The knock-out as JSON.
    ///
    /// # Errors
    /// Never for numbers that are finite.
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string_pretty(self).map_err(|source| Error::Json { what: "result", source })
    }

    /// Reads a knock-out from JSON.
    ///
    /// # Errors
    /// When the text is not what [`Knocked::to_json`] wrote.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let knocked: Self = json::read(text, Form { what: "result", version: None, derived: &[] })?;
        let (rows, columns) = (knocked.rows.len(), knocked.layers.len());
        let fits = knocked.scores.len() == rows * columns
            && knocked.also.iter().all(|also| also.scores.len() == rows * columns)
            && [knocked.from.len(), knocked.to.len()] == [rows; 2]
            && knocked.centres.len() == columns
            && knocked.input_tokens.len() == knocked.input_ids.len();
        let message = "its parts do not fit each other".to_owned();
        if fits { Ok(knocked) } else { Err(Error::NotKnocked { file: "the text".into(), message }) }
    }

    /// The knock-out as a table, a line for each score; `relative` is empty where the metric of the clean run is 0.
    pub fn to_csv(&self) -> String {
        let mut text = format!(
            "pair,from_first,from_end,to_first,to_end,centre,first_layer,layers_end,{},relative",
            self.metric
        );
        for also in &self.also {
            let _ = write!(text, ",{}", also.metric);
        }
        text.push('\n');
        let mut cells = self.scores.iter().zip(self.relative()).enumerate();
        for ((name, from), to) in self.rows.iter().zip(&self.from).zip(&self.to) {
            for ((centre, layers), (cell, (score, change))) in
                self.centres.iter().zip(&self.layers).zip(&mut cells)
            {
                // Writing to a string cannot fail.
                let _ = write!(
                    text,
                    "{name},{},{},{},{},{centre},{},{},{score},",
                    from.start, from.end, to.start, to.end, layers.start, layers.end
                );
                if change.is_finite() {
                    let _ = write!(text, "{change}");
                }
                for also in &self.also {
                    let _ = write!(text, ",{}", also.scores[cell]);
                }
                text.push('\n');
            }
        }
        text
    }

    /// The knock-out as arrays.
    ///
    /// # Errors
    /// Never for numbers of a run.
    pub fn to_npz(&self) -> Result<Npz, Error> {
        let shape = [self.rows.len(), self.layers.len()];
        let ids: Vec<i64> = self.input_ids.iter().map(|&id| i64::from(id)).collect();
        let centres: Vec<i64> = self.centres.iter().map(|&centre| centre as i64).collect();
        let mut npz = Npz::default();
        npz.insert("scores", Array::new(shape, self.scores.clone())?);
        let relative = self.relative();
        let is_known: Vec<bool> = relative.iter().map(|share| share.is_finite()).collect();
        npz.insert("relative", Array::new(shape, relative)?);
        npz.insert("relative_known", Array::new(shape, is_known)?);
        npz.insert("high_score", Array::scalar(self.high));
        npz.insert("metric", Array::scalar(self.metric.name()));
        for also in &self.also {
            npz.insert(format!("scores.{}", also.metric), Array::new(shape, also.scores.clone())?);
            npz.insert(format!("high_score.{}", also.metric), Array::scalar(also.high));
        }
        npz.insert("from", ranges(&self.from)?);
        npz.insert("to", ranges(&self.to)?);
        npz.insert("layers", ranges(&self.layers)?);
        npz.insert("centres", Array::vector(centres));
        npz.insert("input_ids", Array::vector(ids));
        npz.insert("input_tokens", Array::vector(self.input_tokens.clone()));
        npz.insert("answer", Array::scalar(self.answer.as_str()));
        npz.insert("answer_id", Array::scalar(i64::from(self.answer_id)));
        npz.insert("correct_prediction", Array::scalar(self.correct_prediction));
        npz.insert("result", Array::scalar(self.to_json()?.as_str()));
        Ok(npz)
    }

    /// Reads a knock-out that [`Knocked::save`] wrote as npz.
    ///
    /// # Errors
    /// When the file is no npz, or not one of a knock-out.
    pub fn open(file: impl AsRef<Path>) -> Result<Self, Error> {
        let file = file.as_ref();
        let npz = Npz::open(file)?;
        let odd = |message: String| Error::NotKnocked { file: file.to_owned(), message };
        match npz.array("result").map(Array::values) {
            Some(Values::Text(texts)) if !texts.is_empty() => {
                Self::from_json(&texts[0]).map_err(|error| match error {
                    Error::Form { problems, .. } => odd(said(&problems)),
                    other => other,
                })
            }
            _ => Err(odd("no text `result`".to_owned())),
        }
    }
}

/// What is wrong, in one line.
fn said(problems: &[Problem]) -> String {
    problems.iter().map(|problem| problem.what.as_str()).collect::<Vec<_>>().join("; ")
}

/// Ranges as an array `[ranges, 2]`.
fn ranges(ranges: &[Range<usize>]) -> Result<Array, Error> {
    let ends: Vec<i64> =
        ranges.iter().flat_map(|range| [range.start as i64, range.end as i64]).collect();
    Ok(Array::new([ranges.len(), 2], ends)?)
}
