//! Results in the terminal.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use mambascope::Figure;

/// Prints a result's picture and words, what was chosen for it, and what a reader should know.
pub(crate) fn result(
    figure: &Figure,
    words: &dyn Display,
    (notes, warnings): (&[String], &[String]),
) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", figure.terminal().trim_end())?;
    writeln!(out, "{words}")?;
    for note in notes {
        writeln!(out, "{note}")?;
    }
    for warning in warnings {
        writeln!(out, "warning: {warning}")?;
    }
    Ok(())
}

/// `map.svg` of a site and a metric is `map_gate_rank.svg`.
pub(crate) fn named(file: &Path, names: &[Option<&str>]) -> PathBuf {
    let mut name = OsString::from(file.file_stem().unwrap_or_default());
    for part in names.iter().flatten() {
        name.push("_");
        name.push(part);
    }
    if let Some(ending) = file.extension() {
        name.push(".");
        name.push(ending);
    }
    file.with_file_name(name)
}
