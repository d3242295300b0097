//! Groups of cell rows: cells that climb together, each only its tokens from the restored one on.

use std::ops::Range;

use mambascope_model::{
    Keep, Network, Operations, Pass, Ragged, Reach, RowTap as _, Site, Span, Stepping, Timing,
};

use super::base::Base;
use super::cells::{Cell, Entry};
use super::fill::Fills;
use super::head::Gauge;
use super::put::{Put, Putter};
use crate::Error;
use crate::check::{Grid, Place, Severed};

/// Whose rows a span is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    /// Index of the cell in the walk.
    pub(super) cell: usize,
    /// Number of the sample in the walk.
    pub(super) sample: usize,
}

/// Cell rows between two layers, as many as are best worked on together.
pub(super) struct Group<O: Operations> {
    owners: Vec<Owner>,
    ragged: Ragged,
    rows: O::Rows,
}

/// What all groups of a walk have in common.
pub(super) struct Ground<'a, O: Operations> {
    pub(super) network: &'a Network<O>,
    pub(super) base: &'a Base<'a, O>,
    pub(super) cells: &'a [Cell],
    pub(super) grid: &'a Grid,
    pub(super) layer: usize,
    pub(super) fills: &'a Fills,
}

impl<O: Operations> Ground<'_, O> {
    /// The groups of cells that start here: with the embeddings, or in this layer.
    pub(super) fn form(&self) -> Result<Vec<Group<O>>, Error> {
        let starts = |cell: &Cell| match cell.entry {
            Entry::Embeddings => self.layer == 0,
            _ => cell.layers.start == self.layer,
        };
        let samples = self.base.samples();
        let owners = self
            .cells
            .iter()
            .enumerate()
            .filter(|(_, cell)| starts(cell))
            .flat_map(|(cell, _)| (0..samples).map(move |sample| Owner { cell, sample }));
        let together = self.network.operations().rows_together();
        let (mut groups, mut some, mut rows) = (Vec::new(), Vec::new(), 0);
        for owner in owners {
            rows += self.base.tokens() - self.cells[owner.cell].token;
            some.push(owner);
            if rows >= together {
                groups.push(std::mem::take(&mut some));
                rows = 0;
            }
        }
        if !some.is_empty() {
            groups.push(some);
        }
        groups.into_iter().map(|owners| self.begin(owners)).collect()
    }

    fn begin(&self, owners: Vec<Owner>) -> Result<Group<O>, Error> {
        let base = self.base;
        let span = |owner: &Owner| {
            let token = self.cells[owner.cell].token;
            let past = token.checked_sub(1).map(|before| base.target(owner.sample, before));
            Span { length: base.tokens() - token, token, past }
        };
        let ragged = Ragged::new(owners.iter().map(span).collect());
        let sources: Vec<usize> = owners
            .iter()
            .flat_map(|owner| {
                let tokens = self.cells[owner.cell].token..base.tokens();
                tokens.map(|token| base.target(owner.sample, token))
            })
            .collect();
        let entry = Entry::of(&self.grid.sites());
        let from = if entry == Entry::Block { &base.before } else { &base.after };
        let operations = self.network.operations();
        let mut rows = operations.gather(from, &sources)?;
        match entry {
            Entry::Block => {}
            Entry::Embeddings | Entry::After => {
                let all: Vec<usize> = (0..ragged.rows()).collect();
                let site = if entry == Entry::After { Site::Resid } else { Site::Embed };
                self.putter(&owners, &rows_of(&ragged)).visit(site, operations, &mut rows, &all)?;
            }
            Entry::ReadOut => {
                let first = self.read_out(&owners)?;
                let firsts = ragged.spans().map(|(row, _)| row);
                let pairs: Vec<_> = firsts.enumerate().collect();
                operations.scatter(&first, &mut rows, &pairs)?;
            }
        }
        Ok(Group { owners, ragged, rows })
    }

    /// The restored tokens of cells that start inside this layer, from scan and gate to the residual stream.
    fn read_out(&self, owners: &[Owner]) -> Result<O::Rows, Error> {
        let (operations, base) = (self.network.operations(), self.base);
        let token = |owner: &Owner| self.cells[owner.cell].token;
        let targets: Vec<_> =
            owners.iter().map(|owner| base.target(owner.sample, token(owner))).collect();
        let scan_out = operations.gather(base.whole(self.layer, Site::ScanOut)?, &targets)?;
        let gate = operations.gather(base.whole(self.layer, Site::Gate)?, &targets)?;
        let before = operations.gather(&base.before, &targets)?;
        let places: Vec<Range<usize>> = (0..owners.len()).map(|place| place..place + 1).collect();
        let mut putter = self.putter(owners, &places);
        Ok(self.network.read_out(self.layer, &before, scan_out, gate, &mut putter)?)
    }

    /// A tap that restores what each cell restores in this layer, and holds what is severed; `rows` are those of each
    /// span, the restored token first.
    fn putter(&self, owners: &[Owner], rows: &[Range<usize>]) -> Putter<'_, O> {
        let restores =
            |cell: &Cell| cell.entry == Entry::Embeddings || cell.layers.contains(&self.layer);
        let pairs = owners.iter().zip(rows).filter_map(|(owner, rows)| {
            let cell = &self.cells[owner.cell];
            restores(cell).then(|| (self.base.source(owner.sample, cell.token), rows.start))
        });
        let pairs: Vec<(usize, usize)> = pairs.collect();
        let severed =
            self.grid.severed.iter().filter(|severed| severed.layers.contains(&self.layer));
        let held = severed.map(|severed| Put {
            site: severed.site,
            timing: Timing::ReadThrough,
            fills: None,
            columns: None,
            pairs: self.held(severed, owners, rows),
        });
        let restored = self.grid.places.iter().map(|Place { site, columns }| Put {
            site: *site,
            timing: self.grid.timing,
            fills: Some(self.fills),
            columns: columns.as_deref(),
            pairs: pairs.clone(),
        });
        let puts = restored.chain(held).collect();
        Putter::new(self.network, self.base, self.layer, puts)
    }

    /// The rows that a severed site holds, each with the row of the patched run that it keeps.
    fn held(
        &self,
        severed: &Severed,
        owners: &[Owner],
        rows: &[Range<usize>],
    ) -> Vec<(usize, usize)> {
        let of_span = |(owner, rows): (&Owner, &Range<usize>)| {
            let Owner { cell, sample } = *owner;
            let first = self.cells[cell].token;
            let tokens = severed.tokens.clone().unwrap_or(first..first + 1);
            let rows = rows.clone();
            (tokens.start.max(first)..tokens.end)
                .map(move |token| (self.base.target(sample, token), rows.start + token - first))
                .filter(move |(_, row)| rows.contains(row))
                .collect::<Vec<_>>()
        };
        owners.iter().zip(rows).flat_map(of_span).collect()
    }

    /// Whether some token past the restored one is held inside the scan or the convolution.
    fn holds_later(&self) -> bool {
        self.grid
            .severed
            .iter()
            .any(|severed| severed.tokens.is_some() && severed.layers.contains(&self.layer))
    }
}

/// The rows of each span.
fn rows_of(ragged: &Ragged) -> Vec<Range<usize>> {
    ragged.spans().map(|(start, span)| start..start + span.length).collect()
}

impl<O: Operations> Group<O> {
    /// Number of spans.
    pub(super) fn spans(&self) -> usize {
        self.owners.len()
    }

    /// Whose the spans are, in order.
    pub(super) fn owners(&self) -> impl Iterator<Item = Owner> {
        self.owners.iter().copied()
    }

    /// Goes through one layer, restoring where a cell's window takes it in; returns the layer-steps.
    pub(super) fn climb(&mut self, ground: &Ground<'_, O>) -> Result<usize, Error> {
        let last = ground.layer + 1 == ground.network.layers();
        let reach = if last { Reach::Last } else { Reach::Every };
        let mut putter = ground.putter(&self.owners, &rows_of(&self.ragged));
        let stepping = if ground.holds_later() { Stepping::Every } else { Stepping::First };
        let pass = Pass {
            ragged: &self.ragged,
            past: ground.base.past.as_ref(),
            keep: Keep::Nothing,
            reach,
            stepping,
        };
        self.rows = ground.network.block(ground.layer, &self.rows, &pass, &mut putter)?.0;
        Ok(self.ragged.rows())
    }
}

/// What the ends of the spans of some groups say.
pub(super) fn read<O: Operations>(
    network: &Network<O>,
    groups: &[Group<O>],
    gauge: &Gauge<'_>,
) -> Result<Vec<f64>, Error> {
    let operations = network.operations();
    let rows: Vec<_> = groups.iter().map(|group| group.rows.clone()).collect();
    gauge.read(operations, &network.logits(&operations.stack(&rows)?)?)
}
