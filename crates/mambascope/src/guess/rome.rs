//! ROME's guess of a prompt's subject: its first run of capitalised words.
//!
//! # Source
//! kmeng01/rome, `experiments/causal_trace.py`, `guess_subject`: the first match of
//!
//! ```text
//! (?!Wh(o|at|ere|en|ich|y) )([A-Z]\S*)(\s[A-Z][a-z']*)*
//! ```
//!
//! The pattern needs no backtracking: after the first capital every part takes what it can and
//! nothing follows that could refuse. A match may begin inside a word ("iPod" gives "Pod"), and a
//! later word ends at its second capital.

/// The words that begin a question, each with the space that must follow for them to be passed
/// over.
const QUESTIONS: [&str; 6] = ["Who ", "What ", "Where ", "When ", "Which ", "Why "];

/// What ROME would take for the subject of `prompt`; nothing when no capital of ASCII is left to
/// begin with.
pub(super) fn first_capitals(prompt: &str) -> Option<String> {
    let start = prompt.char_indices().map(|(index, _)| &prompt[index..]).find(|rest| {
        rest.starts_with(is_capital) && !QUESTIONS.iter().any(|question| rest.starts_with(question))
    })?;
    let mut end = first_word(start);
    while let Some(length) = next_word(&start[end..]) {
        end += length;
    }
    Some(start[..end].to_owned())
}

/// Length of `[A-Z]\S*` at the start of `text`, which begins with a capital.
fn first_word(text: &str) -> usize {
    text.find(is_space).unwrap_or(text.len())
}

/// Length of `\s[A-Z][a-z']*` at the start of `text`, if it is there.
fn next_word(text: &str) -> Option<usize> {
    let word = text.strip_prefix(is_space)?;
    let tail = word.strip_prefix(is_capital)?;
    let rest =
        tail.trim_start_matches(|letter: char| letter.is_ascii_lowercase() || letter == '\'');
    Some(text.len() - rest.len())
}

fn is_capital(letter: char) -> bool {
    letter.is_ascii_uppercase()
}

/// Whether Python's `\s` matches: Unicode's white space and the four separators of ASCII.
fn is_space(letter: char) -> bool {
    letter.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&letter)
}

#[cfg(test)]
mod tests {
    use super::{first_capitals, is_space};

    /// Prompts and `re.search(pattern, prompt)[0].strip()` of Python 3.11.
    const GUESSES: [(&str, Option<&str>); 24] = [
        ("The Eiffel Tower is in the city of", Some("The Eiffel Tower")),
        ("Where is the Eiffel Tower located? Paris", Some("Eiffel Tower")),
        ("What language does Angela Merkel speak", Some("Angela Merkel")),
        ("Who", Some("Who")),
        ("What Who is", None),
        ("no capital here", None),
        ("", None),
        ("iPhone 5S was made by Apple", Some("Phone")),
        ("the iPod Classic's maker", Some("Pod Classic's")),
        ("Beats Music is owned by", Some("Beats Music")),
        ("Shaquille O'Neal plays the sport of", Some("Shaquille O'")),
        ("New  York is", Some("New")),
        ("the town of\u{a0}San\u{a0}Jose is", Some("San\u{a0}Jose")),
        ("BBC Radio 4 Extra airs", Some("BBC Radio")),
        ("Why Wh W", Some("Wh W")),
        ("Which Mount Everest", Some("Mount Everest")),
        ("\u{c9}mile Zola wrote", Some("Zola")),
        ("mcDonald's Big Mac, Inc", Some("Donald's Big Mac")),
        ("X\u{1c}York\u{1c}Town", Some("X\u{1c}York\u{1c}Town")),
        ("Tim's USA Today", Some("Tim's U")),
        ("WhWho The Who sang", Some("WhWho The Who")),
        ("When \nWhen", Some("When")),
        ("a\u{2028}Bc\u{2028}De f", Some("Bc\u{2028}De")),
        ("Vladimir PUTIN Jr. is", Some("Vladimir P")),
    ];

    #[test]
    fn guesses_equal_pythons() {
        for (prompt, expected) in GUESSES {
            assert_eq!(first_capitals(prompt).as_deref(), expected, "{prompt:?}");
        }
    }

    /// Every character that Python 3.11's `\s` matches.
    const SPACES: [char; 29] = [
        '\t', '\n', '\u{b}', '\u{c}', '\r', '\u{1c}', '\u{1d}', '\u{1e}', '\u{1f}', ' ', '\u{85}',
        '\u{a0}', '\u{1680}', '\u{2000}', '\u{2001}', '\u{2002}', '\u{2003}', '\u{2004}',
        '\u{2005}', '\u{2006}', '\u{2007}', '\u{2008}', '\u{2009}', '\u{200a}', '\u{2028}',
        '\u{2029}', '\u{202f}', '\u{205f}', '\u{3000}',
    ];

    #[test]
    fn spaces_are_pythons() {
        let spaces: Vec<char> = ('\0'..=char::MAX).filter(|letter| is_space(*letter)).collect();
        assert_eq!(spaces, SPACES);
    }
}
