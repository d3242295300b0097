//! What cargo built, and what of it a cell needs to be compiled.

use crate::{Error, Result};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The files that cargo reported.
#[derive(Debug, Default)]
pub(super) struct Artifacts {
    packages: BTreeSet<String>,
    /// Metadata of every crate, and the macros that run in the compiler.
    needed: Vec<Artifact>,
    /// The shared library.
    library: Option<PathBuf>,
}

#[derive(Debug)]
struct Artifact {
    path: PathBuf,
    /// From a registry, so that this file never gets other content.
    fixed: bool,
}

impl Artifacts {
    /// Takes a line of cargo's messages.
    pub(super) fn read(&mut self, line: &str) {
        let Ok(message) = serde_json::from_str::<Value>(line) else { return };
        if message["reason"] != "compiler-artifact" {
            return;
        }
        let strings = |value: &Value| -> Vec<String> {
            let all = value.as_array().map(Vec::as_slice).unwrap_or_default();
            all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
        };
        let kinds = strings(&message["target"]["kind"]);
        let package = message["package_id"].as_str().unwrap_or_default();
        let fixed = package.starts_with("registry+");
        let is = |kind: &str| kinds.iter().any(|one| one == kind);
        if is("custom-build") || is("bin") {
            return;
        }
        self.packages.insert(package.to_owned());
        for path in strings(&message["filenames"]).into_iter().map(PathBuf::from) {
            let ends = |end: &str| path.extension().is_some_and(|it| it == end);
            let shared = ends("so") || ends("dylib");
            if is("dylib") && shared {
                self.library = Some(path);
            } else if ends("rmeta") || (is("proc-macro") && shared) {
                self.needed.push(Artifact { path, fixed });
            }
        }
    }

    /// How many packages are done.
    pub(super) fn packages(&self) -> usize {
        self.packages.len()
    }

    /// Puts what a cell needs into a folder; returns the file name of the shared library.
    pub(super) fn keep(&self, folder: &Path) -> Result<String> {
        std::fs::create_dir_all(folder).map_err(Error::file(folder))?;
        for artifact in &self.needed {
            copy(&artifact.path, folder, artifact.fixed)?;
        }
        let missing = || Error::Content {
            path: folder.to_owned(),
            what: "cargo reported no shared library".to_owned(),
        };
        let library = self.library.as_ref().ok_or_else(missing)?;
        copy(library, folder, false)
    }
}

/// Copies a file, or links it where its content is fixed.
fn copy(from: &Path, folder: &Path, fixed: bool) -> Result<String> {
    let name = from.file_name().unwrap_or_default();
    let to = folder.join(name);
    let linked = fixed && std::fs::hard_link(from, &to).is_ok();
    if !linked {
        std::fs::copy(from, &to).map_err(Error::file(from))?;
    }
    Ok(name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(package: &str, kind: &str, files: &[&Path]) -> String {
        serde_json::json!({
            "reason": "compiler-artifact",
            "package_id": package,
            "target": {"kind": [kind]},
            "filenames": files,
        })
        .to_string()
    }

    #[test]
    fn a_cell_needs_metadata_macros_and_the_library() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, name).expect("a file");
            path
        };
        let mut built = Artifacts::default();
        let (rlib, rmeta) = (file("liba-1.rlib"), file("liba-1.rmeta"));
        built.read(&artifact("registry+x#a@1", "lib", &[&rlib, &rmeta]));
        built.read(&artifact("registry+x#b@1", "proc-macro", &[&file("libb-1.so")]));
        built.read(&artifact("registry+x#a@1", "custom-build", &[&file("build-script")]));
        built.read("{\"reason\":\"build-finished\",\"success\":true}");

        assert!(built.keep(&folder.path().join("none")).is_err());
        built.read(&artifact("path+file:///c#0.1.0", "dylib", &[&file("libc.so")]));
        assert_eq!(built.packages(), 3);
        let kept = folder.path().join("deps");
        assert_eq!(built.keep(&kept).expect("kept"), "libc.so");
        for name in ["liba-1.rmeta", "libb-1.so", "libc.so"] {
            assert!(kept.join(name).is_file(), "{name}");
        }
        assert!(!kept.join("liba-1.rlib").exists());
    }
}
