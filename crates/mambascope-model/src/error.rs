//! What can go wrong between a checkpoint on disk and an activation.

use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;

use crate::NotFinite;

/// How many problems a message lists before it only counts the rest.
const LISTED: usize = 20;

/// One thing in a file that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file it is in.
    pub file: PathBuf,
    /// The tensor, key or part of the file.
    pub item: String,
    /// What stands there.
    pub found: String,
    /// What should stand there.
    pub expected: String,
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { file, item, found, expected } = self;
        write!(f, "{}: {item}: found {found}, expected {expected}", file.display())
    }
}

/// What can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A tensor operation of candle failed.
    #[error("a tensor operation failed: {0}")]
    Tensor(#[from] candle_core::Error),

    /// A file could not be read.
    #[error("cannot read {}: {source}\nhelp: check that the file is there and may be read", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },

    /// A text file is larger than any of its kind has reason to be.
    #[error(
        "{} is larger than {limit} bytes\nhelp: check that this is the file you mean; \
         configs, indices and tokenizers are small", file.display()
    )]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The most bytes such a file may have.
        limit: u64,
    },

    /// A config or index is not JSON.
    #[error(
        "{} is not JSON: {source}\nhelp: fetch the file again, or mend it at that line",
        file.display()
    )]
    Json {
        /// The file.
        file: PathBuf,
        /// Where the text stops being JSON.
        source: serde_json::Error,
    },

    /// Files of a checkpoint are of another kind than their names say.
    #[error("{files}")]
    Foreign {
        /// The files, and what each is.
        files: crate::foreign::ForeignFiles,
    },

    /// A config asks for something that no Mamba-1 has, or that is absurd.
    #[error(
        "the config cannot be used: {}\nhelp: write what is expected into the config, \
         or choose another checkpoint",
        Listed(problems)
    )]
    Config {
        /// Every problem in it.
        problems: Vec<Problem>,
    },

    /// A config is of a model that is not Mamba-1.
    #[error(
        "{} describes `{family}`, which is not supported yet\n\
         help: choose a Mamba-1 checkpoint, such as state-spaces/mamba-130m", file.display()
    )]
    Family {
        /// The config.
        file: PathBuf,
        /// The family that it names.
        family: String,
    },

    /// Weights that are damaged, or are not those that the config describes.
    #[error(
        "the weights cannot be used: {}\nhelp: check that config and weights belong together, \
         and fetch again what was cut short",
        Listed(problems)
    )]
    Weights {
        /// Every problem in them.
        problems: Vec<Problem>,
    },

    /// A tensor was asked for that the model does not have.
    #[error("no tensor is named `{name}`\nhelp: names are those of state-spaces/mamba")]
    UnknownTensor {
        /// The name asked for.
        name: String,
    },

    /// A text names no source of a checkpoint.
    #[error(
        "`{text}` names no checkpoint\nhelp: write `bundled`, a folder such as `./mamba-130m`, \
         or a hub id such as `state-spaces/mamba-130m`"
    )]
    Source {
        /// The text.
        text: String,
    },

    /// A folder lacks a file that every checkpoint has.
    #[error(
        "{} has no {missing}\nhelp: a checkpoint is a folder with config.json and \
         model.safetensors or pytorch_model.bin", folder.display()
    )]
    Incomplete {
        /// The folder.
        folder: PathBuf,
        /// What is missing.
        missing: String,
    },

    /// A hub checkpoint is not in the cache, and the network may not be used.
    #[error(
        "{id} at {revision} is not in the cache {}\nhelp: fetch it once with the network on \
         (HF_HUB_OFFLINE unset, feature `hub`), or name a folder", cache.display()
    )]
    NotCached {
        /// The checkpoint.
        id: String,
        /// Branch, tag or commit.
        revision: String,
        /// The cache that was searched.
        cache: PathBuf,
    },

    /// The hub could not be asked, or said no.
    #[error(
        "cannot fetch {id} at {revision}: {message}\nhelp: check the id and the network; \
         private and gated models need HF_TOKEN"
    )]
    Hub {
        /// The checkpoint.
        id: String,
        /// Branch, tag or commit.
        revision: String,
        /// What was said.
        message: String,
    },

    /// The bundled model was asked for, but left out of this build.
    #[error("this build has no bundled model\nhelp: build with the feature `bundled`")]
    NotBundled,

    /// A tokenizer file cannot be used.
    #[error(
        "{} is not a tokenizer: {message}\nhelp: fetch tokenizer.json again, \
         or remove it and give token ids", file.display()
    )]
    Tokenizer {
        /// The file.
        file: PathBuf,
        /// What the tokenizers library said.
        message: String,
    },

    /// A text has a token for which the model has no embedding.
    #[error(
        "the token `{token}` of `{text}` has id {id}, and the embedding has {rows} rows\n\
         help: leave it out of the text, or use the tokenizer that the model was trained with in place of {}",
        file.display()
    )]
    Vocabulary {
        /// The tokenizer.
        file: PathBuf,
        /// The text.
        text: String,
        /// The token.
        token: String,
        /// Its id.
        id: u32,
        /// Rows of the embedding.
        rows: usize,
    },

    /// A text could not be turned into ids, or ids into text.
    #[error("cannot tokenise `{text}`: {message}\nhelp: give token ids instead")]
    Tokenise {
        /// The text, or the ids.
        text: String,
        /// What the tokenizers library said.
        message: String,
    },

    /// A subject is empty.
    #[error("the subject is empty\nhelp: give the words of the prompt that name it")]
    SubjectEmpty,

    /// A subject is not in its prompt.
    #[error(
        "the subject `{subject}` is not in the prompt `{prompt}`\n{}",
        Suggested(closest, difference)
    )]
    SubjectNotFound {
        /// The subject.
        subject: String,
        /// The prompt.
        prompt: String,
        /// What in the prompt resembles it most.
        closest: Option<String>,
        /// How that differs, where it only looks like the subject.
        difference: Option<String>,
    },

    /// No site has the name asked for.
    #[error("no site is named `{name}`\nhelp: {}", crate::site::advice(name))]
    UnknownSite {
        /// The name asked for.
        name: String,
    },

    /// No timing has the name asked for.
    #[error("no timing is named `{name}`\nhelp: {}", crate::site::timing_advice(name))]
    UnknownTiming {
        /// The name asked for.
        name: String,
    },

    /// A prompt without tokens.
    #[error("the prompt is empty\nhelp: write at least one word, or one token id")]
    EmptyPrompt,

    /// A prompt is to be completed by more tokens than there is reason for.
    #[error(
        "{asked} tokens are asked for\nhelp: ask for {limit} at most, and go on from there with a longer prompt"
    )]
    TooManyTokens {
        /// How many.
        asked: usize,
        /// The most.
        limit: usize,
    },

    /// A token that the model does not have.
    #[error(
        "token {id} at place {place} is outside the vocabulary\nhelp: this model's tokens are 0 to {}",
        vocabulary - 1
    )]
    TokenOutside {
        /// The token.
        id: u32,
        /// Its place in the prompt.
        place: usize,
        /// Rows of the embedding.
        vocabulary: usize,
    },

    /// A layer that the model does not have.
    #[error("there is no layer {layer}\nhelp: this model's layers are 0 to {}", layers - 1)]
    LayerOutside {
        /// The layer asked for.
        layer: usize,
        /// Number of layers.
        layers: usize,
    },

    /// Whoever watched the load stopped it.
    #[error("the load was stopped\nhelp: nothing of the model was kept; load it again")]
    Stopped,

    /// Work cannot be spread over so many threads.
    #[error(
        "cannot run on `{asked}` threads: {why}\nhelp: write a number from 1 to {}; as many as the machine has cores is best",
        crate::Threads::limit()
    )]
    Threads {
        /// What was asked for.
        asked: String,
        /// What is wrong with it.
        why: String,
    },

    /// The processor has no such vector unit.
    #[error(
        "there is no vector unit `{asked}` here\nhelp: let MAMBASCOPE_UNIT say one of {}, or nothing for the best", .known.join(", ")
    )]
    Unit {
        /// What was asked for.
        asked: String,
        /// What the processor has.
        known: Vec<&'static str>,
    },

    /// A run met numbers that are not finite, or too large to be squared.
    #[error("{0}")]
    NotFinite(Box<NotFinite>),

    /// A tap failed.
    #[error("a tap failed: {source}")]
    Tap {
        /// What went wrong in it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// A tap returned an activation of another shape.
    #[error(
        "the tap at {site} of layer {layer} returned shape {found:?}\nhelp: return a tensor of shape {expected:?}"
    )]
    TapShape {
        /// Where the tap looked.
        site: crate::Site,
        /// In which layer.
        layer: usize,
        /// The shape it was given.
        expected: Vec<usize>,
        /// The shape it returned.
        found: Vec<usize>,
    },
}

impl From<NotFinite> for Error {
    fn from(found: NotFinite) -> Self {
        Self::NotFinite(Box::new(found))
    }
}

/// Problems, a line each when there are several.
struct Listed<'a>(&'a [Problem]);

impl Display for Listed<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let [problem] = self.0 {
            return problem.fmt(f);
        }
        write!(f, "{} problems", self.0.len())?;
        for problem in self.0.iter().take(LISTED) {
            write!(f, "\n  {problem}")?;
        }
        match self.0.len().saturating_sub(LISTED) {
            0 => Ok(()),
            rest => write!(f, "\n  and {rest} more"),
        }
    }
}

/// The help line of a subject that was not found.
struct Suggested<'a>(&'a Option<String>, &'a Option<String>);

impl Display for Suggested<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            (Some(closest), Some(difference)) => {
                write!(f, "help: did you mean `{closest}`? It looks alike: {difference}")
            }
            (Some(closest), None) => write!(f, "help: did you mean `{closest}`?"),
            (None, _) => write!(f, "help: give words that stand in the prompt, letter for letter"),
        }
    }
}
