//! The named places of a Mamba block, in the order that data travels.

mod table;
mod unknown;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use self::table::Extents;
pub(crate) use self::unknown::{advice, timing_advice};
use crate::{Config, Error};

/// A place in the model where an activation can be seen, and restored or replaced.
///
/// With `u = norm(r)`, `[a, z] = in_proj(u)`, `c = conv(a)`, `x = silu(c)`, `[dt_low, B, C] = x_proj(x)`,
/// `delta = softplus(dt_proj(dt_low))`, `h_t = exp(delta A) h_{t-1} + delta B x`, `s = h C + D x`, `g = silu(z)`,
/// `o = out_proj(s g)`, `r' = r + o`. What replaces an activation is what the rest of the run goes on with, in this
/// token and all later ones, in this layer and all above it.
///
/// # Source
/// Gu and Dao 2023, section 3; names after MambaLens, the code of arXiv 2404.03646 and the original project are
/// accepted by `FromStr`.
///
/// # Example
/// ```
/// use mambascope_model::Site;
/// assert_eq!("mixer_out".parse::<Site>()?, Site::MixerOut);
/// assert_eq!("hook_resid_post".parse::<Site>()?, Site::Resid);
/// assert_eq!("ssm_state".parse::<Site>()?, Site::State);
/// assert_eq!(Site::ScanOut.to_string(), "scan_out");
/// # Ok::<(), mambascope_model::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Site {
    /// The token's embedding, `[D]`; before the first layer, so its layer is always 0.
    Embed,
    /// The residual stream before the block, `r`, `[D]`: what norm and skip both read.
    ResidIn,
    /// The block's input after its norm, `u`, `[D]`.
    NormOut,
    /// The half of the first projection that goes into the convolution, `a`, `[E]`.
    ConvIn,
    /// The other half, which becomes the gate, `z`, `[E]`.
    GateIn,
    /// The convolution's window: its last K inputs, the token's own last, zeros before the prompt, `[E, K]`.
    ConvState,
    /// After the convolution and its bias, `c`, `[E]`.
    ConvOut,
    /// What the scan reads, `x = silu(c)`, `[E]`.
    ScanIn,
    /// The time step before its second projection, `dt_low`, `[R]`.
    DeltaLow,
    /// The time step, `delta`, in the decay and in the write, `[E]`.
    Delta,
    /// The time step in the decay alone, `[E]`.
    DeltaDecay,
    /// The time step in the write alone, `[E]`.
    DeltaWrite,
    /// What the state is multiplied by, `exp(delta A)`, `[E, N]`.
    Decay,
    /// The write map, `B`, `[N]`.
    B,
    /// What the token adds to the state, `delta B x`, `[E, N]`.
    Write,
    /// The read map, `C`, `[N]`.
    C,
    /// The scan's state after the token's update, `h`, `[E, N]`.
    State,
    /// What the token reads from the state, `h C`, `[E]`.
    ScanRead,
    /// Output of the scan with the direct path, `s = h C + D x`, `[E]`.
    ScanOut,
    /// The gate after its activation, `g = silu(z)`, `[E]`.
    Gate,
    /// The gated scan output `s g`, the input of the last projection, `[E]`.
    Gated,
    /// What the block adds to the residual stream, `o`, `[D]`.
    MixerOut,
    /// The residual stream as the block's output is added to it, past the block, `[D]`.
    ResidSkip,
    /// The residual stream after the block, `r'`, `[D]`.
    Resid,
    /// The last residual after the final norm, `[D]`; above the last layer, so its layer is always 0.
    FinalNorm,
    /// The logits, `[V]`; above the last layer, so their layer is always 0.
    Logits,
}

impl Site {
    /// Every site, in the order that data travels.
    pub const ALL: [Self; 26] = [
        Self::Embed,
        Self::ResidIn,
        Self::NormOut,
        Self::ConvIn,
        Self::GateIn,
        Self::ConvState,
        Self::ConvOut,
        Self::ScanIn,
        Self::DeltaLow,
        Self::Delta,
        Self::DeltaDecay,
        Self::DeltaWrite,
        Self::Decay,
        Self::B,
        Self::Write,
        Self::C,
        Self::State,
        Self::ScanRead,
        Self::ScanOut,
        Self::Gate,
        Self::Gated,
        Self::MixerOut,
        Self::ResidSkip,
        Self::Resid,
        Self::FinalNorm,
        Self::Logits,
    ];

    /// The sites that a fused scan never writes down: where one is wanted the scan is stepped through, which rounds its
    /// sums elsewhere.
    pub const INSIDE_SCAN: [Self; 6] =
        [Self::DeltaDecay, Self::DeltaWrite, Self::Decay, Self::Write, Self::State, Self::ScanRead];

    /// The name used in files and on the command line.
    pub const fn name(self) -> &'static str {
        self.line().name
    }

    /// What the site is called in a sentence.
    pub const fn words(self) -> &'static str {
        self.line().words
    }

    /// Names of the same place in other programs: MambaLens, the code of arXiv 2404.03646, the original project.
    pub const fn aliases(self) -> &'static [&'static str] {
        self.line().aliases
    }

    /// How many numbers the site holds for one token of a model of this shape.
    pub fn width(self, config: &Config) -> usize {
        self.token_shape(config).iter().product()
    }

    /// The shape of the site for one token of a model of this shape: `[D]`, `[E]`, `[E, N]` and so on.
    pub fn token_shape(self, config: &Config) -> Vec<usize> {
        match self.line().extents {
            Extents::Width => vec![config.width],
            Extents::Inner => vec![config.inner],
            Extents::Window => vec![config.inner, config.convolution],
            Extents::Rank => vec![config.rank],
            Extents::State => vec![config.state],
            Extents::InnerState => vec![config.inner, config.state],
            Extents::Vocabulary => vec![config.vocabulary],
        }
    }

    /// In how many layers the site is found: one for the ends of the model, else all.
    pub const fn layers(self, config: &Config) -> usize {
        match self {
            Self::Embed | Self::FinalNorm | Self::Logits => 1,
            _ => config.layers,
        }
    }
}

/// When a replaced `State` or `ConvState` is read, by the token that it belongs to and by later ones.
///
/// # Source
/// The three conventions of published programs: read-through in MambaLens and mamba-interp, the original project's
/// order in `trace_with_patch_mamba` of ajbailey4/mamba-causal-analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// The state after the token is replaced, and the token itself reads what replaces it.
    #[default]
    ReadThrough,
    /// The state after the token is replaced, and only later tokens see that.
    CarryOnly,
    /// The token itself reads what replaces the state after it, and later tokens go on from the state as it was.
    ReadOnly,
    /// The state *before* the token is replaced, then the token is processed: a state that holds the token already gets
    /// it a second time. At the start of a prompt nothing happens. Only for comparing with the original project.
    SeedCompat,
}

impl Timing {
    /// The name used in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadThrough => "read_through",
            Self::CarryOnly => "carry_only",
            Self::ReadOnly => "read_only",
            Self::SeedCompat => "seed_compat",
        }
    }
}

impl FromStr for Timing {
    type Err = Error;

    /// Reads a timing's name.
    ///
    /// # Errors
    /// When no timing has that name; the error lists the names.
    fn from_str(text: &str) -> Result<Self, Error> {
        let plain = text.trim().to_ascii_lowercase().replace('-', "_");
        [Self::ReadThrough, Self::CarryOnly, Self::ReadOnly, Self::SeedCompat]
            .into_iter()
            .find(|timing| timing.name() == plain)
            .ok_or_else(|| Error::UnknownTiming { name: text.to_owned() })
    }
}

impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Site {
    type Err = Error;

    /// Reads a site's name, or a peer's name of it.
    ///
    /// # Errors
    /// When no site has that name; the error lists the names.
    fn from_str(text: &str) -> Result<Self, Error> {
        let plain = text.trim().to_ascii_lowercase().replace('-', "_");
        let same = |name: &str| name == plain || name.replace('_', "") == plain;
        let alias =
            |site: &Self| site.aliases().iter().any(|name| name.eq_ignore_ascii_case(&plain));
        Self::ALL
            .into_iter()
            .find(|site| same(site.name()) || alias(site))
            .ok_or_else(|| Error::UnknownSite { name: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_alias_reads_back() {
        for site in Site::ALL {
            assert_eq!(site.name().parse::<Site>().expect("own name"), site);
            let stored = serde_json::to_string(&site).expect("a text");
            assert_eq!(stored, format!("\"{}\"", site.name()));
            for alias in site.aliases() {
                assert_eq!(alias.parse::<Site>().expect("a peer's name"), site);
            }
        }
        assert_eq!("MixerOut".parse::<Site>().expect("as in Rust"), Site::MixerOut);
        assert_eq!("mixer-out".parse::<Site>().expect("as on a command line"), Site::MixerOut);
        assert!("mlp".parse::<Site>().is_err());
    }

    #[test]
    fn sites_are_listed_in_the_order_of_data() {
        assert!(Site::ALL.is_sorted());
    }
}
