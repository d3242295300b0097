//! The file that a name leads to.

use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::error::{Error, Special};

/// Links in a chain that are followed; Linux follows as many.
const LINKS: usize = 40;

/// A name, and the place that is written, which differ where the name is a symbolic link.
#[derive(Debug)]
pub(crate) struct Target {
    /// The name that was given.
    pub(crate) given: PathBuf,
    /// No link any more.
    pub(crate) place: PathBuf,
    /// The file that is there.
    pub(crate) before: Option<Metadata>,
}

impl Target {
    /// # Errors
    /// When no file of this name can be made or replaced, as far as names tell.
    pub(crate) fn of(given: &Path) -> Result<Self, Error> {
        if given.as_os_str().is_empty() {
            return Err(Error::NoName);
        }
        let mut target = Self { given: given.to_owned(), place: given.to_owned(), before: None };
        // The system follows links that have no path, such as those of /proc to a pipe.
        if let Some(special) = fs::metadata(given).ok().as_ref().and_then(special) {
            return Err(Error::Special { file: target.given, special });
        }
        if names_folder(given) {
            return Err(Error::Special { file: target.given, special: Special::Folder });
        }
        target.follow()?;
        target.check_folder()?;
        Ok(target)
    }

    /// Finds the place, and what is there.
    fn follow(&mut self) -> Result<(), Error> {
        for _ in 0..LINKS {
            match fs::symlink_metadata(&self.place) {
                Ok(about) if about.is_symlink() => {
                    let to = fs::read_link(&self.place).map_err(|cause| self.failure(&cause))?;
                    self.place = self.folder().join(to);
                }
                Ok(about) => {
                    self.before = Some(about);
                    return Ok(());
                }
                // A part of the path that is missing or no folder is told apart later.
                Err(cause)
                    if matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
                {
                    return Ok(());
                }
                Err(cause) => return Err(self.failure(&cause)),
            }
        }
        Err(Error::Loop { file: self.given.clone() })
    }

    fn check_folder(&self) -> Result<(), Error> {
        let (file, folder) = (self.given.clone(), self.folder().to_owned());
        match fs::metadata(&folder) {
            Ok(about) if about.is_dir() => Ok(()),
            Ok(_) => Err(Error::NotFolder { file, folder }),
            Err(cause) => match cause.kind() {
                ErrorKind::NotFound => Err(Error::NoFolder { file, folder }),
                ErrorKind::NotADirectory => {
                    let is_file = |part: &&Path| part.is_file();
                    let part = folder.ancestors().find(is_file).unwrap_or(&folder).to_owned();
                    Err(Error::NotFolder { file, folder: part })
                }
                _ => Err(self.failure(&cause)),
            },
        }
    }

    /// Refuses to replace a file that is not to be changed.
    pub(crate) fn check_file(&self) -> Result<(), Error> {
        let Some(before) = &self.before else { return Ok(()) };
        let read_only = || Error::ReadOnly { file: self.given.clone() };
        // Who may do all things would be let through by the system; the file's owner said no all the same.
        if before.permissions().readonly() {
            return Err(read_only());
        }
        match OpenOptions::new().write(true).open(&self.place) {
            Ok(_) => Ok(()),
            Err(cause) if cause.kind() == ErrorKind::PermissionDenied => Err(read_only()),
            Err(cause) => Err(self.failure(&cause)),
        }
    }

    /// The folder of the place.
    pub(crate) fn folder(&self) -> &Path {
        let folder = self.place.parent().filter(|folder| !folder.as_os_str().is_empty());
        folder.unwrap_or(Path::new("."))
    }

    /// What the system's refusal means for this file.
    pub(crate) fn failure(&self, cause: &io::Error) -> Error {
        let (file, folder) = (self.given.clone(), self.folder().to_owned());
        match cause.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                Error::ReadOnlyFolder { file, folder }
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::Full { file, folder },
            ErrorKind::InvalidFilename => Error::TooLong { file },
            ErrorKind::NotFound => Error::NoFolder { file, folder },
            _ if cause.raw_os_error() == Some(CIRCLE) => Error::Loop { file },
            _ => Error::System { file, message: cause.to_string() },
        }
    }
}

/// The system's number for links in a circle; Rust's name for it is not stable.
const CIRCLE: i32 = if cfg!(target_os = "linux") { 40 } else { 62 };

/// Whether a name can only be a folder's: `results/`, `..`.
fn names_folder(given: &Path) -> bool {
    let text = given.as_os_str().as_encoded_bytes();
    let is_separator = |byte: &u8| std::path::is_separator(char::from(*byte));
    given.file_name().is_none()
        || text.last().is_some_and(is_separator)
        || text.split(is_separator).next_back() == Some(b".")
}

/// What is there, where it is no file.
fn special(about: &Metadata) -> Option<Special> {
    let kind = about.file_type();
    if kind.is_file() {
        return None;
    }
    if kind.is_dir() {
        return Some(Special::Folder);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            return Some(Special::Pipe);
        }
        if kind.is_socket() {
            return Some(Special::Socket);
        }
    }
    Some(Special::Device)
}
