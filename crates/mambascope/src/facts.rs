//! Facts: subjects, and the prompts that ask about them.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::Error;

/// The most bytes of a facts file.
const LIMIT: u64 = 1 << 30;

/// Facts of a file: here, their subjects, over which sigma is taken.
///
/// # Example
/// ```no_run
/// use mambascope::prelude::*;
/// let facts = Facts::read("known_1000.json")?;
/// let noise = Noise::sigmas(3.0).over(facts.subjects());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    subjects: Vec<String>,
}

impl Facts {
    /// Reads facts: a JSON array of objects (known_1000, CounterFact), JSON lines, or a table with tabs and a header.
    ///
    /// # Errors
    /// When the file cannot be read, or a fact has no `subject`.
    pub fn read(file: impl AsRef<Path>) -> Result<Self, Error> {
        let file = file.as_ref();
        let io = |source| Error::File { file: file.to_owned(), source };
        let size = fs::metadata(file).map_err(io)?.len();
        if size > LIMIT {
            let message = format!("{size} bytes are more than {LIMIT}");
            return Err(Error::Facts { file: file.to_owned(), message });
        }
        let text = fs::read_to_string(file).map_err(io)?;
        let subjects = subjects_of(&text)
            .map_err(|message| Error::Facts { file: file.to_owned(), message })?;
        Ok(Self { subjects })
    }

    /// The subject of every fact, in the file's order, repetitions included.
    pub fn subjects(&self) -> Vec<String> {
        self.subjects.clone()
    }
}

/// The subjects of the facts that the bundled model was trained on; none where it is left out.
pub(crate) fn bundled_subjects() -> Vec<String> {
    #[cfg(feature = "bundled")]
    let subjects = subjects_of(mambascope_model::bundled_facts()).unwrap_or_default();
    #[cfg(not(feature = "bundled"))]
    let subjects = Vec::new();
    subjects
}

/// Relation, subject and object of the facts that the bundled model was trained on; none where it is left out.
pub(crate) fn bundled_facts() -> Vec<[String; 3]> {
    #[cfg(feature = "bundled")]
    let table = mambascope_model::bundled_facts();
    #[cfg(not(feature = "bundled"))]
    let table = "";
    let fact = |line: &str| {
        let mut columns = line.split('\t').map(str::to_owned);
        Some([columns.next()?, columns.next()?, columns.next()?])
    };
    table.lines().skip(1).filter_map(fact).collect()
}

fn subjects_of(text: &str) -> Result<Vec<String>, String> {
    let text = text.trim_start_matches('\u{feff}');
    match text.trim_start().chars().next() {
        Some('[') => {
            let facts: Vec<Value> =
                serde_json::from_str(text).map_err(|error| error.to_string())?;
            facts.iter().enumerate().map(|(index, fact)| subject_of(fact, index + 1)).collect()
        }
        Some('{') => text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(index, line)| {
                let fact = serde_json::from_str(line)
                    .map_err(|error| format!("line {}: {error}", index + 1))?;
                subject_of(&fact, index + 1)
            })
            .collect(),
        _ => subjects_of_table(text),
    }
}

/// A fact's subject; CounterFact keeps it in `requested_rewrite`.
fn subject_of(fact: &Value, number: usize) -> Result<String, String> {
    fact.get("subject")
        .or_else(|| fact.get("requested_rewrite")?.get("subject"))
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| format!("fact {number} has no text under `subject`"))
}

fn subjects_of_table(text: &str) -> Result<Vec<String>, String> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let column = header
        .iter()
        .position(|&name| name == "subject")
        .ok_or("the first line names no column `subject`")?;
    lines
        .enumerate()
        .map(|(index, line)| {
            let subject = line.split('\t').nth(column).map(str::to_owned);
            subject.ok_or_else(|| format!("line {} has no column {}", index + 2, column + 1))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_forms_read_alike() {
        let expected = Ok(vec!["Paris".to_owned(), "Rome".to_owned()]);
        let array = r#"[{"subject": "Paris"}, {"requested_rewrite": {"subject": "Rome"}}]"#;
        assert_eq!(subjects_of(array), expected);
        assert_eq!(subjects_of("{\"subject\": \"Paris\"}\n\n{\"subject\": \"Rome\"}\n"), expected);
        assert_eq!(subjects_of("relation\tsubject\nin\tParis\nin\tRome\n"), expected);
        assert_eq!(subjects_of(&format!("\u{feff}{array}")), expected, "a byte-order mark");
        assert_eq!(subjects_of("\u{feff}subject\nParis\nRome\n"), expected, "a byte-order mark");
        assert!(subjects_of("relation\tobject\n").is_err());
        assert!(subjects_of("[{}]").is_err());
    }
}
