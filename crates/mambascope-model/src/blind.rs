//! Rows that are blind to others: what is cut, and what a layer is like without what they do not see.

use serde::{Deserialize, Serialize};

use crate::Ragged;
use crate::block::Past;
use crate::ops::Operations;

/// Through which lane tokens do not see others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lanes {
    /// Through neither: with one alone, the source still leaks through the other.
    #[default]
    Both,
    /// Through the scan.
    Scan,
    /// Through the convolution, which reaches K-1 tokens; in its window nothing takes the place of those not seen.
    Convolution,
}

impl Lanes {
    /// Whether the scan is cut.
    pub const fn scan(self) -> bool {
        matches!(self, Self::Both | Self::Scan)
    }

    /// Whether the convolution is cut.
    pub const fn convolution(self) -> bool {
        matches!(self, Self::Both | Self::Convolution)
    }
}

/// What of a source token the scan of a target does not see.
///
/// # Source
/// `knockout_scan.py` of nirendy/mamba-knockout: `ZERO_DELTA` and `ZERO_ATTENTION`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Removal {
    /// Neither its write nor its decay: the token might not be there.
    #[default]
    Invisible,
    /// Its write; the state still decays by its time step, which so goes on to depend on the token.
    Write,
}

/// What an invisible source does in the channels that are not cut.
///
/// # Source
/// `knockout_scan.py` of nirendy/mamba-knockout, whose features under a mask keep their write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// All that it does where nothing is cut.
    #[default]
    Whole,
    /// It writes, as published, but the state does not decay by its time step.
    Undecayed,
}

/// What of the sources is not seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unseen {
    /// Through which lanes.
    pub lanes: Lanes,
    /// What of them.
    pub removal: Removal,
    /// What they do in channels of the scan that are not cut.
    pub rest: Rest,
    /// The channels of the scan that are cut, ascending; all of them where none are named.
    pub channels: Option<Vec<usize>>,
}

/// Rows of a pack that go through convolution and scan as if others had never been there.
///
/// They alone see that; what is carried on to rows that are no targets stays as it is.
#[derive(Debug)]
pub struct Blind<'a, O: Operations> {
    /// Who is not seen, ascending.
    pub sources: &'a [usize],
    /// Who does not see, ascending.
    pub targets: &'a [usize],
    /// The spans of the pack, with their pasts in `past`.
    pub ragged: &'a Ragged,
    /// What the layer remembers where the sources never entered it.
    pub past: Option<&'a Past<O>>,
    /// What is not seen.
    pub unseen: &'a Unseen,
}

/// What convolution and scan of a layer read of some rows.
#[derive(Debug, Clone)]
pub struct LaneInputs<O: Operations> {
    /// The convolution's inputs, `[rows, E]`.
    pub inputs: O::Rows,
    /// The scan's inputs, `[rows, E]`.
    pub x: O::Rows,
    /// The time steps, `[rows, E]`.
    pub delta: O::Rows,
    /// The write map, `[rows, N]`.
    pub b: O::Rows,
    /// The read map, `[rows, N]`.
    pub c: O::Rows,
}
