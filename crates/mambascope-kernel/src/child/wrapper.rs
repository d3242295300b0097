//! Between cargo and rustc, to tell the kernel which crate is being compiled.

use super::{SOCKET, attach};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Set where this program stands between cargo and rustc.
pub const WRAPS: &str = "MAMBASCOPE_WRAPS_RUSTC";

/// Becomes rustc, where cargo asked for that; otherwise returns.
///
/// # Errors
/// Where rustc cannot be run.
pub fn become_rustc() -> std::io::Result<()> {
    if std::env::var_os(WRAPS).is_none() {
        return Ok(());
    }
    let mut arguments = std::env::args_os().skip(1);
    let Some(rustc) = arguments.next() else { return Ok(()) };
    // Cargo also runs rustc to ask for its version; no package is set then.
    let package = std::env::var("CARGO_PKG_NAME").ok().zip(std::env::var("CARGO_PKG_VERSION").ok());
    if let (Some((name, version)), Some(socket)) = (package, std::env::var_os(SOCKET)) {
        // Nobody listening is no reason not to compile.
        let _ = attach::connect(Path::new(&socket), &format!("build {name} {version}"));
    }
    Err(Command::new(rustc).args(arguments).env_remove(WRAPS).exec())
}
