//! A subject that stands in its prompt in characters that only look alike: composed and decomposed letters, curly and
//! straight quotes, kinds of spaces and dashes, full-width letters.

use std::ops::Range;

use tokenizers::NormalizedString;
use tokenizers::normalizer::Range as Place;

/// Where a subject is in a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Its place, in bytes.
    pub(super) place: Range<usize>,
    /// How it is written there, where it is not as it was asked for.
    pub(super) difference: Option<String>,
}

/// The first occurrence of a subject; else the one place where it stands in characters that look alike.
pub(super) fn find(prompt: &str, subject: &str) -> Option<Found> {
    if let Some(start) = prompt.find(subject) {
        return Some(Found { place: start..start + subject.len(), difference: None });
    }
    let (whole, wanted) = (folded(prompt), folded(subject));
    let wanted = wanted.get();
    if wanted.trim().is_empty() {
        return None;
    }
    let place = |(start, _): (usize, &str)| {
        let place = whole.convert_offsets(Place::Normalized(start..start + wanted.len()))?;
        // A letter is not found in one that bears a mark.
        let text = prompt.get(place.clone())?;
        (folded(text).get() == wanted).then_some(place)
    };
    let mut places = whole.get().match_indices(wanted).filter_map(place);
    match (places.next(), places.next()) {
        (Some(place), None) => {
            let difference = difference(&prompt[place.clone()], subject);
            Some(Found { place, difference })
        }
        _ => None,
    }
}

/// The first difference between what a prompt has and what was asked for, as numbers of characters; none where they
/// differ in more than their look.
pub(super) fn difference(there: &str, asked: &str) -> Option<String> {
    let (there, asked): (Vec<char>, Vec<char>) = (there.chars().collect(), asked.chars().collect());
    let same = there.iter().zip(&asked).take_while(|(one, other)| one == other).count();
    let (there, asked) = (&there[same..], &asked[same..]);
    let alike = |&(here, other): &(usize, usize)| {
        let text = |letters: &[char], count| {
            letters
                .get(..count)
                .map(|letters| folded(&letters.iter().collect::<String>()).get().to_owned())
        };
        text(there, here).is_some_and(|here| text(asked, other) == Some(here))
    };
    let mut counts: Vec<(usize, usize)> =
        (0..=4).flat_map(|here| (0..=4).map(move |other| (here, other))).skip(1).collect();
    counts.sort_by_key(|(here, other)| here + other);
    let (here, other) = counts.into_iter().find(alike).or_else(|| foreign_letter(there, asked))?;
    Some(match (numbers(&there[..here]), numbers(&asked[..other])) {
        (here, other) if other.is_empty() => {
            format!("the prompt has {here}, which the subject lacks")
        }
        (here, other) if here.is_empty() => {
            format!("the subject has {other}, which the prompt lacks")
        }
        (here, other) => format!("the prompt has {here} where the subject has {other}"),
    })
}

/// One letter each where exactly one of the two is of ASCII: a letter of another script may look the same.
fn foreign_letter(there: &[char], asked: &[char]) -> Option<(usize, usize)> {
    let (here, other) = (there.first()?, asked.first()?);
    let is_other_script = here.is_ascii() != other.is_ascii() && there.len() == asked.len();
    (is_other_script && here.is_alphabetic() && other.is_alphabetic()).then_some((1, 1))
}

fn numbers(letters: &[char]) -> String {
    let number = |letter: &char| format!("U+{:04X}", u32::from(*letter));
    letters.iter().map(number).collect::<Vec<_>>().join(" ")
}

/// A text without the differences that cannot be seen.
fn folded(text: &str) -> NormalizedString {
    let mut folded = NormalizedString::from(text);
    folded.nfkd().filter(|letter| !is_invisible(letter)).map(plain);
    folded
}

fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fe0e}' | '\u{fe0f}'
    )
}

/// The plain one among signs that look alike.
fn plain(letter: char) -> char {
    match letter {
        '‘' | '’' | '‚' | '‛' | '′' | '‵' | 'ʼ' | 'ʹ' | '`' | '´' => '\'',
        '“' | '”' | '„' | '‟' | '″' | '‶' => '"',
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '⁃' | '﹘' => '-',
        '⁄' | '∕' => '/',
        other if other.is_whitespace() => ' ',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_look_alike_are_found_and_named() {
        for (there, asked, difference) in [
            ("Zürich", "Zu\u{308}rich", "U+00FC where the subject has U+0075 U+0308"),
            ("Zu\u{308}rich", "Zürich", "U+0075 U+0308 where the subject has U+00FC"),
            ("New\u{a0}York", "New York", "U+00A0 where the subject has U+0020"),
            ("O’Neal", "O'Neal", "U+2019 where the subject has U+0027"),
            ("“Yes”", "\"Yes\"", "U+201C where the subject has U+0022"),
            ("Ｔｏｋｙｏ", "Tokyo", "U+FF34 where the subject has U+0054"),
            ("Spider\u{2011}Man", "Spider-Man", "U+2011 where the subject has U+002D"),
            ("\u{fb01}nance", "finance", "U+FB01 where the subject has U+0066 U+0069"),
            ("Zero\u{200b}Width", "ZeroWidth", "U+200B, which the subject lacks"),
            (
                "Việt Nam",
                "Vie\u{323}\u{302}t Nam",
                "U+1EC7 where the subject has U+0065 U+0323 U+0302",
            ),
        ] {
            let prompt = format!("I like ☃ {there} most");
            let found = find(&prompt, asked).expect(asked);
            assert_eq!(&prompt[found.place], there);
            assert_eq!(found.difference, Some(format!("the prompt has {difference}")), "{asked}");
        }
    }

    #[test]
    fn what_differs_or_is_there_twice_is_not_found() {
        for (prompt, asked) in [
            ("Zürich is", "Zurich"),
            ("Zürich is", "Zu"),
            ("O’Neal and O`Neal", "O'Neal"),
            ("new york", "New York"),
            ("a b", "\u{200b}"),
            ("", "a"),
        ] {
            assert_eq!(find(prompt, asked), None, "{asked}");
        }
        let cyrillic = difference("Аpple", "Apple");
        assert_eq!(cyrillic.as_deref(), Some("the prompt has U+0410 where the subject has U+0041"));
        assert_eq!(difference("Berlin", "Boston"), None);
    }
}
