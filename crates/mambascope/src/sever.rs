//! Severed lanes: sites held at what they are in the run that is patched, while another site is restored.

use std::fmt;

use mambascope_model::Site;
use serde::{Deserialize, Serialize};

use crate::at::{At, TokenSet};
use crate::trace::Trace;

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
#[serde(deny_unknown_fields)]
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

impl Trace {
    /// ROME's experiment with severed modules: the residual stream restored at the subject's last token, layer by layer,
    /// while what every block adds there stays corrupted.
    ///
    /// # Source
    /// `trace_with_repatch` in `experiments/causal_trace.py` of kmeng01/rome.
    pub fn severed_modules(&self) -> Self {
        self.path_blocking(Site::MixerOut).tokens(TokenSet::SubjectLast)
    }

    /// Path blocking: the residual stream restored, layer by layer, while a site (`ScanOut`, `Gate` or `MixerOut`) stays
    /// corrupted in all layers at the restored token.
    ///
    /// # Source
    /// Sharma, Atkinson and Bau 2024, arXiv 2404.03646; `scripts/path_blocking.py` of arnab-api/romba.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let noisy = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
    /// let blocked = noisy.path_blocking(Site::ScanOut).tokens(SubjectLast).run()?;
    /// let free = noisy.restore(..).tokens(SubjectLast).run()?;
    /// assert_ne!(blocked.score(2, 0), free.score(2, 0), "the scan brought part of it");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn path_blocking(&self, site: Site) -> Self {
        self.restore(Site::Resid).window(1).sever(site)
    }
}
