//! Result files: a name is checked before the work, and a file is written whole or not at all.
//!
//! A file is written beside its name, flushed to the disk, and then renamed, so that a reader sees the old file or the new
//! one, never a part. A new file has the rights that the process's mask gives; a file that was there keeps its mode, and
//! its owner and group where the system permits it. A symbolic link stays: the file that it points to is written, beside
//! that file's own name. Other names of the same file (hard links) keep the old content.
//!
//! Folders, pipes, sockets and devices are refused, because nothing can be renamed to them.
//!
//! # Example
//! ```
//! let folder = tempfile::tempdir()?;
//! let file = folder.path().join("scores.json");
//! mambascope_files::check(&file)?; // before minutes of work
//! mambascope_files::write(&file, b"[0.5]")?;
//! assert_eq!(std::fs::read(&file)?, b"[0.5]");
//! assert!(mambascope_files::check(folder.path().join("none/scores.json")).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aside;
mod error;
mod target;

use std::io::Write as _;
use std::path::Path;

pub use aside::Aside;
pub use error::{Error, Special};

/// Writes a file whole.
///
/// # Errors
/// When the file cannot be written; one that was there is then untouched.
pub fn write(file: impl AsRef<Path>, bytes: &[u8]) -> Result<(), Error> {
    let aside = Aside::beside(file)?;
    aside.file().write_all(bytes).map_err(|cause| aside.failure(&cause))?;
    aside.rename()
}

/// Refuses a name under which no file can be written: before the work, not after it.
///
/// # Cost
/// A small file is made beside the name and removed again, because only that tells of a full or read-only disk.
///
/// # Errors
/// As [`write()`] of a small file.
pub fn check(file: impl AsRef<Path>) -> Result<(), Error> {
    let target = target::Target::of(file.as_ref())?;
    target.check_file()?;
    let aside = Aside::of(target)?;
    aside.file().write_all(&vec![0; PROBE]).map_err(|cause| aside.failure(&cause))?;
    aside.check_rename()
}

/// Bytes that a disk must have room for before any work is begun.
const PROBE: usize = 1 << 16;
