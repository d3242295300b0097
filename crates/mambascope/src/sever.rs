//! Severed lanes: sites held at what they are in the run that is patched, while another site is restored.

use std::fmt;

use mambascope_model::Site;
use serde::{Deserialize, Serialize};

use crate::at::{At, TokenSet};
use crate::trace::Trace;

/// A site held at its value in the run that is patched.
///
/// The lanes of a block are sites: `ResidSkip` is the residual's skip, `ConvState` the convolution, `State` the scan,
/// `Gate` the gate, `MixerOut` all of the block. With `MixerOut` in all layers this is the experiment with severed modules
/// ([`Stream`] names two forms of it), with `ScanOut`, `Gate` or `MixerOut` the path blocking of arXiv 2404.03646.
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

/// Which draws of the noise the runs have whose values severed lanes keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// The draws of the run that is patched: a lane is held as it is where nothing is restored.
    #[default]
    Same,
    /// ROME's: one generator draws for two passes and is not seeded again between them. The runs of the first pass give
    /// the values that lanes keep; those of the second one, which have the draws that follow, are patched. So even with
    /// nothing restored a lane is held at what it never was in the run at hand. The low score is that of the first draws,
    /// as in ROME's program, and cells before the subject have the score of the second ones.
    Rome,
}

impl Stream {
    /// The name used in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Rome => "rome",
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Trace {
    /// Severed modules: the residual stream restored at the subject's last token, layer by layer, while each block adds there
    /// what it adds in the corrupted run.
    ///
    /// This is our form of ROME's experiment: restored and held values belong to the same draws of noise. ROME's program
    /// holds values of other draws; `noisy.severed_modules().stream(Stream::Rome)` reproduces that ([`Stream::Rome`]).
    ///
    /// # Source
    /// `trace_with_repatch` in `experiments/causal_trace.py` of kmeng01/rome.
    ///
    /// # Example
    /// ```
    /// use mambascope::prelude::*;
    /// let noisy = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
    /// let ours = noisy.severed_modules().run()?;
    /// let rome = noisy.severed_modules().stream(Stream::Rome).run()?;
    /// assert_ne!(ours.score(2, 0), rome.score(2, 0));
    /// assert_eq!(ours.low(), rome.low(), "the low score is that of the first draws in both");
    /// # Ok::<(), Error>(())
    /// ```
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
