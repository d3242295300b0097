//! Every place where a subject stands in its prompt.

use std::ops::Range;

use super::Tokens;
use super::subject::overlapping;
use crate::error::Error;

/// One place where a text stands in a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// Where it stands, in bytes.
    pub place: Range<usize>,
    /// The tokens that overlap it.
    pub tokens: Range<usize>,
    /// The longer word that it is a part of, such as `Romeo` for `Rome`.
    pub word: Option<String>,
}

impl Tokens {
    /// Every place where `subject` stands in `prompt`, letter for letter, in order and apart from each other.
    ///
    /// # Errors
    /// When the tokenizer cannot represent the prompt.
    pub fn occurrences(&self, prompt: &str, subject: &str) -> Result<Vec<Occurrence>, Error> {
        if subject.is_empty() {
            return Ok(Vec::new());
        }
        let encoded = self.encode(prompt)?;
        let occurrence = |(start, text): (usize, &str)| {
            let place = start..start + text.len();
            let tokens = overlapping(&encoded, place.clone())?;
            let tokens = self.without_space(&encoded.ids, tokens, text);
            let word = longer_word(prompt, &place);
            Some(Occurrence { place, tokens, word })
        };
        Ok(prompt.match_indices(subject).filter_map(occurrence).collect())
    }
}

/// The word that a place is a part of, where it does not begin and end with it.
///
/// Only letters that have two cases, and digits, make words here: in scripts without spaces every name is inside a run
/// of letters.
fn longer_word(prompt: &str, place: &Range<usize>) -> Option<String> {
    let joins =
        |letter: char| letter.is_lowercase() || letter.is_uppercase() || letter.is_ascii_digit();
    let inside = &prompt[place.clone()];
    let (before, after) = (&prompt[..place.start], &prompt[place.end..]);
    let head = before.len() - before.trim_end_matches(joins).len();
    let tail = after.len() - after.trim_start_matches(joins).len();
    let head = if inside.starts_with(joins) { head } else { 0 };
    let tail = if inside.ends_with(joins) { tail } else { 0 };
    (head + tail > 0).then(|| prompt[place.start - head..place.end + tail].to_owned())
}
