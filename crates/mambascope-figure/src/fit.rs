//! Text made to fit a room, whatever the room is measured in: pixels in a drawing, columns in a terminal.

use crate::font::columns;

/// How wide a character is.
pub(crate) type Measure<'a> = &'a dyn Fn(char) -> f64;

/// How wide a text is.
pub(crate) fn width(text: &str, measure: Measure<'_>) -> f64 {
    text.chars().map(measure).sum()
}

/// The text, or its beginning and end around `…` where it is wider than `room`.
pub(crate) fn ellipsis(text: &str, room: f64, measure: Measure<'_>) -> String {
    if width(text, measure) <= room {
        return text.to_owned();
    }
    let whole = (room - measure('…')).max(0.0);
    let mut rest = whole / 2.0;
    let units = units(text);
    let mut head = within(units.iter().copied(), rest, measure);
    if head.is_empty() {
        // A first part wider than half the room is still the one to keep.
        head = within(units.iter().copied().take(1), whole, measure);
        rest = if head.is_empty() { rest } else { whole - width(&head.concat(), measure) };
    }
    let tail = within(units.iter().rev().copied(), rest, measure);
    head.into_iter().chain(["…"]).chain(tail.into_iter().rev()).collect()
}

fn within<'a>(
    units: impl Iterator<Item = &'a str>,
    room: f64,
    measure: Measure<'_>,
) -> Vec<&'a str> {
    let mut used = 0.0;
    units
        .take_while(|unit| {
            used += width(unit, measure);
            used <= room
        })
        .collect()
}

/// The parts of a text that no cut goes through: a letter with its marks, characters that are joined, the number of a
/// character or byte (`<U+4E2D>`, `<0xE2>`).
fn units(text: &str) -> Vec<&str> {
    let mut units = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = number_end(rest).unwrap_or_else(|| letter_end(rest));
        let (unit, after) = rest.split_at(end);
        units.push(unit);
        rest = after;
    }
    units
}

/// Where the first letter ends, with its marks and what is joined to it.
fn letter_end(text: &str) -> usize {
    const JOINER: char = '\u{200D}';
    let mut before = JOINER;
    let is_more = |(_, character): &(usize, char)| {
        let more = before == JOINER || columns(*character) == 0;
        before = *character;
        more
    };
    let letters = text.char_indices().take_while(is_more);
    letters.last().map_or(0, |(start, last)| start + last.len_utf8())
}

/// Where a number ends that the text begins with.
fn number_end(text: &str) -> Option<usize> {
    let digits = text.strip_prefix("<U+").or_else(|| text.strip_prefix("<0x"))?;
    let (digits, _) = digits.split_once('>')?;
    let is_number = digits.len() <= 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_number.then_some(digits.len() + 4)
}

/// The text in lines no wider than `room`, broken at spaces, and within a word where it alone is too wide.
///
/// A line break in the text is kept; no text is no line.
pub(crate) fn wrap(text: &str, room: f64, measure: Measure<'_>) -> Vec<String> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    text.trim().lines().flat_map(|line| wrap_line(line, room, measure)).collect()
}

fn wrap_line(text: &str, room: f64, measure: Measure<'_>) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0.0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let needed = width(word, measure);
        if used > 0.0 && used + measure(' ') + needed <= room {
            used += measure(' ');
            last(&mut lines).push(' ');
        } else if used > 0.0 {
            used = 0.0;
            lines.push(String::new());
        }
        for character in word.chars() {
            let step = measure(character);
            if used > 0.0 && used + step > room {
                used = 0.0;
                lines.push(String::new());
            }
            used += step;
            last(&mut lines).push(character);
        }
    }
    lines
}

fn last(lines: &mut [String]) -> &mut String {
    lines.last_mut().expect("the list of lines begins with one and only grows")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(_: char) -> f64 {
        1.0
    }

    #[test]
    fn middle_gives_way() {
        assert_eq!(ellipsis("internationalization", 9.0, &one), "inte…tion");
        assert_eq!(ellipsis("short", 9.0, &one), "short");
        assert_eq!(ellipsis("short", 0.0, &one), "…");
        // No number and no letter with its marks is cut.
        assert_eq!(ellipsis("ab<U+4E2D><U+56FD>c", 13.0, &one), "ab…c");
        assert_eq!(ellipsis("a<0xE2>bcdef<U+1F642>", 20.0, &one), "a<0xE2>bc…<U+1F642>");
        assert_eq!(ellipsis("<U+4E2D><U+56FD>ab", 12.0, &one), "<U+4E2D>…ab");
        assert_eq!(ellipsis("xe\u{301}yyyyyy", 5.0, &one), "x…yy");
        assert_eq!(ellipsis("x👩\u{200d}👧yyyyyy", 5.0, &one), "x…yy");
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("one two three", 7.0, &one), ["one two", "three"]);
        assert_eq!(wrap("one\n\ntwo", 7.0, &one), ["one", "", "two"]);
        assert_eq!(wrap("a unbreakable", 5.0, &one), ["a", "unbre", "akabl", "e"]);
        assert_eq!(wrap(" \n ", 5.0, &one), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_room(text in any::<String>(), room in 1.0f64..40.0) {
            prop_assert!(width(&ellipsis(&text, room, &one), &one) <= room);
            for line in wrap(&text, room, &one) {
                prop_assert!(width(&line, &one) <= room);
            }
        }

        #[test]
        fn wrapping_loses_only_spaces(text in "[a-z ]{0,60}", room in 1.0f64..20.0) {
            let kept = wrap(&text, room, &one).concat().replace(' ', "");
            prop_assert_eq!(kept, text.replace(' ', ""));
        }
    }
}
