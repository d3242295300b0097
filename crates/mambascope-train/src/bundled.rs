//! From a folder with tables to a folder with a model.

use std::path::Path;

use serde_json::json;

use crate::error::Result;
use crate::evaluate::{Accuracy, evaluate};
use crate::facts::Facts;
use crate::recipe::Recipe;
use crate::save;
use crate::templates::{Split, Templates};
use crate::train::{Point, train};

/// How well a trained model knows its facts.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// On the templates that training saw.
    pub trained: Accuracy,
    /// On the templates that it did not see.
    pub held_out: Accuracy,
}

/// Reads `facts.tsv` and `templates.tsv` of one folder, trains, and writes the model and its accuracies into another.
///
/// Nothing is written before training has ended, and each file is written aside and renamed: a run that is stopped
/// leaves the folder as it was.
///
/// # Errors
/// When a table cannot be read or trained on, or the folder cannot be written to.
///
/// # Cost
/// As [`train`].
pub fn train_into(
    recipe: &Recipe,
    tables: impl AsRef<Path>,
    folder: impl AsRef<Path>,
    progress: &mut dyn FnMut(&Point),
) -> Result<Outcome> {
    let facts = Facts::read(tables.as_ref().join("facts.tsv"))?;
    let templates = Templates::read(tables.as_ref().join("templates.tsv"))?;
    save::check(folder.as_ref())?;
    let trained = train(recipe, &facts, &templates, progress)?;
    let ask = |split| evaluate(&trained.network, &trained.tokenizer, &facts, &templates, split);
    let outcome = Outcome { trained: ask(Split::Train)?, held_out: ask(Split::HeldOut)? };
    trained.save(recipe, folder.as_ref())?;
    let accuracy = json!({
        "trained_templates": { "share": outcome.trained.share(), "right_of_all": outcome.trained.relations },
        "held_out_template": { "share": outcome.held_out.share(), "right_of_all": outcome.held_out.relations },
    });
    let file = folder.as_ref().join(save::ACCURACY);
    mambascope_files::write(file, format!("{accuracy:#}\n").as_bytes())?;
    Ok(outcome)
}
