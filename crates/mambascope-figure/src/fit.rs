//! Text made to fit a room, whatever the room is measured in: pixels in a drawing, columns in a terminal.

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
    let half = (room - measure('…')).max(0.0) / 2.0;
    let head = within(text.chars(), half, measure);
    let tail = within(text.chars().rev(), half, measure);
    let tail: Vec<char> = tail.into_iter().rev().collect();
    head.into_iter().chain(['…']).chain(tail).collect()
}

fn within(text: impl Iterator<Item = char>, room: f64, measure: Measure<'_>) -> Vec<char> {
    let mut used = 0.0;
    text.take_while(|character| {
        used += measure(*character);
        used <= room
    })
    .collect()
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
