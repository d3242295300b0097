//! The original project's traces of Mamba's recurrent caches, its order of operations and all.

use std::fmt;
use std::str::FromStr;

use mambascope_model::{Site, Timing};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::trace::Trace;

/// What the original project restores, as it names it.
///
/// It puts the state *after* a token in place *before* that token is processed, so that a restored token is seen twice,
/// and it does nothing at the first token: row 0 of its maps is blank. For comparing with its files; what is meant by
/// "restoring the state" is [`Timing::ReadThrough`] or [`Timing::CarryOnly`].
///
/// # Source
/// `trace_with_patch_mamba` in `experiments/causal_trace.py` of ajbailey4/mamba-causal-analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Original {
    /// `None`: the scan's state and the convolution's window.
    Both,
    /// `ssm_state`: the scan's state.
    SsmState,
    /// `conv_state`: the convolution's window.
    ConvState,
}

impl Original {
    /// The kind in its files.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Both => "None",
            Self::SsmState => "ssm_state",
            Self::ConvState => "conv_state",
        }
    }

    /// The kind of a restore of these sites in its order; `None` where it has no name for it.
    pub(crate) fn of(sites: &[Site], timing: Timing) -> Option<Self> {
        let has = |site| sites.contains(&site);
        match (sites.len(), has(Site::State), has(Site::ConvState)) {
            _ if timing != Timing::SeedCompat => None,
            (2, true, true) => Some(Self::Both),
            (1, true, false) => Some(Self::SsmState),
            (1, false, true) => Some(Self::ConvState),
            _ => None,
        }
    }
}

impl fmt::Display for Original {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.kind())
    }
}

impl FromStr for Original {
    type Err = Error;

    /// Reads a kind as the original project writes it.
    ///
    /// # Errors
    /// For anything else.
    fn from_str(text: &str) -> Result<Self, Error> {
        [Self::Both, Self::SsmState, Self::ConvState]
            .into_iter()
            .find(|kind| kind.kind().eq_ignore_ascii_case(text.trim()))
            .ok_or_else(|| Error::UnknownKind { name: text.to_owned() })
    }
}

impl Trace {
    /// Restores as the original project does: its kind, single layers, its order of operations.
    pub fn original(&self, kind: Original) -> Self {
        let site = if kind == Original::ConvState { Site::ConvState } else { Site::State };
        let layers = self.plan().restore.as_ref().map(|restore| restore.at.layers);
        let trace = self.restore((site, layers.unwrap_or_default()));
        let trace = trace.window(1).timing(Timing::SeedCompat);
        if kind == Original::Both { trace.and(Site::ConvState) } else { trace }
    }

    /// Restores scan and convolution together, for later tokens only: how much of the answer each layer's memory
    /// carries across the boundary behind each token.
    ///
    /// Behind the subject's last token all layers together carry all of it: with `.window(2 * layers + 1)` each score is
    /// the clean one.
    pub fn memory_boundary(&self) -> Self {
        self.restore(Site::State).and(Site::ConvState).window(1).timing(Timing::CarryOnly)
    }
}
