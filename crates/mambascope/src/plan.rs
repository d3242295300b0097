//! A plan: a trace as data, to be stored, compared, shown and run.

use std::ops::Range;

use mambascope_model::{Site, Timing};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::at::{At, Extent, TokenSet, Window};
use crate::corrupt::Corruption;
use crate::fill::Fill;
use crate::guess::Guess;
use crate::json::{self, Form};
use crate::metrics::Metric;
use crate::sever::{Sever, Stream};
use crate::until::Until;

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
    /// A guess by the rule of [`Guess::Names`].
    #[default]
    Guess,
    /// A guess by ROME's rule, [`Guess::Rome`].
    RomesGuess,
    /// The tokens that overlap this text: its first occurrence, or which the plan says.
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

impl From<Guess> for Subject {
    fn from(guess: Guess) -> Self {
        match guess {
            Guess::Names => Self::Guess,
            Guess::Rome => Self::RomesGuess,
        }
    }
}

/// Which occurrences of the subject's text are the subject, where it stands in the prompt several times.
///
/// # Source
/// The first one alone is what ROME's program takes: `find_token_range` in `experiments/causal_trace.py` of kmeng01/rome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occurrence {
    /// The first one.
    #[default]
    First,
    /// This one, counted from 1.
    Number(usize),
    /// All of them: each is corrupted, or swapped.
    All,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// Which site, and which layers are centres.
    pub at: At,
    /// At which tokens.
    #[serde(default)]
    pub tokens: TokenSet,
    /// How many layers around each centre: 1 for the residual, the embedding and the states, else 10, where not said.
    #[serde(default)]
    pub window: Option<Window>,
    /// Sites restored together with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Site>,
    /// When a restored state is read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub timing: Timing,
    /// Which channels are restored: of the inner width, or of the model's.
    #[serde(default, skip_serializing_if = "is_default")]
    pub channels: Extent,
    /// Which of the N numbers that a channel's state has.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dims: Extent,
    /// Which of the K inputs of a convolution's window, the oldest first and the token's own last.
    #[serde(default, skip_serializing_if = "is_default")]
    pub taps: Extent,
    /// What is put in place.
    #[serde(default, skip_serializing_if = "Fill::is_other_run")]
    pub fill: Fill,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Which run is patched with values of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The corrupted run, with values of the clean one: what suffices to bring the answer back.
    #[default]
    Denoise,
    /// The clean run, with values of the corrupted one: what is needed for the answer.
    Noise,
}

/// The tokens with which the tokenizer's template begins a text, such as `<s>` or `[CLS]`: put before the prompt, or left out.
///
/// It holds for every text of a plan; prompts that are tokens stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bos {
    /// They do not; a trace warns where there are any.
    #[default]
    Omitted,
    /// They do: they are the prompt's first tokens, and the subject's tokens are counted with them.
    Added,
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
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The version of this form.
    pub version: u32,
    /// What the model reads.
    pub prompt: Prompt,
    /// Which tokens are the subject.
    #[serde(default)]
    pub subject: Subject,
    /// Which occurrences of its text.
    #[serde(default, skip_serializing_if = "is_default")]
    pub occurrence: Occurrence,
    /// Whose probability is measured.
    #[serde(default)]
    pub answer: Answer,
    /// What is done to the subject.
    #[serde(default)]
    pub corrupt: Corruption,
    /// What is put back, if anything.
    #[serde(default)]
    pub restore: Option<Restore>,
    /// Which run is patched.
    #[serde(default, skip_serializing_if = "is_default")]
    pub direction: Direction,
    /// Pairs of a patched and a giving token, where roles do not say it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<(usize, usize)>,
    /// What is held as it is in the patched run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sever: Vec<Sever>,
    /// Which draws of the noise the runs have whose values severed lanes keep.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stream: Stream,
    /// What is measured beside p(answer).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// What the answer is told from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foil: Option<Answer>,
    /// How narrow intervals are to be; else as many samples are drawn as the noise says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    /// The tokenizer's own beginning, before the prompt or left out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bos: Bos,
}

impl Plan {
    /// A plan that corrupts the guessed subject by 3 sigmas and restores nothing.
    pub fn new(prompt: impl Into<Prompt>) -> Self {
        Self {
            version: PLAN_VERSION,
            prompt: prompt.into(),
            subject: Subject::default(),
            occurrence: Occurrence::default(),
            answer: Answer::default(),
            corrupt: Corruption::default(),
            restore: None,
            direction: Direction::default(),
            pairs: Vec::new(),
            sever: Vec::new(),
            stream: Stream::default(),
            metrics: Vec::new(),
            foil: None,
            until: None,
            bos: Bos::default(),
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
    /// A `null` is the same as a missing key: the default where there is one, else an error. One place has a meaning of its
    /// own: `"corrupt": null` is how a plan writes [`Corruption::Nothing`].
    ///
    /// # Errors
    /// When the text is no plan, or one of another version; when it holds a key that plans do not have, or one twice, two
    /// corruptions, or a value of another type: each is named by its path, with the nearest key.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let text = r#"{"version": 1, "prompt": {"ids": [1, 2, 3]}, "subjct": {"tokens": {"start": 0, "end": 1}}}"#;
    /// let error = Plan::from_json(text).expect_err("a misspelt key").to_string();
    /// assert!(error.contains("the key `subjct` is not known here"));
    /// assert!(error.contains("did you mean `subject`?"));
    /// ```
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let other = |found| {
            let expected = PLAN_VERSION;
            (found != expected).then_some(Error::PlanVersion { found, expected })
        };
        json::read(text, Form { what: "plan", version: Some(other), derived: &[] })
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
