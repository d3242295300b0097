//! Text that runs from right to left, kept from turning what stands around it.

/// Begins a piece whose direction is its own.
const BEGIN: char = '\u{2068}';
/// Ends it.
const END: char = '\u{2069}';

/// The text with each piece that runs from right to left isolated, so that it does not reorder its surroundings.
///
/// Without this, `p(` Hebrew `) = 0.5` is shown as `p(0.5 = (` Hebrew. A piece is words of Hebrew, Arabic and the like, with
/// the spaces and numbers between them; all other text stays as it is, byte for byte.
///
/// # Source
/// Unicode Standard Annex 9: first strong isolate (U+2068) and pop directional isolate (U+2069).
///
/// # Example
/// ```
/// use mambascope_figure::isolated;
/// assert_eq!(isolated("p(שלום) = 0.5"), "p(\u{2068}שלום\u{2069}) = 0.5");
/// assert_eq!(isolated("p( Paris) = 0.5"), "p( Paris) = 0.5");
/// ```
pub fn isolated(text: &str) -> String {
    if !text.chars().any(is_right_to_left) {
        return text.to_owned();
    }
    let mut whole = String::with_capacity(text.len() + 12);
    let mut rest = text;
    while let Some(start) = rest.find(is_right_to_left) {
        let (before, piece) = rest.split_at(start);
        let (piece, after) = piece.split_at(piece_end(piece));
        whole.push_str(before);
        whole.push(BEGIN);
        whole.push_str(piece);
        whole.push(END);
        rest = after;
    }
    whole.push_str(rest);
    whole
}

/// Where the piece ends that the text begins with: after its last letter that runs from right to left.
fn piece_end(text: &str) -> usize {
    let mut end = 0;
    for (index, character) in text.char_indices() {
        if is_right_to_left(character) || is_joined(character) {
            end = index + character.len_utf8();
        } else if !is_between(character) {
            break;
        }
    }
    end
}

/// Whether it is a mark on the letter before it, or joins that to the next.
fn is_joined(character: char) -> bool {
    !character.is_control() && crate::font::columns(character) == 0
}

/// What may stand between two words of one piece; not what a sentence puts between two pieces, such as commas and brackets.
const fn is_between(character: char) -> bool {
    matches!(character, ' ' | '·' | '-' | '\'' | '.' | '0'..='9')
}

/// Whether a letter is one of those that run from right to left.
///
/// # Source
/// Unicode 16, `DerivedBidiClass.txt`: the blocks whose default is R or AL.
pub(crate) const fn is_right_to_left(character: char) -> bool {
    matches!(
        character as u32,
        0x0590..=0x08FF
            | 0xFB1D..=0xFDCF
            | 0xFDF0..=0xFDFF
            | 0xFE70..=0xFEFE
            | 0x1_0800..=0x1_0FFF
            | 0x1_E800..=0x1_EFFF
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// With isolates as brackets.
    fn seen(text: &str) -> String {
        isolated(text).replace(BEGIN, "[").replace(END, "]")
    }

    #[test]
    fn each_piece_is_isolated_alone() {
        assert_eq!(seen("token 3 `·שלום`, layer 12: 0.5"), "token 3 `·[שלום]`, layer 12: 0.5");
        assert_eq!(seen("`سلام`, `عالم` (p = 0.5)"), "`[سلام]`, `[عالم]` (p = 0.5)");
        assert_eq!(seen("שלום עולם 7"), "[שלום עולם] 7");
        assert_eq!(seen("ܫܠܡܐ\n߀ނ"), "[ܫܠܡܐ]\n[߀ނ]");
        assert_eq!(seen("مَرْحَبًا) 0.5"), "[مَرْحَبًا]) 0.5");
        assert_eq!(seen("日本 Москва 5"), "日本 Москва 5");
    }

    proptest! {
        #[test]
        fn only_isolates_are_added_and_each_ends(text in any::<String>()) {
            let text = text.replace([BEGIN, END], "");
            let whole = isolated(&text);
            let count = |sign: char| whole.matches(sign).count();
            prop_assert_eq!(count(BEGIN), count(END));
            prop_assert_eq!(whole.replace([BEGIN, END], ""), text);
        }
    }
}
