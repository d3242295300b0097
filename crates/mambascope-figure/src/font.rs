//! The bundled font: its bytes for renderers, and the widths of its characters for layout.
//!
//! Made by `font/subset.py`; licence and versions are beside it.

#[cfg(any(feature = "pdf", feature = "png"))]
use std::cell::RefCell;
#[cfg(any(feature = "pdf", feature = "png"))]
use std::collections::{BTreeMap, BTreeSet};

use unicode_width::UnicodeWidthChar as _;

use crate::fit::Measure;

/// The families of the drawing, the bundled one first.
pub(crate) const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

/// The bundled font's bytes.
#[cfg(any(feature = "pdf", feature = "png"))]
pub(crate) static BYTES: &[u8] = include_bytes!("../font/DejaVuSans-subset.ttf");

/// Pairs of code point (u32) and width in font units (u16), little-endian, in order of code points.
static ADVANCES: &[u8] = include_bytes!("../font/DejaVuSans-advances.bin");

/// Font units in an em.
const UNITS: f64 = 2048.0;

/// The width in em of the box that stands for a character that the font lacks.
const MISSING: f64 = 1229.0 / UNITS;

/// What a drawing is set in where that is known, as it is for paper and pixels, beside the bundled font.
#[cfg(any(feature = "pdf", feature = "png"))]
#[derive(Debug, Clone, Default)]
pub(crate) struct Setting {
    /// Widths in em of characters that the bundled font lacks and another one has.
    pub(crate) advances: BTreeMap<char, f64>,
    /// Characters that no font has.
    pub(crate) lacking: BTreeSet<char>,
}

#[cfg(any(feature = "pdf", feature = "png"))]
thread_local! {
    /// The setting of the drawing that this thread lays out; a browser's drawing has none.
    static SETTING: RefCell<Option<Setting>> = const { RefCell::new(None) };
}

/// Lays a drawing out in a setting: every width is taken from it while `action` runs.
#[cfg(any(feature = "pdf", feature = "png"))]
pub(crate) fn set_in<T>(setting: Setting, action: impl FnOnce() -> T) -> T {
    let before = SETTING.replace(Some(setting));
    let done = action();
    SETTING.set(before);
    done
}

/// The text with each character that no font of the setting has as its number.
#[cfg(any(feature = "pdf", feature = "png"))]
pub(crate) fn legible(text: String) -> String {
    SETTING.with_borrow(|setting| match setting {
        Some(Setting { lacking, .. }) if text.contains(|sign| lacking.contains(&sign)) => {
            let piece = |sign: char| {
                if lacking.contains(&sign) {
                    format!("<U+{:04X}>", u32::from(sign))
                } else {
                    sign.to_string()
                }
            };
            text.chars().map(piece).collect()
        }
        _ => text,
    })
}

#[cfg(not(any(feature = "pdf", feature = "png")))]
pub(crate) const fn legible(text: String) -> String {
    text
}

/// A character's width in em. One that no known font has is as wide as a browser's own font is likely to draw it.
pub(crate) fn advance(character: char) -> f64 {
    if let Some(width) = bundled(character) {
        return width;
    }
    #[cfg(any(feature = "pdf", feature = "png"))]
    {
        let known = |setting: &Option<Setting>| setting.as_ref()?.advances.get(&character).copied();
        if let Some(width) = SETTING.with_borrow(known) {
            return width;
        }
    }
    match columns(character) {
        0 => 0.0,
        1 => MISSING,
        _ => 1.0,
    }
}

/// Whether the bundled font has a character.
#[cfg(any(feature = "pdf", feature = "png"))]
pub(crate) fn has(character: char) -> bool {
    bundled(character).is_some()
}

/// A character's width in em in the bundled font.
fn bundled(character: char) -> Option<f64> {
    let (pairs, _) = ADVANCES.as_chunks::<6>();
    let place = pairs.binary_search_by_key(&u32::from(character), |[a, b, c, d, _, _]| {
        u32::from_le_bytes([*a, *b, *c, *d])
    });
    let [_, _, _, _, low, high] = pairs.get(place.ok()?)?;
    Some(f64::from(u16::from_le_bytes([*low, *high])) / UNITS)
}

/// A text's width at a font size.
///
/// # Units
/// Pixels.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|character| advance(character) * size).sum()
}

/// Runs `action` with the measure of this font size.
pub(crate) fn measured<T>(size: f64, action: impl FnOnce(Measure<'_>) -> T) -> T {
    action(&|character| advance(character) * size)
}

/// How many columns of a terminal a character takes: 2 for East Asian wide ones and emoji, 0 for marks and joiners.
pub(crate) fn columns(character: char) -> usize {
    character.width().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        // From the tables of DejaVu Sans 2.37: `hmtx` of the glyphs for these characters.
        assert_eq!(advance('i') * UNITS, 569.0);
        assert_eq!(advance('M') * UNITS, 1767.0);
        assert_eq!(advance('Ж') * UNITS, 2206.0);
        assert_eq!(advance('本'), 1.0);
        assert_eq!(advance('\u{200d}'), 0.0);
        assert_eq!(width("iM", 2048.0), 2336.0);
    }

    #[test]
    fn every_sign_that_readable_writes_is_in_the_font() {
        let (pairs, _) = ADVANCES.as_chunks::<6>();
        let has = |sign: char| {
            let known = |pair: &[u8; 6]| pair.starts_with(&u32::from(sign).to_le_bytes());
            pairs.iter().any(known)
        };
        for sign in "⏎⇥·␣…<>+*0xU\"".chars() {
            assert!(has(sign), "{sign}");
        }
    }

    #[cfg(feature = "png")]
    #[test]
    fn rendered_text_is_as_wide_as_measured() {
        for text in ["Impact of restoring", "·Tower ⏎⇥", "Москва, Ελλάδα → ñ…"]
        {
            let drawing = format!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" width="900" height="50">
                <text x="10" y="30" font-size="20" font-family="{FAMILY}">{text}</text></svg>"#
            );
            let mut fonts = resvg::usvg::fontdb::Database::new();
            fonts.load_font_data(BYTES.to_vec());
            let tree = crate::tree::parse(&drawing, fonts).expect("a drawing of one text");
            let drawn = f64::from(tree.root().bounding_box().width());
            assert!((drawn - width(text, 20.0)).abs() < 0.01 * drawn, "{text}: {drawn}");
        }
    }
}
