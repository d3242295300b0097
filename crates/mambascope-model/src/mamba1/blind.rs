//! Convolution and scan where some rows do not see others: each runs once more without the sources, and the targets read
//! that.
//!
//! A row without its input is nothing to the convolution. To the scan, a row whose time step is zero neither decays nor
//! writes, and one whose `B` is zero decays alone.

use super::scan::put;
use super::{Block, Seer, Selected};
use crate::blind::{Blind, LaneInputs, Removal, Rest, Unseen};
use crate::block::{Pass, Past};
use crate::ops::{Keep, Operations, Selection};
use crate::tap::RowTap;
use crate::{Error, Ragged, Site};

/// The scan without some rows.
struct Without<'a, O: Operations> {
    sources: &'a [usize],
    ragged: &'a Ragged,
    past: Option<&'a Past<O>>,
    unseen: &'a Unseen,
    keep: Keep,
}

impl<O: Operations> Block<O> {
    /// Puts over the targets what the convolution is to them.
    pub(super) fn convolve_blind(
        &self,
        operations: &O,
        inputs: &O::Rows,
        blind: &Blind<'_, O>,
        out: &mut O::Rows,
    ) -> Result<(), Error> {
        if !blind.unseen.lanes.convolution() {
            return Ok(());
        }
        let inputs = zeroed(operations, inputs, blind.sources, self.inner)?;
        let past = blind.past.map(|past| &past.inputs);
        let without = operations.convolve(&inputs, past, blind.ragged, &self.convolution)?;
        put(operations, &operations.gather(&without, blind.targets)?, out, blind.targets)
    }

    /// Puts over the targets what the scan, with its direct path, is to them.
    pub(super) fn scan_blind(
        &self,
        operations: &O,
        x: &O::Rows,
        selected: &Selected<O>,
        blind: &Blind<'_, O>,
        out: &mut O::Rows,
    ) -> Result<(), Error> {
        if !blind.unseen.lanes.scan() {
            return Ok(());
        }
        let Blind { sources, ragged, past, unseen, targets } = *blind;
        let without = Without { sources, ragged, past, unseen, keep: Keep::Nothing };
        let (without, _) = self.scan_without(operations, x, selected, &without)?;
        let mut read = operations.gather(&without, targets)?;
        if let (Some(cut), Rest::Whole) = (&unseen.channels, unseen.rest) {
            let (cut, rest) = self.masks(operations, cut, targets.len())?;
            let seen = operations.gather(out, targets)?;
            let seen = operations.multiply(seen, &rest)?;
            read = operations.add(operations.multiply(read, &cut)?, &seen)?;
        }
        put(operations, &read, out, targets)
    }

    /// What a layer remembers of rows that never saw the sources among them.
    pub(crate) fn past_without(
        &self,
        operations: &O,
        of: LaneInputs<O>,
        ragged: &Ragged,
        sources: &[usize],
        unseen: &Unseen,
    ) -> Result<Option<Past<O>>, Error> {
        let LaneInputs { inputs, x, delta, b, c } = of;
        let selected = Selected { delta, b, c };
        let without = Without { sources, ragged, past: None, unseen, keep: Keep::States };
        let (_, states) = self.scan_without(operations, &x, &selected, &without)?;
        let inputs = zeroed(operations, &inputs, sources, self.inner)?;
        Ok(states.map(|states| Past { inputs, states, lead: 0, gates: None }))
    }

    fn scan_without(
        &self,
        operations: &O,
        x: &O::Rows,
        selected: &Selected<O>,
        without: &Without<'_, O>,
    ) -> Result<(O::Rows, Option<O::States>), Error> {
        let &Without { sources, ragged, past, unseen, keep } = without;
        let Selected { delta, b, c } = selected;
        let states = past.map(|past| &past.states);
        let scan = |delta: &O::Rows, b: &O::Rows| {
            let selection = Selection { delta, b, c };
            operations.scan(x, &selection, states, ragged, &self.decay, keep)
        };
        match (unseen.removal, unseen.rest, &unseen.channels) {
            (Removal::Write, ..) => scan(delta, &zeroed(operations, b, sources, self.state)?),
            (Removal::Invisible, Rest::Undecayed, Some(cut)) => {
                let (_, rest) = self.masks(operations, cut, sources.len())?;
                let mut tap = Undecayed { sources, rest: &rest, inner: self.inner };
                let all = ragged.rows();
                let pass = Pass { past, keep, ..Pass::over(ragged) };
                let mut see = Seer { operations, tap: &mut tap, all };
                self.stepped_scan(x, selected, &pass, &mut see)
            }
            (Removal::Invisible, ..) => scan(&zeroed(operations, delta, sources, self.inner)?, b),
        }
    }

    /// One in the channels that are cut and zero in the rest, and the reverse, `[rows, E]` each.
    fn masks(
        &self,
        operations: &O,
        cut: &[usize],
        rows: usize,
    ) -> Result<(O::Rows, O::Rows), Error> {
        let mask = |inside: f64| {
            let mut row = vec![1.0 - inside; self.inner];
            for &channel in cut {
                row[channel] = inside;
            }
            let row =
                candle_core::Tensor::from_vec(row, (1, self.inner), &candle_core::Device::Cpu)?;
            operations.upload(&row.broadcast_as((rows, self.inner))?.contiguous()?)
        };
        Ok((mask(1.0)?, mask(0.0)?))
    }
}

/// Rows with zeros at these places.
fn zeroed<O: Operations>(
    operations: &O,
    rows: &O::Rows,
    at: &[usize],
    columns: usize,
) -> Result<O::Rows, Error> {
    let mut rows = rows.clone();
    put(operations, &operations.zeros(at.len(), columns)?, &mut rows, at)?;
    Ok(rows)
}

/// Sources that decay nothing, and write where nothing is cut.
struct Undecayed<'a, O: Operations> {
    sources: &'a [usize],
    /// One in the channels that are not cut, `[sources, E]`.
    rest: &'a O::Rows,
    inner: usize,
}

impl<O: Operations> RowTap<O> for Undecayed<'_, O> {
    fn wants(&self, site: Site) -> bool {
        matches!(site, Site::DeltaDecay | Site::DeltaWrite)
    }

    fn visit(
        &mut self,
        site: Site,
        operations: &O,
        rows: &mut O::Rows,
        _: &[usize],
    ) -> Result<(), Error> {
        let steps = if site == Site::DeltaDecay {
            operations.zeros(self.sources.len(), self.inner)?
        } else {
            operations.multiply(operations.gather(rows, self.sources)?, self.rest)?
        };
        put(operations, &steps, rows, self.sources)
    }
}
