//! Every way a plan can be wrong, all problems at once, before anything is run.

mod answer;
mod grid;
mod prompt;

use std::fmt;
use std::ops::Range;

use mambascope_model::{Model, Site};

use crate::Error;
use crate::at::{At, Window};
use crate::corrupt::{Noise, Scale};
use crate::plan::Plan;

pub(crate) use grid::{Grid, layers_of};
pub(crate) use prompt::prompt_ids;

/// One thing that is wrong with a plan, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub help: String,
}

impl Problem {
    pub(crate) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into() }
    }
}

/// A numbered list of problems, or the one there is.
pub(crate) struct Problems<'a>(pub(crate) &'a [Problem]);

impl fmt::Display for Problems<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "{} problem{plural}", self.0.len())?;
        for (index, problem) in self.0.iter().enumerate() {
            write!(f, "\n  {}. {}\n     help: {}", index + 1, problem.what, problem.help)?;
        }
        Ok(())
    }
}

/// A plan that fits its model, with all that was left open filled in.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    pub(crate) ids: Vec<u32>,
    pub(crate) pieces: Vec<String>,
    pub(crate) subject: Range<usize>,
    /// `None` where the clean run decides.
    pub(crate) answer: Option<u32>,
    pub(crate) noise: Noise,
    /// What draws are multiplied by.
    pub(crate) factor: f64,
    /// Sigma, where the noise is a multiple of it.
    pub(crate) sigma: Option<f64>,
    pub(crate) grid: Option<Grid>,
    pub(crate) warnings: Vec<String>,
}

/// Fills in a plan, or says all that is wrong with it.
pub(crate) fn resolve(model: &Model, plan: &Plan) -> Result<Resolved, Error> {
    let mut problems = Vec::new();
    let mut warnings = Vec::new();
    let prompt = prompt::resolve(model, plan, &mut problems, &mut warnings);
    let answer = answer::resolve(model, plan, &mut problems);
    let (factor, sigma) = noise_factor(model, &plan.corrupt, &mut problems);
    let subject = prompt.as_ref().and_then(|prompt| prompt.subject.clone());
    let length = prompt.as_ref().map(|prompt| prompt.ids.len());
    let grid = plan
        .restore
        .as_ref()
        .and_then(|restore| grid::resolve(model, restore, length, subject.as_ref(), &mut problems));
    match (prompt, subject) {
        (Some(prompt), Some(subject)) if problems.is_empty() => Ok(Resolved {
            ids: prompt.ids,
            pieces: prompt.pieces,
            subject,
            answer,
            noise: plan.corrupt.clone(),
            factor,
            sigma,
            grid,
            warnings,
        }),
        _ => Err(Error::Plan { problems }),
    }
}

/// The most samples a trace may have.
const SAMPLES_LIMIT: usize = 100_000;

fn noise_factor(model: &Model, noise: &Noise, problems: &mut Vec<Problem>) -> (f64, Option<f64>) {
    if noise.samples == 0 || noise.samples > SAMPLES_LIMIT {
        problems.push(Problem::new(
            format!("noise of {} samples", noise.samples),
            format!("`.samples(10)`; any number from 1 to {SAMPLES_LIMIT}"),
        ));
    }
    let (Scale::Sigmas(amount) | Scale::Absolute(amount)) = noise.scale;
    if !amount.is_finite() || amount < 0.0 {
        let help = "a finite number that is not negative, such as `Noise::sigmas(3.0)`";
        problems.push(Problem::new(format!("noise of size {amount}"), help));
    }
    match noise.scale {
        Scale::Absolute(amount) => (amount, None),
        Scale::Sigmas(count) => match prompt::subject_sigma(model, noise) {
            Ok(sigma) => (count * sigma, Some(sigma)),
            Err(problem) => {
                problems.push(problem);
                (0.0, None)
            }
        },
    }
}

/// The window that holds where none is asked for: ROME's.
pub(crate) fn default_window(site: Site) -> Window {
    Window::from(match site {
        Site::Resid | Site::Embed => 1,
        _ => 10,
    })
}

/// The first and last layers a site has in a model: the embedding stands before the first layer only.
pub(crate) fn site_layers(model: &Model, at: &At) -> usize {
    at.site.layers(model.config())
}
