//! How a block is run over ragged rows: what it starts from, what it keeps, how far it goes.

use crate::blind::Blind;
use crate::ops::{Keep, Operations};
use crate::tap::RowTap;
use crate::{Ragged, Site};

/// All that one layer remembers at every row of a pack: where later packs may start.
#[derive(Debug)]
pub struct Past<O: Operations> {
    /// The convolution's inputs, `[lead + rows, E]`.
    pub inputs: O::Rows,
    /// The scan's state after each row, `[rows, E, N]`.
    pub states: O::States,
    /// How many inputs lie before that of the first row.
    pub lead: usize,
    /// The gate before its curve, `[rows, E]`, where it is known for every row.
    pub gates: Option<O::Rows>,
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
    /// For each row, the row of the past that has the same residual stream, if there is one: its input projections are
    /// taken from there. Empty where there is none for any row.
    pub known: &'a [Option<usize>],
}

/// How many rows of a pass go through a block's larger projections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Projected {
    /// Through the projection into the convolution.
    pub inputs: usize,
    /// Through the projection into the gate.
    pub gates: usize,
    /// Through the projection back to the residual stream.
    pub outs: usize,
}

/// Rows of a past that have the residual stream of rows of a pass.
pub(crate) struct Known<'a, O: Operations> {
    pub(crate) past: &'a Past<O>,
    pub(crate) gates: &'a O::Rows,
    pub(crate) rows: &'a [Option<usize>],
}

impl<'a, O: Operations> Pass<'a, O> {
    /// Whole prompts, nothing kept.
    pub const fn over(ragged: &'a Ragged) -> Self {
        Self {
            ragged,
            past: None,
            keep: Keep::Nothing,
            reach: Reach::Every,
            stepping: Stepping::Every,
            known: &[],
            blind: None,
        }
    }

    /// The rows of the past that have the same residual stream, where they are of use: nobody must look at what comes
    /// before the projections.
    pub(crate) fn known_to(&self, tap: &dyn RowTap<O>) -> Option<Known<'_, O>> {
        let past = self.past.filter(|_| !self.known.is_empty())?;
        let gates = past.gates.as_ref()?;
        let seen = [Site::ResidIn, Site::NormOut].iter().any(|&site| tap.wants(site));
        (!seen).then_some(Known { past, gates, rows: self.known })
    }

    /// How many rows go through the projections.
    pub fn projected(&self, tap: &dyn RowTap<O>) -> Projected {
        let all = self.ragged.rows();
        let known = self.known_to(tap);
        let is_fresh = |row: usize| known.as_ref().is_none_or(|known| known.rows[row].is_none());
        let on = match self.reach {
            Reach::Every => (0..all).collect(),
            Reach::Last => self.ragged.last_rows(),
        };
        Projected {
            inputs: (0..all).filter(|&row| is_fresh(row)).count(),
            gates: on.iter().filter(|&&row| is_fresh(row)).count(),
            outs: on.len(),
        }
    }

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
