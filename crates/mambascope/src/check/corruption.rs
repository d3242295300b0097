//! The corrupted run: noise with its size, or another prompt with the tokens that correspond.

use std::ops::Range;

use mambascope_model::Model;

use super::prompt::{Tokenised, subject_sigma};
use super::{Problem, Resolved, Said, Spoken};
use crate::corrupt::{Corruption, Distribution, Noise, Placement, Scale, fitted_ids};
use crate::facts::bundled_facts;
use crate::fill::Fill;
use crate::guess::Guess;
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
    said: &mut Said,
) -> Option<Corrupted> {
    match &plan.corrupt {
        Corruption::Noise(noise) => {
            let (factor, sigma) = noise_factor(model, noise, problems);
            Some(Corrupted::Noise { noise: noise.clone(), factor, sigma })
        }
        Corruption::Swap(swap) => {
            let (ids, mut places) = swapped(model, plan, swap, prompt?, problems)?;
            let more = places.split_off(1);
            let first = places.pop()?;
            let swapped = Plan { subject: Subject::Tokens(first), ..Plan::new(ids) };
            // What a swapped prompt would be warned of, the clean one was.
            let Corrupted::Other(spoken) = other(model, &swapped, problems, &mut Said::default())?
            else {
                return None;
            };
            Some(Corrupted::Other(Spoken { more, ..spoken }))
        }
        Corruption::Other(Other { prompt: text, subject }) => {
            let bos = if matches!(text, Prompt::Text(_)) { plan.bos } else { Bos::Omitted };
            let whole = Plan { subject: subject.clone(), bos, ..Plan::new(text.clone()) };
            let mut of_other = Said::default();
            let found = other(model, &whole, problems, &mut of_other);
            said.of_other_prompt(of_other);
            if prompt
                .is_some_and(|prompt| prompt.subjects.as_ref().is_some_and(|all| all.len() > 1))
            {
                problems.push(Problem::new(
                    "all occurrences of the subject are named, and another prompt is patched in",
                    "name one occurrence, `.occurrence(1)` or `--occurrence 1`, or swap the subject: tokens of two prompts \
                     correspond by one subject in each",
                ));
            }
            found
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

fn other(
    model: &Model,
    plan: &Plan,
    problems: &mut Vec<Problem>,
    said: &mut Said,
) -> Option<Corrupted> {
    let tokenised = super::prompt::resolve(model, plan, problems, said)?;
    tokenised.spoken().map(Corrupted::Other)
}

/// The tokens of a prompt with another subject, and every place where that is.
fn swapped(
    model: &Model,
    plan: &Plan,
    swap: &Swap,
    prompt: &Tokenised,
    problems: &mut Vec<Problem>,
) -> Option<(Vec<u32>, Vec<Range<usize>>)> {
    let (mut whole, mut places, mut from) = (Vec::new(), Vec::new(), 0);
    for subject in prompt.subjects.as_ref()? {
        let begins = matches!(&plan.prompt, Prompt::Text(_)) && subject.start == prompt.begun;
        let found = match &swap.swap {
            Alternative::Ids(ids) => Ok(ids.clone()),
            Alternative::Text(text) => in_place(model, text, begins),
            Alternative::Drawn(seed) => {
                drawn(model, plan, *seed).and_then(|text| in_place(model, &text, begins))
            }
        };
        let ids = found.map_err(|problem| problems.push(problem)).ok()?;
        if ids.is_empty() {
            problems.push(Problem::new(
                "a swap for an empty subject",
                "name one: `swap(\"Rome\")`, or `--swap Rome`",
            ));
            return None;
        }
        whole.extend(&prompt.ids[from..subject.start]);
        places.push(whole.len()..whole.len() + ids.len());
        whole.extend(ids);
        from = subject.end;
    }
    whole.extend(&prompt.ids[from..]);
    if whole == prompt.ids {
        problems.push(Problem::new(
            "the swap is the subject itself: the corrupted prompt is the clean one",
            "name another subject: `swap(\"Rome\")`, or `--swap Rome`",
        ));
        return None;
    }
    Some((whole, places))
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
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let ids = if begins {
        tokens.encode(text).map(|encoded| encoded.ids)
    } else {
        tokens.encode_after_space(text)
    };
    ids.map_err(|error| super::prompt::problem_of(&error))
}

fn guessed(guess: Guess, prompt: &str) -> String {
    guess.subject(prompt).map_or_else(String::new, |guessed| guessed.text)
}

fn drawn(model: &Model, plan: &Plan, seed: u32) -> Result<String, Problem> {
    let subject = match (&plan.subject, &plan.prompt) {
        (Subject::Text(text), _) => text.clone(),
        (Subject::Guess, Prompt::Text(prompt)) => guessed(Guess::Names, prompt),
        (Subject::RomesGuess, Prompt::Text(prompt)) => guessed(Guess::Rome, prompt),
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
    for (index, &(patched, giving)) in plan.pairs.iter().enumerate() {
        if plan.pairs[..index].iter().any(|(other, _)| *other == patched) {
            problems.push(Problem::new(
                format!("patched token {patched} stands in two pairs"),
                "one pair for each patched token: `.pairs(&[(1, 2), (3, 4)])`",
            ));
        }
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
    // Noise of no size is the embedding itself, or where it takes its place, zero.
    if amount == 0.0 && noise.placement == Placement::Add {
        problems.push(Problem::new(
            "noise of size 0 corrupts nothing: the corrupted run is the clean one",
            "a size above 0, such as `Noise::sigmas(3.0)` or `--noise 3s`; where nothing is to be corrupted, \
             `.corrupt(Corruption::Nothing)`",
        ));
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
