//! The bundled font: its bytes for renderers, and the widths of its characters for layout.
//!
//! Made by `font/subset.py`; licence and versions are beside it.

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

/// A character's width in em. Characters that the font lacks are as wide as a browser's own font is likely to draw them.
pub(crate) fn advance(character: char) -> f64 {
    let (pairs, _) = ADVANCES.as_chunks::<6>();
    let place = pairs.binary_search_by_key(&u32::from(character), |[a, b, c, d, _, _]| {
        u32::from_le_bytes([*a, *b, *c, *d])
    });
    match place.ok().and_then(|index| pairs.get(index)) {
        Some([_, _, _, _, low, high]) => f64::from(u16::from_le_bytes([*low, *high])) / UNITS,
        None => match columns(character) {
            0 => 0.0,
            1 => MISSING,
            _ => 1.0,
        },
    }
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

/// How many columns of a terminal a character takes: 2 for East Asian wide ones and emoji, 0 for those that join.
///
/// # Source
/// Unicode 16, `EastAsianWidth.txt`, by block.
pub(crate) fn columns(character: char) -> usize {
    match u32::from(character) {
        0x0300..=0x036F
        | 0x0483..=0x0489
        | 0x0591..=0x05BD
        | 0x064B..=0x065F
        | 0x200C..=0x200D
        | 0x20D0..=0x20FF
        | 0xFE00..=0xFE0F
        | 0xFE20..=0xFE2F
        | 0xE0100..=0xE01EF => 0,
        0x1100..=0x115F
        | 0x231A..=0x231B
        | 0x2E80..=0x303E
        | 0x3041..=0xA4CF
        | 0xA960..=0xA97F
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1F64F
        | 0x1F680..=0x1F6FF
        | 0x1F7E0..=0x1F7EB
        | 0x1F900..=0x1F9FF
        | 0x1FA70..=0x1FAFF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
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
            let tree = crate::tree::parse(&drawing).expect("a drawing of one text");
            let drawn = f64::from(tree.root().bounding_box().width());
            assert!((drawn - width(text, 20.0)).abs() < 0.01 * drawn, "{text}: {drawn}");
        }
    }
}
