//! What the hub's cache has.

use std::path::{Path, PathBuf};

use super::{Hub, folders};
use crate::blob::Blob;
use crate::checkpoint::CONFIG_LIMIT;
use crate::config::Config;
use crate::folder::{CONFIG, Folder, collect};

/// A Mamba checkpoint in the hub's cache, whole and ready to be opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Cached {
    /// `owner/name`.
    pub id: String,
    /// The branches and tags that stand at it, by name.
    pub revisions: Vec<String>,
    /// Its commit.
    pub commit: String,
    /// Bytes of its weights.
    pub bytes: u64,
    /// Its folder.
    pub path: PathBuf,
    /// Its shape.
    pub config: Config,
}

/// Every Mamba-1 checkpoint in the hub's cache, by id and commit.
pub fn cached() -> Vec<Cached> {
    Hub::from_environment().cached()
}

impl Hub {
    pub(super) fn cached(&self) -> Vec<Cached> {
        let repositories = folders(&self.cache);
        let named = repositories.iter().filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_prefix("models--")?;
            Some((name.replacen("--", "/", 1), path))
        });
        named.flat_map(|(id, path)| models(&id, path)).collect()
    }
}

fn models(id: &str, repository: &Path) -> Vec<Cached> {
    let refs = references(&repository.join("refs"), "");
    let snapshots = folders(&repository.join("snapshots"));
    snapshots.into_iter().filter_map(|path| model(id, path, &refs)).collect()
}

fn model(id: &str, path: PathBuf, refs: &[(String, String)]) -> Option<Cached> {
    let file = path.join(CONFIG);
    let text = Blob::File(file.clone()).content(CONFIG_LIMIT).ok()?;
    let config = Config::parse(&text, &file).ok()?;
    let files = collect(&Folder(path.clone()), id.to_owned()).ok()?;
    let bytes = files.weights.iter().map(Blob::length).sum::<Result<u64, _>>().ok()?;
    let commit = path.file_name()?.to_str()?.to_owned();
    // A fetch by commit leaves a reference named as the commit, which says nothing more.
    let at = refs.iter().filter(|(name, target)| *target == commit && *name != commit);
    let revisions = at.map(|(name, _)| name.clone()).collect();
    Some(Cached { id: id.to_owned(), revisions, commit, bytes, path, config })
}

/// Names and commits of the references under a folder; a name may have slashes.
fn references(folder: &Path, prefix: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(references(&entry.path(), &format!("{name}/")));
        } else if let Ok(commit) = std::fs::read_to_string(entry.path()) {
            found.push((name, commit.trim().to_owned()));
        }
    }
    found.sort();
    found
}
