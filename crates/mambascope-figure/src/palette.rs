//! Colour tables, nine stops each, and the colours between them.
//!
//! # Source
//! Cynthia Brewer, Mark Harrower and The Pennsylvania State University, ColorBrewer 2.0 (colorbrewer2.org), the nine-class
//! schemes Purples, Greens, Reds, Blues, Oranges, Greys and RdBu. The matplotlib maps of the same names, which
//! ROME draws with, have these stops. Colours of lines: Masataka Okabe and Kei Ito, Color Universal Design (2008), its
//! yellow left out, which is too light for a line on white.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A colour on the screen, eight bits a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Color {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
}

impl Color {
    const fn new(hexadecimal: u32) -> Self {
        let [_, red, green, blue] = hexadecimal.to_be_bytes();
        Color { red, green, blue }
    }

    /// Whether light text is read on it more easily than dark.
    pub(crate) fn is_dark(self) -> bool {
        let light = 0.299 * f64::from(self.red)
            + 0.587 * f64::from(self.green)
            + 0.114 * f64::from(self.blue);
        light < 130.0
    }

    fn toward(self, other: Color, share: f64) -> Color {
        let mix = |from: u8, to: u8| {
            (f64::from(from) + (f64::from(to) - f64::from(from)) * share).round() as u8
        };
        Color {
            red: mix(self.red, other.red),
            green: mix(self.green, other.green),
            blue: mix(self.blue, other.blue),
        }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

/// Which colours stand for low and high.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Palette {
    /// White to purple; ROME's for the hidden state.
    #[default]
    Purples,
    /// White to green; ROME's for MLP layers.
    Greens,
    /// White to red; ROME's for attention layers.
    Reds,
    /// White to blue.
    Blues,
    /// White to orange.
    Oranges,
    /// White to black.
    Greys,
    /// Blue through white to red, for values on both sides of zero.
    Diverging,
}

type Stops = [Color; 9];

const fn stops(hexadecimal: [u32; 9]) -> Stops {
    let mut colors = [Color::new(0); 9];
    let mut index = 0;
    while index < 9 {
        colors[index] = Color::new(hexadecimal[index]);
        index += 1;
    }
    colors
}

// A colour is read as its six digits.
#[expect(clippy::unreadable_literal)]
#[rustfmt::skip]
mod table {
    use super::{Stops, stops};

    pub(super) const PURPLES: Stops = stops([0xfcfbfd, 0xefedf5, 0xdadaeb, 0xbcbddc, 0x9e9ac8, 0x807dba, 0x6a51a3, 0x54278f, 0x3f007d]);
    pub(super) const GREENS: Stops = stops([0xf7fcf5, 0xe5f5e0, 0xc7e9c0, 0xa1d99b, 0x74c476, 0x41ab5d, 0x238b45, 0x006d2c, 0x00441b]);
    pub(super) const REDS: Stops = stops([0xfff5f0, 0xfee0d2, 0xfcbba1, 0xfc9272, 0xfb6a4a, 0xef3b2c, 0xcb181d, 0xa50f15, 0x67000d]);
    pub(super) const BLUES: Stops = stops([0xf7fbff, 0xdeebf7, 0xc6dbef, 0x9ecae1, 0x6baed6, 0x4292c6, 0x2171b5, 0x08519c, 0x08306b]);
    pub(super) const ORANGES: Stops = stops([0xfff5eb, 0xfee6ce, 0xfdd0a2, 0xfdae6b, 0xfd8d3c, 0xf16913, 0xd94801, 0xa63603, 0x7f2704]);
    pub(super) const GREYS: Stops = stops([0xffffff, 0xf0f0f0, 0xd9d9d9, 0xbdbdbd, 0x969696, 0x737373, 0x525252, 0x252525, 0x000000]);
    pub(super) const DIVERGING: Stops = stops([0x2166ac, 0x4393c3, 0x92c5de, 0xd1e5f0, 0xf7f7f7, 0xfddbc7, 0xf4a582, 0xd6604d, 0xb2182b]);
}

/// Colours of lines in the order in which they are taken, told apart also by the colour-blind.
#[expect(clippy::unreadable_literal)]
pub(crate) const LINE_COLORS: [Color; 7] = [
    Color::new(0x0072b2),
    Color::new(0xd55e00),
    Color::new(0x009e73),
    Color::new(0xcc79a7),
    Color::new(0xe69f00),
    Color::new(0x56b4e9),
    Color::new(0x1f2328),
];

impl Palette {
    /// The nine colours, lowest first, evenly apart.
    pub fn stops(self) -> &'static [Color; 9] {
        match self {
            Palette::Purples => &table::PURPLES,
            Palette::Greens => &table::GREENS,
            Palette::Reds => &table::REDS,
            Palette::Blues => &table::BLUES,
            Palette::Oranges => &table::ORANGES,
            Palette::Greys => &table::GREYS,
            Palette::Diverging => &table::DIVERGING,
        }
    }

    /// The colour at a share of the way from the lowest (0) to the highest (1), linear between the stops; NaN is the lowest.
    pub fn color(self, share: f64) -> Color {
        let stops = self.stops();
        let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        let place = share * 8.0;
        let index = (place.floor() as usize).min(7);
        stops[index].toward(stops[index + 1], place - index as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Palette; 7] = [
        Palette::Purples,
        Palette::Greens,
        Palette::Reds,
        Palette::Blues,
        Palette::Oranges,
        Palette::Greys,
        Palette::Diverging,
    ];

    fn lightness(color: Color) -> f64 {
        0.2126 * f64::from(color.red)
            + 0.7152 * f64::from(color.green)
            + 0.0722 * f64::from(color.blue)
    }

    #[test]
    fn stops_are_met_and_halves_lie_between() {
        for palette in ALL {
            for (index, stop) in palette.stops().iter().enumerate() {
                assert_eq!(palette.color(index as f64 / 8.0), *stop);
            }
        }
        assert_eq!(Palette::Greys.color(1.0 / 16.0).to_string(), "#f8f8f8");
        assert_eq!(Palette::Purples.color(f64::NAN), Palette::Purples.stops()[0]);
    }

    #[test]
    fn sequential_palettes_darken_at_each_step() {
        for palette in ALL.into_iter().filter(|palette| *palette != Palette::Diverging) {
            let light: Vec<f64> =
                (0..=80).map(|step| lightness(palette.color(f64::from(step) / 80.0))).collect();
            assert!(light.is_sorted_by(|a, b| a >= b), "{palette:?}");
        }
    }
}
