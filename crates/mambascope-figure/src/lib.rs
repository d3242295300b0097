//! Labelled numbers to SVG, PNG, PDF, the terminal and notebooks.
//!
//! A [`Heatmap`] is numbers with labels: rows (often tokens) down, columns (often layers) across; [`Lines`] are curves over
//! columns with their bands. A [`Figure`] is a picture as data, one or more panels, which draws itself in each form from one
//! description, so that all of them look the same. The crate knows nothing of models.
//!
//! All text is set in one bundled font, DejaVu Sans, so that a figure has the same pixels everywhere. Fonts of the system are
//! read only for a PNG or PDF with characters that the bundled one lacks, such as Chinese or Arabic; where there is none they
//! are numbers, and [`Figure::warnings`] says so. The SVG names the font and leaves the glyphs to the browser.
//!
//! # Features
//! `png` and `pdf`, both on by default.
//!
//! # Example
//! ```
//! use mambascope_figure::{Heatmap, Palette, RowLabel};
//!
//! let rows = [RowLabel::subject("The"), RowLabel::subject(" Louvre"), RowLabel::plain(" is"), RowLabel::plain(" in")];
//! let values = vec![0.02, 0.05, 0.61, 0.58, 0.03, 0.02, 0.12, 0.64];
//! let figure = Heatmap::new(rows, ["0", "1"], values)?
//!     .title("Impact of restoring the residual after corrupted input")
//!     .column_label("single restored layer")
//!     .scale_label("p( Paris)")
//!     .palette(Palette::Purples)
//!     .figure();
//! assert!(figure.svg().contains("Louvre"));
//! # Ok::<(), mambascope_figure::Error>(())
//! ```

mod arrange;
mod attention;
mod bundle;
mod clip;
mod difference;
mod direction;
mod draw;
mod error;
mod figure;
mod fit;
mod font;
mod heatmap;
mod intervals;
mod layout;
mod lines;
mod number;
mod palette;
#[cfg(feature = "pdf")]
mod pdf;
#[cfg(feature = "png")]
mod png;
#[cfg(any(feature = "pdf", feature = "png"))]
mod print;
mod readable;
mod row_label;
mod save;
mod scale;
mod shared;
mod terminal;
mod ticks;
#[cfg(any(feature = "pdf", feature = "png"))]
mod tree;
mod values;
mod vega;

pub use direction::isolated;
pub use error::Error;
pub use figure::Figure;
pub use heatmap::{ColumnNames, Heatmap, Peak, Shape};
pub use intervals::Intervals;
pub use lines::{Lines, Rule, Series};
pub use palette::{Color, Palette};
pub use readable::{readable, readable_bytes};
pub use row_label::{Mark, RowLabel};
pub use scale::{Range, Scale};
