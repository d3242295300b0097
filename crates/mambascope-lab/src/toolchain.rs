//! The user's Rust: its version, and the source of its standard library.

use crate::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiler that builds the library and the cells.
///
/// Both must be the same: rustc refuses what another rustc has compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    version: String,
    sysroot: PathBuf,
}

impl Toolchain {
    /// The `rustc` on the PATH.
    ///
    /// # Errors
    /// Where there is none, or where it lacks the shared standard library.
    ///
    /// # Cost
    /// Two runs of `rustc`, tens of milliseconds each.
    pub fn find() -> Result<Self> {
        let found = Self { version: ask(&["-vV"])?, sysroot: ask(&["--print", "sysroot"])?.into() };
        let shared = found.sysroot.join("lib").join("rustlib").join(found.host()?).join("lib");
        let has_std = std::fs::read_dir(&shared).is_ok_and(|mut files| {
            files.any(|file| {
                file.is_ok_and(|file| {
                    let name = file.file_name();
                    let name = name.to_string_lossy();
                    name.starts_with("libstd-")
                        && (name.ends_with(".so") || name.ends_with(".dylib"))
                })
            })
        });
        if has_std { Ok(found) } else { Err(Error::SharedStd { folder: shared }) }
    }

    /// All that `rustc -vV` says.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The target that the compiler runs on, such as `x86_64-unknown-linux-gnu`.
    ///
    /// # Errors
    /// Where `rustc -vV` names none.
    pub fn host(&self) -> Result<&str> {
        self.version
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .ok_or_else(|| Error::Compiler { asked: "-vV", answer: self.version.clone() })
    }

    /// The folder with the source of the standard library: `RUST_SRC_PATH`, else the toolchain's.
    ///
    /// # Errors
    /// Where it is in neither; the error says what to do. Nothing is ever downloaded.
    pub fn library_source(&self) -> Result<PathBuf> {
        let variable = std::env::var("RUST_SRC_PATH").unwrap_or_default();
        let own = self.sysroot.join("lib/rustlib/src/rust/library");
        [PathBuf::from(&variable), own.clone()]
            .into_iter()
            .find(|folder| is_library_source(folder))
            .ok_or(Error::LibrarySource { sysroot: own, variable })
    }
}

/// Whether a folder holds the standard library's source.
fn is_library_source(folder: &Path) -> bool {
    !folder.as_os_str().is_empty() && folder.join("core/src/lib.rs").is_file()
}

fn ask(arguments: &'static [&'static str]) -> Result<String> {
    let asked = arguments.last().copied().unwrap_or_default();
    let output = Command::new("rustc")
        .args(arguments)
        .output()
        .map_err(|source| Error::Tool { tool: "rustc", source })?;
    let answer = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && !answer.is_empty() {
        Ok(answer)
    } else {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Error::Compiler { asked, answer: said })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_of_this_build_is_found() {
        let toolchain = Toolchain::find().expect("rustc runs");
        assert!(toolchain.version().starts_with("rustc "));
        assert!(toolchain.host().expect("a host").contains('-'));
    }

    #[test]
    fn a_folder_without_core_is_no_library_source() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!is_library_source(folder.path()));
        let core = folder.path().join("core/src");
        std::fs::create_dir_all(&core).expect("folders");
        std::fs::write(core.join("lib.rs"), "").expect("a file");
        assert!(is_library_source(folder.path()));
        assert!(!is_library_source(Path::new("")));
    }
}
