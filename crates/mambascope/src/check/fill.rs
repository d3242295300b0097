//! What a plan puts in place, fitted to its model, its runs and its tap.

use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};

use mambascope_model::{Model, Site};

use super::grid::tokens_in;
use super::{Problem, Spoken, prompt_ids};
use crate::Error;
use crate::at::{At, Window};
use crate::elsewhere::{Elsewhere, Run};
use crate::fill::Fill;
use crate::plan::{Bos, Prompt, Restore};
use crate::prompts::each_prompt;
use crate::tapped::{self, Tapped};

/// How many wrong lines of a file are told; the rest is counted.
const LISTED: usize = 5;

/// What a fill may need beside the model.
pub(super) struct Runs<'a> {
    pub(super) clean: Option<&'a Spoken>,
    pub(super) patched: Option<&'a Spoken>,
    pub(super) tap: Option<&'a Tapped>,
}

/// What is put in place, with all that its making needs.
#[derive(Debug, Clone)]
pub(crate) enum Filling {
    /// What needs nothing more.
    Plain(Fill),
    /// The mean over the prompts of a file, so many.
    Mean(PathBuf, usize),
    /// What another place has.
    Elsewhere(OtherPlace),
    /// What a tap makes.
    Tap(Tapped),
}

impl Filling {
    /// Where values of another place come from.
    pub(crate) const fn from(&self) -> Option<&OtherPlace> {
        if let Self::Elsewhere(from) = self { Some(from) } else { None }
    }

    /// The other layer that values come from.
    pub(crate) fn layer(&self) -> Option<usize> {
        self.from()?.layer
    }
}

/// Another place, by numbers.
#[derive(Debug, Clone)]
pub(crate) struct OtherPlace {
    pub(crate) run: Run,
    pub(crate) token: Option<usize>,
    pub(crate) layer: Option<usize>,
}

/// Fits a fill of these sites and centres; all that is wrong with it goes among the problems.
pub(super) fn resolve(
    model: &Model,
    (restore, sites, layers): (&Restore, &[Site], Option<Range<usize>>),
    window: Window,
    runs: &Runs<'_>,
    problems: &mut Vec<Problem>,
) -> Filling {
    let fill = &restore.fill;
    match fill {
        Fill::MeanOver(file) => {
            let (count, found) = lines_of(model, file);
            problems.extend(found);
            return Filling::Mean(file.clone(), count);
        }
        Fill::Elsewhere(elsewhere) => {
            return Filling::Elsewhere(from(model, *elsewhere, sites, runs, problems));
        }
        Fill::Tap(name) => {
            let count = model.config().layers;
            let layers = layers.unwrap_or(0..0).flat_map(|centre| window.layers(centre, count));
            problems.extend(tapped::problem(name, runs.tap, sites, &layers.collect::<Vec<_>>()));
            if let Some(tap) = runs.tap {
                return Filling::Tap(tap.clone());
            }
        }
        _ => check_numbers(model, sites, fill, problems),
    }
    Filling::Plain(fill.clone())
}

/// Notes what is wrong with a fill of numbers or prompts in place of some sites.
pub(crate) fn check_numbers(
    model: &Model,
    sites: &[Site],
    fill: &Fill,
    problems: &mut Vec<Problem>,
) {
    if let Some(help) = wrong(model, sites, fill, problems) {
        problems.push(Problem::new(format!("{fill} is put in place of {}", sites[0]), help));
    }
}

/// What to write instead of a fill of numbers, where it does not fit.
fn wrong(
    model: &Model,
    sites: &[Site],
    fill: &Fill,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    match fill {
        Fill::Scaled(factor) => {
            (!factor.is_finite()).then(|| "a finite number, such as `Fill::Scaled(0.5)`".to_owned())
        }
        Fill::Constant(values) => {
            let widths: Vec<usize> = sites.iter().map(|site| site.width(model.config())).collect();
            let fits = widths.iter().all(|&width| width == values.len());
            let sound = fits && values.iter().all(|value| value.is_finite());
            (!sound).then(|| format!("{} finite numbers, as {} has", widths[0], sites[0]))
        }
        Fill::Mean(prompts) => {
            problems.extend(prompts.iter().flat_map(|prompt| problems_of(model, prompt)));
            prompts.is_empty().then(|| "one prompt or more: `Fill::mean([\"Rome is\"])`".to_owned())
        }
        Fill::Noised { deviation, .. } | Fill::Noise { deviation, .. } => {
            let sound = deviation.is_finite() && *deviation >= 0.0;
            (!sound).then(|| "a deviation that is finite and not negative".to_owned())
        }
        _ => None,
    }
}

fn problems_of(model: &Model, prompt: &Prompt) -> Vec<Problem> {
    match prompt_ids(model, prompt, Bos::Omitted) {
        Ok(_) => Vec::new(),
        Err(Error::Plan { problems }) => problems,
        Err(error) => vec![super::prompt::problem_of(&error)],
    }
}

/// How many prompts a file has, and which lines are none.
fn lines_of(model: &Model, file: &Path) -> (usize, Vec<Problem>) {
    if model.tokens().is_none() {
        let what = format!(
            "the mean over {}, but {} has no tokenizer to read it with",
            file.display(),
            model.name()
        );
        return (
            0,
            vec![Problem::new(what, "give tokens: `Fill::mean([vec![3, 4], vec![5, 6]])`")],
        );
    }
    let (mut count, mut wrong) = (0, Vec::new());
    let mut listener = |line: usize, prompt: Result<String, String>| {
        let said = |what: &str| format!("line {line} of {}: {what}", file.display());
        match prompt {
            Err(what) => wrong.push(Problem::new(
                said(&what),
                "facts are JSON with `prompt`, or a table with a column `prompt`; texts, one a line, end in `.txt`",
            )),
            Ok(text) => match problems_of(model, &Prompt::Text(text)).into_iter().next() {
                Some(Problem { what, help }) => wrong.push(Problem::new(said(&what), help)),
                None => count += 1,
            },
        }
        ControlFlow::Continue(())
    };
    if let Err(error) = each_prompt(file, &mut listener) {
        return (0, vec![super::prompt::problem_of(&error)]);
    }
    if count == 0 && wrong.is_empty() {
        let what = format!("{} has no prompt to take the mean over", file.display());
        wrong.push(Problem::new(what, "name a file of one prompt or more"));
    }
    let more = wrong.len().saturating_sub(LISTED);
    wrong.truncate(LISTED);
    if more > 0 {
        wrong.push(Problem::new(
            format!("{more} more lines of {} are no prompts", file.display()),
            "mend the first ones first",
        ));
    }
    (count, wrong)
}

/// Another place by numbers.
fn from(
    model: &Model,
    elsewhere: Elsewhere,
    sites: &[Site],
    runs: &Runs<'_>,
    problems: &mut Vec<Problem>,
) -> OtherPlace {
    let Elsewhere { run, token, layer } = elsewhere;
    if token.is_none() && layer.is_none() {
        problems.push(Problem::new(
            format!(
                "{elsewhere} is put in place of {}, with no other token or layer named",
                sites[0]
            ),
            "name one: `Elsewhere::patched().token(SubjectLast)` or `Elsewhere::clean().layer(3)`",
        ));
    }
    if let (Some(layer), Some(site)) = (layer, sites.iter().find(|&&site| site == Site::Embed)) {
        problems.push(Problem::new(
            format!("{site} of layer {layer}, which stands before the first layer alone"),
            "name a token alone: `Elsewhere::clean().token(SubjectLast)`",
        ));
    } else if let Some(layer) = layer {
        let at = At::from((sites[0], layer));
        match super::layers_of(model, &at) {
            Err(Error::Plan { problems: found }) => problems.extend(found),
            Err(error) => problems.push(super::prompt::problem_of(&error)),
            Ok(_) => {}
        }
    }
    let prompt = if run == Run::Clean { runs.clean } else { runs.patched };
    let token = token.zip(prompt).and_then(|(set, prompt)| {
        let found = tokens_in(set, prompt).and_then(|tokens| match tokens.len() {
            1 => Ok(tokens.start),
            count => Err(Problem::new(
                format!("{set} is put in place of {}, {count} tokens for one", sites[0]),
                "name one token: `SubjectLast`, `Last`, `3`",
            )),
        });
        found.map_err(|problem| problems.push(problem)).ok()
    });
    OtherPlace { run, token, layer }
}
