//! The named places of a Mamba block, in the order that data travels.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Config, Error};

/// A place in the model where an activation can be seen, and restored or replaced.
///
/// With `u = norm(r)`, `[a, z] = in_proj(u)`, `x = silu(conv(a))`, `[dt_low, B, C] = x_proj(x)`,
/// `delta = softplus(dt_proj(dt_low))`, `h_t = exp(delta A) h_{t-1} + delta B x`, `s = h C + D x`, `g = silu(z)`,
/// `o = out_proj(s g)`, `r' = r + o`.
///
/// # Source
/// Gu and Dao 2023, section 3; names after MambaLens and the code of arXiv 2404.03646 are accepted by `FromStr`.
///
/// # Example
/// ```
/// use mambascope_model::Site;
/// assert_eq!("mixer_out".parse::<Site>()?, Site::MixerOut);
/// assert_eq!("hook_resid_post".parse::<Site>()?, Site::Resid);
/// assert_eq!(Site::ScanOut.to_string(), "scan_out");
/// # Ok::<(), mambascope_model::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Site {
    /// The token's embedding, `[D]`; before the first layer, so its layer is always 0.
    Embed,
    /// Output of the scan with the direct path, `s = h C + D x`, `[E]`.
    ScanOut,
    /// The gate after its activation, `g = silu(z)`, `[E]`.
    Gate,
    /// The gated scan output `s g`, the input of the last projection, `[E]`.
    Gated,
    /// What the block adds to the residual stream, `[D]`.
    MixerOut,
    /// The residual stream after the block, `[D]`.
    Resid,
}

impl Site {
    /// Every site, in the order that data travels.
    pub const ALL: [Self; 6] =
        [Self::Embed, Self::ScanOut, Self::Gate, Self::Gated, Self::MixerOut, Self::Resid];

    /// The name used in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Embed => "embed",
            Self::ScanOut => "scan_out",
            Self::Gate => "gate",
            Self::Gated => "gated",
            Self::MixerOut => "mixer_out",
            Self::Resid => "resid",
        }
    }

    /// What the site is called in a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Embed => "embedding",
            Self::ScanOut => "scan output",
            Self::Gate => "gate",
            Self::Gated => "gated scan output",
            Self::MixerOut => "mixer output",
            Self::Resid => "residual",
        }
    }

    /// Names of the same place in other programs: MambaLens first, then the code of arXiv 2404.03646.
    pub const fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Embed => &["hook_embed", "embedding"],
            Self::ScanOut => &["hook_ssm_output", "ssm_after_ssm"],
            Self::Gate => &["mlp_after_silu"],
            Self::Gated => &["hook_after_skip", "before_down_proj"],
            Self::MixerOut => &["hook_out_proj", "after_down_proj"],
            Self::Resid => &["hook_resid_post"],
        }
    }

    /// How many numbers the site holds for one token of a model of this shape.
    pub const fn width(self, config: &Config) -> usize {
        match self {
            Self::ScanOut | Self::Gate | Self::Gated => config.inner,
            Self::Embed | Self::MixerOut | Self::Resid => config.width,
        }
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
        Self::ALL
            .into_iter()
            .find(|site| same(site.name()) || site.aliases().contains(&plain.as_str()))
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
            for alias in site.aliases() {
                assert_eq!(alias.parse::<Site>().expect("alias"), site);
            }
        }
        assert_eq!("MixerOut".parse::<Site>().expect("camel case"), Site::MixerOut);
        assert!("mlp".parse::<Site>().is_err());
    }
}
