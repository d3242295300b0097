//! A checkpoint: config, weights and tokenizer, checked against each other.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::blob::Blob;
use crate::config::{Config, Dialect};
use crate::error::Error;
use crate::foreign;
use crate::reading::Meter;
use crate::source::{Files, Source};
use crate::tokens::Tokens;
use crate::weights::Tensors;

/// The most bytes of a config: the longest published has under 2 KiB.
pub(crate) const CONFIG_LIMIT: u64 = 1 << 20;
/// Tokens of the vocabulary with which state-spaces trained every model it published.
const PUBLISHED_VOCABULARY: std::ops::RangeInclusive<usize> = 50_277..=50_280;

/// Config, weights and tokenizer of one model.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// What to call it.
    pub name: String,
    /// Its shape.
    pub config: Config,
    /// Its weights.
    pub tensors: Tensors,
    /// Its tokenizer, where there is one.
    pub tokens: Option<Tokens>,
    slow_tokenizer: Option<PathBuf>,
    digest: OnceLock<String>,
}

impl Checkpoint {
    /// Finds and reads a checkpoint.
    ///
    /// Models that state-spaces published without a tokenizer get the one they were trained
    /// with, where it is cached or can be fetched.
    ///
    /// # Errors
    /// When a file is missing, damaged, not what it says, or does not fit the others.
    pub fn open(source: &Source) -> Result<Self, Error> {
        Self::open_under(source, &Meter::unwatched())
    }

    /// Finds and reads a checkpoint, watched.
    pub(crate) fn open_under(source: &Source, meter: &Meter) -> Result<Self, Error> {
        Self::assemble(source.locate()?, meter, |dialect, config| {
            let published = dialect == Dialect::StateSpaces
                && PUBLISHED_VOCABULARY.contains(&config.known_vocabulary);
            published.then(|| source.published_tokenizer()).flatten()
        })
    }

    /// Reads a checkpoint from files that were found already.
    ///
    /// # Errors
    /// As [`Checkpoint::open`].
    pub fn read(files: Files) -> Result<Self, Error> {
        Self::assemble(files, &Meter::unwatched(), |_, _| None)
    }

    /// A checkpoint from parts in memory.
    pub fn new(name: impl Into<String>, config: Config, tensors: Tensors) -> Self {
        let (tokens, slow_tokenizer, digest) = (None, None, OnceLock::new());
        Self { name: name.into(), config, tensors, tokens, slow_tokenizer, digest }
    }

    /// The same checkpoint read with another tokenizer.
    ///
    /// Ids of the tokenizer for which the embedding has no row are refused where a text has them.
    #[must_use]
    pub fn tokenizer(&self, tokens: &Tokens) -> Self {
        let mut checkpoint = self.clone();
        checkpoint.config.known_vocabulary =
            self.config.known_vocabulary.min(tokens.count()).max(1);
        checkpoint.tokens = Some(tokens.rows(self.config.vocabulary));
        checkpoint.digest = OnceLock::new();
        checkpoint
    }

    /// The file of a tokenizer that Python reads and this library does not, where there is no `tokenizer.json`.
    pub fn slow_tokenizer(&self) -> Option<&Path> {
        self.slow_tokenizer.as_deref()
    }

    fn assemble(
        files: Files,
        meter: &Meter,
        fallback: impl Fn(Dialect, &Config) -> Option<Blob>,
    ) -> Result<Self, Error> {
        let all = std::iter::once(&files.config).chain(&files.weights).chain(&files.tokenizer);
        foreign::refuse(all)?;
        let text = files.config.content(CONFIG_LIMIT)?;
        let (mut config, dialect) = Config::parse_dialect(&text, files.config.path())?;
        let padded = config.vocabulary != config.known_vocabulary;
        // Programs that write mamba_ssm's keys need not pad as it does: the embedding decides.
        if padded && Tensors::embedding_rows(&files) == Some(config.known_vocabulary) {
            config.vocabulary = config.known_vocabulary;
        }
        let tensors = Tensors::read_under(&files, &config, meter)?;
        let tokenizer = files.tokenizer.or_else(|| fallback(dialect, &config));
        let mut checkpoint = Self::new(files.name, config, tensors);
        if let Some(blob) = tokenizer {
            return Ok(checkpoint.tokenizer(&Tokens::read(&blob)?));
        }
        checkpoint.slow_tokenizer = files.slow_tokenizer;
        Ok(checkpoint)
    }

    /// What identifies the model: SHA-256 over its config and the SHA-256 of each of its weights, in hexadecimal.
    ///
    /// The same weights have the same digest whether they came from one file, from shards, from
    /// safetensors or from a `.bin`.
    ///
    /// # Errors
    /// When a tensor cannot be read again.
    ///
    /// # Cost
    /// At the first call, one pass over the weights, by all threads; then none.
    pub fn digest(&self) -> Result<String, Error> {
        if let Some(digest) = self.digest.get() {
            return Ok(digest.clone());
        }
        let of_tensor = |name: &&str| {
            let mut hash = Sha256::new();
            self.tensors.bytes(name, &mut |bytes| hash.update(bytes))?;
            Ok(hash.finalize())
        };
        let names: Vec<&str> = self.tensors.names().collect();
        let hashes: Vec<_> = names.par_iter().map(of_tensor).collect::<Result<_, Error>>()?;
        let mut hash = Sha256::new();
        // Debug prints an f64 so that it reads back as the same number.
        hash.update(format!("{:?}\n", self.config));
        for (name, of_tensor) in names.iter().zip(hashes) {
            hash.update(name);
            hash.update(of_tensor);
        }
        let digest = hexadecimal(&hash.finalize());
        Ok(self.digest.get_or_init(|| digest).clone())
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits = |byte: &u8| {
        [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
    };
    bytes.iter().flat_map(digits).collect()
}
