//! Text as a person reads it: white space made visible, nothing that a picture or a terminal could stumble on.

use std::fmt::Write;

/// Stands for a space at a token's edge, and for each space of a run.
pub(crate) const SPACE: char = '·';

/// A token as a person reads it.
///
/// A space at either end, or beside another space, is `·`, so that `" Tower"` and `"Tower"` can be told apart; a single
/// space between letters stays. A line feed is `⏎`, a tab `⇥`, a carriage return `␍`; any other character without a picture
/// is its number, `<0x07>` or `<U+200B>`. Nothing at all is `""`. Reading what was already made readable changes nothing.
///
/// # Example
/// ```
/// use mambascope_figure::readable;
/// assert_eq!(readable(" Tower"), "·Tower");
/// assert_eq!(readable("is\n\n"), "is⏎⏎");
/// assert_eq!(readable("New York"), "New York");
/// ```
pub fn readable(token: &str) -> String {
    if token.is_empty() {
        return "\"\"".to_owned();
    }
    let mut text = String::with_capacity(token.len() + 2);
    let mut before = ' ';
    let mut rest = token.chars().peekable();
    while let Some(character) = rest.next() {
        let after = rest.peek().copied().unwrap_or(' ');
        match character {
            ' ' if before == ' ' || after == ' ' => text.push(SPACE),
            '\n' => text.push('⏎'),
            '\t' => text.push('⇥'),
            '\r' => text.push('␍'),
            other => push_visible(&mut text, other),
        }
        before = character;
    }
    text
}

/// A token of bytes as a person reads it: as [`readable`], with bytes that are not UTF-8 as `<0xE2>`.
///
/// # Example
/// ```
/// use mambascope_figure::readable_bytes;
/// assert_eq!(readable_bytes(b" caf\xC3"), "·caf<0xC3>");
/// ```
pub fn readable_bytes(token: &[u8]) -> String {
    if token.is_empty() {
        return readable("");
    }
    let mut text = String::new();
    for chunk in token.utf8_chunks() {
        if !chunk.valid().is_empty() {
            text.push_str(&readable(chunk.valid()));
        }
        for byte in chunk.invalid() {
            push_formatted(&mut text, format_args!("<0x{byte:02X}>"));
        }
    }
    text
}

/// Prose that may be drawn: line breaks stay, tabs are spaces, other characters without a picture are their numbers.
pub(crate) fn printable(prose: &str) -> String {
    let mut text = String::with_capacity(prose.len());
    for character in prose.chars() {
        match character {
            '\n' => text.push('\n'),
            '\t' | '\r' => text.push(' '),
            other => push_visible(&mut text, other),
        }
    }
    text
}

fn push_visible(text: &mut String, character: char) {
    let point = u32::from(character);
    if character.is_ascii_control() {
        push_formatted(text, format_args!("<0x{point:02X}>"));
    } else if is_unseen(character) {
        push_formatted(text, format_args!("<U+{point:04X}>"));
    } else {
        text.push(character);
    }
}

fn push_formatted(text: &mut String, piece: std::fmt::Arguments<'_>) {
    text.write_fmt(piece).expect("writing to a String cannot fail");
}

/// Whether a character leaves no mark of its own, turns the direction of text, or is not allowed in XML.
///
/// The joiner U+200D and the variation selectors are not among them: they shape the emoji that they stand in.
fn is_unseen(character: char) -> bool {
    let point = u32::from(character);
    let is_space = character != ' ' && character.is_whitespace();
    let is_noncharacter = point & 0xFFFE == 0xFFFE || (0xFDD0..=0xFDEF).contains(&point);
    let is_format = matches!(
        point,
        0x00AD
            | 0x061C
            | 0x180E
            | 0x200B..=0x200C
            | 0x200E..=0x200F
            | 0x202A..=0x202E
            | 0x2060..=0x206F
            | 0xFEFF
            | 0xFFF9..=0xFFFB
            | 0xE0000..=0xE007F
    );
    character.is_control() || is_space || is_noncharacter || is_format
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tokens_are_told_apart() {
        assert_eq!(readable("Tower"), "Tower");
        assert_eq!(readable(" Tower "), "·Tower·");
        assert_eq!(readable("    return"), "····return");
        assert_eq!(readable("a  b c"), "a··b c");
        assert_eq!(readable("\r\n\t"), "␍⏎⇥");
        assert_eq!(
            readable("\0\u{7f}\u{85}\u{200b}\u{fffe}"),
            "<0x00><0x7F><U+0085><U+200B><U+FFFE>"
        );
        assert_eq!(readable(""), "\"\"");
        assert_eq!(readable("Москва"), "Москва");
        assert_eq!(readable_bytes(b"\xE2\x82"), "<0xE2><0x82>");
        assert_eq!(readable_bytes("·ñ".as_bytes()), "·ñ");
    }

    proptest! {
        #[test]
        fn reading_twice_is_reading_once(token in any::<String>()) {
            let once = readable(&token);
            prop_assert_eq!(readable(&once), once);
        }

        #[test]
        fn valid_bytes_read_as_their_text(token in any::<String>()) {
            prop_assert_eq!(readable_bytes(token.as_bytes()), readable(&token));
        }
    }
}
