//! The corrupted run: noise with its size, or another prompt with the tokens that correspond.

use mambascope_model::Model;

use super::prompt::{Tokenised, subject_sigma};
use super::{Problem, Resolved, Spoken};
use crate::corrupt::{Corruption, Distribution, Noise, Scale, fitted_ids};
use crate::facts::bundled_facts;
use crate::fill::Fill;
use crate::plan::{Bos, Direction, Plan, Prompt, Subject};
use crate::swap::{Alternative, Other, Swap, align, draw};

/// What makes the corrupted run, ready to be made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Corrupted {
    /// Noise on the subject.
    Noise {
        noise: Noise,
        /// What draws are multiplied by.
        factor: f64,
        /// Sigma, where the noise is a multiple of it.
        sigma: Option<f64>,
    },
    /// Another prompt.
    Other(Spoken),
    /// There is no corrupted run.
    Nothing,
}

impl Corrupted {
    /// Sigma, and what draws are multiplied by.
    pub(crate) const fn scale(&self) -> (Option<f64>, Option<f64>) {
        match self {
            Self::Noise { factor, sigma, .. } => (*sigma, Some(*factor)),
            Self::Other(_) | Self::Nothing => (None, None),
        }
    }
}

/// The corrupted run; `None` where a problem was found, or the prompt is not sound.
pub(super) fn resolve(
    model: &Model,
    plan: &Plan,
    prompt: Option<&Tokenised>,
    problems: &mut Vec<Problem>,
) -> Option<Corrupted> {
    match &plan.corrupt {
        Corruption::Noise(noise) => {
            let (factor, sigma) = noise_factor(model, noise, problems);
            Some(Corrupted::Noise { noise: noise.clone(), factor, sigma })
        }
        Corruption::Swap(swap) => {
            let (ids, place) = swapped(model, plan, swap, prompt?, problems)?;
            let swapped = Plan { subject: Subject::Tokens(place), ..Plan::new(ids) };
            other(model, &swapped, problems)
        }
        Corruption::Other(Other { prompt, subject }) => {
            let bos = if matches!(prompt, Prompt::Text(_)) { plan.bos } else { Bos::Omitted };
            let plan = Plan { subject: subject.clone(), bos, ..Plan::new(prompt.clone()) };
            other(model, &plan, problems)
        }
        Corruption::Nothing => {
            if plan.restore.as_ref().is_some_and(|restore| restore.fill == Fill::OtherRun) {
                problems.push(Problem::new(
                    "nothing is corrupted, so there is no other run to restore from",
                    "say what to put in place: `.fill(Fill::Zero)`, or corrupt: `.corrupt(3.0)`",
                ));
            }
            Some(Corrupted::Nothing)
        }
    }
}

fn other(model: &Model, plan: &Plan, problems: &mut Vec<Problem>) -> Option<Corrupted> {
    // What a swapped prompt would be warned of, the clean one was.
    let tokenised = super::prompt::resolve(model, plan, problems, &mut Vec::new())?;
    tokenised.spoken().map(Corrupted::Other)
}

/// The tokens of a prompt with another subject, and where that is.
fn swapped(
    model: &Model,
    plan: &Plan,
    swap: &Swap,
    prompt: &Tokenised,
    problems: &mut Vec<Problem>,
) -> Option<(Vec<u32>, std::ops::Range<usize>)> {
    let subject = prompt.subject.clone()?;
    let begins = matches!(&plan.prompt, Prompt::Text(_)) && subject.start == prompt.begun;
    let found = match &swap.swap {
        Alternative::Ids(ids) => Ok(ids.clone()),
        Alternative::Text(text) => in_place(model, text, begins),
        Alternative::Drawn(seed) => {
            drawn(model, plan, *seed).and_then(|text| in_place(model, &text, begins))
        }
    };
    let ids = match found {
        Ok(ids) if ids.is_empty() => {
            problems
                .push(Problem::new("a swap for an empty subject", "name one: `swap(\"Rome\")`"));
            return None;
        }
        Ok(ids) => ids,
        Err(problem) => {
            problems.push(problem);
            return None;
        }
    };
    let mut whole = prompt.ids[..subject.start].to_vec();
    whole.extend(&ids);
    whole.extend(&prompt.ids[subject.end..]);
    Some((whole, subject.start..subject.start + ids.len()))
}

/// The tokens of a subject where the old one stood: after a space, unless it begins the text.
fn in_place(model: &Model, text: &str, begins: bool) -> Result<Vec<u32>, Problem> {
    let Some(tokens) = model.tokens() else {
        return Err(Problem::new(
            format!("a swap for `{text}`, but {} has no tokenizer", model.name()),
            "give tokens: `swap([12, 7])`",
        ));
    };
    let text = text.trim();
    let ids = if begins {
        tokens.encode(text).map(|encoded| encoded.ids)
    } else {
        tokens.encode_after_space(text)
    };
    ids.map_err(|error| super::prompt::problem_of(&error))
}

fn drawn(model: &Model, plan: &Plan, seed: u32) -> Result<String, Problem> {
    let subject = match (&plan.subject, &plan.prompt) {
        (Subject::Text(text), _) => text.clone(),
        (Subject::Guess, Prompt::Text(prompt)) => {
            crate::guess::guess_subject(prompt).unwrap_or_default()
        }
        _ => String::new(),
    };
    draw(&bundled_facts(), &subject, seed).ok_or_else(|| {
        let what = if subject.is_empty() {
            format!("a subject is to be drawn for one that is tokens of {}", model.name())
        } else {
            format!("no subject can be drawn for `{subject}`, which no bundled fact is about")
        };
        Problem::new(what, "name the other subject: `swap(\"Rome\")` or `swap([12, 7])`")
    })
}

/// The first token at which the runs differ; 0 where values come from elsewhere.
pub(super) fn first_difference(plan: &Plan, prompt: &Spoken, corrupted: &Corrupted) -> usize {
    match corrupted {
        _ if plan.restore.as_ref().is_some_and(|restore| restore.fill != Fill::OtherRun) => 0,
        _ if !plan.pairs.is_empty() => 0,
        Corrupted::Noise { .. } => prompt.subject.start,
        Corrupted::Other(other) => {
            let same = |(clean, other): &(&u32, &u32)| clean == other;
            let common = prompt.ids.iter().zip(&other.ids).take_while(same).count();
            // Roles may give a token another one's values even where the prompts begin alike.
            common.min(prompt.subject.start).min(other.subject.start)
        }
        Corrupted::Nothing => 0,
    }
}

/// The giving token for each token of the patched prompt.
pub(super) fn alignment(
    plan: &Plan,
    resolved: &Resolved,
    problems: &mut Vec<Problem>,
) -> Vec<usize> {
    let corrupted = resolved.corrupted_prompt();
    let (target, source) = match resolved.direction {
        Direction::Denoise => (corrupted, &resolved.prompt),
        Direction::Noise => (&resolved.prompt, corrupted),
    };
    let mut aligned = align(&target.roles(), &source.roles());
    for &(patched, giving) in &plan.pairs {
        if patched < target.ids.len() && giving < source.ids.len() {
            aligned[patched] = giving;
        } else {
            problems.push(Problem::new(
                format!("the pair of patched token {patched} and giving token {giving}"),
                format!(
                    "patched tokens are 0 to {}, giving ones 0 to {}",
                    target.ids.len() - 1,
                    source.ids.len() - 1
                ),
            ));
        }
    }
    aligned
}

/// The most samples a trace may have.
const SAMPLES_LIMIT: usize = 100_000;

/// Notes what is wrong with a plan's search for narrow intervals.
pub(super) fn check_until(plan: &Plan, problems: &mut Vec<Problem>) {
    let Some(until) = plan.until else { return };
    if !(until.width.is_finite() && until.width > 0.0) {
        problems.push(Problem::new(
            format!("intervals narrower than {}", until.width),
            "a width above 0, such as `.until(0.05)`, or `--until 0.05`",
        ));
    }
    let Corruption::Noise(noise) = &plan.corrupt else {
        problems.push(Problem::new(
            "samples are to be drawn until intervals are narrow, and nothing is drawn",
            "corrupt by noise, `.corrupt(3.0)`, or leave `.until(..)` out: there is one corrupted run",
        ));
        return;
    };
    if noise.samples == 1 {
        problems.push(Problem::new(
            "samples are to be drawn until intervals are narrow, beginning with 1",
            "`.samples(10)`: the spread of the first ones says how many more are needed",
        ));
    }
    if until.most < noise.samples || until.most > SAMPLES_LIMIT {
        problems.push(Problem::new(
            format!("at most {} samples, beginning with {}", until.most, noise.samples),
            format!("`Until::width(0.05).most(500)`, from {} to {SAMPLES_LIMIT}", noise.samples),
        ));
    }
}

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
    if noise.distribution.is_fitted() {
        problems.extend(fitted_problems(model, noise));
        return (amount, None);
    }
    match noise.scale {
        Scale::Absolute(amount) => (amount, None),
        Scale::Sigmas(count) => match subject_sigma(model, noise) {
            Ok(sigma) => (count * sigma, Some(sigma)),
            Err(problem) => {
                problems.push(problem);
                (0.0, None)
            }
        },
    }
}

/// All that is wrong with noise that has the mean and covariance of embeddings.
fn fitted_problems(model: &Model, noise: &Noise) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Distribution::Student(degrees) = noise.distribution
        && !(degrees.is_finite() && degrees > 2.0)
    {
        problems.push(Problem::new(
            format!("Student's noise of {degrees} degrees of freedom"),
            "a finite number above 2, below which its variance is endless: `Noise::student(3.0)`, or `--noise t3`",
        ));
    }
    if let Scale::Sigmas(count) = noise.scale {
        problems.push(Problem::new(
            format!("multivariate noise of {count} sigma"),
            "`Noise::multivariate()` or `Noise::student(3.0)` have the size of the embeddings themselves",
        ));
    }
    if !noise.subjects.is_empty() && model.tokens().is_none() {
        problems.push(Problem::new(
            format!(
                "noise fitted to texts, but {} has no tokenizer to read them with",
                model.name()
            ),
            "leave `.over(..)` out: mean and covariance are then those of the embedding table",
        ));
        return problems;
    }
    match fitted_ids(model, noise) {
        Ok(ids) if ids.len() < 2 => problems.push(Problem::new(
            format!("mean and covariance over {} tokens", ids.len()),
            "texts of two tokens or more, or leave `.over(..)` out for the embedding table",
        )),
        Ok(_) => {}
        Err(error) => problems.push(super::prompt::problem_of(&error)),
    }
    problems
}
