//! A file, on disk or in memory.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::Error;

/// What a file's bytes are read through.
pub(crate) trait Stream: Read + Seek {}

impl<T: Read + Seek> Stream for T {}

/// A file, on disk or in memory.
#[derive(Debug, Clone)]
pub enum Blob {
    /// On disk.
    File(PathBuf),
    /// In memory.
    Bytes {
        /// What messages call it.
        name: PathBuf,
        /// What it holds.
        bytes: Cow<'static, [u8]>,
    },
}

impl Blob {
    /// What messages call it.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Bytes { name, .. } => name,
        }
    }

    /// How many bytes it has.
    ///
    /// # Errors
    /// When it is not there.
    pub fn length(&self) -> Result<u64, Error> {
        match self {
            Self::File(path) => std::fs::metadata(path).map(|about| about.len()),
            Self::Bytes { bytes, .. } => Ok(bytes.len() as u64),
        }
        .map_err(|source| self.unreadable(source))
    }

    /// When it was last written, where the system says so.
    pub(crate) fn changed(&self) -> Option<SystemTime> {
        match self {
            Self::File(path) => std::fs::metadata(path).and_then(|about| about.modified()).ok(),
            Self::Bytes { .. } => None,
        }
    }

    pub(crate) fn open(&self) -> Result<Box<dyn Stream + '_>, Error> {
        match self {
            Self::File(path) => match File::open(path) {
                Ok(file) => Ok(Box::new(BufReader::new(file))),
                Err(source) => Err(self.unreadable(source)),
            },
            Self::Bytes { bytes, .. } => Ok(Box::new(Cursor::new(bytes.as_ref()))),
        }
    }

    /// All of it, where it has no more bytes than `limit`.
    pub(crate) fn content(&self, limit: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let reader = self.open()?;
        reader
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|source| self.unreadable(source))?;
        if bytes.len() as u64 > limit {
            return Err(Error::TooLarge { file: self.path().to_owned(), limit });
        }
        Ok(bytes)
    }

    fn unreadable(&self, source: std::io::Error) -> Error {
        Error::Read { file: self.path().to_owned(), source }
    }
}
