//! Values of another place: of another token, another layer, of the patched run or the clean one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::at::TokenSet;
use crate::fill::Fill;

/// Whose value is put in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Run {
    /// The run that is patched, as it is where nothing is put in place.
    #[default]
    Patched,
    /// The clean run.
    Clean,
}

/// The same site elsewhere: at another token, in another layer, or both.
///
/// Where no token is named it is the patched one, or the clean run's token that plays its part; where no layer is named,
/// the layer that is patched. A state is that after the token.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Corruption::Nothing);
/// let swapped = trace.restore(Site::State).fill(Elsewhere::patched().token(SubjectFirst)).run()?;
/// assert!(swapped.score(3, 2).is_some());
/// let earlier = trace.restore((Site::Gate, 3)).fill(Elsewhere::clean().layer(1)).run()?;
/// assert!(earlier.score(3, 3).is_some());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct Elsewhere {
    /// In which run.
    #[serde(default)]
    pub run: Run,
    /// At which token of that run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenSet>,
    /// In which layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<usize>,
}

impl Elsewhere {
    /// Elsewhere in the run that is patched, as it is where nothing is put in place.
    pub const fn patched() -> Self {
        Self { run: Run::Patched, token: None, layer: None }
    }

    /// Elsewhere in the clean run.
    pub const fn clean() -> Self {
        Self { run: Run::Clean, token: None, layer: None }
    }

    /// At this token: a number, or a part of the prompt that is one token.
    pub fn token(&self, token: impl Into<TokenSet>) -> Self {
        Self { token: Some(token.into()), ..*self }
    }

    /// In this layer.
    ///
    /// # Cost
    /// The runs go up to that layer once more.
    pub const fn layer(&self, layer: usize) -> Self {
        Self { layer: Some(layer), ..*self }
    }
}

impl From<Elsewhere> for Fill {
    fn from(elsewhere: Elsewhere) -> Self {
        Self::Elsewhere(elsewhere)
    }
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = match self.run {
            Run::Patched => "the patched run",
            Run::Clean => "the clean run",
        };
        write!(f, "what {run} has")?;
        match self.token {
            Some(TokenSet::Range(extent)) => write!(f, " at token {extent}")?,
            Some(token) => write!(f, " at {token}")?,
            None => {}
        }
        self.layer.map_or(Ok(()), |layer| write!(f, " in layer {layer}"))
    }
}
