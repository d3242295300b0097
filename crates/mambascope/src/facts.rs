//! Facts: subjects, and the prompts that ask about them.

use std::fs;
use std::path::Path;

use mambascope_model::nearest;
use serde_json::Value;

use crate::Error;
use crate::json::tree;

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
    /// When the file cannot be read, holds no facts, or a fact has no `subject`, two, or an empty one.
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
        if subjects.is_empty() {
            let message = "holds no facts".to_owned();
            return Err(Error::Facts { file: file.to_owned(), message });
        }
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
    // A byte-order mark is no part of the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.trim_start().chars().next() {
        Some('[') => {
            let Value::Array(facts) = tree(text).map_err(|problem| problem.what)? else {
                return Err("it is no list".to_owned());
            };
            facts.iter().enumerate().map(|(index, fact)| subject_of(fact, index + 1)).collect()
        }
        Some('{') => text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(index, line)| {
                let fact = tree(line)
                    .map_err(|problem| format!("line {}: {}", index + 1, problem.what))?;
                subject_of(&fact, index + 1)
            })
            .collect(),
        _ => subjects_of_table(text),
    }
}

/// A fact's subject; CounterFact keeps it in `requested_rewrite`.
fn subject_of(fact: &Value, number: usize) -> Result<String, String> {
    let found = fact.get("subject").or_else(|| fact.get("requested_rewrite")?.get("subject"));
    let subject = found
        .and_then(Value::as_str)
        .ok_or_else(|| format!("fact {number} has no text under `subject`"))?;
    named(subject).ok_or_else(|| format!("fact {number} has an empty `subject`"))
}

/// A subject that says something.
fn named(subject: &str) -> Option<String> {
    (!subject.trim().is_empty()).then(|| subject.to_owned())
}

fn subjects_of_table(text: &str) -> Result<Vec<String>, String> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let column =
        header.iter().position(|&name| name == "subject").ok_or_else(|| {
            match nearest("subject", &header).first() {
                Some(near) => {
                    format!(
                        "the first line names no column `subject`; the nearest is `{}`",
                        near.trim()
                    )
                }
                None => "the first line names no column `subject`, and is no JSON".to_owned(),
            }
        })?;
    lines
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| {
            let subject = line.split('\t').nth(column);
            let subject = subject
                .ok_or_else(|| format!("line {} has no column {}", index + 2, column + 1))?;
            named(subject).ok_or_else(|| format!("line {} has an empty `subject`", index + 2))
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

    #[test]
    fn marks_and_line_ends_of_other_systems_are_read() {
        let expected = Ok(vec!["Paris".to_owned(), "Rome".to_owned()]);
        let array = "\u{feff}[{\"subject\": \"Paris\"},\r\n {\"subject\": \"Rome\"}]\r\n";
        assert_eq!(subjects_of(array), expected);
        let lines = "\u{feff}{\"subject\": \"Paris\"}\r\n\r\n{\"subject\": \"Rome\"}\r\n";
        assert_eq!(subjects_of(lines), expected);
        let table = "\u{feff}subject\tprompt\r\nParis\tParis is\r\nRome\tRome is\r\n\r\n";
        assert_eq!(subjects_of(table), expected);
        assert_eq!(
            subjects_of("prompt\tsubject\r\nParis is\tParis\r\nRome is\tRome\r\n"),
            expected
        );
    }

    #[test]
    fn facts_that_say_nothing_are_refused() {
        for (text, words) in [
            ("", "names no column `subject`"),
            ("[{\"subject\": \"\"}]", "fact 1 has an empty `subject`"),
            ("[{\"subject\": 5}]", "fact 1 has no text under `subject`"),
            ("[{\"subject\": null}]", "fact 1 has no text under `subject`"),
            ("[{\"subject\": \"a\", \"subject\": \"b\"}]", "the key `subject` stands twice"),
            ("{\"subject\": \"a\"}\n{\"subject\": \" \"}", "fact 2 has an empty `subject`"),
            ("subject\tprompt\n\tParis is\n", "line 2 has an empty `subject`"),
            ("subjekt\tprompt\nParis\tParis is\n", "the nearest is `subjekt`"),
        ] {
            let said = subjects_of(text).expect_err(text);
            assert!(said.contains(words), "{text}: {said}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in
            [("a.json", "[]"), ("b.tsv", "subject\n"), ("c.json", "\u{feff}[ ]\r\n")]
        {
            let file = folder.path().join(name);
            std::fs::write(&file, text).expect("written");
            let said = Facts::read(&file).expect_err(name).to_string();
            assert!(said.contains("holds no facts") && said.contains("\nhelp: "), "{said}");
        }
    }
}
