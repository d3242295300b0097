//! A knock-out as data.

use std::fmt;

use mambascope_model::{Lanes, Removal, Rest};
use serde::{Deserialize, Serialize};

use super::Channels;
use crate::at::{Ends, Extent, TokenSet, Window};
use crate::plan::Prompt;

/// A knock-out as data: which tokens do not see which, in which layers.
///
/// A token that is both source and target does not see itself either, through the lanes that are cut; its direct path,
/// gate and residual remain.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let knock = Model::tiny().trace([5, 9, 2]).knock_out(0, Last, ..).window(3).knock().clone();
/// assert_eq!(knock.window, Some(Window::from(3)));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knock {
    /// Who does not see whom; each pair alone.
    pub pairs: Vec<Pair>,
    /// In which layers, all together; or the centres of windows.
    pub layers: Extent,
    /// How many layers around each centre; all of `layers` together where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Which windows there are at the ends of the model.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ends: Ends,
    /// Whether the sources of a pair are knocked out together.
    #[serde(default)]
    pub sources: Sources,
    /// Through which lanes.
    #[serde(default)]
    pub lanes: Lanes,
    /// What is not seen.
    #[serde(default)]
    pub removal: Removal,
    /// In which channels of the scan.
    #[serde(default)]
    pub channels: Channels,
    /// What invisible sources do in the other channels.
    #[serde(default)]
    pub rest: Rest,
    /// The prompts whose mean takes the place of the sources, where they are knocked out by their mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<Vec<Prompt>>,
}

impl Knock {
    /// One pair, through both lanes.
    pub(super) fn new(pair: Pair, layers: Extent) -> Self {
        Self {
            pairs: vec![pair],
            layers,
            window: None,
            ends: Ends::default(),
            sources: Sources::default(),
            lanes: Lanes::default(),
            removal: Removal::default(),
            channels: Channels::default(),
            rest: Rest::default(),
            mean: None,
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Sources, and the targets that do not see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Who is not seen.
    pub from: TokenSet,
    /// Who does not see.
    pub to: TokenSet,
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", name(self.from), name(self.to))
    }
}

/// Whether the sources of a pair are knocked out together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sources {
    /// All of them at once.
    #[default]
    Together,
    /// Each token alone, a row of scores each; those after all targets, which nobody could see, have no row.
    Each,
}

/// Tokens as one thing.
pub(super) fn name(tokens: TokenSet) -> String {
    match tokens {
        TokenSet::All => "all tokens".to_owned(),
        TokenSet::Subject => "subject".to_owned(),
        TokenSet::SubjectFirst => "subject's first token".to_owned(),
        TokenSet::SubjectLast => "subject's last token".to_owned(),
        TokenSet::Relation => "relation".to_owned(),
        TokenSet::Last => "last token".to_owned(),
        TokenSet::Range(extent) => match (extent.first, extent.end) {
            (Some(first), Some(end)) if end == first + 1 => format!("token {first}"),
            _ => format!("tokens {extent}"),
        },
    }
}
