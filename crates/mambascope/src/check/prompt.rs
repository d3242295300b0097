//! The prompt and its subject as tokens, and sigma over a list of subjects.

use std::ops::Range;

use mambascope_model::{Model, Tokens};

use super::{Problem, Spoken, bos};
use crate::Error;
use crate::corrupt::{Noise, deviation, sigma};
use crate::facts::bundled_subjects;
use crate::guess::guess_subject;
use crate::plan::{Bos, Plan, Prompt, Subject};

/// A prompt as tokens; the subject only where it is sound.
pub(super) struct Tokenised {
    pub(super) ids: Vec<u32>,
    /// How many of them the tokenizer's template put before a text.
    pub(super) begun: usize,
    pub(super) pieces: Vec<String>,
    pub(super) subject: Option<Range<usize>>,
}

impl Tokenised {
    /// The prompt, where its subject is sound.
    pub(super) fn spoken(self) -> Option<Spoken> {
        let Self { ids, pieces, subject, .. } = self;
        subject.map(|subject| Spoken { ids, pieces, subject })
    }
}

/// The tokens of a prompt.
pub(crate) fn prompt_ids(model: &Model, prompt: &Prompt, bos: Bos) -> Result<Vec<u32>, Error> {
    let ids = match prompt {
        Prompt::Ids(ids) => ids.clone(),
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
    warnings: &mut Vec<String>,
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
    warnings.extend(bos::bos_warning(model, &plan.prompt, plan.bos, &ids));
    let begun = bos::begun(model, plan);
    let subject = match subject_of(model, plan, ids.len(), warnings) {
        Ok(subject) => Some(match &plan.subject {
            Subject::Tokens(_) => subject,
            _ => subject.start + begun..subject.end + begun,
        }),
        Err(problem) => {
            problems.push(problem);
            None
        }
    };
    let piece =
        |&id: &u32| model.tokens().map_or_else(|| format!("#{id}"), |tokens| tokens.readable(id));
    Some(Tokenised { pieces: ids.iter().map(piece).collect(), ids, begun, subject })
}

fn subject_of(
    model: &Model,
    plan: &Plan,
    length: usize,
    warnings: &mut Vec<String>,
) -> Result<Range<usize>, Problem> {
    match (&plan.subject, &plan.prompt, model.tokens()) {
        (Subject::Tokens(range), ..) if range.start < range.end && range.end <= length => {
            Ok(range.clone())
        }
        (Subject::Tokens(range), ..) => Err(Problem::new(
            format!("subject tokens {}..{}; the prompt has {length}", range.start, range.end),
            format!("a range within 0..{length}"),
        )),
        (Subject::Text(text), Prompt::Text(prompt), Some(tokens)) => {
            located(tokens, prompt, text, warnings)
        }
        (Subject::Guess, Prompt::Text(prompt), Some(tokens)) => match guess_subject(prompt) {
            Some(guess) => located(tokens, prompt, &guess, warnings),
            None => Err(Problem::new(
                format!(
                    "no subject is named, and `{prompt}` has no capitalised word to guess it from"
                ),
                "name it: `.subject(\"Eiffel Tower\")`, or `--subject \"Eiffel Tower\"`",
            )),
        },
        (Subject::Text(_) | Subject::Guess, ..) => Err(Problem::new(
            "the prompt is tokens, so the subject cannot be found by its text",
            "name its tokens: `.subject(1..3)`, or `--subject-tokens 1..3`",
        )),
    }
}

fn located(
    tokens: &Tokens,
    prompt: &str,
    subject: &str,
    warnings: &mut Vec<String>,
) -> Result<Range<usize>, Problem> {
    let found = tokens.subject_range(prompt, subject).map_err(|error| problem_of(&error))?;
    if let Some(difference) = found.difference {
        warnings.push(format!(
            "the subject `{subject}` stands in the prompt in characters that only look like it: {difference}"
        ));
    }
    if let Some(rome) = found.rome {
        let Range { start, end } = found.tokens;
        warnings.push(format!(
            "the subject is tokens {start}..{end} by the tokenizer's offsets; ROME's program, which lays decoded \
             tokens end to end, would take {}..{}",
            rome.start, rome.end
        ));
    }
    Ok(found.tokens)
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
