//! How a kernel's session sees the library.
//!
//! To cargo, and so to rust-analyzer, cells depend on a small crate, the stub. When rust-analyzer
//! asks, under `--cfg rust_analyzer`, the stub depends on the view of the library's sources and
//! re-exports it: types, methods and documentation are there. When a cell is compiled the stub depends on
//! nothing and re-exports the shared library, which the compiler knows by a flag.

use super::build::cargo;
use super::{Library, view};
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// The stub's folder within a generation.
const STUB: &str = "stub";

const STUB_MANIFEST: &str = r#"[package]
name = "mambascope_facade"
version = "0.1.0"
edition = "2024"

[workspace]

[lib]
path = "lib.rs"

[lints.rust]
unexpected_cfgs = { level = "warn", check-cfg = ['cfg(rust_analyzer)'] }

[target.'cfg(rust_analyzer)'.dependencies]
"#;

/// The crate of the library, and where its sources are within a generation.
const FACADE: &str = "mambascope-facade";
const SOURCES: &str = "source/crates/mambascope-facade";

/// The view's folder within a generation.
const VIEW: &str = "view";

const STUB_CODE: &str = "\
#[cfg(not(rust_analyzer))]
pub use mambascope_facade_built::*;
#[cfg(rust_analyzer)]
pub use mambascope_facade_source::*;
";

impl Library {
    /// What follows `:dep` to give cells the library.
    pub fn dependency(&self) -> String {
        let path = toml::Value::from(self.folder.join(STUB).to_string_lossy().into_owned());
        format!("mambascope_facade = {{ path = {path} }}")
    }

    /// Puts the versions that the library was built from into a session's folder, so that cargo
    /// has nothing to look up.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn fix_versions(&self, session: &Path) -> Result<()> {
        let from = self.folder.join("Cargo.lock");
        std::fs::copy(&from, session.join("Cargo.lock")).map_err(Error::file(from))?;
        Ok(())
    }
}

/// Writes the view, the stub and the lock file into a generation that has the sources.
pub(super) fn write(folder: &Path, host: &str) -> Result<()> {
    let probe = Probe::new(folder, FACADE, &format!("../{SOURCES}"))?;
    let lock = folder.join("source/Cargo.lock");
    std::fs::copy(&lock, probe.folder.join("Cargo.lock")).map_err(Error::file(&lock))?;
    let facade = view::write(&folder.join(VIEW), &probe.folder, FACADE, host)?;
    probe.remove()?;
    write_stub(folder, &facade)?;
    write_lock(folder)
}

fn write_stub(folder: &Path, facade: &Path) -> Result<()> {
    let stub = folder.join(STUB);
    std::fs::create_dir_all(&stub).map_err(Error::file(&stub))?;
    let name = facade.file_name().unwrap_or_default().to_string_lossy();
    let manifest = format!(
        "{STUB_MANIFEST}mambascope_facade_source = {{ package = \"{FACADE}\", path = \"../{VIEW}/{name}\" }}\n"
    );
    for (name, content) in [("Cargo.toml", manifest.as_str()), ("lib.rs", STUB_CODE)] {
        let path = stub.join(name);
        std::fs::write(&path, content).map_err(Error::file(&path))?;
    }
    Ok(())
}

/// Writes the lock file that sessions start from, for a crate that depends on the stub as cells do:
/// there is nothing to look up then, and nothing to download.
fn write_lock(folder: &Path) -> Result<()> {
    let probe = Probe::new(folder, "mambascope_facade", &format!("../{STUB}"))?;
    let output = cargo(&["generate-lockfile", "--offline"])
        .current_dir(&probe.folder)
        .output()
        .map_err(|source| Error::Tool { tool: "cargo", source })?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Error::Build { folder: probe.folder, output });
    }
    let lock = folder.join("Cargo.lock");
    std::fs::rename(probe.folder.join("Cargo.lock"), &lock).map_err(Error::file(&lock))?;
    probe.remove()
}

/// A crate named as that of the cells, which depends on one other.
struct Probe {
    folder: PathBuf,
}

impl Probe {
    fn new(generation: &Path, dependency: &str, path: &str) -> Result<Self> {
        let folder = generation.join("probe");
        let write = |name: &str, content: &str| {
            let path = folder.join(name);
            std::fs::write(&path, content).map_err(Error::file(path))
        };
        std::fs::create_dir_all(folder.join("src")).map_err(Error::file(&folder))?;
        let manifest = format!(
            "[package]\nname = \"ctx\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n{dependency} = {{ path = \"{path}\" }}\n"
        );
        write("Cargo.toml", &manifest)?;
        write("src/lib.rs", "")?;
        Ok(Self { folder })
    }

    fn remove(self) -> Result<()> {
        std::fs::remove_dir_all(&self.folder).map_err(Error::file(&self.folder))
    }
}
