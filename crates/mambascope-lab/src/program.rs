//! The kernel's program: built from this clone by the user's cargo, and copied to where it stays.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::kernelspec::write;
use crate::{Error, Result};

/// The package that is the kernel.
const PACKAGE: &str = "mambascope-kernel";

/// Builds the kernel from a clone and copies it into the user's data; cargo says on standard error how far it is.
///
/// A kernel that is running goes on with the program it began with.
///
/// # Errors
/// When it does not build, or cannot be copied.
///
/// # Cost
/// About 12 minutes of one core the first time, a second afterwards.
pub fn build(sources: &Path, data: &Path) -> Result<PathBuf> {
    // Chosen from the whole workspace, so that what both have in common is compiled once: a package by itself would
    // have other features.
    let said = Command::new("cargo")
        .args(["build", "--release", "--locked", "--workspace", "--bin", PACKAGE])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(sources)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Error::Tool { tool: "cargo", source })?;
    let failed = || Error::Kernel { folder: sources.to_owned() };
    if !said.status.success() {
        return Err(failed());
    }
    let built = executable(&String::from_utf8_lossy(&said.stdout)).ok_or_else(failed)?;
    let folder = data.join("bin");
    fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
    let program = folder.join(format!("{PACKAGE}{}", std::env::consts::EXE_SUFFIX));
    let bytes = fs::read(&built).map_err(Error::file(&built))?;
    if fs::read(&program).is_ok_and(|old| old == bytes) {
        return Ok(program);
    }
    write(&program, &bytes)?;
    let rights = fs::metadata(&built).map_err(Error::file(&built))?.permissions();
    fs::set_permissions(&program, rights).map_err(Error::file(&program))?;
    Ok(program)
}

/// The program among cargo's messages.
fn executable(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages
        .filter(|message| message["target"]["name"] == PACKAGE)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"mambascope-kernel"},"executable":null}"#,
            "\nnot json\n",
            r#"{"reason":"compiler-artifact","target":{"name":"mambascope-kernel"},"executable":"/t/k"}"#,
        );
        assert_eq!(executable(messages), Some(PathBuf::from("/t/k")));
    }
}
