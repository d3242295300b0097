//! How a kernel's session sees the library.
//!
//! To cargo, and so to rust-analyzer, cells depend on a small crate, the stub. When rust-analyzer
//! asks, under `--cfg rust_analyzer`, the stub depends on the sources of the library and re-exports
//! them: types, methods and documentation are there. When a cell is compiled the stub depends on
//! nothing and re-exports the shared library, which the compiler knows by a flag.

use super::Library;
use super::build::cargo;
use crate::{Error, Result};
use std::path::Path;

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
mambascope_facade_source = { package = "mambascope-facade", path = "../source/crates/mambascope-facade" }
"#;

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

/// Writes the stub into a generation.
pub(super) fn write_stub(folder: &Path) -> Result<()> {
    let stub = folder.join(STUB);
    std::fs::create_dir_all(&stub).map_err(Error::file(&stub))?;
    for (name, content) in [("Cargo.toml", STUB_MANIFEST), ("lib.rs", STUB_CODE)] {
        let path = stub.join(name);
        std::fs::write(&path, content).map_err(Error::file(&path))?;
    }
    Ok(())
}

/// Writes the lock file that sessions start from: the library's versions, for a crate that depends
/// on the stub as cells do. What only other platforms need is in it and is downloaded here, because
/// later nothing may be.
pub(super) fn write_lock(folder: &Path) -> Result<()> {
    let probe = folder.join("probe");
    let write = |name: &str, content: &str| {
        let path = probe.join(name);
        std::fs::write(&path, content).map_err(Error::file(path))
    };
    std::fs::create_dir_all(probe.join("src")).map_err(Error::file(&probe))?;
    let manifest = format!(
        "[package]\nname = \"ctx\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\nmambascope_facade = {{ path = \"../{STUB}\" }}\n"
    );
    write("Cargo.toml", &manifest)?;
    write("src/lib.rs", "")?;
    let source = folder.join("source/Cargo.lock");
    std::fs::copy(&source, probe.join("Cargo.lock")).map_err(Error::file(&source))?;
    let output = cargo(&["metadata", "--format-version=1"])
        .current_dir(&probe)
        .output()
        .map_err(|source| Error::Tool { tool: "cargo", source })?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Error::Build { folder: probe, output });
    }
    let lock = folder.join("Cargo.lock");
    std::fs::rename(probe.join("Cargo.lock"), &lock).map_err(Error::file(&lock))?;
    std::fs::remove_dir_all(&probe).map_err(Error::file(&probe))
}
