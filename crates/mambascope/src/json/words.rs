//! What serde says of a value that does not fit, in words.

use mambascope_model::{Site, nearest};
use serde_json::Value;
use serde_path_to_error::Segment;

/// What stands between what is wrong and what to write instead.
const HELP: &str = "\nhelp: ";
/// How many characters of what a text holds are quoted.
const QUOTED: usize = 60;

/// Why a value does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// A key that nobody knows, and those that are known there.
    Key { name: String, known: Vec<String> },
    /// A name that nobody knows, and those that are known there.
    Name { name: String, known: Vec<String> },
    /// A key that is needed.
    Missing(String),
    /// A `null`.
    Null,
    /// A value of another type, or out of bounds.
    Value { found: String, expected: String },
    /// Anything else.
    Other(String),
}

impl Fault {
    /// What a message of serde says.
    pub(super) fn of(message: &str) -> Self {
        let message = message.trim();
        if let Some(rest) = message.strip_prefix("unknown field ") {
            let (name, known) = names(rest);
            return Self::Key { name, known };
        }
        if let Some(rest) = message.strip_prefix("unknown variant ") {
            let (name, known) = names(rest);
            return Self::Name { name, known };
        }
        if let Some(rest) = message.strip_prefix("missing field ") {
            return Self::Missing(rest.trim_matches('`').to_owned());
        }
        if let Some(rest) = message.strip_prefix("invalid length ") {
            let (count, expected) =
                rest.split_once(", expected ").unwrap_or((rest, "another length"));
            let expected = match expected {
                "fewer elements in array" => "a shorter list".to_owned(),
                _ => typed(expected),
            };
            return Self::Value { found: format!("a list of {count}"), expected };
        }
        let unfit = ["invalid type: ", "invalid value: "];
        let rest = unfit.iter().find_map(|start| message.strip_prefix(start));
        let parts = rest.and_then(|rest| rest.rsplit_once(", expected "));
        match parts {
            Some(("null", _)) => Self::Null,
            Some((found, expected)) => {
                Self::Value { found: plain(found), expected: typed(expected) }
            }
            None => Self::Other(message.to_owned()),
        }
    }

    /// What is wrong.
    pub(super) fn what(&self) -> String {
        match self {
            Self::Key { name, .. } => format!("the key `{}` is not known here", short(name)),
            Self::Name { name, .. } => format!("`{}` is not known here", short(name)),
            Self::Missing(key) => format!("the key `{key}` is missing"),
            Self::Null => "a value is needed, found null".to_owned(),
            Self::Value { found, expected } => format!("expected {expected}, found {found}"),
            Self::Other(message) => {
                message.split_once(HELP).map_or(message.as_str(), |(what, _)| what).to_owned()
            }
        }
    }

    /// What to write instead.
    pub(super) fn help(&self) -> String {
        match self {
            Self::Name { name, known } if known.iter().any(|one| one == Site::Resid.name()) => {
                site(name)
            }
            Self::Key { name, known } | Self::Name { name, known } => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                match nearest(name, &known).as_slice() {
                    _ if known.is_empty() => "leave it out".to_owned(),
                    [] => format!("write one of {}", listed(&known)),
                    [first, ..] => {
                        format!("did you mean `{first}`? Known here are {}", listed(&known))
                    }
                }
            }
            Self::Missing(key) => format!("add `\"{key}\": ..`"),
            Self::Null => "a value, or leave the key out where it has a default".to_owned(),
            Self::Value { expected, .. } => format!("write {expected}"),
            Self::Other(message) => message
                .split_once(HELP)
                .map_or("write it as this version does", |(_, help)| help)
                .to_owned(),
        }
    }

    /// The part of a path that is told: without the name that nobody knows.
    pub(super) fn place<'a>(&self, path: &'a [Segment]) -> &'a [Segment] {
        let (Self::Key { name, .. } | Self::Name { name, .. }) = self else { return path };
        match path.split_last() {
            Some((Segment::Map { key: last } | Segment::Enum { variant: last }, above))
                if last == name =>
            {
                above
            }
            _ => path,
        }
    }
}

/// What to write instead of a name that is no site's own.
fn site(name: &str) -> String {
    match name.parse::<Site>() {
        Ok(site) => format!("write `{site}`"),
        Err(error) => {
            let said = error.to_string();
            said.split_once(HELP).map_or(said.as_str(), |(_, help)| help).to_owned()
        }
    }
}

/// "`x`, expected one of `a`, `b`": x, and a and b.
fn names(text: &str) -> (String, Vec<String>) {
    let ends = [", expected ", ", there are no "];
    let (name, known) = ends.iter().find_map(|end| text.rsplit_once(end)).unwrap_or((text, ""));
    let known = known.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    (name.trim_matches('`').to_owned(), known)
}

/// What serde found, as it stands in the text.
fn plain(found: &str) -> String {
    let number = |text: &str| text.trim_matches('`').to_owned();
    match found {
        "map" => "an object".to_owned(),
        "sequence" => "a list".to_owned(),
        _ => {
            if let Some(text) = found.strip_prefix("string ") {
                short(text)
            } else if let Some(text) = found.strip_prefix("integer ") {
                number(text)
            } else if let Some(text) = found.strip_prefix("floating point ") {
                number(text)
            } else if let Some(text) = found.strip_prefix("boolean ") {
                number(text)
            } else {
                short(found)
            }
        }
    }
}

/// A type of Rust as a person calls it.
fn typed(expected: &str) -> String {
    match expected {
        "usize" | "u64" => "a whole number".to_owned(),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "f64" | "f32" => "a number".to_owned(),
        "a string" | "string" | "str" | "path string" => "a text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "string or map" => "a name, or an object of one key".to_owned(),
        "map with a single key" => "an object of one key".to_owned(),
        _ if expected.starts_with("a tuple of size ") => {
            format!("a list of {}", &expected["a tuple of size ".len()..])
        }
        _ if expected.starts_with("struct ") || expected == "a map" => "an object".to_owned(),
        _ => expected.to_owned(),
    }
}

/// A value as it stands in the text.
pub(super) fn found(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        other => short(&other.to_string()),
    }
}

/// A text, or its beginning.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
