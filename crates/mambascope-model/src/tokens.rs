//! Text to ids with the place of each token in the text, and back.

mod alphabet;
mod closest;
mod lookalike;
mod occurrences;
mod readable;
mod subject;
mod template;

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};
use std::ops::Range;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tokenizers::Tokenizer;

use crate::blob::Blob;
use crate::error::Error;
use crate::foreign;
use alphabet::Alphabet;
pub(crate) use closest::distance;
pub use occurrences::Occurrence;
pub use subject::Subject;
use template::Template;

/// The most bytes of a tokenizer file: the GPT-NeoX one has 2.5 MB, the largest published 35 MB.
const FILE_LIMIT: u64 = 64 << 20;

/// A tokenizer. Cloning it is cheap.
#[derive(Clone)]
pub struct Tokens {
    inner: Arc<Inner>,
    /// Rows of the embedding that the ids are for.
    rows: usize,
}

struct Inner {
    tokenizer: Tokenizer,
    file: PathBuf,
    /// Added tokens, which stand for themselves.
    added: BTreeMap<u32, String>,
    count: usize,
    alphabet: Alphabet,
    template: Template,
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
        let bytes = foreign::json(bytes, file)?;
        // The tokenizers library panics on some files; most of those are not JSON at all.
        let value: Value = serde_json::from_slice(bytes).map_err(|error| failed(error.into()))?;
        let tokenizer = catch_unwind(|| Tokenizer::from_bytes(bytes))
            .unwrap_or_else(|_| Err("its parts do not fit together".into()));
        let mut tokenizer = tokenizer.map_err(failed)?;
        // A file may ask for prompts to be cut or filled up; both would shift every token.
        tokenizer.with_truncation(None).map_err(failed)?.with_padding(None);
        let added = tokenizer.get_added_tokens_decoder();
        let added = added.into_iter().map(|(id, token)| (id, token.content)).collect();
        let highest = tokenizer.get_vocab(true).into_values().max();
        let (alphabet, template) = (Alphabet::of(&value), Template::of(&tokenizer));
        let count = highest.map_or(0, |highest| highest as usize + 1);
        let file = file.to_owned();
        let inner = Inner { tokenizer, file, added, count, alphabet, template };
        Ok(Self { inner: Arc::new(inner), rows: usize::MAX })
    }

    /// The same tokenizer for an embedding of so many rows: what is beyond them is refused where a text has it.
    pub(crate) fn rows(&self, rows: usize) -> Self {
        Self { inner: Arc::clone(&self.inner), rows }
    }

    /// The ids of a text and where they lie in it; no special token is added ([`Tokens::begin`] has those).
    ///
    /// # Errors
    /// When the tokenizer cannot represent the text, or the model has no embedding for one of its tokens.
    pub fn encode(&self, text: &str) -> Result<Encoded, Error> {
        let encoding = self.inner.tokenizer.encode(text, false).map_err(|error| {
            Error::Tokenise { text: text.to_owned(), message: error.to_string() }
        })?;
        let offsets = encoding.get_offsets().iter().map(|(start, end)| *start..*end).collect();
        let ids = encoding.get_ids().to_vec();
        match ids.iter().find(|id| **id as usize >= self.rows) {
            None => Ok(Encoded { ids, offsets }),
            Some(&id) => Err(Error::Vocabulary {
                file: self.inner.file.clone(),
                text: text.to_owned(),
                token: self.readable(id),
                id,
                rows: self.rows,
            }),
        }
    }

    /// The ids of a text that follows another after a space.
    ///
    /// A tokenizer that puts a space before every text would otherwise put a second one before this one.
    ///
    /// # Errors
    /// As [`Tokens::encode`].
    pub fn encode_after_space(&self, text: &str) -> Result<Vec<u32>, Error> {
        let mut ids = self.encode(&format!(" {text}"))?.ids;
        let is_space = |id: u32| self.readable(id).trim().is_empty();
        if ids.len() > 1 && self.inner.alphabet != Alphabet::Bytes && is_space(ids[0]) {
            let plain = self.encode(text)?.ids;
            if plain.first().is_some_and(|first| self.readable(*first).starts_with(' ')) {
                ids = plain;
            }
        }
        Ok(ids)
    }

    /// The ids that the tokenizer's template puts before a text, such as that of `<s>` or `[CLS]`; none for most.
    ///
    /// No other method adds them.
    ///
    /// # Example
    /// ```
    /// # use mambascope_model::Model;
    /// let model = Model::bundled()?;
    /// assert!(model.tokens().expect("a tokenizer").begin().is_empty());
    /// # Ok::<(), mambascope_model::Error>(())
    /// ```
    pub fn begin(&self) -> &[u32] {
        &self.inner.template.before
    }

    /// The ids that the tokenizer's template puts behind a text, such as that of `[SEP]`; none for most.
    ///
    /// No method adds them: behind the prompt comes the answer.
    pub fn end(&self) -> &[u32] {
        &self.inner.template.after
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
}

impl Debug for Tokens {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Inner { file, count, .. } = &*self.inner;
        f.debug_struct("Tokens").field("file", file).field("count", count).finish_non_exhaustive()
    }
}
