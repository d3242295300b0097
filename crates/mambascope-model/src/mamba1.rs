//! What is Mamba-1's own: the block's weights and how data goes through them.
//!
//! # Source
//! Gu and Dao 2023; `mamba_ssm/modules/mamba_simple.py` of state-spaces/mamba for the order of operations.

mod blind;
mod convolve;
mod enter;
mod scan;

use candle_core::Tensor;

use crate::block::{Pass, Past, Reach};
use crate::ops::{Linear, Operations, Taps};
use crate::site::Timing;
use crate::tap::RowTap;
use crate::{Config, Error, Site, Tensors};

/// One block on a device.
#[derive(Debug)]
pub(crate) struct Block<O: Operations> {
    norm: O::Vector,
    into_scan: O::Matrix,
    into_gate: O::Matrix,
    convolution: O::Convolution,
    select: O::Matrix,
    delta: O::Matrix,
    decay: O::Decay,
    out: O::Matrix,
    rank: usize,
    state: usize,
    inner: usize,
    /// Width K of the convolution.
    taps: usize,
    epsilon: f64,
    /// Its number, from 0.
    layer: usize,
}

impl<O: Operations> Block<O> {
    /// Packs the weights of one layer.
    pub(crate) fn new(
        operations: &O,
        tensors: &Tensors,
        config: &Config,
        layer: usize,
    ) -> Result<Self, Error> {
        let named = |name: &str| {
            tensors.tensor_for(&format!("backbone.layers.{layer}.{name}"), operations.dtype())
        };
        let bias = |name: &str, present: bool| present.then(|| named(name)).transpose();
        let into = named("mixer.in_proj.weight")?; // [2E, D]
        let into_bias = bias("mixer.in_proj.bias", config.projection_bias)?;
        let half = |first: usize| -> Result<O::Matrix, Error> {
            let rows = |tensor: &Tensor| tensor.narrow(0, first, config.inner);
            let bias = into_bias.as_ref().map(rows).transpose()?;
            operations.matrix(&Linear { weight: rows(&into)?, bias })
        };
        let linear = |name: &str, biased: bool| -> Result<O::Matrix, Error> {
            let weight = named(&format!("mixer.{name}.weight"))?;
            let bias = bias(&format!("mixer.{name}.bias"), biased)?;
            operations.matrix(&Linear { weight, bias })
        };
        Ok(Self {
            norm: operations.vector(&named("norm.weight")?)?,
            into_scan: half(0)?,
            into_gate: half(config.inner)?,
            convolution: operations.convolution(&Taps {
                weight: named("mixer.conv1d.weight")?.squeeze(1)?, // [E, K]
                bias: bias("mixer.conv1d.bias", config.convolution_bias)?,
            })?,
            select: linear("x_proj", false)?,
            delta: linear("dt_proj", true)?,
            decay: operations.decay(&named("mixer.A_log")?, &named("mixer.D")?)?,
            out: linear("out_proj", config.projection_bias)?,
            rank: config.rank,
            state: config.state,
            inner: config.inner,
            taps: config.convolution,
            epsilon: config.epsilon,
            layer,
        })
    }

    /// Residual stream in, residual stream out; also the past that later packs may start from.
    pub(crate) fn run(
        &self,
        operations: &O,
        residual: &O::Rows,
        pass: &Pass<'_, O>,
        tap: &mut dyn RowTap<O>,
    ) -> Result<(O::Rows, Option<Past<O>>), Error> {
        let mut see = Seer { operations, tap, all: pass.ragged.rows() };
        let replaced = see.changed(Site::ResidIn, residual)?;
        let residual = replaced.as_ref().unwrap_or(residual);
        let known = pass.known_to(&*see.tap);
        let entering = self.enter(operations, residual, known, &mut see)?;
        let mut inputs = entering.inputs(operations, &self.into_scan)?; // [rows, E]
        see.every(Site::ConvIn, &mut inputs)?;
        let mut convolved = self.convolve(&inputs, pass, &mut see)?;
        if let Some(blind) = &pass.blind {
            self.convolve_blind(operations, &inputs, blind, &mut convolved)?;
        }
        see.every(Site::ConvOut, &mut convolved)?;
        let mut x = operations.silu(convolved)?;
        see.every(Site::ScanIn, &mut x)?;
        let selected = self.select(operations, &x, &mut see)?;
        let (mut scanned, kept) = self.scan(&x, &selected, pass, &mut see)?;
        if let Some(blind) = &pass.blind {
            self.scan_blind(operations, &x, &selected, blind, &mut scanned)?;
        }
        let (ends, scanned, at) = match pass.reach {
            Reach::Every => (None, scanned, (0..pass.ragged.rows()).collect()),
            Reach::Last => {
                let last = pass.ragged.last_rows();
                let rows = |rows: &O::Rows| operations.gather(rows, &last);
                (Some(rows(residual)?), rows(&scanned)?, last)
            }
        };
        let mut gate = entering.gates(operations, &self.into_gate, &at)?; // [rows, E]
        let all_gates = kept.is_some() && pass.reach == Reach::Every;
        let gates = all_gates.then(|| gate.clone());
        Seer { operations, tap, all: at.len() }.some(Site::GateIn, &mut gate, &at)?;
        let gate = operations.silu(gate)?;
        let on = ends.as_ref().unwrap_or(residual);
        let on = self.read_out(operations, on, scanned, gate, tap, &at)?;
        Ok((on, kept.map(|states| Past { inputs, states, lead: 0, gates })))
    }

    /// The time step and the maps into and out of the state.
    fn select(
        &self,
        operations: &O,
        x: &O::Rows,
        see: &mut Seer<'_, O>,
    ) -> Result<Selected<O>, Error> {
        let selected = operations.project(x, &self.select)?; // [rows, R + 2N]
        let (rank, state) = (self.rank, self.state);
        let mut low = operations.narrow(&selected, 0..rank)?;
        see.every(Site::DeltaLow, &mut low)?;
        let mut delta = operations.softplus(operations.project(&low, &self.delta)?)?; // [rows, E]
        see.every(Site::Delta, &mut delta)?;
        let mut b = operations.narrow(&selected, rank..rank + state)?;
        see.every(Site::B, &mut b)?;
        let mut c = operations.narrow(&selected, rank + state..rank + 2 * state)?;
        see.every(Site::C, &mut c)?;
        Ok(Selected { delta, b, c })
    }

    /// From the scan's output and the gate to the residual stream: the part of the block in which tokens do not meet.
    pub(crate) fn read_out(
        &self,
        operations: &O,
        residual: &O::Rows,
        mut scan_out: O::Rows,
        mut gate: O::Rows,
        tap: &mut dyn RowTap<O>,
        at: &[usize],
    ) -> Result<O::Rows, Error> {
        let mut see = Seer { operations, tap, all: at.len() };
        see.some(Site::ScanOut, &mut scan_out, at)?;
        see.some(Site::Gate, &mut gate, at)?;
        let mut gated = operations.multiply(scan_out, &gate)?;
        see.some(Site::Gated, &mut gated, at)?;
        let mut mixer_out = operations.project(&gated, &self.out)?; // [rows, D]
        see.some(Site::MixerOut, &mut mixer_out, at)?;
        let mut skip = None;
        if see.tap.wants(Site::ResidSkip) {
            see.some(Site::ResidSkip, skip.insert(residual.clone()), at)?;
        }
        let mut residual = operations.add(mixer_out, skip.as_ref().unwrap_or(residual))?;
        see.some(Site::Resid, &mut residual, at)?;
        Ok(residual)
    }
}

/// What the scan reads besides its input.
struct Selected<O: Operations> {
    delta: O::Rows,
    b: O::Rows,
    c: O::Rows,
}

/// Shows a tap what it wants to see.
struct Seer<'a, O: Operations> {
    operations: &'a O,
    tap: &'a mut dyn RowTap<O>,
    /// Number of rows of the pack.
    all: usize,
}

impl<O: Operations> Seer<'_, O> {
    /// Shows a site of all rows.
    fn every(&mut self, site: Site, rows: &mut O::Rows) -> Result<(), Error> {
        self.tap.reaches(site)?;
        if self.tap.wants(site) {
            let at: Vec<usize> = (0..self.all).collect();
            self.tap.visit(site, self.operations, rows, &at)?;
        }
        Ok(())
    }

    /// Shows a site of all rows that are somebody else's; what they become, where anybody looks.
    fn changed(&mut self, site: Site, rows: &O::Rows) -> Result<Option<O::Rows>, Error> {
        if !self.tap.wants(site) {
            self.tap.reaches(site)?;
            return Ok(None);
        }
        let mut rows = rows.clone();
        self.every(site, &mut rows)?;
        Ok(Some(rows))
    }

    /// Shows a site of some rows.
    fn some(&mut self, site: Site, rows: &mut O::Rows, at: &[usize]) -> Result<(), Error> {
        self.tap.reaches(site)?;
        if self.tap.wants(site) && !at.is_empty() {
            self.tap.visit(site, self.operations, rows, at)?;
        }
        Ok(())
    }

    /// When the tap puts a state in place; `None` where it does not look.
    fn timing(&self, site: Site) -> Option<Timing> {
        self.tap.wants(site).then(|| self.tap.timing(site))
    }

    /// Shows a state, if this is the time for it.
    fn at_time(
        &mut self,
        site: Site,
        time: Timing,
        rows: &mut O::Rows,
        at: &[usize],
    ) -> Result<(), Error> {
        if self.timing(site) == Some(time) { self.some(site, rows, at) } else { Ok(()) }
    }
}
