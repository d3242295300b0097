//! Which subject is meant, where it is guessed or stands in the prompt several times.

use std::str::FromStr;

use clap::ValueEnum;
use mambascope::{Guess, Occurrence};

/// An occurrence: `2`, `first` or `all`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Which(pub(crate) Occurrence);

impl FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(match text.trim() {
            "all" => Occurrence::All,
            "first" => Occurrence::Number(1),
            number => match number.parse::<usize>() {
                Ok(number) if number > 0 => Occurrence::Number(number),
                _ => {
                    return Err(format!(
                        "`{text}` is no occurrence; write 1 for the first one, 2, or all"
                    ));
                }
            },
        }))
    }
}

/// How a subject is guessed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Rule {
    /// The longest run of capitalised words, and of equally long ones the last
    Names,
    /// ROME's rule: the first run of capitalised words, the sentence's first word included
    Rome,
}

impl From<Rule> for Guess {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::Names => Self::Names,
            Rule::Rome => Self::Rome,
        }
    }
}
