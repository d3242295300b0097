//! What can go wrong between a fact table and a trained model.

use std::fmt;
use std::path::PathBuf;

/// What can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{} could not be read or written: {source}\nhelp: check that the folder exists and that you may use it", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] mambascope_files::Error),
    /// A table has lines that cannot be used.
    #[error("{} cannot be used:\n{}\nhelp: the columns are separated by tabs and named in the first line", path.display(), lines(problems))]
    Table {
        /// The table.
        path: PathBuf,
        /// All its problems, in the order of the lines.
        problems: Vec<Problem>,
    },
    /// The tables or the recipe cannot be trained on.
    #[error(
        "nothing was trained:\n{}\nhelp: change the tables or the recipe where they are named",
        lines(problems)
    )]
    Plan {
        /// All problems, in no order.
        problems: Vec<Problem>,
    },
    /// The tokenizer could not be trained, or could not encode a text.
    #[error(
        "the tokenizer failed: {0}\nhelp: train it on a corpus that has every byte of the texts to be encoded"
    )]
    Tokenizer(String),
    /// A tensor operation of candle failed.
    #[error(
        "a tensor operation failed: {0}\nhelp: this is a fault of mambascope-train; please report it"
    )]
    Tensor(#[from] candle_core::Error),
    /// A checkpoint lacks a tensor, or has it in another shape or type.
    #[error("{}: {name} is {found:?}, not f32 {expected:?}\nhelp: read a folder that training wrote", path.display())]
    Weight {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its shape; empty where there is no such tensor in f32.
        found: Vec<usize>,
        /// The shape that the configuration asks for.
        expected: Vec<usize>,
    },
    /// The weights could not be written.
    #[error(
        "the weights could not be written: {0}\nhelp: check that the folder exists and that it has room"
    )]
    Weights(#[from] safetensors::SafeTensorError),
    /// No thread could be started.
    #[error("a thread could not be started: {0}\nhelp: lower `shards`")]
    Threads(String),
    /// The loss is no longer a number.
    #[error(
        "the loss is not a number at step {step}\nhelp: lower `learning_rate` or raise `warm_up_steps`"
    )]
    Diverged {
        /// The step that found it.
        step: usize,
    },
}

/// What this crate's fallible functions return.
pub type Result<T> = std::result::Result<T, Error>;

/// One thing that is wrong with a table, a set of tables or a recipe.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Problem {
    /// The first line does not name these columns.
    Header {
        /// What it must be.
        expected: String,
    },
    /// A line has another number of columns than the header.
    Columns {
        /// The line, from 1.
        line: usize,
        /// How many it has.
        found: usize,
        /// How many it must have.
        expected: usize,
    },
    /// A column that must not be empty is.
    Empty {
        /// The line, from 1.
        line: usize,
        /// The column's name.
        column: String,
    },
    /// A subject appears twice in a relation.
    Subject {
        /// The line, from 1.
        line: usize,
        /// The line that had it first, from 1.
        first: usize,
        /// The subject.
        subject: String,
        /// The relation.
        relation: String,
    },
    /// A split that is neither `train` nor `held_out`.
    Split {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// A template that does not have the subject's place exactly once.
    Place {
        /// The line, from 1.
        line: usize,
        /// The template.
        template: String,
    },
    /// A template that ends with the subject: tracing needs tokens between the subject and the object.
    End {
        /// The line, from 1.
        line: usize,
        /// The template.
        template: String,
    },
    /// A relation has facts but no template to train on.
    NoTemplate {
        /// The relation.
        relation: String,
    },
    /// There is no fact at all.
    NoFacts,
    /// A number of the recipe is out of its range.
    Recipe {
        /// The field.
        field: &'static str,
        /// What it is.
        found: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// An object is not one token of the tokenizer.
    Object {
        /// The object.
        object: String,
        /// How many tokens it is.
        tokens: usize,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header { expected } => write!(f, "line 1: the columns are not {expected}"),
            Self::Columns { line, found, expected } => {
                write!(f, "line {line}: {found} columns, not {expected}")
            }
            Self::Empty { line, column } => write!(f, "line {line}: {column} is empty"),
            Self::Subject { line, first, subject, relation } => {
                write!(f, "line {line}: {subject} has a {relation} in line {first} already")
            }
            Self::Split { line, found } => {
                write!(f, "line {line}: the split is {found}, not train or held_out")
            }
            Self::Place { line, template } => {
                write!(f, "line {line}: {{}} is not exactly once in: {template}")
            }
            Self::End { line, template } => {
                write!(f, "line {line}: no word follows the subject in: {template}")
            }
            Self::NoTemplate { relation } => {
                write!(f, "templates: {relation} has facts but no template in train")
            }
            Self::NoFacts => write!(f, "facts: the table is empty"),
            Self::Recipe { field, found, allowed } => {
                write!(f, "recipe: {field} is {found}, not {allowed}")
            }
            Self::Object { object, tokens } => {
                write!(
                    f,
                    "recipe: vocabulary is too small: the object {object} is {tokens} tokens, not 1"
                )
            }
        }
    }
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(|problem| format!("  {problem}")).collect();
    lines.join("\n")
}
