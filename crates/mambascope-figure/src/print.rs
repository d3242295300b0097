//! A drawing for paper and pixels, whose glyphs are chosen here and not by a browser.
//!
//! What the bundled font has is set in it. What it lacks is set in a font of the system, and measured in it before
//! anything is placed; what no font has is written as its number, `<U+4E2D>`.

mod faces;
mod lacking;
mod runs;
mod set;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use resvg::usvg::fontdb::Database;

pub(crate) use faces::Faces;

use crate::draw;
use crate::figure::Figure;
use crate::font::{self, BYTES, Setting};
use crate::print::faces::Face;

/// The fonts that a figure is set in, beside the bundled one.
#[derive(Debug)]
pub(crate) struct Print {
    faces: Vec<Face>,
    /// Characters that no font has.
    lacking: BTreeSet<char>,
}

impl Print {
    /// Finds fonts for all that the bundled one lacks; `faces` is asked only where there is such a character.
    pub(crate) fn of(figure: &Figure, faces: impl FnOnce() -> Option<Arc<Faces>>) -> Self {
        let drawing = draw::svg(figure);
        let wanted: BTreeSet<char> = drawing
            .chars()
            .filter(|&character| !font::has(character) && character != '\n')
            .collect();
        let none = Print { faces: Vec::new(), lacking: wanted.clone() };
        if wanted.is_empty() {
            return none;
        }
        let Some(known) = faces() else { return none };
        let faces = known.with(&wanted);
        let is_lacking = |character: &char| !faces.iter().any(|face| face.has(*character));
        let lacking = wanted.into_iter().filter(is_lacking).collect();
        Print { faces, lacking }
    }

    /// The SVG document, each of its texts in fonts that have its characters.
    pub(crate) fn drawing(&self, figure: &Figure) -> String {
        let drawing = font::set_in(self.setting(), || draw::svg(figure));
        if self.faces.is_empty() { drawing } else { set::set(&drawing, self) }
    }

    /// The fonts, for the renderer.
    pub(crate) fn database(&self) -> Database {
        let mut fonts = Database::new();
        fonts.load_font_data(BYTES.to_vec());
        for face in &self.faces {
            fonts.push_face_info(face.info().clone());
        }
        fonts
    }

    /// What a reader is to know of characters that no font has: one sentence, if there are any.
    pub(crate) fn warnings(&self) -> Vec<String> {
        lacking::sentence(&self.lacking).into_iter().collect()
    }

    /// The widths that the layout reckons with.
    fn setting(&self) -> Setting {
        let mut advances = BTreeMap::new();
        for face in self.faces.iter().rev() {
            advances.extend(face.advances());
        }
        Setting { advances, lacking: self.lacking.clone() }
    }

    /// The first of the fonts that has a character which the bundled one lacks.
    fn face_of(&self, character: char) -> Option<usize> {
        if font::has(character) {
            return None;
        }
        self.faces.iter().position(|face| face.has(character))
    }
}
