//! Channels of a scan, ranked by how slowly they forget.

use std::fmt;

use candle_core::DType;
use mambascope_model::Model;
use serde::{Deserialize, Serialize};

use crate::Error;

/// In which channels the scan is cut, by how slowly they forget.
///
/// Channels are ranked, layer by layer, by the sum of `exp(-exp(A_log))` over their states, as mamba-knockout ranks features.
/// It names the third that is *not* cut: its slow decay is `Fastest(2.0 / 3.0)` here. A share is rounded to whole channels, to
/// one at least.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channels {
    /// In all of them.
    #[default]
    All,
    /// In this share of them, the slowest to forget.
    Slowest(f64),
    /// In this share of them, the fastest to forget.
    Fastest(f64),
}

impl Channels {
    /// The share that is cut.
    pub(super) const fn share(self) -> f64 {
        match self {
            Self::All => 1.0,
            Self::Slowest(share) | Self::Fastest(share) => share,
        }
    }

    /// The channels of a layer that are cut, ascending; none named where all are. At least one is.
    pub(super) fn of(self, model: &Model, layer: usize) -> Result<Option<Vec<usize>>, Error> {
        if self == Self::All {
            return Ok(None);
        }
        let kept = kept(model, layer)?;
        let mut order: Vec<usize> = (0..kept.len()).collect();
        order.sort_by(|&one, &other| kept[one].total_cmp(&kept[other]));
        if matches!(self, Self::Slowest(_)) {
            order.reverse();
        }
        order.truncate(((kept.len() as f64 * self.share()).round() as usize).max(1));
        order.sort_unstable();
        Ok(Some(order))
    }
}

/// How much each channel of a layer keeps at a time step of one, summed over its states.
fn kept(model: &Model, layer: usize) -> Result<Vec<f64>, Error> {
    let a_log = model.tensors().tensor(&format!("backbone.layers.{layer}.mixer.A_log"))?;
    Ok(a_log.to_dtype(DType::F64)?.exp()?.neg()?.exp()?.sum(1)?.to_vec1()?)
}

impl fmt::Display for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = 100.0 * self.share();
        match self {
            Self::All => write!(f, "all channels"),
            Self::Slowest(_) => write!(f, "the slowest {percent:.0}% of channels"),
            Self::Fastest(_) => write!(f, "the fastest {percent:.0}% of channels"),
        }
    }
}
