//! Models of the hub: from its cache, and from the network where the cache lacks them.

mod cached;
#[cfg(feature = "hub")]
mod network;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::blob::Blob;
use crate::error::Error;
use crate::folder::{Folder, Shelf, TOKENIZER, collect};
use crate::source::{Files, is_hub_id, is_revision};
pub use cached::{Cached, cached};

/// The model whose tokenizer the state-spaces models were trained with.
const TOKENIZER_MODEL: &str = "EleutherAI/gpt-neox-20b";

/// How the hub is reached.
#[derive(Debug, Clone)]
pub(crate) struct Hub {
    cache: PathBuf,
    #[cfg_attr(not(feature = "hub"), expect(dead_code, reason = "without it nothing is asked"))]
    network: Network,
}

/// What may be asked beyond the cache.
#[derive(Debug, Clone)]
enum Network {
    Off,
    On {
        #[cfg_attr(not(feature = "hub"), expect(dead_code, reason = "only the network reads it"))]
        endpoint: Option<String>,
        #[cfg_attr(not(feature = "hub"), expect(dead_code, reason = "only the network reads it"))]
        token: Option<String>,
    },
}

impl Hub {
    /// As `HF_HOME`, `HF_HUB_CACHE`, `HF_HUB_OFFLINE`, `HF_TOKEN` and `HF_ENDPOINT` say.
    ///
    /// # Source
    /// `constants.py` of huggingface_hub, for names, precedence and defaults.
    pub(crate) fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var_os(name))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let path = |name: &str| set(name).map(PathBuf::from);
        let text = |name: &str| set(name).and_then(|value| value.into_string().ok());
        let user = path("HOME").or_else(std::env::home_dir).unwrap_or_default();
        let caches = path("XDG_CACHE_HOME").unwrap_or_else(|| user.join(".cache"));
        let home = path("HF_HOME").unwrap_or_else(|| caches.join("huggingface"));
        let cache = path("HF_HUB_CACHE").or_else(|| path("HUGGINGFACE_HUB_CACHE"));
        let offline = text("HF_HUB_OFFLINE").is_some_and(|value| {
            ["1", "on", "yes", "true"].contains(&value.to_ascii_lowercase().as_str())
        });
        let saved = path("HF_TOKEN_PATH").unwrap_or_else(|| home.join("token"));
        let saved = || std::fs::read_to_string(&saved).ok();
        let token = text("HF_TOKEN").or_else(saved).map(|token| token.trim().to_owned());
        let network = if offline {
            Network::Off
        } else {
            Network::On {
                endpoint: text("HF_ENDPOINT").map(|url| url.trim_end_matches('/').to_owned()),
                token: token.filter(|token| !token.is_empty()),
            }
        };
        Self { cache: cache.unwrap_or_else(|| home.join("hub")), network }
    }

    /// A model's files: from the cache where it has them all, else from the network.
    pub(crate) fn locate(&self, id: &str, revision: &str) -> Result<Files, Error> {
        if !is_hub_id(id) || !is_revision(revision) {
            return Err(Error::Source { text: format!("{id}@{revision}") });
        }
        let name = match revision {
            "main" => id.to_owned(),
            _ => format!("{id}@{revision}"),
        };
        let Some(snapshot) = self.snapshot(id, revision) else {
            return collect(&*self.remote(id, revision)?, name);
        };
        match collect(&Folder(snapshot.clone()), name.clone()) {
            Ok(mut files) => {
                if files.tokenizer.is_none() && !known_absent(&snapshot, TOKENIZER) {
                    files.tokenizer = self.fetched(id, revision, TOKENIZER);
                }
                Ok(files)
            }
            Err(Error::Incomplete { .. }) => collect(&*self.remote(id, revision)?, name),
            Err(error) => Err(error),
        }
    }

    /// The tokenizer of the state-spaces models, cached or fetched.
    pub(crate) fn published_tokenizer(&self) -> Option<Blob> {
        self.cached_tokenizer().or_else(|| self.fetched(TOKENIZER_MODEL, "main", TOKENIZER))
    }

    /// The tokenizer of the state-spaces models, where the cache has it.
    pub(crate) fn cached_tokenizer(&self) -> Option<Blob> {
        let main = self.snapshot(TOKENIZER_MODEL, "main");
        let any = self.snapshots(TOKENIZER_MODEL);
        main.into_iter()
            .chain(any)
            .map(|snapshot| snapshot.join(TOKENIZER))
            .find(|path| path.is_file())
            .map(Blob::File)
    }

    /// A file of which the network's silence is no error.
    fn fetched(&self, id: &str, revision: &str, name: &str) -> Option<Blob> {
        self.remote(id, revision).ok()?.file(name).ok()?.map(Blob::File)
    }

    fn repository(&self, id: &str) -> PathBuf {
        self.cache.join(format!("models--{}", id.replace('/', "--")))
    }

    /// The cached snapshot of a branch, tag or commit.
    fn snapshot(&self, id: &str, revision: &str) -> Option<PathBuf> {
        let repository = self.repository(id);
        let named = std::fs::read_to_string(repository.join("refs").join(revision)).ok();
        let commit = named.as_deref().map_or(revision, str::trim);
        let is_plain = is_revision(commit) && !commit.contains('/');
        Some(repository.join("snapshots").join(commit)).filter(|path| is_plain && path.is_dir())
    }

    /// Every cached snapshot of a model, by commit.
    fn snapshots(&self, id: &str) -> Vec<PathBuf> {
        folders(&self.repository(id).join("snapshots"))
    }

    #[cfg(feature = "hub")]
    fn remote(&self, id: &str, revision: &str) -> Result<Box<dyn Shelf>, Error> {
        match &self.network {
            Network::Off => Err(self.not_cached(id, revision)),
            Network::On { endpoint, token } => {
                let remote = network::Remote::open(
                    &self.cache,
                    network::Access { endpoint: endpoint.clone(), token: token.clone() },
                    id,
                    revision,
                )?;
                Ok(Box::new(remote))
            }
        }
    }

    #[cfg(not(feature = "hub"))]
    fn remote(&self, id: &str, revision: &str) -> Result<Box<dyn Shelf>, Error> {
        Err(self.not_cached(id, revision))
    }

    fn not_cached(&self, id: &str, revision: &str) -> Error {
        Error::NotCached {
            id: id.to_owned(),
            revision: revision.to_owned(),
            cache: self.cache.clone(),
        }
    }
}

/// Whether the cache remembers that the snapshot has no such file.
fn known_absent(snapshot: &Path, name: &str) -> bool {
    absence(snapshot, name).is_some_and(|mark| mark.is_file())
}

/// The empty file by which the cache remembers that a snapshot has no file of that name.
fn absence(snapshot: &Path, name: &str) -> Option<PathBuf> {
    let repository = snapshot.parent()?.parent()?;
    Some(repository.join(".no_exist").join(snapshot.file_name()?).join(name))
}

/// The folders in a folder, by name; none where it cannot be read.
fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut folders: Vec<_> =
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}
