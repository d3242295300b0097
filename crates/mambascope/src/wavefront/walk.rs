//! One walk up the layers.

use candle_core::Tensor;
use mambascope_model::{Config, Network, Operations, Program};
use rayon::prelude::*;

use super::acts::Acts;
use super::base::{self, Base};
use super::blind::Twin;
use super::cells::{Cell, Entry};
use super::group::{self, Ground, Group};
use super::head::Gauge;
use super::meter::Meter;
use super::put::Behind;
use super::sheet::Sheet;
use super::trunk::Trunks;
use super::work::Work;
use crate::Error;
use crate::check::Resolved;

/// One walk up the layers: some samples, some cells.
pub(super) struct Walk<'a> {
    pub(super) plan: &'a Resolved,
    pub(super) config: &'a Config,
    pub(super) clean: &'a Tensor,
    /// The corrupted runs.
    pub(super) runs: &'a [Tensor],
    /// Number of the first sample.
    pub(super) first: usize,
    pub(super) cells: &'a [Cell],
    pub(super) trunks: Trunks,
    pub(super) acts: Acts<'a>,
    pub(super) meter: &'a Meter<'a>,
}

pub(super) struct On<'a> {
    pub(super) walk: &'a Walk<'a>,
    pub(super) sheet: &'a mut Sheet,
}

impl Program for On<'_> {
    type Output = Result<(), Error>;

    fn run<O: Operations>(self, network: &Network<O>) -> Self::Output {
        self.walk.up(network, self.sheet)
    }
}

impl Walk<'_> {
    /// What the groups of a layer stand on.
    fn ground<'a, O: Operations>(
        &'a self,
        network: &'a Network<O>,
        base: &'a Base<'a, O>,
        layer: usize,
        elsewhere: Option<&'a Behind<'a, O>>,
    ) -> Result<Ground<'a, O>, Error> {
        let twin = match self.acts {
            Acts::Cuts(cuts) => Twin::of(network, base, cuts, self.cells, layer)?,
            Acts::Nothing | Acts::Restores { .. } => None,
        };
        let (cells, acts, trunks) = (self.cells, self.acts, &self.trunks);
        Ok(Ground { network, base, cells, acts, layer, trunks, elsewhere, twin })
    }

    /// The base rows behind the layer that a fill names; nothing where it names none.
    fn elsewhere<'a, O: Operations>(
        &'a self,
        network: &'a Network<O>,
        sheet: &mut Sheet,
    ) -> Result<Option<Behind<'a, O>>, Error> {
        let Some(grid) = &self.plan.grid else { return Ok(None) };
        let Some(layer) = grid.filling.layer() else { return Ok(None) };
        let mut base = Base::begin(network, self.plan, self.clean, self.runs)?;
        for below in 0..=layer {
            self.meter.check()?;
            let kept = if below == layer { base::to_keep(&grid.sites()) } else { Vec::new() };
            base.climb(network, below, kept)?;
            sheet.work.base_steps += base.rows();
        }
        Ok(Some(Behind { base, layer }))
    }

    fn up<O: Operations>(&self, network: &Network<O>, sheet: &mut Sheet) -> Result<(), Error> {
        let elsewhere = self.elsewhere(network, sheet)?;
        let elsewhere = elsewhere.as_ref();
        let mut base = Base::begin(network, self.plan, self.clean, self.runs)?;
        let entry = self.cells.first().map(|cell| cell.entry);
        let mut groups = Vec::new();
        if entry == Some(Entry::Embeddings) {
            groups = self.ground(network, &base, 0, elsewhere)?.form()?;
        }
        for layer in 0..network.layers() {
            self.meter.check()?;
            base.climb(network, layer, self.acts.kept(self.cells, layer))?;
            sheet.work.base_steps += base.rows();
            let ground = self.ground(network, &base, layer, elsewhere)?;
            if entry == Some(Entry::Block) {
                groups.extend(ground.form()?);
            }
            groups.extend(ground.fork(&groups)?);
            let climb = |group: &mut Group<O>| {
                self.meter.check()?;
                let work = group.climb(&ground)?;
                self.meter.advance(work.layer_steps);
                Ok::<Work, Error>(work)
            };
            let climbed = || groups.par_iter_mut().map(climb).collect::<Vec<_>>();
            for work in network.threads().run(climbed) {
                sheet.work += work?;
            }
            if matches!(entry, Some(Entry::ReadOut | Entry::After)) {
                let new = ground.form()?;
                if entry == Some(Entry::ReadOut) {
                    sheet.work.read_outs += new.iter().map(Group::spans).sum::<usize>();
                }
                groups.extend(new);
            }
        }
        self.read(network, &base, &groups, sheet)
    }

    /// Asks the head what the ends say of the answer.
    fn read<O: Operations>(
        &self,
        network: &Network<O>,
        base: &Base<'_, O>,
        groups: &[Group<O>],
        sheet: &mut Sheet,
    ) -> Result<(), Error> {
        let (operations, logits) = (network.operations(), base.logits(network)?);
        let known = self.config.known_vocabulary;
        let gauge = Gauge::new(operations, &logits, &self.plan.asked, known)?;
        sheet.base(&gauge, self.first, &gauge.read(operations, &logits)?);
        let together = operations.rows_together();
        let mut batches: Vec<&[Group<O>]> = Vec::new();
        let (mut start, mut rows) = (0, 0);
        for (index, group) in groups.iter().enumerate() {
            rows += group.spans();
            if rows >= together || index + 1 == groups.len() {
                batches.push(&groups[start..=index]);
                (start, rows) = (index + 1, 0);
            }
        }
        let read = |batch: &&[Group<O>]| group::read(network, batch, &gauge);
        let read: Vec<_> = network.threads().run(|| batches.par_iter().map(read).collect());
        let read: Vec<Vec<f64>> = read.into_iter().collect::<Result<_, Error>>()?;
        let numbers = read.iter().flat_map(|batch| batch.chunks_exact(gauge.width()));
        for (owner, numbers) in groups.iter().flat_map(Group::owners).zip(numbers) {
            for cell in self.trunks.sharing(self.cells, owner.cell) {
                sheet.cell(self.first + owner.sample, self.cells[cell].slot, numbers);
            }
            sheet.work.head_rows += 1;
        }
        Ok(())
    }
}
