//! A picture as data: panels, and how they stand together.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::bundle::Look;
use crate::direction::isolated;
use crate::heatmap::Heatmap;
use crate::lines::Lines;
#[cfg(any(feature = "pdf", feature = "png"))]
use crate::print::{Faces, Print};
use crate::{draw, terminal};

/// A picture: one panel, or several beside and above each other.
///
/// It is data: it can be cloned, compared, stored as JSON and read back, and draws itself only when a form is asked for.
/// `Display` is [`terminal`](Figure::terminal).
///
/// # Example
/// ```
/// use mambascope_figure::{Figure, Heatmap};
/// let left = Heatmap::new(["a"], ["0", "1"], vec![0.0, 1.0])?.title("left").figure();
/// let right = Heatmap::new(["a"], ["0", "1"], vec![1.0, 0.0])?.title("right").figure();
/// let both = left.beside(&right);
/// assert!(both.svg().starts_with("<svg"));
/// # Ok::<(), mambascope_figure::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Figure {
    pub(crate) content: Content,
    /// How a notebook shows it; no part of what is stored.
    #[serde(skip)]
    pub(crate) look: Look,
}

/// What a figure is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Content {
    Heatmap(Box<Heatmap>),
    Lines(Box<Lines>),
    /// From left to right on one scale, which each has as its own.
    Shared(Vec<Heatmap>),
    /// From left to right.
    Beside(Vec<Content>),
    /// From top to bottom.
    Above(Vec<Content>),
}

impl Figure {
    /// The drawing as an SVG document.
    ///
    /// Text is text, each cell tells its value when the pointer rests on it, and the picture has a title and a description
    /// for those who do not see it. It brings its own white ground.
    pub fn svg(&self) -> String {
        isolated(&draw::svg(self))
    }

    /// The drawing as a PNG, three pixels for one of the SVG; fewer where it would be very large.
    ///
    /// Text is in the bundled font. Characters that it lacks, such as those of Chinese, Arabic and Hindi, are in a font of the
    /// system; where none has them they are numbers, `<U+4E2D>`, and [`warnings`](Figure::warnings) says so.
    ///
    /// # Errors
    /// When even one pixel for one would be past 16,384 on a side.
    #[cfg(feature = "png")]
    pub fn png(&self) -> Result<Vec<u8>, crate::Error> {
        let print = Print::of(self, Faces::system);
        crate::png::png(&print.drawing(self), print.database())
    }

    /// The drawing as a PDF of one page, in vectors, its text as text; fonts are as in [`png`](Figure::png).
    ///
    /// # Errors
    /// When the renderer refuses the drawing.
    #[cfg(feature = "pdf")]
    pub fn pdf(&self) -> Result<Vec<u8>, crate::Error> {
        let print = Print::of(self, Faces::system);
        crate::pdf::pdf(&print.drawing(self), print.database(), &draw::headline(self))
    }

    /// What a PNG or PDF of this figure cannot show on this machine: a sentence that names the scripts for which there is no
    /// font, and what to install.
    ///
    /// # Example
    /// ```
    /// let map = mambascope_figure::Heatmap::new([" Paris"], ["0"], vec![0.5])?;
    /// assert!(map.figure().warnings().is_empty());
    /// # Ok::<(), mambascope_figure::Error>(())
    /// ```
    #[cfg(any(feature = "pdf", feature = "png"))]
    pub fn warnings(&self) -> Vec<String> {
        Print::of(self, Faces::system).warnings()
    }

    /// The numbers as bars of text, without colour: for logs, files and terminals that want none.
    pub fn text(&self) -> String {
        isolated(&terminal::text(self))
    }

    /// The picture in 24-bit colour for a terminal 80 columns wide.
    pub fn ansi(&self) -> String {
        isolated(&terminal::ansi(self))
    }

    /// The picture for the standard output: [`ansi`](Figure::ansi) where that is a terminal that wants colour, else
    /// [`text`](Figure::text).
    ///
    /// Colour is not wanted when `NO_COLOR` is set to something, or `TERM` is `dumb`.
    pub fn terminal(&self) -> String {
        if terminal::Output::standard().wants_color() { self.ansi() } else { self.text() }
    }

    /// This figure with another at its right; their plots begin at one height.
    #[must_use]
    pub fn beside(&self, right: &Figure) -> Figure {
        let mut panels = self.content.parts_beside();
        panels.extend(right.content.parts_beside());
        Figure { content: Content::Beside(panels), look: self.look }
    }

    /// This figure above another; their plots begin at one left edge.
    #[must_use]
    pub fn above(&self, below: &Figure) -> Figure {
        let mut panels = self.content.parts_above();
        panels.extend(below.content.parts_above());
        Figure { content: Content::Above(panels), look: self.look }
    }
}

impl Content {
    fn parts_beside(&self) -> Vec<Content> {
        match self {
            Content::Beside(parts) => parts.clone(),
            other => vec![other.clone()],
        }
    }

    fn parts_above(&self) -> Vec<Content> {
        match self {
            Content::Above(parts) => parts.clone(),
            other => vec![other.clone()],
        }
    }

    /// The panels in reading order.
    pub(crate) fn panels(&self) -> Vec<Panel<'_>> {
        match self {
            Content::Heatmap(heatmap) => vec![Panel::Heatmap(heatmap)],
            Content::Lines(lines) => vec![Panel::Lines(lines)],
            Content::Shared(maps) => maps.iter().map(Panel::Heatmap).collect(),
            Content::Beside(parts) | Content::Above(parts) => {
                parts.iter().flat_map(Content::panels).collect()
            }
        }
    }
}

/// One panel's data.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Panel<'a> {
    Heatmap(&'a Heatmap),
    Lines(&'a Lines),
}

impl From<Heatmap> for Figure {
    fn from(heatmap: Heatmap) -> Self {
        Figure { content: Content::Heatmap(Box::new(heatmap)), look: Look::default() }
    }
}

impl From<&Heatmap> for Figure {
    fn from(heatmap: &Heatmap) -> Self {
        Figure::from(heatmap.clone())
    }
}

impl From<Lines> for Figure {
    fn from(lines: Lines) -> Self {
        Figure { content: Content::Lines(Box::new(lines)), look: Look::default() }
    }
}

impl From<&Lines> for Figure {
    fn from(lines: &Lines) -> Self {
        Figure::from(lines.clone())
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.terminal())
    }
}
