//! A Jupyter to open notebooks with: the one on the PATH, or a private one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest as _, Sha256};

use crate::hexadecimal::hexadecimal;
use crate::kernelspec::write;
use crate::{Error, Result};

/// What a private environment holds, each with its version.
const REQUIREMENTS: &str = include_str!("../requirements.txt");
/// The oldest JupyterLab that draws all that figures are made of.
const OLDEST: u32 = 4;
/// Written last into an environment; without it the folder is the ruin of an installation.
const READY: &str = "mambascope-ready";

/// A Jupyter with JupyterLab and nbconvert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jupyter {
    program: PathBuf,
}

impl Jupyter {
    /// The usable one on the PATH, else the private one in a folder, made there when it is missing.
    ///
    /// `tell` hears what is about to take a while.
    ///
    /// # Errors
    /// When there is no Python to make one with, or its packages cannot be installed.
    ///
    /// # Cost
    /// Where it has to be made: a download of about 100 MB from the Python package index.
    pub fn ensure(data: &Path, tell: &mut dyn FnMut(&str)) -> Result<Self> {
        let own = Self { program: "jupyter".into() };
        if own.is_usable() {
            return Ok(own);
        }
        Self::private(data, tell)
    }

    fn private(data: &Path, tell: &mut dyn FnMut(&str)) -> Result<Self> {
        let folder = folder(data);
        let programs = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
        let private = Self { program: programs.join("jupyter") };
        if folder.join(READY).is_file() {
            return Ok(private);
        }
        tell(&format!("making a private JupyterLab in {}", folder.display()));
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(Error::file(&folder))?;
        }
        fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let list = folder.join("requirements.txt");
        write(&list, REQUIREMENTS.as_bytes())?;
        tell("installing its packages, about 100 MB");
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        run(Command::new(programs.join("python")).args(install).arg(&list))?;
        write(&folder.join(READY), b"")?;
        Ok(private)
    }

    /// A command of this Jupyter, such as `lab`.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(name);
        // Jupyter finds its other programs beside itself.
        if let Some(folder) = self.program.parent().filter(|folder| !folder.as_os_str().is_empty())
        {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let all = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
            if let Ok(path) = std::env::join_paths(all) {
                command.env("PATH", path);
            }
        }
        command
    }

    fn is_usable(&self) -> bool {
        let version = |name: &str| {
            let said = self.command(name).arg("--version").stderr(Stdio::null()).output().ok()?;
            let said = said.status.success().then_some(said.stdout)?;
            major(&String::from_utf8_lossy(&said))
        };
        version("lab").is_some_and(|major| major >= OLDEST) && version("nbconvert").is_some()
    }
}

/// Where the private environment of these requirements is.
fn folder(data: &Path) -> PathBuf {
    let key = hexadecimal(&Sha256::digest(REQUIREMENTS)[..4]);
    data.join("lab").join(format!("venv-{key}"))
}

/// The first number of a version.
fn major(version: &str) -> Option<u32> {
    version.trim().split('.').next()?.parse().ok()
}

/// Runs a step of an installation.
fn run(command: &mut Command) -> Result<()> {
    let said = command.output().map_err(|source| Error::Tool { tool: "python3", source })?;
    if said.status.success() {
        return Ok(());
    }
    // Debian's venv module says on standard output what to install.
    let words = [said.stdout, said.stderr].concat();
    Err(Error::Jupyter { said: String::from_utf8_lossy(&words).trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_begin_with_a_number() {
        assert_eq!(major("4.6.6\n"), Some(4));
        assert_eq!(major("lab is not a command"), None);
    }

    #[test]
    fn every_requirement_has_its_version() {
        let pinned = |line: &&str| line.split(';').next().is_some_and(|part| part.contains("=="));
        let lines: Vec<&str> = REQUIREMENTS.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.iter().all(pinned), "{lines:?}");
        for name in ["jupyterlab==", "nbconvert==", "nbclient=="] {
            assert!(lines.iter().any(|line| line.starts_with(name)), "{name}");
        }
    }

    #[test]
    fn a_private_one_that_is_ready_is_not_made_again() {
        let data = tempfile::tempdir().expect("a folder");
        let folder = folder(data.path());
        fs::create_dir_all(&folder).expect("folders");
        fs::write(folder.join(READY), "").expect("a file");
        let mut told = Vec::new();
        let jupyter =
            Jupyter::private(data.path(), &mut |words| told.push(words.to_owned())).expect("ready");
        assert!(jupyter.program.starts_with(&folder) && told.is_empty(), "{told:?}");
    }
}
