//! What can go wrong between numbers and a picture.

use std::path::PathBuf;

/// Why a figure could not be made or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The number of values is not rows times columns.
    #[error(
        "{values} values for {rows} rows by {columns} columns\n\
         help: give rows x columns = {} values, row after row; NaN for a cell that was not computed",
        rows.saturating_mul(*columns)
    )]
    Count {
        /// Rows that have a label.
        rows: usize,
        /// Columns that have a label.
        columns: usize,
        /// Values that were given.
        values: usize,
    },

    /// A line has not one value for each column.
    #[error(
        "line `{line}` has {values} {part} for {columns} columns\n\
         help: give one for each column; NaN where none was computed"
    )]
    Points {
        /// The line's name.
        line: String,
        /// Values, lower ends or upper ends of its band.
        part: &'static str,
        /// How many of these were given.
        values: usize,
        /// Columns that have a name.
        columns: usize,
    },

    /// Two maps are not of one size.
    #[error(
        "a map of {} rows by {} columns less one of {} by {}\n\
         help: subtract maps of the same tokens and layers",
        left.0, left.1, right.0, right.1
    )]
    Sizes {
        /// Rows and columns of the first.
        left: (usize, usize),
        /// Rows and columns of the other.
        right: (usize, usize),
    },

    /// The file's extension is none that a figure can be written as.
    #[error(
        "cannot tell from `{}` what to write\nhelp: end the name with one of: {}",
        path.display(),
        known.join(", ")
    )]
    Extension {
        /// The path that was given.
        path: PathBuf,
        /// The extensions that this build knows.
        known: Vec<&'static str>,
    },

    /// The picture has more pixels than a PNG is drawn with.
    #[error(
        "a picture of {width} x {height} pixels is past the limit of {limit} a side\n\
         help: save it as svg or pdf, or show fewer rows or columns"
    )]
    TooLarge {
        /// Pixels across.
        width: u64,
        /// Pixels down.
        height: u64,
        /// Most pixels on a side.
        limit: u64,
    },

    /// The drawing was refused by the renderer.
    #[error("the drawing could not be rendered: {reason}\nhelp: save it as svg instead")]
    Render {
        /// What the renderer said.
        reason: String,
    },

    /// The figure could not be written as JSON.
    #[error("the figure could not be written as json\nhelp: save it as svg instead")]
    Json {
        /// What the serializer said.
        source: serde_json::Error,
    },

    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] mambascope_files::Error),
}
