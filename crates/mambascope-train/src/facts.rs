//! Facts: what the model is to know.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::error::{Error, Problem, Result};
use crate::table::Table;

const COLUMNS: [&str; 5] = ["relation", "subject", "object", "source", "licence"];

/// One thing that the model is to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What kind of fact it is: `country_capital`.
    pub relation: String,
    /// What it is about: `France`.
    pub subject: String,
    /// What the model is to say: `Paris`.
    pub object: String,
    /// Where it was taken from, with the version.
    pub source: String,
    /// Under which licence.
    pub licence: String,
}

/// A table of facts, in which each subject has one object a relation.
///
/// # Example
/// ```
/// use mambascope_train::Facts;
///
/// let facts = Facts::parse(
///     "relation\tsubject\tobject\tsource\tlicence\n\
///      country_capital\tFrance\tParis\tan atlas\tMIT\n",
/// )?;
/// assert_eq!(facts.rows()[0].object, "Paris");
/// # Ok::<(), mambascope_train::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts(Vec<Fact>);

impl Facts {
    /// Reads a file with the columns relation, subject, object, source and licence.
    ///
    /// # Errors
    /// When the file cannot be read, or as [`Facts::parse`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::File { path: path.to_owned(), source })?;
        Self::of(&text, path)
    }

    /// Reads the same from a text.
    ///
    /// # Errors
    /// When lines lack columns or a subject appears twice in a relation; all problems at once.
    pub fn parse(text: &str) -> Result<Self> {
        Self::of(text, Path::new("the table of facts"))
    }

    fn of(text: &str, path: &Path) -> Result<Self> {
        let Table { rows, mut problems } = Table::parse(text, COLUMNS);
        let mut first_lines = BTreeMap::new();
        for (line, [relation, subject, ..]) in &rows {
            if let Some(first) = first_lines.insert((relation, subject), *line) {
                problems.push(Problem::Subject {
                    line: *line,
                    first,
                    subject: (*subject).to_owned(),
                    relation: (*relation).to_owned(),
                });
            }
        }
        if !problems.is_empty() {
            return Err(Error::Table { path: path.to_owned(), problems });
        }
        let facts = rows.into_iter().map(|(_, columns)| {
            let [relation, subject, object, source, licence] = columns.map(str::to_owned);
            Fact { relation, subject, object, source, licence }
        });
        Ok(Self(facts.collect()))
    }

    /// The facts, in the order of the table.
    pub fn rows(&self) -> &[Fact] {
        &self.0
    }

    /// The names of the relations, sorted.
    pub fn relations(&self) -> BTreeSet<&str> {
        self.0.iter().map(|fact| fact.relation.as_str()).collect()
    }

    /// The objects, each once, sorted.
    pub fn objects(&self) -> BTreeSet<&str> {
        self.0.iter().map(|fact| fact.object.as_str()).collect()
    }
}
