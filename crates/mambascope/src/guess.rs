//! Guesses of a prompt's subject, each with the reason for it.

mod names;
mod rome;

/// A rule by which a subject is guessed where none is named.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let prompt = "The capital of France is";
/// assert_eq!(Guess::Names.subject(prompt).expect("a name").text, "France");
/// assert_eq!(Guess::Rome.subject(prompt).expect("a capital").text, "The");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Guess {
    /// The prompt's longest name, and of equally long ones the last.
    ///
    /// A name is a run of words that begin with a capital, with the numbers beside them (`Yakuza 2`) and the small words
    /// between them (`of the`, `van`, `de la`, `and`). A possessive `'s`, and punctuation but for the dots of `F.C.`, end it.
    /// A quoted title is a name. A function word that begins the sentence is none (`In Rome`), but for an article before a
    /// name (`The Hague`), and any other single word that begins the sentence is one only where there is no other name
    /// (`Books describe Vincent van Gogh`).
    #[default]
    Names,
    /// ROME's rule: the first run of words in capitals, the sentence's first word included.
    ///
    /// # Source
    /// `guess_subject` in `experiments/causal_trace.py` of kmeng01/rome.
    Rome,
}

/// What was guessed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guessed {
    /// The subject, as it stands in the prompt.
    pub text: String,
    /// Where in the prompt it begins, in bytes.
    pub start: usize,
    /// The reason, such as `the only name`.
    pub why: &'static str,
}

impl Guess {
    /// The subject of a prompt by this rule; `None` where it finds none.
    pub fn subject(self, prompt: &str) -> Option<Guessed> {
        match self {
            Self::Names => names::longest_name(prompt),
            Self::Rome => {
                let text = rome::first_capitals(prompt)?;
                let start = prompt.find(&text)?;
                Some(Guessed {
                    text,
                    start,
                    why: "ROME's rule: the first run of capitalised words",
                })
            }
        }
    }
}
