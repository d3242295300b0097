//! Plans and results from JSON, read strictly: what nobody knows is refused by its path, with the nearest key.
//!
//! A key that nobody knows, a key that stands twice, and a value of another type are problems. A `null` is the same as a
//! missing key: the default where there is one, else a problem. One place has a meaning of its own: `"corrupt": null` is
//! how a plan writes that nothing is corrupted.

mod tree;
mod words;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use self::words::{Fault, found};
use crate::Error;
use crate::check::Problem;

pub(crate) use tree::tree;

/// The most bytes of a text that is read.
const LIMIT: usize = 1 << 30;
/// How many problems are told; the first ones show the rest.
const LISTED: usize = 20;

/// What a text should be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    /// Its name in a sentence.
    pub(crate) what: &'static str,
    /// The version that can be read, and the error for another one.
    pub(crate) version: Option<fn(u32) -> Option<Error>>,
    /// Keys at the top that were derived from others when it was written, and are not read.
    pub(crate) derived: &'static [&'static str],
}

/// Reads a value from JSON.
///
/// # Errors
/// When the text is no JSON; when it is of another version, whatever else it holds; else all keys that nobody knows, or
/// what is wrong with the first value that does not fit.
pub(crate) fn read<T: DeserializeOwned>(text: &str, form: Form) -> Result<T, Error> {
    let refused = |problems| Error::Form { what: form.what, problems };
    if text.len() > LIMIT {
        let what = format!("{} bytes, more than {LIMIT}", text.len());
        return Err(refused(vec![Problem::new(what, "a smaller file: is this the one you mean?")]));
    }
    let mut whole = tree(text).map_err(|problem| refused(vec![problem]))?;
    if let Some(other) = form.version {
        let version = version(&whole).map_err(|problem| refused(vec![problem]))?;
        if let Some(error) = other(version) {
            return Err(error);
        }
    }
    if let Value::Object(keys) = &mut whole {
        keys.retain(|key, _| !form.derived.contains(&key.as_str()));
    }
    let mut reading = Reading::default();
    loop {
        match serde_path_to_error::deserialize::<_, T>(&whole) {
            Ok(value) if reading.problems.is_empty() => return Ok(value),
            Ok(_) => return Err(refused(reading.problems)),
            Err(error) => {
                if !reading.mend(&mut whole, error.path(), &error.inner().to_string()) {
                    return Err(refused(reading.problems));
                }
            }
        }
    }
}

/// The version that a tree says it has.
fn version(whole: &Value) -> Result<u32, Problem> {
    let help = "a whole number, as in `\"version\": 1`";
    match whole.as_object().map(|keys| keys.get("version")) {
        None => {
            let what = format!("expected an object, found {}", found(whole));
            Err(Problem::new(what, "an object, as in `{\"version\": 1, \"prompt\": ..}`"))
        }
        Some(None | Some(Value::Null)) => Err(Problem::new("no `version`", help)),
        Some(Some(value)) => {
            value.as_u64().and_then(|version| u32::try_from(version).ok()).ok_or_else(|| {
                let what = format!("version: expected a whole number, found {}", found(value));
                Problem::new(what, help)
            })
        }
    }
}

/// What was found so far.
#[derive(Debug, Default)]
struct Reading {
    problems: Vec<Problem>,
    /// Places whose `null` was taken for a missing key.
    nulls: Vec<String>,
}

impl Reading {
    /// Notes an error, and takes out of the tree what stands in the way of the next one; `false` where nothing can be.
    fn mend(&mut self, whole: &mut Value, path: &Path, message: &str) -> bool {
        let segments: Vec<Segment> = path.iter().cloned().collect();
        let fault = Fault::of(message);
        match &fault {
            Fault::Null if take(whole, &segments) => {
                self.nulls.push(said(&segments));
                return true;
            }
            // What is missing may be what is misspelt.
            Fault::Missing(_) | Fault::Other(_) if !self.problems.is_empty() => return false,
            Fault::Missing(key) => {
                let place = joined(&said(&segments), key);
                let what = if self.nulls.contains(&place) {
                    format!("{place}: a value is needed, found null")
                } else {
                    format!("{place}: the key is missing, and has no default")
                };
                self.problems.push(Problem::new(what, fault.help()));
                return false;
            }
            _ => {}
        }
        let shown = fault.place(&segments);
        let what = match said(shown) {
            place if place.is_empty() => fault.what(),
            place => format!("{place}: {}", fault.what()),
        };
        self.problems.push(Problem::new(what, fault.help()));
        let goes_on = matches!(fault, Fault::Key { .. }) && self.problems.len() < LISTED;
        goes_on && take(whole, &segments)
    }
}

/// A path as it is written in a sentence: `restore.window.size`, `pairs[0]`.
fn said(path: &[Segment]) -> String {
    path.iter().fold(String::new(), |text, segment| match segment {
        Segment::Seq { index } => format!("{text}[{index}]"),
        Segment::Map { key } => joined(&text, key),
        Segment::Enum { variant } => joined(&text, variant),
        Segment::Unknown => text,
    })
}

fn joined(path: &str, key: &str) -> String {
    let key = words::short(key);
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// Takes the last key of a path out of its object; `false` where it is none.
fn take(whole: &mut Value, path: &[Segment]) -> bool {
    let Some((Segment::Map { key }, above)) = path.split_last() else { return false };
    let mut here = Some(whole);
    for segment in above {
        here = match (here, segment) {
            (Some(value), Segment::Seq { index }) => value.get_mut(*index),
            (Some(value), Segment::Map { key }) => value.get_mut(key.as_str()),
            (Some(value), Segment::Enum { variant }) => value.get_mut(variant.as_str()),
            _ => None,
        };
    }
    here.and_then(Value::as_object_mut).is_some_and(|keys| keys.remove(key.as_str()).is_some())
}
