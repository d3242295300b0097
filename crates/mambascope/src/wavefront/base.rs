//! The base rows: the clean run and the corrupted ones, whole prompts, one layer at a time.

use std::collections::BTreeMap;

use candle_core::Tensor;
use mambascope_model::{Keep, Network, Operations, Pass, Past, Ragged, RowTap, Site};

use super::cells::Entry;
use crate::Error;
use crate::check::{OtherPlace, Resolved};
use crate::elsewhere::Run;
use crate::plan::Direction;
use crate::watch::{Watch, stopped, unstopped};

/// The base rows between two layers, and all that the layer below remembers.
///
/// Run 0 is the clean one, run 1 the first corrupted sample; behind the last one come those whose values held lanes keep,
/// where they are others. A sample's target is the run that is patched, its source the run that values come from.
pub(super) struct Base<'a, O: Operations> {
    ragged: Ragged,
    /// The first row of each run.
    starts: Vec<usize>,
    /// How many corrupted runs are patched or give values.
    corrupted: usize,
    /// The token of each row in its run.
    tokens: Vec<usize>,
    direction: Direction,
    /// The source's token for each token of the target.
    align: &'a [usize],
    /// The residual stream before the layer.
    pub(super) before: O::Rows,
    /// The residual stream after the layer.
    pub(super) after: O::Rows,
    /// Where cells may start in the layer.
    pub(super) past: Option<Past<O>>,
    /// The sites of the layer that cells restore or start from.
    sites: BTreeMap<Site, O::Rows>,
}

impl<'a, O: Operations> Base<'a, O> {
    /// Base rows before the first layer.
    pub(super) fn begin(
        network: &Network<O>,
        plan: &'a Resolved,
        clean: &Tensor,
        (samples, held): (&[Tensor], &[Tensor]),
    ) -> Result<Self, Error> {
        let runs: Vec<&Tensor> = std::iter::once(clean).chain(samples).chain(held).collect();
        let lengths: Vec<usize> =
            runs.iter().map(|run| run.dim(0)).collect::<candle_core::Result<_>>()?;
        let rows = network.operations().upload(&Tensor::cat(&runs, 0)?)?;
        let ragged = Ragged::prompts(&lengths);
        Ok(Self {
            starts: ragged.spans().map(|(start, _)| start).collect(),
            corrupted: samples.len(),
            tokens: lengths.iter().flat_map(|&length| 0..length).collect(),
            direction: plan.direction,
            align: &plan.align,
            ragged,
            before: rows.clone(),
            sites: BTreeMap::from([(Site::Embed, rows.clone())]),
            after: rows,
            past: None,
        })
    }

    /// Number of rows.
    pub(super) const fn rows(&self) -> usize {
        self.ragged.rows()
    }

    /// The run and the token of a row.
    pub(super) fn place(&self, row: usize) -> (usize, usize) {
        let run = self.starts.partition_point(|start| *start <= row).saturating_sub(1);
        (run, self.tokens.get(row).copied().unwrap_or(row))
    }

    /// Number of tokens of a run.
    pub(super) fn length(&self, run: usize) -> usize {
        self.ragged.spans().nth(run).map_or(0, |(_, span)| span.length)
    }

    /// Number of samples.
    pub(super) fn samples(&self) -> usize {
        self.corrupted.max(1)
    }

    /// Number of tokens of the patched prompt.
    pub(super) const fn tokens(&self) -> usize {
        self.align.len()
    }

    /// The row of a token of the patched run.
    pub(super) fn target(&self, sample: usize, token: usize) -> usize {
        let corrupted = (1 + sample).min(self.corrupted);
        let run = if self.direction == Direction::Denoise { corrupted } else { 0 };
        self.starts[run] + token
    }

    /// The row whose values held lanes keep at a token of the patched run.
    pub(super) fn held(&self, sample: usize, token: usize) -> usize {
        let other = self.starts.get(1 + self.corrupted + sample);
        other.map_or_else(|| self.target(sample, token), |start| start + token)
    }

    /// The row that gives its values to a token of the patched run.
    pub(super) fn source(&self, sample: usize, token: usize) -> usize {
        let corrupted = (1 + sample).min(self.corrupted);
        let run = if self.direction == Direction::Denoise { 0 } else { corrupted };
        self.starts[run] + self.align[token]
    }

    /// The row that gives its values to a token of the patched run, where they may come from another place.
    pub(super) fn giving(&self, from: Option<&OtherPlace>, sample: usize, token: usize) -> usize {
        let Some(OtherPlace { run, token: other, .. }) = from else {
            return self.source(sample, token);
        };
        match (run, other, self.direction) {
            (Run::Clean, Some(other), _) => self.starts[0] + other,
            (Run::Clean, None, Direction::Denoise) => self.source(sample, token),
            (_, other, _) => self.target(sample, other.unwrap_or(token)),
        }
    }

    /// Goes through one layer; keeps these sites of it. Rows may be many, so the watcher is asked at each site.
    pub(super) fn climb(
        &mut self,
        network: &Network<O>,
        layer: usize,
        wanted: Vec<Site>,
        watch: &dyn Watch,
    ) -> Result<(), Error> {
        let pass = Pass { keep: Keep::States, ..Pass::over(&self.ragged) };
        let mut keeper = Keeper { wanted, kept: BTreeMap::new(), watch };
        let climbed = network.block(layer, &self.after, &pass, &mut keeper);
        let (after, past) = climbed.map_err(unstopped)?;
        self.before = std::mem::replace(&mut self.after, after);
        self.past = past;
        self.sites = keeper.kept;
        Ok(())
    }

    /// What the layer was at a site, in some rows.
    pub(super) fn at(
        &self,
        network: &Network<O>,
        layer: usize,
        site: Site,
        rows: &[usize],
    ) -> Result<O::Rows, Error> {
        match (site, &self.past) {
            (Site::State, Some(past)) => Ok(network.states(layer, past, rows)?),
            (Site::ConvState, Some(past)) => {
                let tokens: Vec<usize> = rows.iter().map(|&row| self.tokens[row]).collect();
                Ok(network.windows(layer, past, rows, &tokens)?)
            }
            _ => Ok(network.operations().gather(self.whole(layer, site)?, rows)?),
        }
    }

    /// What the layer was at a site that is kept whole.
    pub(super) fn whole(&self, layer: usize, site: Site) -> Result<&O::Rows, Error> {
        self.sites.get(&site).ok_or(Error::NotKept { site, layer })
    }

    /// Logits at the end of every run, the clean one first.
    pub(super) fn logits(&self, network: &Network<O>) -> Result<O::Rows, Error> {
        let last = network.operations().gather(&self.after, &self.ragged.last_rows())?;
        Ok(network.logits(&last)?)
    }
}

/// Of some sites those that a layer has to keep; states are kept with its past.
pub(super) fn to_keep_severed(sites: impl Iterator<Item = Site>) -> impl Iterator<Item = Site> {
    sites.filter(|site| !matches!(site, Site::Embed | Site::State | Site::ConvState))
}

/// The sites that a layer has to keep for cells that restore these.
pub(super) fn to_keep(restored: &[Site]) -> Vec<Site> {
    let mut wanted: Vec<Site> = to_keep_severed(restored.iter().copied()).collect();
    if Entry::of(restored) == Entry::ReadOut {
        wanted.extend([Site::ScanOut, Site::Gate]);
    }
    wanted
}

/// A tap that keeps rows.
struct Keeper<'a, O: Operations> {
    wanted: Vec<Site>,
    kept: BTreeMap<Site, O::Rows>,
    watch: &'a dyn Watch,
}

impl<O: Operations> RowTap<O> for Keeper<'_, O> {
    fn reaches(&mut self, _: Site) -> Result<(), mambascope_model::Error> {
        stopped(self.watch)
    }

    fn wants(&self, site: Site) -> bool {
        self.wanted.contains(&site)
    }

    fn visit(
        &mut self,
        site: Site,
        _: &O,
        rows: &mut O::Rows,
        _: &[usize],
    ) -> Result<(), mambascope_model::Error> {
        self.kept.insert(site, rows.clone());
        Ok(())
    }

    /// The base rows have the same bits whatever is kept of them, so that no cell depends on which others are asked for.
    fn only_looks(&self) -> bool {
        true
    }
}
