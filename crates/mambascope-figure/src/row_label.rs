//! A row's name, and whether it is of the subject.

use serde::{Deserialize, Serialize};

/// How a row stands out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// As any other.
    #[default]
    Plain,
    /// Of the subject: a `*` after the name.
    Subject,
}

/// What stands to the left of a row: its text, drawn as [`readable`](crate::readable) shows it, and its mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowLabel {
    /// The text as it is, for instance a token with its leading space.
    pub text: String,
    /// How the row stands out.
    #[serde(default)]
    pub mark: Mark,
}

impl RowLabel {
    /// A row as any other.
    pub fn plain(text: impl Into<String>) -> Self {
        RowLabel { text: text.into(), mark: Mark::Plain }
    }

    /// A row of the subject.
    pub fn subject(text: impl Into<String>) -> Self {
        RowLabel { text: text.into(), mark: Mark::Subject }
    }
}

impl From<&str> for RowLabel {
    fn from(text: &str) -> Self {
        RowLabel::plain(text)
    }
}

impl From<String> for RowLabel {
    fn from(text: String) -> Self {
        RowLabel::plain(text)
    }
}
