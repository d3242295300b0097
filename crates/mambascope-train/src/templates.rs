//! Templates: how a fact is asked for.

use std::path::Path;

use crate::error::{Error, Problem, Result};
use crate::table::Table;

const COLUMNS: [&str; 3] = ["relation", "split", "template"];
/// Where the subject goes.
const PLACE: &str = "{}";

/// Whether training may see a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// The model is trained on it.
    Train,
    /// It is kept back, to see whether the model knows the fact or the sentence.
    HeldOut,
}

/// One way to ask for the object of a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The relation.
    pub relation: String,
    /// Whether training may see it.
    pub split: Split,
    /// The text before the object, with `{}` where the subject goes.
    pub text: String,
}

impl Template {
    /// The prompt that asks for this subject's object.
    pub fn fill(&self, subject: &str) -> String {
        self.text.replacen(PLACE, subject, 1)
    }
}

/// A table of templates.
///
/// # Example
/// ```
/// use mambascope_train::{Split, Templates};
///
/// let templates = Templates::parse(
///     "relation\tsplit\ttemplate\n\
///      country_capital\ttrain\tThe capital of {} is the city of\n",
/// )?;
/// let template = templates.of("country_capital", Split::Train)[0];
/// assert_eq!(template.fill("France"), "The capital of France is the city of");
/// # Ok::<(), mambascope_train::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Templates(Vec<Template>);

impl Templates {
    /// Reads a file with the columns relation, split (`train` or `held_out`) and template.
    ///
    /// # Errors
    /// When the file cannot be read, or as [`Templates::parse`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::File { path: path.to_owned(), source })?;
        Self::from_text(&text, path)
    }

    /// Reads the same from a text.
    ///
    /// # Errors
    /// When lines lack columns, or a template has no place for the subject; all problems at once.
    pub fn parse(text: &str) -> Result<Self> {
        Self::from_text(text, Path::new("the table of templates"))
    }

    fn from_text(text: &str, path: &Path) -> Result<Self> {
        let Table { rows, mut problems } = Table::parse(text, COLUMNS);
        let mut templates = vec![];
        for (line, [relation, split, text]) in rows {
            let split = match split {
                "train" => Split::Train,
                "held_out" => Split::HeldOut,
                other => {
                    problems.push(Problem::Split { line, found: other.to_owned() });
                    continue;
                }
            };
            if text.matches(PLACE).count() != 1 {
                problems.push(Problem::Place { line, template: text.to_owned() });
            }
            if text.ends_with(PLACE) {
                problems.push(Problem::End { line, template: text.to_owned() });
            }
            templates.push(Template {
                relation: relation.to_owned(),
                split,
                text: text.to_owned(),
            });
        }
        if problems.is_empty() {
            Ok(Self(templates))
        } else {
            Err(Error::Table { path: path.to_owned(), problems })
        }
    }

    /// The templates, in the order of the table.
    pub fn rows(&self) -> &[Template] {
        &self.0
    }

    /// The templates of one relation and split.
    pub fn of(&self, relation: &str, split: Split) -> Vec<&Template> {
        let fits = |template: &&Template| template.relation == relation && template.split == split;
        self.0.iter().filter(fits).collect()
    }
}
