//! A plan: a trace as data, to be stored, compared, shown and run.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::at::{At, TokenSet, Window};
use crate::corrupt::Noise;

/// The version of plans that this library writes and reads.
pub const PLAN_VERSION: u32 = 1;

/// What the model reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// A text, to be tokenised.
    Text(String),
    /// Tokens, as they are.
    Ids(Vec<u32>),
}

impl From<&str> for Prompt {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Prompt {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Prompt {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Vec<u32>> for Prompt {
    fn from(ids: Vec<u32>) -> Self {
        Self::Ids(ids)
    }
}

impl From<&[u32]> for Prompt {
    fn from(ids: &[u32]) -> Self {
        Self::Ids(ids.to_vec())
    }
}

impl<const COUNT: usize> From<[u32; COUNT]> for Prompt {
    fn from(ids: [u32; COUNT]) -> Self {
        Self::Ids(ids.to_vec())
    }
}

/// Which tokens of the prompt are the subject.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The first run of capitalised words, by ROME's rule.
    #[default]
    Guess,
    /// The tokens that overlap the first occurrence of this text.
    Text(String),
    /// Tokens by number.
    Tokens(Range<usize>),
}

impl From<&str> for Subject {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Subject {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Range<usize>> for Subject {
    fn from(tokens: Range<usize>) -> Self {
        Self::Tokens(tokens)
    }
}

/// Whose probability is measured.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The clean run's most probable token.
    #[default]
    Predicted,
    /// A text of one token; the space before it may be left out.
    Text(String),
    /// A token.
    Token(u32),
}

impl From<&str> for Answer {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Answer {
    fn from(token: u32) -> Self {
        Self::Token(token)
    }
}

/// What is put back from the clean run, cell by cell: each token alone, each centre of layers alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restore {
    /// Which site, and which layers are centres.
    pub at: At,
    /// At which tokens.
    #[serde(default)]
    pub tokens: TokenSet,
    /// How many layers around each centre: 1 for the residual and the embedding, else 10, where not said.
    #[serde(default)]
    pub window: Option<Window>,
}

/// A trace as data.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let trace = Model::tiny().trace([1, 2, 3]).subject(0..1).restore(Site::MixerOut).window(3);
/// let text = trace.plan().to_json()?;
/// assert_eq!(&Plan::from_json(&text)?, trace.plan());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of this form.
    pub version: u32,
    /// What the model reads.
    pub prompt: Prompt,
    /// Which tokens are the subject.
    #[serde(default)]
    pub subject: Subject,
    /// Whose probability is measured.
    #[serde(default)]
    pub answer: Answer,
    /// What is done to the subject.
    #[serde(default)]
    pub corrupt: Noise,
    /// What is put back, if anything.
    #[serde(default)]
    pub restore: Option<Restore>,
}

impl Plan {
    /// A plan that corrupts the guessed subject by 3 sigmas and restores nothing.
    pub fn new(prompt: impl Into<Prompt>) -> Self {
        Self {
            version: PLAN_VERSION,
            prompt: prompt.into(),
            subject: Subject::default(),
            answer: Answer::default(),
            corrupt: Noise::default(),
            restore: None,
        }
    }

    /// The plan as JSON, one line.
    ///
    /// # Errors
    /// Never for a plan with finite numbers.
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|source| Error::Json { what: "plan", source })
    }

    /// Reads a plan from JSON.
    ///
    /// # Errors
    /// When the text is no plan, or one of another version.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let plan: Self =
            serde_json::from_str(text).map_err(|source| Error::Json { what: "plan", source })?;
        if plan.version == PLAN_VERSION {
            Ok(plan)
        } else {
            Err(Error::PlanVersion { found: plan.version, expected: PLAN_VERSION })
        }
    }

    /// SHA-256 of the plan, in hexadecimal digits: equal for equal plans.
    ///
    /// # Errors
    /// As [`Plan::to_json`].
    pub fn digest(&self) -> Result<String, Error> {
        let digest = Sha256::digest(self.to_json()?.as_bytes());
        let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        Ok(digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect())
    }
}
