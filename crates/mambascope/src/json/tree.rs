//! JSON as a tree in which no key stands twice.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::words::short;
use crate::check::Problem;

/// Reads a tree.
///
/// # Errors
/// When the text is no JSON, nests deeper than 127 values, or has a key twice in one object.
pub(crate) fn tree(text: &str) -> Result<Value, Problem> {
    // A byte-order mark is no part of the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Problem::new("the text is empty", "JSON, as this version writes it"));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize::<_, Strict>(&mut reader);
    let read = read.map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.into_inner());
        let twice = inner.to_string().contains(TWICE);
        let what = match path.as_str() {
            "." => inner.to_string(),
            _ if inner.is_data() => format!("{}: {inner}", short(&path)),
            _ => inner.to_string(),
        };
        let help = if twice {
            "leave one of the two out: readers of JSON differ in which of them they take"
        } else {
            "mend the text at that line and column, or write it again with this version"
        };
        Problem::new(what, help)
    })?;
    reader.end().map_err(|error| {
        Problem::new(error.to_string(), "one value alone: leave out what comes after it")
    })?;
    Ok(read.0)
}

/// How a key that stands twice is named.
const TWICE: &str = "stands twice";

/// A value, each key of whose objects stands once.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut keys = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if keys.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{}` {TWICE}", short(&key))));
            }
            let Strict(value) = entries.next_value()?;
            keys.insert(key, value);
        }
        Ok(Value::Object(keys))
    }
}
