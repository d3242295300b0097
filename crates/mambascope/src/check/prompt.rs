//! The prompt and its subject as tokens, and sigma over a list of subjects.

use std::ops::Range;

use mambascope_model::Model;

use super::subject::Place;
use super::{Problem, Said, Spoken, bos};
use crate::Error;
use crate::corrupt::{Noise, deviation, sigma};
use crate::facts::bundled_subjects;
use crate::guess::Guess;
use crate::plan::{Bos, Occurrence, Plan, Prompt, Subject};

/// A prompt as tokens; the subject only where it is sound.
pub(super) struct Tokenised {
    pub(super) ids: Vec<u32>,
    /// How many of them the tokenizer's template put before a text.
    pub(super) begun: usize,
    pub(super) pieces: Vec<String>,
    /// Every place of the subject, in order; one at least.
    pub(super) subjects: Option<Vec<Range<usize>>>,
}

impl Tokenised {
    /// The prompt, where its subject is sound.
    pub(super) fn spoken(self) -> Option<Spoken> {
        let Self { ids, pieces, subjects, .. } = self;
        let mut places = subjects?.into_iter();
        Some(Spoken { ids, pieces, subject: places.next()?, more: places.collect() })
    }
}

/// The tokens of a prompt.
pub(crate) fn prompt_ids(model: &Model, prompt: &Prompt, bos: Bos) -> Result<Vec<u32>, Error> {
    let ids = match prompt {
        Prompt::Ids(ids) => ids.clone(),
        Prompt::Text(text) if text.trim().is_empty() => {
            let what = if text.is_empty() { "the prompt is empty" } else { "the prompt is blank" };
            let help = "one word or more, up to where the answer would come, such as `The capital of France is`";
            return Err(Error::Plan { problems: vec![Problem::new(what, help)] });
        }
        Prompt::Text(text) => match model.tokens() {
            Some(tokens) => {
                let ids = tokens.encode(text)?.ids;
                let begin = bos::begin(tokens, bos, &ids);
                [begin, ids.as_slice()].concat()
            }
            None => return Err(Error::Plan { problems: vec![without_tokenizer(model)] }),
        },
    };
    model.check_ids(&ids)?;
    Ok(ids)
}

fn without_tokenizer(model: &Model) -> Problem {
    let tokens =
        "give tokens: `.trace([1, 2, 3]).subject(0..2)`, or `--ids 1,2,3 --subject-tokens 0..2`";
    let what = format!("the prompt is a text, but {} has no tokenizer", model.name());
    match model.slow_tokenizer() {
        None => Problem::new(what, tokens),
        Some(slow) => {
            let folder =
                slow.parent().map_or_else(String::new, |folder| folder.display().to_string());
            let make = format!(
                "make tokenizer.json with Python: `from transformers import AutoTokenizer; \
                 AutoTokenizer.from_pretrained(\"{folder}\").save_pretrained(\"{folder}\")`; or {tokens}"
            );
            let what =
                format!("{what}.json: it has {}, from which that can be made", slow.display());
            Problem::new(what, make)
        }
    }
}

pub(super) fn resolve(
    model: &Model,
    plan: &Plan,
    problems: &mut Vec<Problem>,
    said: &mut Said,
) -> Option<Tokenised> {
    problems.extend(bos::bos_problem(model, plan));
    let ids = match prompt_ids(model, &plan.prompt, plan.bos) {
        Ok(ids) => ids,
        Err(Error::Plan { problems: found }) => {
            problems.extend(found);
            return None;
        }
        Err(error) => {
            problems.push(problem_of(&error));
            return None;
        }
    };
    said.warnings.extend(bos::bos_warning(model, &plan.prompt, plan.bos, &ids));
    let begun = bos::begun(model, plan);
    if let Prompt::Text(text) = &plan.prompt
        && text.ends_with(char::is_whitespace)
    {
        said.warnings.push(
            "the prompt ends in a space, which most tokenizers put in front of the next word: the model now expects an \
             answer without one; leave the space out"
                .to_owned(),
        );
    }
    let subjects = match subjects_of(model, plan, (ids.len(), begun), said) {
        Ok(subjects) => Some(subjects),
        Err(problem) => {
            problems.push(problem);
            None
        }
    };
    let piece =
        |&id: &u32| model.tokens().map_or_else(|| format!("#{id}"), |tokens| tokens.readable(id));
    Some(Tokenised { pieces: ids.iter().map(piece).collect(), ids, begun, subjects })
}

/// Every place of the subject.
fn subjects_of(
    model: &Model,
    plan: &Plan,
    (length, begun): (usize, usize),
    said: &mut Said,
) -> Result<Vec<Range<usize>>, Problem> {
    if matches!(plan.subject, Subject::Tokens(_)) && plan.occurrence != Occurrence::First {
        return Err(Problem::new(
            "an occurrence is named of a subject that is named by its tokens",
            "name the tokens of the occurrence, `.subject(5..7)`, or the subject by its text",
        ));
    }
    let (prompt, tokens) = match (&plan.subject, &plan.prompt, model.tokens()) {
        (Subject::Tokens(range), ..) if range.start < range.end && range.end <= length => {
            return Ok(vec![range.clone()]);
        }
        (Subject::Tokens(range), ..) => {
            return Err(Problem::new(
                format!("subject tokens {}..{}; the prompt has {length}", range.start, range.end),
                format!("a range within 0..{length}"),
            ));
        }
        (_, Prompt::Text(prompt), Some(tokens)) => (prompt, tokens),
        _ => {
            return Err(Problem::new(
                "the prompt is tokens, so the subject cannot be found by its text",
                "name its tokens: `.subject(1..3)`, or `--subject-tokens 1..3`",
            ));
        }
    };
    let place = Place { tokens, prompt, begun, occurrence: plan.occurrence };
    match &plan.subject {
        Subject::Text(text) => place.of(text, None, said),
        Subject::RomesGuess => place.guessed(Guess::Rome, said),
        Subject::Guess | Subject::Tokens(_) => place.guessed(Guess::Names, said),
    }
}

/// An error of the model's crate as one problem of a plan.
pub(super) fn problem_of(error: &(impl std::error::Error + ?Sized)) -> Problem {
    let text = error.to_string();
    match text.split_once("\nhelp: ") {
        Some((what, help)) => Problem::new(what, help),
        None => Problem::new(text, "choose another prompt or subject"),
    }
}

/// Sigma over the subjects that a noise names, or those of the bundled facts.
pub(super) fn subject_sigma(model: &Model, noise: &Noise) -> Result<f64, Problem> {
    let Some(tokens) = model.tokens() else {
        let whole = whole_sigma(model);
        return Err(Problem::new(
            format!("noise in sigmas, but {} has no tokenizer to read subjects with", model.name()),
            format!(
                "give its deviation, such as `Noise::gaussian({whole:.4})` or `--noise {whole:.4}` \
                 (3 sigma of the whole embedding)"
            ),
        ));
    };
    let encode = |subject: &String| tokens.encode(subject).map(|encoded| encoded.ids);
    let bundled;
    let subjects = if noise.subjects.is_empty() {
        bundled = bundled_subjects();
        &bundled
    } else {
        &noise.subjects
    };
    let lists: Result<Vec<_>, _> = subjects.iter().map(encode).collect();
    let lists = lists.map_err(|error| problem_of(&error))?;
    sigma(model, lists.iter().map(Vec::as_slice)).map_err(|error| problem_of(&error))
}

/// Three times the deviation of the whole embedding.
fn whole_sigma(model: &Model) -> f64 {
    let ids: Vec<u32> = (0..model.config().vocabulary as u32).collect();
    let values = model.embeddings(&ids).ok().and_then(|tensor| {
        let tensor = tensor.to_dtype(candle_core::DType::F64).ok()?;
        tensor.flatten_all().ok()?.to_vec1::<f64>().ok()
    });
    values.map_or(0.1, |values| 3.0 * deviation(&values))
}
