//! How a block is run over ragged rows: what it starts from, what it keeps, how far it goes.

use crate::Ragged;
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
}
