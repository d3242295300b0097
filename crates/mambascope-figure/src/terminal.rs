//! A figure in characters: one line a row, its panels under each other.

mod chart;
mod color;
mod output;
mod plain;
mod sheet;

use crate::figure::{Figure, Panel};
use crate::terminal::chart::chart;
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
    let panels = figure.content.panels().into_iter().map(|panel| match panel {
        Panel::Heatmap(heatmap) => sheet(heatmap, ink),
        Panel::Lines(lines) => chart(lines, ink),
    });
    panels.collect::<Vec<_>>().join("\n")
}
