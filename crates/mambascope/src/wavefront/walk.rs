//! One walk up the layers.

use std::collections::BTreeSet;

use candle_core::Tensor;
use mambascope_model::{Config, Network, Operations, Program, Site};
use rayon::prelude::*;

use super::acts::Acts;
use super::base::{self, Base};
use super::blind::Twin;
use super::cells::Entry;
use super::ends;
use super::group::{Ground, Group, Owner};
use super::head::Gauge;
use super::map::Map;
use super::meter::Meter;
use super::places::named;
use super::put::Behind;
use super::sheet::Sheet;
use super::work::Work;
use crate::Error;
use crate::check::Resolved;

/// One walk up the layers: some samples, some cells of each map.
pub(super) struct Walk<'a> {
    /// A plan whose runs are those of all maps.
    pub(super) plan: &'a Resolved,
    pub(super) config: &'a Config,
    pub(super) clean: &'a Tensor,
    /// The corrupted runs.
    pub(super) runs: &'a [Tensor],
    /// The runs whose values held lanes keep, where they are others.
    pub(super) held: &'a [Tensor],
    /// Number of the first sample.
    pub(super) first: usize,
    /// How many samples were drawn before those that are numbered.
    pub(super) before: usize,
    pub(super) maps: Vec<Map<'a>>,
    pub(super) meter: &'a Meter<'a>,
}

/// A walk, and a sheet for each of its maps; gives the work on the base rows, which is nobody's own.
pub(super) struct On<'a> {
    pub(super) walk: &'a Walk<'a>,
    pub(super) sheets: &'a mut [Sheet],
}

impl Program for On<'_> {
    type Output = Result<Work, Error>;

    fn run<O: Operations>(self, network: &Network<O>) -> Self::Output {
        self.walk.up(network, self.sheets)
    }
}

impl Walk<'_> {
    fn base<O: Operations>(&self, network: &Network<O>) -> Result<Base<'_, O>, Error> {
        Base::begin(network, self.plan, self.clean, (self.runs, self.held))
    }

    /// The sites that a layer of the base rows keeps: those of all maps.
    fn kept(&self, layer: usize) -> Vec<Site> {
        let kept: BTreeSet<Site> = self.maps.iter().flat_map(|map| map.kept(layer)).collect();
        kept.into_iter().collect()
    }

    /// What the groups of each map stand on in a layer.
    fn grounds<'a, O: Operations>(
        &'a self,
        network: &'a Network<O>,
        base: &'a Base<'a, O>,
        layer: usize,
        elsewhere: &'a [Option<Behind<'a, O>>],
    ) -> Result<Vec<Ground<'a, O>>, Error> {
        let ground = |(map, elsewhere): (&'a Map<'_>, &'a Option<Behind<'a, O>>)| {
            let twin = match map.acts {
                Acts::Cuts(cuts) => Twin::of(network, base, cuts, map.cells, layer)?,
                Acts::Nothing | Acts::Restores { .. } => None,
            };
            let (elsewhere, first) = (elsewhere.as_ref(), self.before + self.first);
            Ok(Ground { walk: self, network, base, map, layer, first, elsewhere, twin })
        };
        self.maps.iter().zip(elsewhere).map(ground).collect()
    }

    /// For each map the base rows behind the layer that its fill names; nothing where it names none.
    fn elsewhere<O: Operations>(
        &self,
        network: &Network<O>,
        sheets: &mut [Sheet],
    ) -> Result<Vec<Option<Behind<'_, O>>>, Error> {
        let behind = |(map, sheet): (&Map<'_>, &mut Sheet)| {
            let Some(grid) = &map.plan.grid else { return Ok(None) };
            let Some(layer) = grid.filling.layer() else { return Ok(None) };
            let mut base = self.base(network)?;
            for below in 0..=layer {
                self.meter.check()?;
                let kept = if below == layer { base::to_keep(&grid.sites()) } else { Vec::new() };
                let climbed = base.climb(network, below, kept, self.meter.watch);
                climbed.map_err(|error| named(error, |row| self.of_base(&base, row)))?;
                sheet.work.base_steps += base.rows();
            }
            Ok(Some(Behind { base, layer }))
        };
        self.maps.iter().zip(sheets).map(behind).collect()
    }

    /// The groups of each map that begin before the first layer.
    fn embedded<O: Operations>(
        &self,
        network: &Network<O>,
        base: &Base<'_, O>,
        elsewhere: &[Option<Behind<'_, O>>],
    ) -> Result<Vec<Vec<Group<O>>>, Error> {
        let begin = |(map, elsewhere): (&Map<'_>, &Option<Behind<'_, O>>)| {
            if map.entry() != Some(Entry::Embeddings) {
                return Ok(Vec::new());
            }
            let (elsewhere, first) = (elsewhere.as_ref(), self.before + self.first);
            let ground =
                Ground { walk: self, network, base, map, layer: 0, first, elsewhere, twin: None };
            ground.form()
        };
        self.maps.iter().zip(elsewhere).map(begin).collect()
    }

    fn up<O: Operations>(&self, network: &Network<O>, sheets: &mut [Sheet]) -> Result<Work, Error> {
        let elsewhere = self.elsewhere(network, sheets)?;
        let mut base = self.base(network)?;
        let mut groups = self.embedded(network, &base, &elsewhere)?;
        let mut work = Work { head_rows: 1 + self.runs.len() + self.held.len(), ..Work::default() };
        for layer in 0..network.layers() {
            self.meter.check()?;
            let kept = self.kept(layer);
            let climbed =
                network.threads().lead(|| base.climb(network, layer, kept, self.meter.watch));
            climbed.map_err(|error| named(error, |row| self.of_base(&base, row)))?;
            work.base_steps += base.rows();
            let grounds = self.grounds(network, &base, layer, &elsewhere)?;
            for (ground, groups) in grounds.iter().zip(&mut groups) {
                if ground.map.entry().is_some_and(Entry::is_before) {
                    groups.extend(ground.form()?);
                }
                groups.extend(ground.fork(groups)?);
            }
            self.climb(network, &grounds, &mut groups, sheets)?;
            for ((ground, groups), sheet) in grounds.iter().zip(&mut groups).zip(&mut *sheets) {
                if matches!(ground.map.entry(), Some(Entry::ReadOut | Entry::After)) {
                    let new = ground.form()?;
                    if ground.map.entry() == Some(Entry::ReadOut) {
                        sheet.work.read_outs += new.iter().map(Group::spans).sum::<usize>();
                    }
                    groups.extend(new);
                }
            }
        }
        self.read(network, &base, &groups, sheets)?;
        Ok(work)
    }

    /// Takes the groups of all maps through a layer.
    fn climb<O: Operations>(
        &self,
        network: &Network<O>,
        grounds: &[Ground<'_, O>],
        groups: &mut [Vec<Group<O>>],
        sheets: &mut [Sheet],
    ) -> Result<(), Error> {
        let mut all: Vec<(usize, &mut Group<O>)> = Vec::new();
        for (map, groups) in groups.iter_mut().enumerate() {
            all.extend(groups.iter_mut().map(|group| (map, group)));
        }
        let climb = |(map, group): &mut (usize, &mut Group<O>)| {
            self.meter.check()?;
            let ground = &grounds[*map];
            let climbed = group.climb(ground);
            let work = climbed
                .map_err(|error| named(error, |row| self.of_group(ground.map, group, row)))?;
            self.meter.advance(work.layer_steps);
            Ok::<_, Error>((*map, work))
        };
        let climbed = || all.par_iter_mut().map(climb).collect::<Vec<_>>();
        for climbed in network.threads().run(climbed) {
            let (map, work) = climbed?;
            sheets[map].work += work;
        }
        Ok(())
    }

    /// Asks the head what the ends say of each map's answer.
    fn read<O: Operations>(
        &self,
        network: &Network<O>,
        base: &Base<'_, O>,
        groups: &[Vec<Group<O>>],
        sheets: &mut [Sheet],
    ) -> Result<(), Error> {
        let of_ends = |error| named(error, |run| self.of_ends(base, run));
        let (operations, logits) = (network.operations(), base.logits(network).map_err(of_ends)?);
        let known = self.config.known_vocabulary;
        let gauges = self.maps.iter();
        let gauges = gauges.map(|map| Gauge::new(operations, &logits, &map.plan.asked, known));
        let gauges: Vec<_> = gauges.collect::<Result<_, _>>()?;
        for (gauge, sheet) in gauges.iter().zip(&mut *sheets) {
            let numbers = gauge.read(operations, &logits, |run| self.run(run))?;
            sheet.base(gauge, (self.first, self.runs.len()), &numbers);
        }
        let together = operations.rows_together();
        let batches = groups.iter().enumerate().flat_map(|(map, groups)| {
            ends::batches(groups, together).into_iter().map(move |batch| (map, batch))
        });
        let batches: Vec<(usize, &[Group<O>])> = batches.collect();
        let read = |(map, batch): &(usize, &[Group<O>])| {
            let owners: Vec<Owner> = batch.iter().flat_map(Group::owners).collect();
            let cell = |row: usize| self.cell(&self.maps[*map], owners[row]);
            ends::read(network, batch, &gauges[*map], &cell).map_err(|error| {
                let last = base.tokens().saturating_sub(1);
                named(error, |row| (last, cell(row)))
            })
        };
        let read: Vec<_> = network.threads().run(|| batches.par_iter().map(read).collect());
        for ((map, batch), numbers) in batches.into_iter().zip(read) {
            let (numbers, sheet): (Vec<f64>, _) = (numbers?, &mut sheets[map]);
            let Map { cells, trunks, .. } = &self.maps[map];
            let owners = batch.iter().flat_map(Group::owners);
            for (owner, numbers) in owners.zip(numbers.chunks_exact(gauges[map].width())) {
                for cell in trunks.sharing(cells, owner.cell) {
                    sheet.cell(self.first + owner.sample, cells[cell].slot, numbers);
                }
                sheet.work.head_rows += 1;
            }
        }
        Ok(())
    }
}
