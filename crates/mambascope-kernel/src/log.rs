//! Lines for whoever runs the server; they never reach a notebook.

use std::io::Write;

/// Writes a line to the kernel's own standard error.
pub fn line(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "[mambascope-kernel] {text}");
}
