//! The keys of a config, read with their kinds checked and every problem kept.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::{Error, Problem};
use crate::foreign;

/// A config's keys, and what was wrong with those read so far.
///
/// A path such as `ssm_cfg.d_state` reaches into an object; `null` is an absent key.
pub(super) struct Fields {
    file: PathBuf,
    object: Map<String, Value>,
    problems: Vec<Problem>,
}

impl Fields {
    pub(super) fn parse(text: &[u8], file: &Path) -> Result<Self, Error> {
        let value: Value = serde_json::from_slice(&quote_bare_numbers(foreign::json(text, file)?))
            .map_err(|source| Error::Json { file: file.to_owned(), source })?;
        let mut fields = Self { file: file.to_owned(), object: Map::new(), problems: Vec::new() };
        match value {
            Value::Object(object) => fields.object = object,
            other => fields.problem("config", shown(&other), "an object"),
        }
        Ok(fields)
    }

    /// The keys of a config that is in no file.
    pub(super) fn none() -> Self {
        Self { file: PathBuf::from("the config"), object: Map::new(), problems: Vec::new() }
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    pub(super) fn problem(
        &mut self,
        item: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        self.problems.push(Problem {
            file: self.file.clone(),
            item: item.to_owned(),
            found: found.into(),
            expected: expected.into(),
        });
    }

    pub(super) fn sound(&self) -> bool {
        self.problems.is_empty()
    }

    pub(super) fn finish(self) -> Result<(), Error> {
        if self.sound() { Ok(()) } else { Err(Error::Config { problems: self.problems }) }
    }

    pub(super) fn value(&self, path: &str) -> Option<&Value> {
        let mut keys = path.split('.');
        let first = self.object.get(keys.next()?)?;
        keys.try_fold(first, |value, key| value.get(key)).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.value(path)?.as_str()
    }

    /// Of several spellings of a key the first that is there, or the first of all.
    fn spelling<'a>(&self, keys: &[&'a str]) -> &'a str {
        let there = keys.iter().find(|key| self.value(key).is_some());
        there.or(keys.first()).copied().unwrap_or_default()
    }

    /// A count that must be there; where it is not, 1, so that the problem brings no others.
    pub(super) fn required(&mut self, keys: &[&str]) -> usize {
        let path = self.spelling(keys);
        if self.value(path).is_none() {
            self.problem(path, "nothing", "a whole number");
            return 1;
        }
        self.count(&[path], 1)
    }

    /// A count, or `default` where no key is there.
    pub(super) fn count(&mut self, keys: &[&str], default: usize) -> usize {
        let whole = |value: &Value| value.as_u64().and_then(|n| usize::try_from(n).ok());
        self.read(keys, default, "a whole number", whole)
    }

    pub(super) fn flag(&mut self, keys: &[&str], default: bool) -> bool {
        self.read(keys, default, "true or false", Value::as_bool)
    }

    pub(super) fn number(&mut self, keys: &[&str], default: f64) -> f64 {
        self.read(keys, default, "a number", Value::as_f64)
    }

    /// A time-step rank: a count, or "auto" for a sixteenth of `width`, rounded up.
    pub(super) fn rank(&mut self, keys: &[&str], width: usize) -> usize {
        let auto = width.div_ceil(16);
        match self.text(self.spelling(keys)) {
            Some("auto") => auto,
            _ => self.count(keys, auto),
        }
    }

    fn read<T>(
        &mut self,
        keys: &[&str],
        default: T,
        expected: &str,
        convert: impl Fn(&Value) -> Option<T>,
    ) -> T {
        let path = self.spelling(keys);
        let Some(value) = self.value(path) else { return default };
        if let Some(converted) = convert(value) {
            return converted;
        }
        let found = shown(value);
        self.problem(path, found, expected);
        default
    }
}

/// A value as a message shows it: cut short.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        other => other.to_string().chars().take(60).collect(),
    }
}

/// Puts quotes around bare `NaN`, `Infinity` and `-Infinity`, which Python writes and JSON lacks.
fn quote_bare_numbers(text: &[u8]) -> Vec<u8> {
    const BARE: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];
    let mut quoted = Vec::with_capacity(text.len());
    let (mut inside, mut rest) = (false, text);
    while let [byte, after @ ..] = rest {
        let bare = BARE.iter().find(|bare| !inside && rest.starts_with(bare));
        if let Some(bare) = bare {
            quoted.push(b'"');
            quoted.extend_from_slice(bare);
            quoted.push(b'"');
            rest = &rest[bare.len()..];
            continue;
        }
        quoted.push(*byte);
        rest = after;
        match (byte, after) {
            (b'"', _) => inside = !inside,
            (b'\\', [escaped, beyond @ ..]) if inside => {
                quoted.push(*escaped);
                rest = beyond;
            }
            _ => {}
        }
    }
    quoted
}
