//! Files by their ending, written aside and renamed.

use std::io::Write as _;
use std::path::Path;

use crate::Error;

/// The kinds of files that are written here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Npz,
    Json,
    Safetensors,
    Csv,
    Picture,
}

impl Ending {
    /// The kind that a name's ending asks for, among those that can be had.
    pub(crate) fn of(file: &Path, can: &[Self], known: &'static str) -> Result<Self, Error> {
        let ending =
            file.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
        let kind = match ending.as_deref() {
            Some("npz") => Some(Self::Npz),
            Some("json") => Some(Self::Json),
            Some("csv") => Some(Self::Csv),
            Some("safetensors") => Some(Self::Safetensors),
            Some("svg" | "png" | "pdf" | "txt") => Some(Self::Picture),
            _ => None,
        };
        kind.filter(|kind| can.contains(kind))
            .ok_or_else(|| Error::Ending { file: file.to_owned(), known })
    }
}

/// Writes a file beside its name, and renames it when it is whole.
pub(crate) fn aside(file: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::File { file: file.to_owned(), source };
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    temporary.write_all(bytes).map_err(failed)?;
    temporary.persist(file).map_err(|error| failed(error.error))?;
    Ok(())
}
