//! Results in the terminal.

use std::fmt::Display;
use std::io::{self, Write as _};

use mambascope::Figure;

/// Prints a result's picture and words; its warnings go to standard error.
pub(crate) fn result(
    figure: &Figure,
    words: &dyn Display,
    warnings: &[String],
) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", figure.terminal().trim_end())?;
    writeln!(out, "{words}")?;
    for warning in warnings {
        writeln!(io::stderr().lock(), "warning: {warning}")?;
    }
    Ok(())
}
