//! Groups of cell rows: cells that climb together, each only its tokens from the restored one on.

use std::ops::Range;

use mambascope_model::{
    Keep, Network, Operations, Pass, Projected, Ragged, Reach, RowTap as _, Site, Span, Stepping,
};

use super::acts::Acts;
use super::base::Base;
use super::blind::{self, Twin};
use super::cells::{Cell, Entry};
use super::fill::{Fills, Whose};
use super::map::Map;
use super::places::named;
use super::put::{Behind, Put, Putter};
use super::walk::Walk;
use super::work::Work;
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
    pub(super) rows: O::Rows,
    /// For each row, the base row that has the same residual stream; empty once the first layer is behind.
    known: Vec<Option<usize>>,
}

/// What all groups of a map have in common.
pub(super) struct Ground<'a, O: Operations> {
    pub(super) walk: &'a Walk<'a>,
    pub(super) network: &'a Network<O>,
    pub(super) base: &'a Base<'a, O>,
    /// Whose cells the groups have.
    pub(super) map: &'a Map<'a>,
    pub(super) layer: usize,
    /// Number of the walk's first sample, counted over all that are drawn.
    pub(super) first: usize,
    /// The base rows behind the layer that a fill names.
    pub(super) elsewhere: Option<&'a Behind<'a, O>>,
    /// What the layer remembers of the clean run without what cells do not see.
    pub(super) twin: Option<Twin<O>>,
}

impl<O: Operations> Ground<'_, O> {
    /// The groups of cells that start here: with the embeddings, or in this layer.
    pub(super) fn form(&self) -> Result<Vec<Group<O>>, Error> {
        let starts = |cell: &Cell| match cell.entry {
            Entry::Embeddings | Entry::Bottom => self.layer == 0,
            _ => cell.layers.start == self.layer,
        };
        let samples = self.base.samples();
        let owners = self
            .map
            .cells
            .iter()
            .enumerate()
            .filter(|(index, cell)| starts(cell) && self.map.trunks.leads(*index))
            .flat_map(|(cell, _)| (0..samples).map(move |sample| Owner { cell, sample }));
        let together = self.network.operations().rows_together();
        let (mut groups, mut some, mut rows) = (Vec::new(), Vec::new(), 0);
        let held = |owner: &Owner| self.map.acts.held_past(self.map.cells[owner.cell].token);
        for owner in owners {
            // Where one holds what another does not, all would be stepped through: what shares a group must not matter.
            if some.last().is_some_and(|last| held(last) != held(&owner)) {
                groups.push(std::mem::take(&mut some));
                rows = 0;
            }
            rows += self.base.tokens() - self.map.cells[owner.cell].token;
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
        let ragged = self.spans(&owners);
        let sources: Vec<usize> = owners
            .iter()
            .flat_map(|owner| {
                let tokens = self.map.cells[owner.cell].token..base.tokens();
                tokens.map(|token| base.target(owner.sample, token))
            })
            .collect();
        let entry = owners.first().map_or(Entry::After, |owner| self.map.cells[owner.cell].entry);
        let from = if entry.is_before() { &base.before } else { &base.after };
        let operations = self.network.operations();
        let mut rows = operations.gather(from, &sources)?;
        match entry {
            Entry::Bottom | Entry::Block => {}
            Entry::Embeddings | Entry::After => {
                let all: Vec<usize> = (0..ragged.rows()).collect();
                let site = if entry == Entry::After { Site::Resid } else { Site::Embed };
                let mut putter = self.putter(&owners, &rows_of(&ragged));
                let put = putter.visit(site, operations, &mut rows, &all).map_err(Error::from);
                put.map_err(|error| {
                    named(error, |row| self.walk.of_rows(self.map, &owners, &ragged, row))
                })?;
            }
            Entry::ReadOut => {
                let first = self.read_out(&owners)?;
                let firsts = ragged.spans().map(|(row, _)| row);
                let pairs: Vec<_> = firsts.enumerate().collect();
                operations.scatter(&first, &mut rows, &pairs)?;
            }
        }
        let known = self.known(&owners, &ragged, sources);
        Ok(Group { owners, ragged, rows, known })
    }

    /// Where each cell's rows begin, and what they follow.
    fn spans(&self, owners: &[Owner]) -> Ragged {
        let base = self.base;
        let span = |owner: &Owner| {
            let token = self.map.cells[owner.cell].token;
            let past = token.checked_sub(1).map(|before| base.target(owner.sample, before));
            Span { length: base.tokens() - token, token, past }
        };
        Ragged::new(owners.iter().map(span).collect())
    }

    /// The base rows that rows are as they set out: all but the restored token have the patched run's residual stream,
    /// and that has the giving run's where it is restored whole.
    fn known(&self, owners: &[Owner], ragged: &Ragged, sources: Vec<usize>) -> Vec<Option<usize>> {
        let mut known: Vec<Option<usize>> = sources.into_iter().map(Some).collect();
        let given = self.map.acts.give_residual();
        for (owner, (first, _)) in owners.iter().zip(ragged.spans()) {
            let cell = &self.map.cells[owner.cell];
            known[first] = match cell.entry {
                Entry::Bottom | Entry::Block => continue,
                Entry::After if given => Some(self.base.source(owner.sample, cell.token)),
                Entry::Embeddings | Entry::ReadOut | Entry::After => None,
            };
        }
        known
    }

    /// The cells that leave their trunks before this layer, as groups of their own.
    pub(super) fn fork(&self, groups: &[Group<O>]) -> Result<Vec<Group<O>>, Error> {
        let forked = groups.iter().map(|group| self.fork_of(group));
        Ok(forked.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    fn fork_of(&self, group: &Group<O>) -> Result<Option<Group<O>>, Error> {
        let (mut owners, mut rows) = (Vec::new(), Vec::new());
        for (owner, (start, span)) in group.owners.iter().zip(group.ragged.spans()) {
            for cell in self.map.trunks.leaving(self.map.cells, owner.cell, self.layer) {
                owners.push(Owner { cell, ..*owner });
                rows.extend(start..start + span.length);
            }
        }
        if owners.is_empty() {
            return Ok(None);
        }
        let known = match group.known.as_slice() {
            [] => Vec::new(),
            known => rows.iter().map(|&row| known[row]).collect(),
        };
        let ragged = self.spans(&owners);
        let rows = self.network.operations().gather(&group.rows, &rows)?;
        Ok(Some(Group { owners, ragged, rows, known }))
    }

    /// The restored tokens of cells that start inside this layer, from scan and gate to the residual stream.
    fn read_out(&self, owners: &[Owner]) -> Result<O::Rows, Error> {
        let (operations, base) = (self.network.operations(), self.base);
        let token = |owner: &Owner| self.map.cells[owner.cell].token;
        let targets: Vec<_> =
            owners.iter().map(|owner| base.target(owner.sample, token(owner))).collect();
        let scan_out = operations.gather(base.whole(self.layer, Site::ScanOut)?, &targets)?;
        let gate = operations.gather(base.whole(self.layer, Site::Gate)?, &targets)?;
        let before = operations.gather(&base.before, &targets)?;
        let places: Vec<Range<usize>> = (0..owners.len()).map(|place| place..place + 1).collect();
        let mut putter = self.putter(owners, &places);
        let read = self.network.read_out(self.layer, &before, scan_out, gate, &mut putter);
        read.map_err(|error| {
            let place = |row: usize| (token(&owners[row]), self.walk.cell(self.map, owners[row]));
            named(error.into(), place)
        })
    }

    /// A tap that puts in place what each cell has in this layer; `rows` are those of each span, the restored token
    /// first.
    fn putter(&self, owners: &[Owner], rows: &[Range<usize>]) -> Putter<'_, O> {
        let puts = match self.map.acts {
            Acts::Nothing => Vec::new(),
            Acts::Restores { grid, fills } => self.restores(grid, fills, owners, rows),
            Acts::Cuts(cuts) => {
                blind::means(self.base, cuts, self.map.cells, owners, rows, self.layer)
            }
        };
        Putter::new(self.network, self.base, self.layer, puts).elsewhere(self.elsewhere)
    }

    /// What each cell restores, and what is severed.
    fn restores<'b>(
        &self,
        grid: &'b Grid,
        fills: &'b Fills,
        owners: &[Owner],
        rows: &[Range<usize>],
    ) -> Vec<Put<'b>> {
        let restores =
            |cell: &Cell| cell.entry == Entry::Embeddings || cell.layers.contains(&self.layer);
        let from = grid.filling.from();
        let pairs = owners.iter().zip(rows).filter_map(|(owner, rows)| {
            let cell = &self.map.cells[owner.cell];
            let giving = || self.base.giving(from, owner.sample, cell.token);
            let whose = Whose { sample: self.first + owner.sample, token: cell.token };
            restores(cell).then(|| ((giving(), rows.start), whose))
        });
        let (pairs, whose): (Vec<(usize, usize)>, Vec<Whose>) = pairs.unzip();
        let severed = grid.severed.iter().filter(|severed| severed.layers.contains(&self.layer));
        let held =
            severed.map(|severed| Put::of(severed.site, None, self.held(severed, owners, rows)));
        let restored = grid.places.iter().map(|Place { site, columns }| Put {
            timing: grid.timing,
            columns: columns.as_deref(),
            whose: whose.clone(),
            ..Put::of(*site, Some(fills), pairs.clone())
        });
        restored.chain(held).collect()
    }

    /// The rows that a severed site holds, each with the base row that it keeps.
    fn held(
        &self,
        severed: &Severed,
        owners: &[Owner],
        rows: &[Range<usize>],
    ) -> Vec<(usize, usize)> {
        let of_span = |(owner, rows): (&Owner, &Range<usize>)| {
            let Owner { cell, sample } = *owner;
            let first = self.map.cells[cell].token;
            let tokens = severed.tokens.clone().unwrap_or(first..first + 1);
            let rows = rows.clone();
            (tokens.start.max(first)..tokens.end)
                .map(move |token| (self.base.held(sample, token), rows.start + token - first))
                .filter(move |(_, row)| rows.contains(row))
                .collect::<Vec<_>>()
        };
        owners.iter().zip(rows).flat_map(of_span).collect()
    }

    /// Whether some token past the restored one is held inside the scan or the convolution.
    fn holds_later(&self) -> bool {
        let Acts::Restores { grid, .. } = self.map.acts else { return false };
        grid.severed
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

    /// Whose rows they are, and where each begins.
    pub(super) fn spans_of(&self) -> (&[Owner], &Ragged) {
        (&self.owners, &self.ragged)
    }

    /// Whose the spans are, in order.
    pub(super) fn owners(&self) -> impl Iterator<Item = Owner> {
        self.owners.iter().copied()
    }

    /// Goes through one layer, restoring where a cell's window takes it in; returns the work.
    pub(super) fn climb(&mut self, ground: &Ground<'_, O>) -> Result<Work, Error> {
        let last = ground.layer + 1 == ground.network.layers();
        let reach = if last { Reach::Last } else { Reach::Every };
        let mut putter = ground.putter(&self.owners, &rows_of(&self.ragged));
        let stepping = if ground.holds_later() { Stepping::Every } else { Stepping::First };
        let cut = match (ground.map.acts, &ground.twin) {
            (Acts::Cuts(cuts), Some(twin)) => Some((cuts, twin)),
            _ => None,
        };
        let blinded = cut.map(|(cuts, twin)| {
            twin.blinded(cuts, ground.map.cells, &self.owners, &self.ragged, ground.layer)
        });
        let pass = Pass {
            ragged: &self.ragged,
            past: ground.base.past.as_ref(),
            keep: Keep::Nothing,
            reach,
            stepping,
            blind: cut
                .zip(blinded.as_ref())
                .and_then(|((cuts, twin), blinded)| blinded.lend(cuts, twin, ground.layer)),
            known: if ground.map.acts.look_before(ground.layer) { &[] } else { &self.known },
        };
        let Projected { inputs, gates, outs } = pass.projected(&putter);
        self.rows = ground.network.block(ground.layer, &self.rows, &pass, &mut putter)?.0;
        self.known.clear();
        Ok(Work { layer_steps: self.ragged.rows(), inputs, gates, outs, ..Work::default() })
    }
}
