//! Building a generation of the library, and telling how far it is.

use super::artifacts::Artifacts;
use super::snapshot::Sources;
use super::{READY, session};
use crate::{Error, Result};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is going on while the library is made ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// Another process is building it; this one waits.
    Waiting,
    /// A crate is being compiled.
    Building {
        /// Its name.
        name: &'a str,
        /// How many are done.
        done: usize,
        /// How many there are.
        total: usize,
    },
}

/// The package that becomes the shared library.
const PACKAGE: &str = "mambascope-facade";

/// Builds the library into a folder.
pub(super) fn build(
    folder: &Path,
    sources: &Sources,
    host: &str,
    tell: &mut dyn FnMut(Progress<'_>),
) -> Result<()> {
    // What an interrupted build left behind is not trusted.
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(Error::file(folder))?;
    }
    std::fs::create_dir_all(folder).map_err(Error::file(folder))?;
    sources.copy_to(&folder.join("source"))?;
    let target = target_folder(sources, folder);
    let built = compile(sources, &target, tell)?;
    let name = built.keep(&folder.join("deps"))?;
    session::write(folder, host)?;
    let ready = folder.join(READY);
    std::fs::write(&ready, name).map_err(Error::file(&ready))
}

/// Where cargo works: in the clone's own `target`, where most of the crates are compiled already,
/// or beside the library where the clone is gone or cannot be written.
fn target_folder(sources: &Sources, folder: &Path) -> PathBuf {
    let own = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| sources.root().join("target"), PathBuf::from);
    let writable = tempfile_in(&own);
    let of_a_generation = folder.parent().is_some_and(|root| sources.root().starts_with(root));
    if writable && !of_a_generation { own } else { folder.parent().unwrap_or(folder).join("build") }
}

/// Whether a file can be made in a folder that exists.
fn tempfile_in(folder: &Path) -> bool {
    let probe = folder.join(format!(".mambascope-{}", std::process::id()));
    let made = std::fs::write(&probe, "").is_ok();
    let _ = std::fs::remove_file(&probe);
    made
}

/// A cargo that builds as its own configuration says, whatever this process was started with.
pub(super) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command
        .args(arguments)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_BUILD_DIR")
        .stdin(Stdio::null());
    command
}

fn compile(
    sources: &Sources,
    target: &Path,
    tell: &mut dyn FnMut(Progress<'_>),
) -> Result<Artifacts> {
    let total = count(sources);
    let mut command = cargo(&[
        "rustc",
        "--release",
        "--lib",
        "--package",
        PACKAGE,
        "--message-format=json-render-diagnostics",
    ]);
    // The standard library must be the shared one here too: a cell may have only one of it.
    command
        .args(["--", "-Cprefer-dynamic"])
        .current_dir(sources.root())
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_TERM_COLOR", "never")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let tool = |source| Error::Tool { tool: "cargo", source };
    let mut child = command.spawn().map_err(tool)?;
    let (send, receive) = std::sync::mpsc::channel();
    let readers = [
        child.stdout.take().map(|pipe| lines(Box::new(pipe), Said::Message, send.clone())),
        child.stderr.take().map(|pipe| lines(Box::new(pipe), Said::Text, send)),
    ];
    let mut built = Artifacts::default();
    let (mut said, mut name) = (Vec::new(), String::new());
    for line in receive {
        match line {
            Said::Message(line) => built.read(&line),
            Said::Text(line) => {
                if let Some(rest) = line.trim_start().strip_prefix("Compiling ") {
                    rest.split(' ').next().unwrap_or_default().clone_into(&mut name);
                }
                said.push(line);
            }
        }
        if !name.is_empty() {
            let done = built.packages().min(total);
            tell(Progress::Building { name: &name, done, total });
        }
    }
    for reader in readers.into_iter().flatten() {
        let _ = reader.join();
    }
    if child.wait().map_err(tool)?.success() {
        Ok(built)
    } else {
        let end = said.split_off(said.len().saturating_sub(20));
        Err(Error::Build { folder: sources.root().to_owned(), output: end.join("\n") })
    }
}

/// A line that cargo wrote.
enum Said {
    Message(String),
    Text(String),
}

fn lines(
    pipe: Box<dyn Read + Send>,
    what: fn(String) -> Said,
    send: std::sync::mpsc::Sender<Said>,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(std::result::Result::ok) {
            if send.send(what(line)).is_err() {
                break;
            }
        }
    })
}

/// How many packages the library is made of. Only for show, so no reason to fail.
fn count(sources: &Sources) -> usize {
    let output = cargo(&["tree", "--edges=normal,build", "--prefix=none", "--package", PACKAGE])
        .arg("--format={p}")
        .current_dir(sources.root())
        .output();
    output.map_or(0, |output| {
        let text = String::from_utf8_lossy(&output.stdout).replace(" (*)", "");
        text.lines().collect::<BTreeSet<_>>().len()
    })
}
