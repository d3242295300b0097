//! A figure in characters: one line a row, its panels under each other.

mod color;
mod output;
mod plain;
mod sheet;

use crate::figure::Figure;
use crate::terminal::color::Colored;
pub(crate) use crate::terminal::output::Output;
use crate::terminal::plain::Plain;
use crate::terminal::sheet::{Ink, sheet};

/// Without colour.
pub(crate) fn text(figure: &Figure) -> String {
    panels(figure, &Plain)
}

/// In 24-bit colour.
pub(crate) fn ansi(figure: &Figure) -> String {
    panels(figure, &Colored)
}

fn panels(figure: &Figure, ink: &dyn Ink) -> String {
    let sheets = figure.content.heatmaps().into_iter().map(|heatmap| sheet(heatmap, ink));
    sheets.collect::<Vec<_>>().join("\n")
}
