//! Severed lanes: sites held at what they are in the run that is patched, while another site is restored.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::at::{At, TokenSet};

/// A site held at its value in the run that is patched.
///
/// The lanes of a block are sites: `ResidSkip` is the residual's skip, `ConvState` the convolution, `State` the scan,
/// `Gate` the gate, `MixerOut` all of the block. With `MixerOut` in all layers this is ROME's experiment with severed
/// modules, with `ScanOut`, `Gate` or `MixerOut` the path blocking of arXiv 2404.03646.
///
/// # Source
/// `trace_with_repatch` in `experiments/causal_trace.py` of kmeng01/rome; `scripts/path_blocking.py` of
/// arnab-api/romba.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sever {
    /// Which site, in which layers.
    pub at: At,
    /// At which tokens; those that a cell restores, where none are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<TokenSet>,
}

impl<A: Into<At>> From<A> for Sever {
    fn from(at: A) -> Self {
        Self { at: at.into(), tokens: None }
    }
}

impl fmt::Display for Sever {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of layers {}, ", self.at.site, self.at.layers)?;
        match self.tokens {
            None => write!(f, "where restored"),
            Some(tokens) => write!(f, "{tokens}"),
        }
    }
}
