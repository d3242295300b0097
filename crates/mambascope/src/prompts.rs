//! The prompts of a file, one at a time, each with the line it is on.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::ops::ControlFlow;
use std::path::Path;

use serde_json::{Deserializer, Value};

use crate::Error;

/// The most bytes of an array, which is read whole.
const LIMIT: u64 = 1 << 30;

/// Who hears each prompt, or what is wrong with it, and its line, counted from 1.
pub(crate) type Listener<'a> = dyn FnMut(usize, Result<String, String>) -> ControlFlow<()> + 'a;

/// Reads the prompts of a file: facts as a JSON array or JSON lines (a text, or an object with `prompt`, in which `{}`
/// stands for its `subject`), a table with tabs and a column `prompt`, or in a file that ends in `.txt` one text a line.
///
/// # Errors
/// When the file cannot be read; what is wrong with a line the listener hears.
pub(crate) fn each_prompt(file: &Path, listener: &mut Listener<'_>) -> Result<(), Error> {
    let io = |source| Error::File { file: file.to_owned(), source };
    let mut reader = BufReader::new(File::open(file).map_err(io)?);
    let texts = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("txt"));
    let mut form = if texts { Form::Texts } else { Form::Unknown };
    let mut line = String::new();
    for number in 1.. {
        line.clear();
        match reader.read_line(&mut line) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            // A line that is no UTF-8 is one problem; what comes after it is still read.
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                if listener(number, Err("is no UTF-8".to_owned())).is_break() {
                    return Ok(());
                }
                continue;
            }
            Err(error) => return Err(io(error)),
        }
        // A byte-order mark is no part of the text.
        if number == 1 && line.starts_with('\u{feff}') {
            line.remove(0);
        }
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        if form == Form::Unknown {
            form = Form::of(text);
            match form {
                Form::Array => {
                    let mut rest = line.trim_start_matches('\u{feff}').to_owned();
                    reader.take(LIMIT).read_to_string(&mut rest).map_err(io)?;
                    each_of_array(&rest, number, listener);
                    return Ok(());
                }
                Form::Table(_) => continue,
                Form::Unknown => {
                    let what = "names no column `prompt`, and is no JSON";
                    let _ = listener(number, Err(what.to_owned()));
                    return Ok(());
                }
                Form::Lines | Form::Texts => {}
            }
        }
        if listener(number, form.prompt(text)).is_break() {
            return Ok(());
        }
    }
    Ok(())
}

/// What a file's lines are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Unknown,
    Array,
    Lines,
    Texts,
    /// With the prompts in this column.
    Table(usize),
}

impl Form {
    /// The form of a file that begins with this line.
    fn of(line: &str) -> Self {
        let column = || line.split('\t').position(|name| name == "prompt");
        match line.chars().next() {
            Some('[') => Self::Array,
            Some('{' | '"') => Self::Lines,
            _ => column().map_or(Self::Unknown, Self::Table),
        }
    }

    /// The prompt on a line.
    fn prompt(self, line: &str) -> Result<String, String> {
        match self {
            Self::Table(column) => {
                let prompt = line.split('\t').nth(column).filter(|prompt| !prompt.is_empty());
                prompt.map(str::to_owned).ok_or_else(|| format!("has no column {}", column + 1))
            }
            Self::Lines => {
                let fact = serde_json::from_str(line).map_err(|error| unsound(&error))?;
                prompt_of(&fact)
            }
            Self::Texts | Self::Array | Self::Unknown => Ok(line.to_owned()),
        }
    }
}

/// The prompts of a JSON array that begins on line `first` of its file.
fn each_of_array(text: &str, first: usize, listener: &mut Listener<'_>) {
    let skip = |place: usize| place + text[place..].len() - text[place..].trim_start().len();
    let (mut here, mut counted) = (first, 0);
    let mut line = |place: usize| {
        here += text[counted..place].matches('\n').count();
        counted = place;
        here
    };
    let mut place = skip(0) + 1;
    loop {
        place = skip(place);
        if text[place..].starts_with(']') {
            return;
        }
        let here = line(place);
        let mut values = Deserializer::from_str(&text[place..]).into_iter::<Value>();
        let found = match values.next() {
            Some(Ok(fact)) => prompt_of(&fact),
            Some(Err(error)) => {
                let _ = listener(here, Err(unsound(&error)));
                return;
            }
            None => {
                let _ = listener(here, Err("the array does not end".to_owned()));
                return;
            }
        };
        place = skip(place + values.byte_offset());
        if listener(here, found).is_break() {
            return;
        }
        if text[place..].starts_with(',') {
            place += 1;
        } else if !text[place..].starts_with(']') {
            let _ = listener(line(place), Err("neither `,` nor `]` after a fact".to_owned()));
            return;
        }
    }
}

fn unsound(error: &serde_json::Error) -> String {
    format!("is no sound JSON, at column {}", error.column())
}

/// A fact's prompt; CounterFact keeps it in `requested_rewrite`, with `{}` for the subject.
fn prompt_of(fact: &Value) -> Result<String, String> {
    if let Some(text) = fact.as_str() {
        return Ok(text.to_owned());
    }
    let fact = fact.get("requested_rewrite").unwrap_or(fact);
    let text = |name: &str| fact.get(name).and_then(Value::as_str);
    let prompt = text("prompt").ok_or("has no text under `prompt`")?;
    match (prompt.contains("{}"), text("subject")) {
        (true, Some(subject)) => Ok(prompt.replace("{}", subject)),
        (true, None) => Err("has a prompt with `{}`, and no text under `subject`".to_owned()),
        (false, _) => Ok(prompt.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Vec<(usize, Result<String, String>)> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(name);
        std::fs::write(&file, text).expect("written");
        let mut found = Vec::new();
        each_prompt(&file, &mut |line, prompt| {
            found.push((line, prompt));
            ControlFlow::Continue(())
        })
        .expect("read");
        found
    }

    #[test]
    fn every_form_reads_alike() {
        let prompts = |lines: [usize; 2]| {
            let texts = ["Rome is in", "Oslo lies in"].map(|text| Ok(text.to_owned()));
            lines.into_iter().zip(texts).collect::<Vec<_>>()
        };
        let rewrite = r#"{"requested_rewrite": {"prompt": "{} lies in", "subject": "Oslo"}}"#;
        let array = format!("[\n {{\"prompt\": \"Rome is in\"}},\n\n {rewrite}]\n");
        assert_eq!(read("a.json", &array), prompts([2, 4]));
        assert_eq!(read("a.jsonl", &format!("\"Rome is in\"\n\n{rewrite}\n")), prompts([1, 3]));
        assert_eq!(read("a.txt", "Rome is in\nOslo lies in\n"), prompts([1, 2]));
        let table = "subject\tprompt\nRome\tRome is in\nOslo\tOslo lies in\n";
        assert_eq!(read("a.tsv", table), prompts([2, 3]));
        assert_eq!(read("a.json", "[]"), []);
    }

    #[test]
    fn a_byte_order_mark_is_of_no_prompt() {
        for (name, text) in [
            ("a.txt", "Rome is in\nOslo lies in\n"),
            ("a.jsonl", "\"Rome is in\"\n\"Oslo lies in\"\n"),
            ("a.json", "[\"Rome is in\",\n\"Oslo lies in\"]"),
            ("a.tsv", "prompt\nRome is in\nOslo lies in\n"),
        ] {
            assert_eq!(read(name, &format!("\u{feff}{text}")), read(name, text), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_names_its_line() {
        let lines = |name, text| -> Vec<usize> {
            let wrong = read(name, text).into_iter().filter(|(_, prompt)| prompt.is_err());
            wrong.map(|(line, _)| line).collect()
        };
        assert_eq!(lines("a.jsonl", "\"one\"\n{}\n\"two\"\n{\"prompt\":\n"), [2, 4]);
        assert_eq!(
            lines("a.json", "[\"one\",\n{\"prompt\": \"{} is\"},\n\n\"two\"\n\"three\"]"),
            [2, 5]
        );
        assert_eq!(lines("a.json", "[\"one\",\n"), [2]);
        assert_eq!(lines("a.tsv", "subject\tprompt\nRome\nOslo\tOslo is\n"), [2]);
        assert_eq!(lines("a.tsv", "subject\tobject\nRome\tItaly\n"), [1]);
    }
}
