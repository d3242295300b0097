//! Text to ids with the place of each token in the text, and back.

mod closest;
mod occurrences;
mod readable;
mod subject;

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};
use std::ops::Range;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tokenizers::{DecoderWrapper, Tokenizer};

use crate::blob::Blob;
use crate::error::Error;
pub(crate) use closest::distance;
pub use occurrences::Occurrence;
pub use subject::Subject;

/// The most bytes of a tokenizer file: the GPT-NeoX one has 2.5 MB, the largest published 35 MB.
const FILE_LIMIT: u64 = 64 << 20;

/// A tokenizer. Cloning it is cheap.
#[derive(Clone)]
pub struct Tokens {
    inner: Arc<Inner>,
}

struct Inner {
    tokenizer: Tokenizer,
    file: PathBuf,
    /// Added tokens, which stand for themselves.
    added: BTreeMap<u32, String>,
    count: usize,
    alphabet: Alphabet,
}

/// What the characters of a vocabulary mean.
#[derive(Clone, Copy)]
enum Alphabet {
    /// One byte each, as in GPT-2.
    Bytes,
    /// Themselves.
    Text,
}

/// A text as tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The ids.
    pub ids: Vec<u32>,
    /// Where each token lies in the text, in bytes; whether a leading space belongs to it is the
    /// tokenizer's choice, and a character of several tokens belongs to each of them.
    pub offsets: Vec<Range<usize>>,
}

impl Tokens {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// When the file cannot be read, or is no tokenizer.
    pub fn from_file(file: impl AsRef<Path>) -> Result<Self, Error> {
        Self::read(&Blob::File(file.as_ref().to_owned()))
    }

    /// Reads the content of a `tokenizer.json`.
    ///
    /// # Errors
    /// When it is no tokenizer.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::parse(bytes, Path::new("tokenizer.json"))
    }

    pub(crate) fn read(blob: &Blob) -> Result<Self, Error> {
        Self::parse(&blob.content(FILE_LIMIT)?, blob.path())
    }

    fn parse(bytes: &[u8], file: &Path) -> Result<Self, Error> {
        let failed = |error: tokenizers::Error| Error::Tokenizer {
            file: file.to_owned(),
            message: error.to_string(),
        };
        // The tokenizers library panics on some files; most of those are not JSON at all.
        serde_json::from_slice::<Value>(bytes).map_err(|error| failed(error.into()))?;
        let tokenizer = catch_unwind(|| Tokenizer::from_bytes(bytes))
            .unwrap_or_else(|_| Err("its parts do not fit together".into()));
        let mut tokenizer = tokenizer.map_err(failed)?;
        // A file may ask for prompts to be cut or filled up; both would shift every token.
        tokenizer.with_truncation(None).map_err(failed)?.with_padding(None);
        let added = tokenizer.get_added_tokens_decoder();
        let added = added.into_iter().map(|(id, token)| (id, token.content)).collect();
        let highest = tokenizer.get_vocab(true).into_values().max();
        let alphabet = alphabet(tokenizer.get_decoder());
        let count = highest.map_or(0, |highest| highest as usize + 1);
        let inner = Inner { tokenizer, file: file.to_owned(), added, count, alphabet };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The ids of a text and where they lie in it; no special token is added.
    ///
    /// # Errors
    /// When the tokenizer cannot represent the text.
    pub fn encode(&self, text: &str) -> Result<Encoded, Error> {
        let encoding = self.inner.tokenizer.encode(text, false).map_err(|error| {
            Error::Tokenise { text: text.to_owned(), message: error.to_string() }
        })?;
        let offsets = encoding.get_offsets().iter().map(|(start, end)| *start..*end).collect();
        Ok(Encoded { ids: encoding.get_ids().to_vec(), offsets })
    }

    /// The text of ids, special tokens included.
    ///
    /// # Errors
    /// When the tokenizer cannot put them together.
    pub fn decode(&self, ids: &[u32]) -> Result<String, Error> {
        self.inner.tokenizer.decode(ids, false).map_err(|error| Error::Tokenise {
            text: format!("{ids:?}"),
            message: error.to_string(),
        })
    }

    /// One more than the highest id, added tokens included.
    pub fn count(&self) -> usize {
        self.inner.count
    }

    /// The file it came from.
    pub(crate) fn file(&self) -> &Path {
        &self.inner.file
    }
}

impl Debug for Tokens {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Inner { file, count, .. } = &*self.inner;
        f.debug_struct("Tokens").field("file", file).field("count", count).finish_non_exhaustive()
    }
}

fn alphabet(decoder: Option<&DecoderWrapper>) -> Alphabet {
    let is_bytes = |decoder: &DecoderWrapper| matches!(decoder, DecoderWrapper::ByteLevel(_));
    let bytes = match decoder {
        Some(DecoderWrapper::Sequence(parts)) => parts.get_decoders().iter().any(is_bytes),
        Some(decoder) => is_bytes(decoder),
        None => false,
    };
    if bytes { Alphabet::Bytes } else { Alphabet::Text }
}
