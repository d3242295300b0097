//! npz files: numpy's archives of named arrays.
//!
//! What is written here `numpy.load` reads without pickle, each array byte for byte as numpy would
//! have written it; what numpy writes is read here. Nothing in a file is believed: a shape must
//! have its bytes, memory stays below 64 times the file's length or 1 GiB, whichever is more, and
//! whatever is wrong is an [`NpzError`].

mod archive;
mod array;
mod decode;
mod dtype;
mod encode;
mod error;
mod header;
mod literal;

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use mambascope_files::Aside;

pub use self::array::{Array, Values};
pub use self::error::{NpzError, Place};

/// Named arrays, in the order in which they were put in or lie in the file.
///
/// # Example
/// ```
/// use mambascope::npz::{Array, Npz};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("trace.npz");
///
/// let mut npz = Npz::default();
/// npz.insert("scores", Array::new([2, 3], vec![0.5_f64; 6])?);
/// npz.insert("answer", Array::scalar(" Paris"));
/// npz.save(&path)?;
///
/// assert_eq!(Npz::open(&path)?, npz);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Npz {
    arrays: Vec<(String, Array)>,
}

impl Npz {
    /// Reads the file at `path`.
    ///
    /// Integers of every width become `i64`; either endianness and either order is read. Arrays of
    /// Python objects are [`Values::Object`]: nothing is unpickled. Entries that are not `.npy` are
    /// passed over.
    ///
    /// # Errors
    /// When the file cannot be read, is not a whole archive, or an array in it is damaged, of a
    /// type that is not held here, or too large for the file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, NpzError> {
        let path = path.as_ref();
        let file =
            File::open(path).map_err(|source| NpzError::Open { file: path.to_owned(), source })?;
        Self::read(BufReader::new(file), path)
    }

    /// Reads an archive from its bytes; errors call it `name`.
    ///
    /// # Errors
    /// As for [`Npz::open`].
    pub fn read(source: impl Read + Seek, name: impl AsRef<Path>) -> Result<Self, NpzError> {
        archive::read(source, name.as_ref()).map(|arrays| Self { arrays })
    }

    /// Writes all arrays, deflated, to `path`: to a file beside it, which then takes its name.
    ///
    /// Equal arrays in equal order give equal files.
    ///
    /// # Errors
    /// When the file cannot be written, or an array holds objects. A file that was there before is
    /// then untouched.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), NpzError> {
        let path = path.as_ref();
        let aside = Aside::beside(path)?;
        self.write(BufWriter::new(aside.file()), path).map_err(|error| match error {
            NpzError::Save { source, .. } => aside.failure(&source).into(),
            other => other,
        })?;
        Ok(aside.rename()?)
    }

    /// Writes the archive to `target`; errors call it `name`.
    ///
    /// # Errors
    /// When the target cannot be written, or an array holds objects.
    pub fn write(&self, target: impl Write + Seek, name: impl AsRef<Path>) -> Result<(), NpzError> {
        archive::write(&self.arrays, target, name.as_ref())
    }

    /// Puts `array` at the end, or in the place of the one that had its name.
    pub fn insert(&mut self, name: impl Into<String>, array: Array) {
        let name = name.into();
        match self.arrays.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = array,
            None => self.arrays.push((name, array)),
        }
    }

    /// The array of that name.
    pub fn array(&self, name: &str) -> Option<&Array> {
        self.iter().find(|(known, _)| *known == name).map(|(_, array)| array)
    }

    /// All names and arrays, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Array)> {
        self.arrays.iter().map(|(name, array)| (name.as_str(), array))
    }
}
