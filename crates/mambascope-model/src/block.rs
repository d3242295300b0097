//! How a block is run over ragged rows: what it starts from, what it keeps, how far it goes.

use crate::Ragged;
use crate::blind::Blind;
use crate::ops::{Keep, Operations};

/// All that one layer remembers at every row of a pack: where later packs may start.
#[derive(Debug)]
pub struct Past<O: Operations> {
    /// The convolution's inputs, `[rows, E]`.
    pub inputs: O::Rows,
    /// The scan's state after each row, `[rows, E, N]`.
    pub states: O::States,
}

/// Which tokens of each span go on past the scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// All of them.
    Every,
    /// The last of each span: all that the answer needs of the last layer.
    Last,
}

/// At which tokens of each span a tap sees the inside of convolution and scan, where it wants it: their states, and
/// what the fused operations never write down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stepping {
    /// At every token, one after the other.
    Every,
    /// At the first token; the rest of the span runs fused from there.
    First,
}

/// How one block is run.
#[derive(Debug)]
pub struct Pass<'a, O: Operations> {
    /// The spans that the rows belong to.
    pub ragged: &'a Ragged,
    /// What the spans' `past` rows lie in.
    pub past: Option<&'a Past<O>>,
    /// Whether to hand back a past.
    pub keep: Keep,
    /// Which tokens go on.
    pub reach: Reach,
    /// At which tokens inner sites are seen; every one, where a past is kept.
    pub stepping: Stepping,
    /// Which rows do not see which; nobody is blind where nothing is said.
    pub blind: Option<Blind<'a, O>>,
}

impl<O: Operations> Pass<'_, O> {
    /// The rows at which inner sites are seen, in order.
    pub(crate) fn inner_rows(&self) -> Vec<usize> {
        if self.steps_all() {
            (0..self.ragged.rows()).collect()
        } else {
            self.ragged.spans().map(|(start, _)| start).collect()
        }
    }

    /// Whether inner sites are seen at every token.
    pub(crate) fn steps_all(&self) -> bool {
        self.stepping == Stepping::Every || self.keep == Keep::States
    }

    /// How many tokens are stepped through one after the other.
    pub(crate) fn places(&self) -> usize {
        let longest = self.ragged.spans().map(|(_, span)| span.length).max().unwrap_or(0);
        if self.steps_all() { longest } else { longest.min(1) }
    }
}
