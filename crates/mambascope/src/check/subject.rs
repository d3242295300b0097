//! Where the subject stands in its prompt: found by its text, guessed, in one place or in several.

use std::ops::Range;

use mambascope_model::{Occurrence as Stands, Tokens};

use super::prompt::problem_of;
use super::{Problem, Said};
use crate::guess::{Guess, Guessed};
use crate::plan::Occurrence;

/// A prompt, and which occurrences of its subject are meant.
pub(super) struct Place<'a> {
    pub(super) tokens: &'a Tokens,
    pub(super) prompt: &'a str,
    /// How many tokens the tokenizer's template put before it.
    pub(super) begun: usize,
    pub(super) occurrence: Occurrence,
}

impl Place<'_> {
    /// The tokens of a guessed subject; what was guessed, and why, is said.
    pub(super) fn guessed(
        &self,
        guess: Guess,
        said: &mut Said,
    ) -> Result<Vec<Range<usize>>, Problem> {
        let Some(Guessed { text, start, why }) = guess.subject(self.prompt) else {
            return Err(Problem::new(
                format!(
                    "no subject is named, and `{}` has no capitalised word to guess it from",
                    self.prompt
                ),
                "name it: `.subject(\"Eiffel Tower\")`, or `--subject \"Eiffel Tower\"`",
            ));
        };
        said.notes.push(format!("subject: `{text}` (guessed: {why}; name it with --subject)"));
        said.captions.push(format!("Subject guessed: {text} ({why})."));
        self.of(&text, Some(start), said)
    }

    /// The tokens of a subject; `start` is where a guess found it.
    pub(super) fn of(
        &self,
        text: &str,
        start: Option<usize>,
        said: &mut Said,
    ) -> Result<Vec<Range<usize>>, Problem> {
        if text.trim().is_empty() {
            return Err(Problem::new(
                if text.is_empty() { "the subject is empty" } else { "the subject is blank" },
                "give the words of the prompt that name it, or leave the subject out, and it is guessed",
            ));
        }
        let error = |error: mambascope_model::Error| problem_of(&error);
        let found = self.tokens.subject_range(self.prompt, text).map_err(error)?;
        let mut places = self.tokens.occurrences(self.prompt, text).map_err(error)?;
        let after = |range: &Range<usize>| range.start + self.begun..range.end + self.begun;
        for one in &mut places {
            one.tokens = after(&one.tokens);
        }
        if let Some(difference) = found.difference {
            said.warnings.push(format!(
                "the subject `{text}` stands in the prompt in characters that only look like it: {difference}"
            ));
        }
        let first = start.and_then(|start| places.iter().position(|one| one.place.start == start));
        let chosen = self.chosen(text, places.len().max(1), first.unwrap_or(0))?;
        if places.is_empty() {
            return Ok(vec![after(&found.tokens)]);
        }
        if chosen.contains(&0)
            && let Some(rome) = found.rome
        {
            let Range { start, end } = found.tokens;
            said.warnings.push(format!(
                "the subject is tokens {start}..{end} by the tokenizer's offsets; ROME's program, which lays decoded \
                 tokens end to end, would take {}..{}",
                rome.start, rome.end
            ));
        }
        self.say(text, &places, &chosen, said);
        Ok(joined(chosen.iter().map(|&index| places[index].tokens.clone())))
    }

    /// Which occurrences are meant, by number from 0.
    fn chosen(&self, text: &str, count: usize, first: usize) -> Result<Vec<usize>, Problem> {
        match self.occurrence {
            Occurrence::First => Ok(vec![first]),
            Occurrence::All => Ok((0..count).collect()),
            Occurrence::Number(number) if (1..=count).contains(&number) => Ok(vec![number - 1]),
            Occurrence::Number(number) => {
                let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
                Err(Problem::new(
                    format!("occurrence {number} of `{text}`, which stands {times} in the prompt"),
                    if count == 1 {
                        "leave the occurrence out".to_owned()
                    } else {
                        format!(
                            "a number from 1 to {count}, such as `.occurrence({count})` or `--occurrence {count}`; or \
                             `.all_occurrences()`, `--occurrence all`"
                        )
                    },
                ))
            }
        }
    }

    /// Says what a reader should know of a subject that stands in several places, or inside a word.
    fn say(&self, text: &str, places: &[Stands], chosen: &[usize], said: &mut Said) {
        let count = places.len();
        let named: Vec<String> = places
            .iter()
            .map(|place| format!("{}..{}", place.tokens.start, place.tokens.end))
            .collect();
        if count > 1 {
            let named = named.join(", ");
            let caption = match (self.occurrence, chosen) {
                (Occurrence::First, [one]) => {
                    let only = if *one == 0 {
                        "the first".to_owned()
                    } else {
                        format!("number {}", one + 1)
                    };
                    said.warnings.push(format!(
                        "the subject `{text}` stands {count} times in the prompt, at tokens {named}: {only} alone is the \
                         subject; `.occurrence(2)` or `--occurrence 2` takes another one, `.all_occurrences()` or \
                         `--occurrence all` takes all"
                    ));
                    format!(
                        "The subject stands {count} times in the prompt; {only} alone is taken."
                    )
                }
                (Occurrence::All, _) => {
                    said.notes.push(format!("subject: all {count} occurrences, at tokens {named}"));
                    format!("All {count} occurrences of the subject are taken.")
                }
                (_, chosen) => {
                    let number = chosen.first().map_or(1, |one| one + 1);
                    said.notes.push(format!("subject: occurrence {number} of {count}"));
                    format!("Occurrence {number} of {count} of the subject is taken.")
                }
            };
            said.captions.push(caption);
        }
        for &index in chosen {
            if let Some(word) = &places[index].word {
                said.warnings.push(format!(
                    "the subject `{text}` at tokens {} is a part of the word `{word}`",
                    named[index]
                ));
            }
        }
    }
}

/// Ranges in order, those that share a token as one.
fn joined(ranges: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}
