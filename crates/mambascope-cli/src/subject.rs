//! The model and the prompt that a command is about.

use anyhow::Context as _;
use mambascope::{Bos, Model, Occurrence, Prompt, Scope as _, Source, Trace};

use crate::args::{FactArguments, Ids, PromptArguments};

/// A prompt whose fact the bundled model knows, and its subject.
pub(crate) const EXAMPLE: (&str, &str) =
    ("Books describe Vincent van Gogh as a great", "Vincent van Gogh");

/// Arguments that do not go together.
#[derive(Debug, thiserror::Error)]
#[error("{what}\nhelp: {help}")]
pub(crate) struct Refused {
    pub(crate) what: String,
    pub(crate) help: String,
}

/// Loads the model that was asked for.
pub(crate) fn model(arguments: &PromptArguments) -> anyhow::Result<Model> {
    let loading = Model::loading(arguments.model.clone()).compute(arguments.compute.into());
    loading.load().with_context(|| format!("cannot load the model {}", arguments.model))
}

/// A trace of the prompt that was typed, begun as was asked for.
pub(crate) fn trace(model: &Model, prompt: Prompt, arguments: &PromptArguments) -> Trace {
    model.trace(prompt).bos(if arguments.bos { Bos::Added } else { Bos::Omitted })
}

/// A trace of the fact that was named; its subject is the example's where none is.
pub(crate) fn fact(trace: &Trace, arguments: &FactArguments, example: Option<&str>) -> Trace {
    let mut trace = trace.clone();
    if let Some(subject) = arguments.subject.as_deref().or(example) {
        trace = trace.subject(subject);
    }
    if let Some(tokens) = &arguments.subject_tokens {
        trace = trace.subject(tokens.0.clone());
    }
    if let Some(rule) = arguments.guess {
        trace = trace.subject(mambascope::Guess::from(rule));
    }
    trace = match arguments.occurrence.map(|which| which.0) {
        Some(Occurrence::Number(number)) => trace.occurrence(number),
        Some(Occurrence::All) => trace.all_occurrences(),
        Some(Occurrence::First) | None => trace,
    };
    if let Some(answer) = arguments.answer.as_deref() {
        trace = trace.answer(answer);
    }
    if let Some(token) = arguments.answer_id {
        trace = trace.answer(token);
    }
    if let Some(foil) = arguments.foil.as_deref() {
        trace = trace.foil(foil);
    }
    if let Some(token) = arguments.foil_id {
        trace = trace.foil(token);
    }
    trace.metrics(arguments.metrics.clone())
}

/// Refuses a value that is named twice for one option, where each makes files of its own.
pub(crate) fn once<T: PartialEq + std::fmt::Display>(
    option: &str,
    values: &[T],
) -> anyhow::Result<()> {
    let twice = values.iter().enumerate().find(|(index, value)| values[..*index].contains(value));
    match twice {
        None => Ok(()),
        Some((_, value)) => Err(Refused {
            what: format!("{option} {value} is named twice"),
            help: format!("leave one of the two out: each {option} has a result of its own"),
        }
        .into()),
    }
}

/// The prompt that was typed; with none, the example, whose subject comes with it.
pub(crate) fn prompt(
    arguments: &PromptArguments,
) -> anyhow::Result<(Prompt, Option<&'static str>)> {
    match &arguments.prompt {
        Some(text) => Ok((Prompt::from(text), None)),
        None if !arguments.ids.is_empty() => Ok((Prompt::from(Ids::all(&arguments.ids)), None)),
        None if matches!(arguments.model, Source::Bundled) => {
            Ok((Prompt::from(EXAMPLE.0), Some(EXAMPLE.1)))
        }
        None => Err(Refused {
            what: format!("no prompt for {}", arguments.model),
            help: "write one after the command, or give --ids 1,2,3".to_owned(),
        }
        .into()),
    }
}
