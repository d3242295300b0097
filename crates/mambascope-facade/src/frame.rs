//! Messages to mambascope's kernel, in the child's own output.

use serde_json::Value;
use std::io::Write;

/// What every message starts with; it cannot occur in text by accident.
const START: &str = "\u{2}mambascope:";

/// Whether mambascope's kernel reads this process's output.
pub(crate) fn kernel_listens() -> bool {
    std::env::var_os("MAMBASCOPE_FRAMES").is_some_and(|value| value == "1")
}

/// Sends one message, in one write that no other thread's output can split. Output that nobody
/// reads any more is no reason to fail a cell.
pub(crate) fn send(frame: &Value) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(format!("{START}{frame}\n").as_bytes()).and_then(|()| out.flush());
}

/// Hands over text that is still waiting for the end of its line.
///
/// The kernel calls it at the end of a cell: what a cell prints belongs to that cell.
pub fn flush() {
    let _ = std::io::stdout().flush();
}
