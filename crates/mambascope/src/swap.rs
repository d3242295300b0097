//! Counterfactuals: another subject in the prompt's place, or another prompt, and which token stands for which.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::plan::{Prompt, Subject};
use crate::random::RandomState;

/// Who takes the subject's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alternative {
    /// This one.
    Text(String),
    /// These tokens.
    Ids(Vec<u32>),
    /// One of the bundled facts: of the subject's relation, with another object, drawn by this seed.
    Drawn(u32),
}

impl From<&str> for Alternative {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Alternative {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u32>> for Alternative {
    fn from(ids: Vec<u32>) -> Self {
        Self::Ids(ids)
    }
}

impl<const COUNT: usize> From<[u32; COUNT]> for Alternative {
    fn from(ids: [u32; COUNT]) -> Self {
        Self::Ids(ids.to_vec())
    }
}

/// The same prompt about another subject; lengths may differ, nothing is padded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct Swap {
    /// Who takes the subject's place.
    pub swap: Alternative,
}

impl Swap {
    /// A subject of the same relation with another object, among the bundled facts.
    ///
    /// Facts of the first relation that holds the subject, in the file's order, without those of its object; of these
    /// the one at `floor(u count)` with `u` the first number of `RandomState(seed).uniform(0, 1)`.
    pub const fn drawn(seed: u32) -> Self {
        Self { swap: Alternative::Drawn(seed) }
    }
}

/// The same prompt about another subject.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..2).corrupt(swap([11, 3]));
/// let effects = trace.restore(..).run()?;
/// assert_eq!(effects.input_ids(), [5, 11, 3, 2, 7], "the run that is patched");
/// # Ok::<(), Error>(())
/// ```
pub fn swap(subject: impl Into<Alternative>) -> Swap {
    Swap { swap: subject.into() }
}

/// Another prompt altogether.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct Other {
    /// What it says.
    pub prompt: Prompt,
    /// Its subject.
    #[serde(default)]
    pub subject: Subject,
}

impl Other {
    /// Another prompt, its subject guessed as that of a trace is.
    pub fn new(prompt: impl Into<Prompt>) -> Self {
        Self { prompt: prompt.into(), subject: Subject::Guess }
    }

    /// Names its subject.
    pub fn subject(&self, subject: impl Into<Subject>) -> Self {
        Self { prompt: self.prompt.clone(), subject: subject.into() }
    }
}

impl From<&str> for Other {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// A prompt's length and subject: all that alignment reads.
#[derive(Debug, Clone)]
pub(crate) struct Roles {
    pub(crate) length: usize,
    /// Where the subject stands: in one place, or in several, in order.
    pub(crate) subjects: Vec<Range<usize>>,
}

impl Roles {
    /// What comes before the subject, the subject, what comes after it, and the last token; of a subject in several
    /// places what comes between them too.
    fn parts(&self) -> Vec<Range<usize>> {
        let last = self.length - 1;
        let (mut parts, mut before) = (Vec::new(), 0);
        for subject in &self.subjects {
            // A subject that ends the prompt keeps its last token as the prompt's last.
            let (start, inside) = (subject.start.min(last), subject.end.min(last));
            parts.extend([before..start, start..inside]);
            before = inside;
        }
        parts.extend([before..last, last..self.length]);
        parts
    }
}

/// For each token of `target`, the token of `source` that plays its part.
///
/// Parts of a prompt go to the same parts: what comes before the subject, the subject, the relation after it, the last
/// token. Within a part ends go to ends, and what lies between in proportion; of unequal parts, so, several tokens may
/// share one. A part that the source lacks goes to the nearest token before it.
pub(crate) fn align(target: &Roles, source: &Roles) -> Vec<usize> {
    let pairs = target.parts().into_iter().zip(source.parts());
    pairs
        .flat_map(|(from, to)| from.clone().map(move |token| counterpart(token, &from, &to)))
        .collect()
}

fn counterpart(token: usize, from: &Range<usize>, to: &Range<usize>) -> usize {
    if to.is_empty() {
        return to.start.saturating_sub(1);
    }
    match (from.len(), to.len()) {
        // One token carries what its whole part carries: it stands for the last.
        (1, count) => to.start + count - 1,
        (before, count) => {
            let (place, steps) = (token - from.start, before - 1);
            to.start + (place * (count - 1) * 2 + steps) / (2 * steps)
        }
    }
}

/// A subject of the same relation with another object; rows are relation, subject, object.
pub(crate) fn draw(facts: &[[String; 3]], subject: &str, seed: u32) -> Option<String> {
    let [relation, _, object] = facts.iter().find(|[_, other, _]| other == subject)?;
    let others: Vec<&String> = facts
        .iter()
        .filter(|[of, _, other]| of == relation && other != object)
        .map(|[_, other, _]| other)
        .collect();
    let place = RandomState::new(seed).uniform(0.0, 1.0, 1)[0] * others.len() as f64;
    others.get(place as usize).map(|&other| other.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aligned(target: (usize, Range<usize>), source: (usize, Range<usize>)) -> Vec<usize> {
        let roles = |(length, subject)| Roles { length, subjects: vec![subject] };
        align(&roles(target), &roles(source))
    }

    #[test]
    fn equal_prompts_are_aligned_token_by_token() {
        for subject in [0..1, 1..3, 0..5, 2..5, 4..5] {
            assert_eq!(aligned((5, subject.clone()), (5, subject)), [0, 1, 2, 3, 4]);
        }
    }

    #[test]
    fn ends_go_to_ends_and_the_middle_in_proportion() {
        assert_eq!(aligned((6, 1..4), (8, 1..6)), [0, 1, 3, 5, 6, 7]);
        assert_eq!(aligned((8, 1..6), (6, 1..4)), [0, 1, 2, 2, 3, 3, 4, 5]);
        assert_eq!(aligned((4, 1..2), (6, 1..4)), [0, 3, 4, 5]);
        assert_eq!(aligned((5, 2..4), (3, 0..2)), [0, 0, 0, 1, 2]);
    }

    #[test]
    fn a_subject_in_several_places_is_aligned_place_by_place() {
        let roles =
            |length, subjects: &[Range<usize>]| Roles { length, subjects: subjects.to_vec() };
        let (target, source) = (roles(6, &[1..2, 3..4]), roles(8, &[1..3, 4..6]));
        assert_eq!(align(&target, &source), [0, 2, 3, 5, 6, 7]);
        assert_eq!(align(&source, &target), [0, 1, 1, 2, 3, 3, 4, 5]);
        let ends = (roles(5, &[0..1, 4..5]), roles(6, &[0..1, 4..6]));
        assert_eq!(align(&ends.0, &ends.1), [0, 1, 2, 3, 5]);
    }

    #[test]
    fn a_drawn_subject_has_another_object() {
        let fact = |[relation, subject, object]: [&str; 3]| {
            [relation.to_owned(), subject.to_owned(), object.to_owned()]
        };
        let facts = [
            ["in", "Rome", "Italy"],
            ["in", "Milan", "Italy"],
            ["in", "Lyon", "France"],
            ["of", "Rome", "Empire"],
        ]
        .map(fact);
        assert_eq!(draw(&facts, "Milan", 7).as_deref(), Some("Lyon"));
        assert_eq!(draw(&facts, "Oslo", 7), None);
    }
}
