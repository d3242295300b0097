//! How a vocabulary writes its tokens: where a space is, and which characters stand for bytes.

use serde_json::Value;

/// The meaning of a vocabulary's characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// One byte each, as in GPT-2.
    Bytes,
    /// Themselves, with this one for a space, as in SentencePiece.
    Space(char),
    /// Themselves; a token that goes on with a word begins with this, as `##` in WordPiece.
    GoesOn(String),
    /// Themselves; a token that ends a word ends with this, as `</w>` in the first GPT.
    Ends(String),
    /// Whole words and signs; spaces are in no token.
    Words,
    /// Themselves.
    Text,
}

impl Alphabet {
    /// That of a `tokenizer.json`, told by its parts.
    pub(super) fn of(file: &Value) -> Self {
        let part = |name: &str| file.get(name).unwrap_or(&Value::Null);
        let (model, splitter, decoder) = (part("model"), part("pre_tokenizer"), part("decoder"));
        let text = |name: &str| {
            model
                .get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let kind = model.get("type").and_then(Value::as_str);
        let has = |value, kind: &str| find(value, 0, &|part| is(part, kind)).is_some();
        if has(splitter, "ByteLevel") || has(decoder, "ByteLevel") {
            return Self::Bytes;
        }
        let parts = [splitter, decoder, part("normalizer")];
        if let Some(space) = parts.into_iter().find_map(|part| find(part, 0, &|part| space(part))) {
            return Self::Space(space);
        }
        let prefix = decoder.get("prefix").and_then(Value::as_str).map(str::to_owned);
        if kind == Some("WordPiece") || is(decoder, "WordPiece").is_some() {
            let prefix = text("continuing_subword_prefix").or(prefix);
            return Self::GoesOn(prefix.unwrap_or_else(|| "##".to_owned()));
        }
        if let Some(suffix) = text("end_of_word_suffix") {
            return Self::Ends(suffix);
        }
        if let Some(prefix) = text("continuing_subword_prefix") {
            return Self::GoesOn(prefix);
        }
        let splits = ["Whitespace", "WhitespaceSplit", "BertPreTokenizer"];
        if splits.iter().any(|kind| has(splitter, kind)) { Self::Words } else { Self::Text }
    }

    /// A token of it as the text it stands for, the space before a word included; none where it is of bytes.
    pub(super) fn text(&self, token: &str) -> Option<String> {
        Some(match self {
            Self::Bytes | Self::Text => return None,
            Self::Space(space) => token.replace(*space, " "),
            Self::GoesOn(prefix) => match token.strip_prefix(prefix.as_str()) {
                Some(rest) if !rest.is_empty() => rest.to_owned(),
                _ => spaced(token),
            },
            Self::Ends(suffix) => match token.strip_suffix(suffix.as_str()) {
                Some(rest) => format!("{rest} "),
                None => token.to_owned(),
            },
            Self::Words => spaced(token),
        })
    }
}

/// A word with the space before it; signs that close have none.
fn spaced(token: &str) -> String {
    let closes = |letter: char| ".,;:!?%)]}'’”".contains(letter);
    if token.chars().all(closes) { token.to_owned() } else { format!(" {token}") }
}

/// The first part of a value, itself included, of which something is found; parts lie at most so deep in each other.
fn find<T>(value: &Value, depth: usize, wanted: &impl Fn(&Value) -> Option<T>) -> Option<T> {
    if depth > 8 {
        return None;
    }
    wanted(value).or_else(|| match value {
        Value::Array(parts) => parts.iter().find_map(|part| find(part, depth + 1, wanted)),
        Value::Object(parts) => parts.values().find_map(|part| find(part, depth + 1, wanted)),
        _ => None,
    })
}

fn is(part: &Value, kind: &str) -> Option<()> {
    (part.get("type").and_then(Value::as_str) == Some(kind)).then_some(())
}

/// The character that stands for a space, where this part puts one in its place or back.
fn space(part: &Value) -> Option<char> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let single = |text: String| {
        let mut letters = text.chars();
        letters.next().filter(|letter| letters.next().is_none() && *letter != ' ')
    };
    if is(part, "Metaspace").is_some() {
        return Some(text(part.get("replacement")).and_then(single).unwrap_or('▁'));
    }
    is(part, "Replace")?;
    let pattern = text(part.get("pattern").and_then(|pattern| pattern.get("String")))?;
    let content = text(part.get("content"))?;
    match (pattern.as_str(), content.as_str()) {
        (" ", _) => single(content),
        (_, " ") => single(pattern),
        _ => None,
    }
}
