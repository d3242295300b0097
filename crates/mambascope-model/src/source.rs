//! Where a checkpoint is: a folder, the hub or its cache, or this library.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::blob::Blob;
use crate::bundled;
use crate::error::Error;
use crate::folder;
use crate::hub::Hub;

/// Where a checkpoint is.
///
/// # Example
/// ```
/// use mambascope_model::Source;
/// let hub = Source::from("state-spaces/mamba-130m@main");
/// assert_eq!(hub.to_string(), "state-spaces/mamba-130m");
/// assert_eq!(Source::from("./mamba"), Source::Folder("./mamba".into()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// A folder with `config.json` and weights.
    Folder(PathBuf),
    /// A model of the hub, read from its cache where that has it.
    Hub {
        /// `owner/name`.
        id: String,
        /// Branch, tag or commit.
        revision: String,
    },
    /// The model inside this library.
    Bundled,
}

/// The files of one checkpoint.
#[derive(Debug, Clone)]
pub struct Files {
    /// What to call the checkpoint.
    pub name: String,
    /// `config.json`.
    pub config: Blob,
    /// The weights: one file, or all shards.
    pub weights: Vec<Blob>,
    /// How the weights are written.
    pub format: Format,
    /// `tokenizer.json`, where there is one.
    pub tokenizer: Option<Blob>,
    /// A tokenizer's file in another form, where there is no `tokenizer.json`.
    pub slow_tokenizer: Option<PathBuf>,
}

/// How weights are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// safetensors.
    Safetensors,
    /// The zip archives of `torch.save`.
    Torch,
}

impl Source {
    /// Finds the checkpoint's files, fetching them where they are neither here nor cached.
    ///
    /// # Errors
    /// When a file is missing, an index names files outside its folder, or the hub says no.
    pub fn locate(&self) -> Result<Files, Error> {
        match self {
            Self::Folder(path) => folder::locate(&at_home(path)),
            Self::Hub { id, revision } => Hub::from_environment().locate(id, revision),
            Self::Bundled => bundled::files(),
        }
    }

    /// The tokenizer of the models that state-spaces published without one, where it is here,
    /// cached or, for a model of the hub, to be had.
    pub(crate) fn published_tokenizer(&self) -> Option<Blob> {
        let hub = Hub::from_environment();
        match self {
            Self::Hub { .. } => hub.published_tokenizer(),
            Self::Folder(_) => hub.cached_tokenizer(),
            Self::Bundled => None,
        }
    }
}

impl From<&str> for Source {
    /// `bundled`; an existing folder, or whatever begins as a path does; else a hub id, with
    /// `@revision` where it is not `main`.
    fn from(text: &str) -> Self {
        let begins_as_path = ["./", "../", "/", "~"].iter().any(|start| text.starts_with(start));
        if text == "bundled" {
            Self::Bundled
        } else if begins_as_path || text == "." || text == ".." || Path::new(text).is_dir() {
            Self::Folder(PathBuf::from(text))
        } else {
            let (id, revision) = text.split_once('@').unwrap_or((text, "main"));
            Self::Hub { id: id.to_owned(), revision: revision.to_owned() }
        }
    }
}

impl From<String> for Source {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Self {
        Self::Folder(path.to_owned())
    }
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        Self::Folder(path)
    }
}

impl FromStr for Source {
    type Err = Error;

    /// As [`Source::from`], but refuses what can be no hub id.
    fn from_str(text: &str) -> Result<Self, Error> {
        let source = Self::from(text);
        match &source {
            Self::Hub { id, revision } if !is_hub_id(id) || !is_revision(revision) => {
                Err(Error::Source { text: text.to_owned() })
            }
            _ => Ok(source),
        }
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Hub { id, revision } if revision == "main" => f.write_str(id),
            Self::Hub { id, revision } => write!(f, "{id}@{revision}"),
            Self::Bundled => f.write_str("bundled"),
        }
    }
}

/// Whether the text is `owner/name`, and safe as a folder's name.
pub(crate) fn is_hub_id(id: &str) -> bool {
    let plain = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && !part.contains("..")
            && !part.contains("--")
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    id.len() <= 200 && id.split_once('/').is_some_and(|(owner, name)| plain(owner) && plain(name))
}

/// Whether the text is a branch, tag or commit, and safe as a path.
pub(crate) fn is_revision(revision: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+".contains(c))
    };
    revision.len() <= 200 && revision.split('/').all(plain)
}

/// The path with a leading `~` as the home folder.
fn at_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}
