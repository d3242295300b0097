//! Files by their ending.

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

/// Refuses a file that cannot be written: its name, its folder, what is there, the space left.
pub(crate) fn check(file: &Path, can: &[Ending], known: &'static str) -> Result<(), Error> {
    let checked = mambascope_files::check(file);
    // That `/dev/null` is a device is said before that it has no ending.
    if !matches!(checked, Err(mambascope_files::Error::Special { .. })) {
        Ending::of(file, can, known)?;
    }
    Ok(checked?)
}
