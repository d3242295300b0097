//! The model and the prompt that a command is about.

use anyhow::Context as _;
use mambascope::{Model, Prompt, Source};

use crate::args::PromptArguments;

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

/// The prompt that was typed; with none, the example, whose subject comes with it.
pub(crate) fn prompt(
    arguments: &PromptArguments,
) -> anyhow::Result<(Prompt, Option<&'static str>)> {
    match &arguments.prompt {
        Some(text) => Ok((Prompt::from(text), None)),
        None if !arguments.ids.is_empty() => Ok((Prompt::from(arguments.ids.clone()), None)),
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
