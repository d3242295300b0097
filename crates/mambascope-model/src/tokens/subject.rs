//! Which tokens of a prompt are its subject.

use std::ops::Range;

use super::alphabet::Alphabet;
use super::closest::closest;
use super::lookalike::{Found, difference, find};
use super::{Encoded, Tokens};
use crate::error::Error;

/// The tokens of a prompt that are its subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The tokens that overlap the subject's first occurrence.
    pub tokens: Range<usize>,
    /// The range that ROME's program would take, where it is another; empty where that program
    /// would fail. Asked of byte-level vocabularies alone, for which that program was written.
    pub rome: Option<Range<usize>>,
    /// How the prompt writes the subject, where that only looks like what was asked for.
    pub difference: Option<String>,
}

impl Tokens {
    /// The tokens that overlap the first occurrence of `subject` in `prompt`; where there is none, the one place that
    /// only looks like it: composed and decomposed letters, kinds of quotes, spaces and dashes, full-width letters.
    ///
    /// # Errors
    /// When the subject is empty or not in the prompt, with what resembles it most.
    ///
    /// # Source
    /// For [`Subject::rome`]: `find_token_range` in `experiments/causal_trace.py` of kmeng01/rome.
    pub fn subject_range(&self, prompt: &str, subject: &str) -> Result<Subject, Error> {
        if subject.is_empty() {
            return Err(Error::SubjectEmpty);
        }
        let not_found = || {
            let closest = closest(prompt, subject);
            let difference = closest.as_deref().and_then(|there| difference(there, subject));
            let (subject, prompt) = (subject.to_owned(), prompt.to_owned());
            Error::SubjectNotFound { subject, prompt, closest, difference }
        };
        let Found { place, difference } = find(prompt, subject).ok_or_else(not_found)?;
        let encoded = self.encode(prompt)?;
        let subject = &prompt[place.clone()];
        let tokens = overlapping(&encoded, place).ok_or_else(not_found)?;
        let tokens = self.without_space(&encoded.ids, tokens, subject);
        let rome = match self.inner.alphabet {
            Alphabet::Bytes => Some(self.concatenated_range(&encoded.ids, subject)?),
            _ => None,
        };
        Ok(Subject { rome: rome.filter(|rome| *rome != tokens), tokens, difference })
    }

    /// The range without a first token that is a space alone: where a tokenizer puts one before a text, its place is that
    /// of the first letter.
    pub(super) fn without_space(
        &self,
        ids: &[u32],
        tokens: Range<usize>,
        subject: &str,
    ) -> Range<usize> {
        let is_space = |id: &u32| self.readable(*id).chars().all(char::is_whitespace);
        let spaces = ids[tokens.clone()].iter().take_while(|id| is_space(id)).count();
        let beyond = !subject.starts_with(char::is_whitespace) && spaces < tokens.len();
        if beyond { tokens.start + spaces..tokens.end } else { tokens }
    }

    /// The subject's tokens by its place in the tokens' texts put one after another.
    fn concatenated_range(&self, ids: &[u32], subject: &str) -> Result<Range<usize>, Error> {
        let mut whole = String::new();
        let mut ends = Vec::with_capacity(ids.len());
        for id in ids {
            whole.push_str(&self.decode(&[*id])?);
            ends.push(whole.len());
        }
        let Some(start) = whole.find(subject) else { return Ok(0..0) };
        let end = start + subject.len();
        let first = ends.iter().position(|reached| *reached > start);
        let last = ends.iter().position(|reached| *reached >= end);
        Ok(first.zip(last).map_or(0..0, |(first, last)| first..last + 1))
    }
}

/// From the first token that shares a byte with `place` to the last.
pub(super) fn overlapping(encoded: &Encoded, place: Range<usize>) -> Option<Range<usize>> {
    let shares = |token: &Range<usize>| token.start.max(place.start) < token.end.min(place.end);
    let first = encoded.offsets.iter().position(shares)?;
    let last = encoded.offsets.iter().rposition(shares)?;
    Some(first..last + 1)
}
