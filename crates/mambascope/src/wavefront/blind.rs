//! Cells that do not see some tokens: what their layer would remember without those, and which of their rows are blind.
//!
//! Where a cell begins, the tokens before it are the clean run's, whoever is knocked out; so what the layer remembers of
//! them without the sources is scanned once for all cells of the same sources, from what convolution and scan of the
//! clean run read.

use std::ops::Range;

use mambascope_model::{Blind, LaneInputs, Network, Operations, Past, Ragged, Site, Span};

use super::acts::{By, Cuts, Sight};
use super::base::Base;
use super::cells::Cell;
use super::group::Owner;
use super::put::Put;
use crate::Error;

/// What a layer remembers of the clean run where some tokens never entered it, for each set of sources.
pub(super) struct Twin<O: Operations> {
    /// Nothing, where all cells begin with the prompt.
    past: Option<Past<O>>,
    /// The sources, each set with the row of its first token.
    starts: Vec<(Range<usize>, usize)>,
}

impl<O: Operations> Twin<O> {
    /// Of a layer in which cells are cut; `None` of any other.
    pub(super) fn of(
        network: &Network<O>,
        base: &Base<'_, O>,
        cuts: &Cuts,
        cells: &[Cell],
        layer: usize,
    ) -> Result<Option<Self>, Error> {
        let By::Blindness(unseen) = &cuts.by else { return Ok(None) };
        let here: Vec<&Cell> = cells.iter().filter(|cell| cell.layers.contains(&layer)).collect();
        let Some(tokens) = here.iter().map(|cell| cell.token).max() else { return Ok(None) };
        let mut sets: Vec<Range<usize>> = Vec::new();
        for from in here.iter().map(|cell| &cuts.sight(cell).from) {
            if !sets.contains(from) {
                sets.push(from.clone());
            }
        }
        let starts = sets.into_iter().enumerate().map(|(index, from)| (from, index * tokens));
        let mut twin = Self { past: None, starts: starts.collect() };
        if tokens > 0 {
            let inputs = twin.inputs(network, base, layer, tokens)?;
            let ragged = Ragged::prompts(&vec![tokens; twin.starts.len()]);
            let sources: Vec<usize> = twin.sources(tokens).collect();
            twin.past = network.past_without(layer, inputs, &ragged, &sources, &unseen[layer])?;
        }
        Ok(Some(twin))
    }

    /// What the lanes of the clean run read of the first tokens, once for each set of sources.
    fn inputs(
        &self,
        network: &Network<O>,
        base: &Base<'_, O>,
        layer: usize,
        tokens: usize,
    ) -> Result<LaneInputs<O>, Error> {
        let once = (0..tokens).map(|token| base.target(0, token));
        let rows: Vec<usize> = self.starts.iter().flat_map(|_| once.clone()).collect();
        let gather = |rows_of: &O::Rows| network.operations().gather(rows_of, &rows);
        let kept = |site| Ok::<_, Error>(gather(base.whole(layer, site)?)?);
        let past = base.past.as_ref().ok_or(Error::NotKept { site: Site::ConvIn, layer })?;
        Ok(LaneInputs {
            inputs: gather(&past.inputs)?,
            x: kept(Site::ScanIn)?,
            delta: kept(Site::Delta)?,
            b: kept(Site::B)?,
            c: kept(Site::C)?,
        })
    }

    /// The rows of sources among the first tokens.
    fn sources(&self, tokens: usize) -> impl Iterator<Item = usize> {
        let of = move |(from, start): &(Range<usize>, usize)| {
            start + from.start.min(tokens)..start + from.end.min(tokens)
        };
        self.starts.iter().flat_map(of)
    }

    /// The row of a token where these sources never were.
    fn row(&self, from: &Range<usize>, token: usize) -> Option<usize> {
        self.starts.iter().find(|(sources, _)| sources == from).map(|(_, start)| start + token)
    }

    /// Which rows of a pack are blind to which.
    pub(super) fn blinded(
        &self,
        cuts: &Cuts,
        cells: &[Cell],
        owners: &[Owner],
        ragged: &Ragged,
        layer: usize,
    ) -> Blinded {
        let mut blinded = Blinded::default();
        let mut spans = Vec::with_capacity(owners.len());
        for (owner, (start, span)) in owners.iter().zip(ragged.spans()) {
            let cell = &cells[owner.cell];
            if !cell.layers.contains(&layer) {
                // Nobody reads what comes of it.
                spans.push(Span { token: 0, past: None, ..span });
                continue;
            }
            let Sight { from, to } = cuts.sight(cell);
            blinded.sources.extend(rows_within(from, start, span));
            blinded.targets.extend(rows_within(to, start, span));
            let past = span.token.checked_sub(1).and_then(|before| self.row(from, before));
            spans.push(Span { past, ..span });
        }
        blinded.ragged = Ragged::new(spans);
        blinded
    }

    /// What of a layer the blind rows of a pack have in place of its past.
    pub(super) const fn past(&self) -> Option<&Past<O>> {
        self.past.as_ref()
    }
}

/// Rows of a pack that do not see others of it.
#[derive(Debug, Default)]
pub(super) struct Blinded {
    sources: Vec<usize>,
    targets: Vec<usize>,
    ragged: Ragged,
}

impl Blinded {
    /// As a block reads it; nothing where nobody is blind.
    pub(super) fn lend<'a, O: Operations>(
        &'a self,
        cuts: &'a Cuts,
        twin: &'a Twin<O>,
        layer: usize,
    ) -> Option<Blind<'a, O>> {
        let By::Blindness(unseen) = &cuts.by else { return None };
        let Self { sources, targets, ragged } = self;
        let unseen = &unseen[layer];
        (!targets.is_empty()).then_some(Blind {
            sources,
            targets,
            ragged,
            past: twin.past(),
            unseen,
        })
    }
}

/// The rows of a span that are these tokens.
fn rows_within(tokens: &Range<usize>, start: usize, span: Span) -> Range<usize> {
    let place =
        |token: usize| start + token.clamp(span.token, span.token + span.length) - span.token;
    place(tokens.start)..place(tokens.end)
}

/// What goes over the convolution's inputs where tokens are knocked out by their mean; `rows` are those of each cell.
pub(super) fn means<'a, O: Operations>(
    base: &Base<'_, O>,
    cuts: &'a Cuts,
    cells: &[Cell],
    owners: &[Owner],
    rows: &[Range<usize>],
    layer: usize,
) -> Vec<Put<'a>> {
    let By::Mean(fills) = &cuts.by else { return Vec::new() };
    let (mut mean, mut held) = (Vec::new(), Vec::new());
    for (owner, rows) in owners.iter().zip(rows) {
        let cell = &cells[owner.cell];
        if !cell.layers.contains(&layer) {
            continue;
        }
        let Sight { from, to } = cuts.sight(cell);
        for (row, token) in rows.clone().zip(cell.token..) {
            let pair = (base.target(owner.sample, token), row);
            if from.contains(&token) {
                mean.push(pair);
            } else if !to.contains(&token) {
                held.push(pair);
            }
        }
    }
    vec![Put::of(Site::ConvIn, Some(fills), mean), Put::of(Site::ConvIn, None, held)]
}
