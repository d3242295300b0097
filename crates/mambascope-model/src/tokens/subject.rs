//! Which tokens of a prompt are its subject.

use std::ops::Range;

use super::closest::closest;
use super::{Encoded, Tokens};
use crate::error::Error;

/// The tokens of a prompt that are its subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The tokens that overlap the subject's first occurrence.
    pub tokens: Range<usize>,
    /// The range that ROME's program would take, where it is another; empty where that program
    /// would fail.
    pub rome: Option<Range<usize>>,
}

impl Tokens {
    /// The tokens that overlap the first occurrence of `subject` in `prompt`.
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
        let not_found = || Error::SubjectNotFound {
            subject: subject.to_owned(),
            prompt: prompt.to_owned(),
            closest: closest(prompt, subject),
        };
        let start = prompt.find(subject).ok_or_else(not_found)?;
        let encoded = self.encode(prompt)?;
        let tokens = overlapping(&encoded, start..start + subject.len());
        let tokens = tokens.ok_or_else(not_found)?;
        let rome = self.concatenated_range(&encoded.ids, subject)?;
        Ok(Subject { rome: Some(rome).filter(|rome| *rome != tokens), tokens })
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
