//! What can go wrong between an npz file and its arrays.

use std::path::PathBuf;
use std::{fmt, io};

use zip::result::ZipError;

/// Which array of which file an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The archive.
    pub file: PathBuf,
    /// The array's name in it, without `.npy`.
    pub array: String,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "array `{}` of {}", self.array, self.file.display())
    }
}

/// What can go wrong when an npz file is read, written or put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NpzError {
    /// The file could not be opened or its length not be found.
    #[error("cannot read {}: {source}\nhelp: check that the file exists and may be read", file.display())]
    Open {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file could not be made, or not be put in its place.
    #[error(transparent)]
    Write(#[from] mambascope_files::Error),
    /// The archive could not be written to its target.
    #[error(
        "cannot write {}: {source}\n\
         help: check that its folder exists, may be written and has room; \
         a file of that name from before is untouched", file.display()
    )]
    Save {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not a zip archive, or its list of contents is damaged.
    #[error(
        "{} is not a whole npz archive: {source}\n\
         help: an npz file is the zip archive that `numpy.savez` or this library writes; \
         if it was copied, compare its length with the original's", file.display()
    )]
    Container {
        /// The file.
        file: PathBuf,
        /// What the zip reader said.
        source: ZipError,
    },
    /// Two entries of the archive have one name.
    #[error("{} lists an array twice\nhelp: write the file again, each name once", file.display())]
    Duplicate {
        /// The file.
        file: PathBuf,
    },
    /// An array's bytes could not be unpacked.
    #[error(
        "{place} cannot be unpacked: {source}\nhelp: the file is damaged; fetch or write it again"
    )]
    Unpack {
        /// The array.
        place: Place,
        /// What the decompressor said.
        source: io::Error,
    },
    /// An entry does not begin as an npy file does.
    #[error("{place} does not begin with `\\x93NUMPY`\nhelp: write it with `numpy.savez`")]
    Magic {
        /// The array.
        place: Place,
    },
    /// An npy format that does not exist yet.
    #[error(
        "{place} has npy format {major}.{minor}, expected 1.0, 2.0 or 3.0\n\
         help: write it with `numpy.savez`, which takes the oldest format that will do"
    )]
    Version {
        /// The array.
        place: Place,
        /// Major version found.
        major: u8,
        /// Minor version found.
        minor: u8,
    },
    /// An npy header that is not the dictionary that numpy writes.
    #[error(
        "{place} has the header `{found}`, expected {expected}\n\
         help: the file is damaged or not numpy's; write it again with `numpy.savez`"
    )]
    Header {
        /// The array.
        place: Place,
        /// The header, shortened.
        found: String,
        /// What should have been there.
        expected: &'static str,
    },
    /// A kind of element that cannot be held here.
    #[error(
        "{place} holds elements of type {found}, expected bool, int, uint, float16, float32, float64, str or bytes\n\
         help: convert it with `.astype` before `numpy.savez`"
    )]
    Dtype {
        /// The array.
        place: Place,
        /// The type's description in the header, shortened.
        found: String,
    },
    /// The shape in the header asks for other bytes than there are.
    #[error(
        "{place} has {found} bytes of elements, expected {expected} for its shape {shape:?}\n\
         help: the file is damaged or was cut short; fetch or write it again"
    )]
    Length {
        /// The array.
        place: Place,
        /// The shape in the header.
        shape: Vec<usize>,
        /// Bytes that the shape needs; the largest `u64` when they cannot be counted.
        expected: u64,
        /// Bytes that there are.
        found: u64,
    },
    /// The file unpacks to more than a file of its length may.
    #[error(
        "{place} would bring the file to more than {limit} bytes of memory\n\
         help: if the file is to be trusted, store it without compression by `numpy.savez`"
    )]
    TooLarge {
        /// The array.
        place: Place,
        /// Bytes of memory that the whole file may take.
        limit: u64,
    },
    /// An unsigned integer too large for the 64-bit signed ones held here.
    #[error(
        "{place} has {found} at index {index}, expected at most {}\nhelp: convert it with `.astype(float)`",
        i64::MAX
    )]
    Integer {
        /// The array.
        place: Place,
        /// Which element, in C order.
        index: usize,
        /// The element.
        found: u64,
    },
    /// An element of text that is no text.
    #[error(
        "{place} has an element that is not Unicode at index {index}\nhelp: write it from Python's `str`"
    )]
    Text {
        /// The array.
        place: Place,
        /// Which element, in C order.
        index: usize,
    },
    /// Values that do not fill the shape given for them.
    #[error(
        "{found} values cannot fill the shape {shape:?}\nhelp: give as many values as the shape's product"
    )]
    Shape {
        /// The shape.
        shape: Vec<usize>,
        /// Number of values.
        found: usize,
    },
    /// A shape of more dimensions than numpy has.
    #[error("a shape of {found} dimensions, expected at most {limit}\nhelp: flatten some of them")]
    Dimensions {
        /// Number of dimensions.
        found: usize,
        /// The most that numpy reads.
        limit: usize,
    },
    /// Python objects, which are passed over when read, cannot be written.
    #[error(
        "{place} holds Python objects, which cannot be written\nhelp: leave it out, or put numbers or text in its place"
    )]
    Object {
        /// The array.
        place: Place,
    },
}
