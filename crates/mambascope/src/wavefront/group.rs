//! Groups of cell rows: cells that climb together, each only its tokens from the restored one on.

use mambascope_model::{
    Keep, Network, Operations, Pass, Ragged, Reach, RowTap, Site, Span, Stepping,
};

use super::base::Base;
use super::cells::Cell;
use crate::Error;

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

/// The groups of cells that start in a layer at a site, or with the embeddings where no layer is given.
pub(super) fn form<O: Operations>(
    network: &Network<O>,
    base: &Base<O>,
    cells: &[Cell],
    start: Option<(usize, Site)>,
) -> Result<Vec<Group<O>>, Error> {
    let starts = |cell: &Cell| start.is_none_or(|(layer, _)| cell.layers.start == layer);
    let owners = cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| starts(cell))
        .flat_map(|(cell, _)| (0..base.samples()).map(move |sample| Owner { cell, sample }));
    let together = network.operations().rows_together();
    let (mut groups, mut some, mut rows) = (Vec::new(), Vec::new(), 0);
    for owner in owners {
        rows += base.tokens() - cells[owner.cell].token;
        some.push(owner);
        if rows >= together {
            groups.push(std::mem::take(&mut some));
            rows = 0;
        }
    }
    if !some.is_empty() {
        groups.push(some);
    }
    groups.into_iter().map(|owners| Group::begin(network, base, cells, owners, start)).collect()
}

impl<O: Operations> Group<O> {
    fn begin(
        network: &Network<O>,
        base: &Base<O>,
        cells: &[Cell],
        owners: Vec<Owner>,
        start: Option<(usize, Site)>,
    ) -> Result<Self, Error> {
        let last_layer = start.is_some_and(|(layer, _)| layer + 1 == network.layers());
        let span = |owner: &Owner| {
            let token = cells[owner.cell].token;
            let past = token.checked_sub(1).map(|before| base.corrupted(owner.sample, before));
            Span { length: base.tokens() - token, token, past }
        };
        let ragged = Ragged::new(owners.iter().map(span).collect());
        debug_assert!(!last_layer || ragged.rows() == owners.len(), "only last tokens start there");
        let operations = network.operations();
        let mut sources = Vec::with_capacity(ragged.rows());
        for owner in &owners {
            let token = cells[owner.cell].token;
            sources.push(Base::<O>::clean(token));
            sources.extend(
                (token + 1..base.tokens()).map(|later| base.corrupted(owner.sample, later)),
            );
        }
        let mut rows = operations.gather(&base.after, &sources)?;
        if let Some((layer, site)) = start.filter(|(_, site)| *site != Site::Resid) {
            let first = read_out(network, base, cells, &owners, layer, site)?;
            let pairs: Vec<_> = ragged.spans().map(|(row, _)| row).enumerate().collect();
            operations.scatter(&first, &mut rows, &pairs)?;
        }
        Ok(Self { owners, ragged, rows })
    }

    /// Number of spans.
    pub(super) fn spans(&self) -> usize {
        self.owners.len()
    }

    /// Whose the spans are, in order.
    pub(super) fn owners(&self) -> impl Iterator<Item = Owner> {
        self.owners.iter().copied()
    }

    /// Goes through one layer, restoring where a cell's window takes it in; returns the layer-steps.
    pub(super) fn climb(
        &mut self,
        network: &Network<O>,
        base: &Base<O>,
        layer: usize,
        cells: &[Cell],
        site: Option<Site>,
    ) -> Result<usize, Error> {
        let last = layer + 1 == network.layers();
        let reach = if last { Reach::Last } else { Reach::Every };
        let restores = |cell: &Cell| cell.site != Site::Embed && cell.layers.contains(&layer);
        let pairs = self.ragged.spans().zip(&self.owners).enumerate().filter_map(
            |(index, ((row, span), owner))| {
                let cell = &cells[owner.cell];
                let seen = !last || span.length == 1;
                let target = if last { index } else { row };
                (restores(cell) && seen).then_some((Base::<O>::clean(cell.token), target))
            },
        );
        let mut restorer = Restorer::new(base, layer, site, pairs.collect())?;
        let pass = Pass {
            ragged: &self.ragged,
            past: base.past.as_ref(),
            keep: Keep::Nothing,
            reach,
            stepping: Stepping::First,
        };
        self.rows = network.block(layer, &self.rows, &pass, &mut restorer)?.0;
        Ok(self.ragged.rows())
    }
}

/// The restored tokens of cells that start inside a layer, from the corrupted scan and gate to the residual stream.
fn read_out<O: Operations>(
    network: &Network<O>,
    base: &Base<O>,
    cells: &[Cell],
    owners: &[Owner],
    layer: usize,
    site: Site,
) -> Result<O::Rows, Error> {
    let operations = network.operations();
    let token = |owner: &Owner| cells[owner.cell].token;
    let sources: Vec<_> =
        owners.iter().map(|owner| base.corrupted(owner.sample, token(owner))).collect();
    let scan_out = operations.gather(kept(base, layer, Site::ScanOut)?, &sources)?;
    let gate = operations.gather(kept(base, layer, Site::Gate)?, &sources)?;
    let before = operations.gather(&base.before, &sources)?;
    let pairs = owners.iter().enumerate();
    let pairs = pairs.map(|(target, owner)| (Base::<O>::clean(token(owner)), target)).collect();
    let mut restorer = Restorer::new(base, layer, Some(site), pairs)?;
    Ok(network.read_out(layer, &before, scan_out, gate, &mut restorer)?)
}

/// The probability of the answer at the end of each span of some groups.
pub(super) fn probabilities<O: Operations>(
    network: &Network<O>,
    groups: &[Group<O>],
    answer: u32,
) -> Result<Vec<f64>, Error> {
    let operations = network.operations();
    let rows: Vec<_> = groups.iter().map(|group| group.rows.clone()).collect();
    let logits = network.logits(&operations.stack(&rows)?)?;
    Ok(operations.probability(&logits, answer as usize)?)
}

/// A tap that puts clean rows over corrupted ones.
struct Restorer<'a, O: Operations> {
    /// The site and its clean rows, where there is anything to restore.
    clean: Option<(Site, &'a O::Rows)>,
    /// Each clean row, and the row that it goes over.
    pairs: Vec<(usize, usize)>,
}

impl<'a, O: Operations> Restorer<'a, O> {
    fn new(
        base: &'a Base<O>,
        layer: usize,
        site: Option<Site>,
        pairs: Vec<(usize, usize)>,
    ) -> Result<Self, Error> {
        let clean = match site.filter(|_| !pairs.is_empty()) {
            Some(site) => Some((site, kept(base, layer, site)?)),
            None => None,
        };
        Ok(Self { clean, pairs })
    }
}

fn kept<O: Operations>(base: &Base<O>, layer: usize, site: Site) -> Result<&O::Rows, Error> {
    base.sites.get(&site).ok_or(Error::NotKept { site, layer })
}

impl<O: Operations> RowTap<O> for Restorer<'_, O> {
    fn wants(&self, site: Site) -> bool {
        self.clean.is_some_and(|(restored, _)| restored == site)
    }

    fn visit(
        &mut self,
        _: Site,
        operations: &O,
        rows: &mut O::Rows,
        _: &[usize],
    ) -> Result<(), mambascope_model::Error> {
        match self.clean {
            Some((_, clean)) => operations.scatter(clean, rows, &self.pairs),
            None => Ok(()),
        }
    }
}
