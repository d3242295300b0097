//! Values as 24-bit colours; two in a character, as halves `▌`, where the columns are many.

use std::fmt::Write;

use crate::heatmap::Heatmap;
use crate::palette::Color;
use crate::readable::SPACE;
use crate::terminal::sheet::{Cell, Ink, SAMPLE};

const PLAIN: &str = "\x1b[0m";
const FAINT: &str = "\x1b[2m";
const BOLD: &str = "\x1b[1m";
/// Most characters a cell, so that a few columns do not become stripes.
const WIDEST: usize = 4;

#[derive(Debug)]
pub(super) struct Colored;

/// Text with the colours that hold where it ends, so that each is written only where it changes.
#[derive(Debug, Default)]
struct Painted {
    text: String,
    front: Option<Color>,
    back: Option<Color>,
}

impl Painted {
    fn front(&mut self, color: Option<Color>) {
        if self.front != color {
            self.front = color;
            self.switch(color, 38);
        }
    }

    fn back(&mut self, color: Option<Color>) {
        if self.back != color {
            self.back = color;
            self.switch(color, 48);
        }
    }

    fn switch(&mut self, color: Option<Color>, code: u8) {
        let written = match color {
            Some(Color { red, green, blue }) => {
                write!(self.text, "\x1b[{code};2;{red};{green};{blue}m")
            }
            None => write!(self.text, "\x1b[{}m", code + 1),
        };
        written.expect("writing to a String cannot fail");
    }

    /// Faint text on the terminal's own ground.
    fn faint(&mut self, text: &str) {
        self.text.push_str(FAINT);
        self.text.push_str(text);
        self.text.push_str(PLAIN);
    }

    fn finish(mut self) -> String {
        if self.front.is_some() || self.back.is_some() {
            self.text.push_str(PLAIN);
        }
        self.text
    }
}

fn wide_cells(colors: &[Option<Color>], wide: usize) -> String {
    let mut painted = Painted::default();
    for color in colors {
        painted.back(*color);
        match color {
            Some(_) => painted.text.extend(std::iter::repeat_n(' ', wide)),
            None => painted.faint(&"·".repeat(wide)),
        }
    }
    painted.finish()
}

/// The left cell is the half block's colour, the right one the ground's.
fn half_cells(colors: &[Option<Color>]) -> String {
    let mut painted = Painted::default();
    for pair in colors.chunks(2) {
        let (left, right) = (pair.first().copied().flatten(), pair.get(1).copied().flatten());
        let (sign, front, back) = match (left, right) {
            (Some(_), _) => ('▌', left, right),
            (None, Some(_)) => ('▐', right, None),
            (None, None) => (' ', None, None),
        };
        painted.front(front);
        painted.back(back);
        painted.text.push(sign);
    }
    painted.finish()
}

impl Ink for Colored {
    fn cell(&self, table: usize, terminal: usize) -> Cell {
        match terminal / table.max(1) {
            0 => Cell::Half,
            wide => Cell::Wide(wide.min(WIDEST)),
        }
    }

    fn row(&self, heatmap: &Heatmap, shares: &[Option<f64>], cell: Cell) -> String {
        let color = |share: &Option<f64>| share.map(|share| heatmap.palette.color(share));
        let colors: Vec<Option<Color>> = shares.iter().map(color).collect();
        match cell {
            Cell::Wide(wide) => wide_cells(&colors, wide),
            Cell::Half => half_cells(&colors),
        }
    }

    fn sample(&self, heatmap: &Heatmap) -> String {
        let shares = (0..SAMPLE).map(|step| step as f64 / (SAMPLE - 1) as f64);
        let colors: Vec<_> = shares.map(|share| Some(heatmap.palette.color(share))).collect();
        wide_cells(&colors, 1)
    }

    fn label(&self, text: &str) -> String {
        let letters = text.trim_start_matches(SPACE);
        let spaces = &text[..text.len() - letters.len()];
        if spaces.is_empty() || letters.is_empty() {
            return text.to_owned();
        }
        format!("{FAINT}{spaces}{PLAIN}{letters}")
    }

    fn stroke(&self, text: &str, color: Color) -> String {
        let mut painted = Painted::default();
        painted.front(Some(color));
        painted.text.push_str(text);
        painted.finish()
    }

    fn title(&self, text: &str) -> String {
        format!("{BOLD}{text}{PLAIN}")
    }
}
