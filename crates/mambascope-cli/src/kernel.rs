//! `mambascope kernel`.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use mambascope_lab::{Library, Place, Progress, Sources, Toolchain, program};

use crate::args::{InstallArguments, KernelCommand};

/// Installs the kernel for the Jupyter that was named.
pub(crate) fn run(command: &KernelCommand) -> anyhow::Result<()> {
    let KernelCommand::Install(arguments) = command;
    let place = place(arguments);
    let program = make(&mambascope_lab::data_folder()?)?;
    let folder = place.install(&program)?;
    writeln!(io::stdout().lock(), "installed in {}", folder.display())?;
    Ok(())
}

fn place(arguments: &InstallArguments) -> Place {
    match &arguments.prefix {
        Some(folder) => Place::Prefix(folder.clone()),
        None if arguments.sys_prefix => Place::Environment,
        None => Place::User,
    }
}

/// Builds the kernel and the library that its cells link to, where they are not built yet; returns the kernel.
pub(crate) fn make(data: &Path) -> anyhow::Result<PathBuf> {
    let toolchain = Toolchain::find()?;
    // Asked now, because it would be missed only when the first cell is compiled.
    toolchain.library_source()?;
    let sources = Sources::of_this_build();
    say("building the kernel; the first time takes some minutes");
    let program = program::build(sources.root(), data)?;
    let mut told = Told::default();
    Library::ensure(data, &sources, &toolchain, &mut |progress| told.hear(progress))?;
    told.end();
    Ok(program)
}

/// A line for whoever waits; standard output is for results.
pub(crate) fn say(words: &str) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(io::stderr().lock(), "{words}");
}

/// How far the library is: one line that changes on a terminal, elsewhere one line a crate.
#[derive(Default)]
struct Told {
    line: String,
}

impl Told {
    fn hear(&mut self, progress: Progress<'_>) {
        let line = match progress {
            Progress::Building { name, done, total } => {
                format!("building the library for cells: {name} ({done} of {total})")
            }
            _ => "another process is building the library for cells; waiting".to_owned(),
        };
        if line == self.line {
            return;
        }
        let mut err = io::stderr().lock();
        let _ = if err.is_terminal() {
            write!(err, "\r\u{1b}[K{line}").and_then(|()| err.flush())
        } else {
            writeln!(err, "{line}")
        };
        self.line = line;
    }

    fn end(&self) {
        if !self.line.is_empty() && io::stderr().is_terminal() {
            say("");
        }
    }
}
