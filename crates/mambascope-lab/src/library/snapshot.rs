//! The sources that the library is built from, and the copy of them that it keeps.

use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// The crates that are in the library.
const CRATES: [&str; 5] = [
    "mambascope-facade",
    "mambascope",
    "mambascope-figure",
    "mambascope-files",
    "mambascope-model",
];

/// Folders of a crate that are no part of the library.
const ASIDE: [&str; 4] = ["tests", "examples", "benches", "target"];

/// A clone of mambascope, or a copy of what of it is in the library.
#[derive(Debug, Clone)]
pub struct Sources {
    root: PathBuf,
}

impl Sources {
    /// The clone that this program was built from.
    pub fn of_this_build() -> Self {
        Self { root: Path::new(env!("CARGO_MANIFEST_DIR")).join("../..") }
    }

    /// Some other folder.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder with `Cargo.toml` and `crates`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the folder has what it needs to have.
    pub(super) fn exist(&self) -> bool {
        CRATES.iter().all(|name| self.root.join("crates").join(name).join("Cargo.toml").is_file())
    }

    /// These, or where they are gone the copy in the generation that was used last.
    pub(super) fn or_kept(&self, library: &Path) -> Result<Self> {
        if self.exist() {
            let root = self.root.canonicalize().map_err(Error::file(&self.root))?;
            return Ok(Self { root });
        }
        let kept = std::fs::read_dir(library).map_err(Error::file(library))?.flatten();
        kept.filter_map(|entry| {
            let used = entry.path().join(super::READY).metadata().and_then(|it| it.modified());
            Some((used.ok()?, Self::at(entry.path().join("source"))))
        })
        .filter(|(_, sources)| sources.exist())
        .max_by_key(|(used, _)| *used)
        .map(|(_, sources)| sources)
        .ok_or_else(|| Error::Sources { folder: self.root.clone() })
    }

    /// Every file that is in the library, in a fixed order, relative to the root.
    pub(super) fn files(&self) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for name in CRATES {
            self.walk(&Path::new("crates").join(name), &mut files)?;
        }
        files.push("Cargo.toml".into());
        files.push("Cargo.lock".into());
        Ok(files)
    }

    fn walk(&self, folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
        let here = self.root.join(folder);
        let mut entries = std::fs::read_dir(&here)
            .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
            .map_err(Error::file(&here))?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let path = folder.join(entry.file_name());
            let kind = entry.file_type().map_err(Error::file(entry.path()))?;
            let aside = ASIDE.iter().any(|name| entry.file_name() == *name);
            if kind.is_dir() && !aside {
                self.walk(&path, files)?;
            } else if kind.is_file() {
                files.push(path);
            }
        }
        Ok(())
    }

    /// What a file of these sources holds, as far as the library goes: the workspace's manifest
    /// names the crates of the library alone. Doing this twice changes nothing.
    pub(super) fn content(&self, file: &Path) -> Result<Vec<u8>> {
        let path = self.root.join(file);
        let content = std::fs::read(&path).map_err(Error::file(&path))?;
        if file.as_os_str() != "Cargo.toml" {
            return Ok(content);
        }
        manifest_of_these(&String::from_utf8_lossy(&content))
            .map(String::into_bytes)
            .map_err(|what| Error::Content { path, what })
    }

    /// Copies the files, as a workspace of these crates alone.
    pub(super) fn copy_to(&self, folder: &Path) -> Result<()> {
        for file in self.files()? {
            let to = folder.join(&file);
            if let Some(parent) = to.parent() {
                std::fs::create_dir_all(parent).map_err(Error::file(parent))?;
            }
            std::fs::write(&to, self.content(&file)?).map_err(Error::file(&to))?;
        }
        Ok(())
    }
}

/// The workspace's manifest with the members that are in the library.
fn manifest_of_these(text: &str) -> std::result::Result<String, String> {
    let mut manifest: toml::Table = text.parse().map_err(|error| format!("{error}"))?;
    let workspace = manifest
        .get_mut("workspace")
        .and_then(toml::Value::as_table_mut)
        .ok_or("has no [workspace]")?;
    let members = CRATES.map(|name| toml::Value::from(format!("crates/{name}")));
    workspace.insert("members".to_owned(), toml::Value::Array(members.to_vec()));
    workspace.remove("default-members");
    toml::to_string(&manifest).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_is_a_workspace_of_the_same_content() {
        let sources = Sources::of_this_build().or_kept(Path::new("")).expect("these sources");
        let folder = tempfile::tempdir().expect("a folder");
        sources.copy_to(folder.path()).expect("a copy");
        let copy = Sources::at(folder.path());
        assert!(copy.exist());
        assert_eq!(copy.files().expect("files"), sources.files().expect("files"));
        for file in sources.files().expect("files") {
            assert_eq!(copy.content(&file).expect("text"), sources.content(&file).expect("text"));
        }
        let manifest = std::fs::read_to_string(folder.path().join("Cargo.toml")).expect("text");
        assert!(manifest.contains("crates/mambascope-facade"));
        assert!(!manifest.contains("\"tests\""));
    }

    #[test]
    fn tests_and_examples_are_no_part_of_it() {
        let files = Sources::of_this_build().files().expect("files");
        assert!(files.iter().any(|file| file.ends_with("mambascope/src/lib.rs")));
        assert!(files.iter().all(|file| !file.starts_with("crates/mambascope/tests")));
    }

    #[test]
    fn without_sources_the_error_says_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let gone = Sources::at(folder.path().join("gone"));
        let error = gone.or_kept(folder.path()).expect_err("no sources");
        assert!(error.to_string().contains("kernel install"), "{error}");
    }
}
