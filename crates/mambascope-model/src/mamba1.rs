//! What is Mamba-1's own: the block's weights and how data goes through them.
//!
//! # Source
//! Gu and Dao 2023; `mamba_ssm/modules/mamba_simple.py` of state-spaces/mamba for the order of operations.

use candle_core::Tensor;

use crate::block::{Pass, Past, Reach};
use crate::ops::{Linear, Operations, Selection, Taps};
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
    epsilon: f64,
}

impl<O: Operations> Block<O> {
    /// Packs the weights of one layer.
    pub(crate) fn new(
        operations: &O,
        tensors: &Tensors,
        config: &Config,
        layer: usize,
    ) -> Result<Self, Error> {
        let named = |name: &str| tensors.tensor(&format!("backbone.layers.{layer}.{name}"));
        let bias = |name: &str, present: bool| present.then(|| named(name).cloned()).transpose();
        let into = named("mixer.in_proj.weight")?; // [2E, D]
        let into_bias = bias("mixer.in_proj.bias", config.projection_bias)?;
        let half = |first: usize| -> Result<O::Matrix, Error> {
            let rows = |tensor: &Tensor| tensor.narrow(0, first, config.inner);
            let bias = into_bias.as_ref().map(rows).transpose()?;
            operations.matrix(&Linear { weight: rows(into)?, bias })
        };
        let linear = |name: &str, biased: bool| -> Result<O::Matrix, Error> {
            let weight = named(&format!("mixer.{name}.weight"))?.clone();
            let bias = bias(&format!("mixer.{name}.bias"), biased)?;
            operations.matrix(&Linear { weight, bias })
        };
        Ok(Self {
            norm: operations.vector(named("norm.weight")?)?,
            into_scan: half(0)?,
            into_gate: half(config.inner)?,
            convolution: operations.convolution(&Taps {
                weight: named("mixer.conv1d.weight")?.squeeze(1)?, // [E, K]
                bias: bias("mixer.conv1d.bias", config.convolution_bias)?,
            })?,
            select: linear("x_proj", false)?,
            delta: linear("dt_proj", true)?,
            decay: operations.decay(named("mixer.A_log")?, named("mixer.D")?)?,
            out: linear("out_proj", config.projection_bias)?,
            rank: config.rank,
            state: config.state,
            epsilon: config.epsilon,
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
        let normed = operations.norm(residual, &self.norm, self.epsilon)?; // [rows, D]
        let inputs = operations.project(&normed, &self.into_scan)?; // [rows, E]
        let before = pass.past.map(|past| &past.inputs);
        let convolved = operations.convolve(&inputs, before, pass.ragged, &self.convolution)?;
        let x = operations.silu(&convolved)?;
        let selected = operations.project(&x, &self.select)?; // [rows, R + 2N]
        let (rank, state) = (self.rank, self.state);
        let low = operations.narrow(&selected, 0..rank)?;
        let delta = operations.softplus(&operations.project(&low, &self.delta)?)?; // [rows, E]
        let selection = Selection {
            delta: &delta,
            b: &operations.narrow(&selected, rank..rank + state)?,
            c: &operations.narrow(&selected, rank + state..rank + 2 * state)?,
        };
        let states = pass.past.map(|past| &past.states);
        let (scanned, kept) =
            operations.scan(&x, &selection, states, pass.ragged, &self.decay, pass.keep)?;
        let past = kept.map(|states| Past { inputs, states });
        let on = match pass.reach {
            Reach::Every => self.gate_and_read(operations, residual, &normed, scanned, tap)?,
            Reach::Last => {
                let last = pass.ragged.last_rows();
                let rows = |rows: &O::Rows| operations.gather(rows, &last);
                let (residual, normed) = (rows(residual)?, rows(&normed)?);
                self.gate_and_read(operations, &residual, &normed, rows(&scanned)?, tap)?
            }
        };
        Ok((on, past))
    }

    fn gate_and_read(
        &self,
        operations: &O,
        residual: &O::Rows,
        normed: &O::Rows,
        scan_out: O::Rows,
        tap: &mut dyn RowTap<O>,
    ) -> Result<O::Rows, Error> {
        let gate = operations.silu(&operations.project(normed, &self.into_gate)?)?; // [rows, E]
        self.read_out(operations, residual, scan_out, gate, tap)
    }

    /// From the scan's output and the gate to the residual stream: the part of the block in which tokens do not meet.
    pub(crate) fn read_out(
        &self,
        operations: &O,
        residual: &O::Rows,
        mut scan_out: O::Rows,
        mut gate: O::Rows,
        tap: &mut dyn RowTap<O>,
    ) -> Result<O::Rows, Error> {
        visit(operations, tap, Site::ScanOut, &mut scan_out)?;
        visit(operations, tap, Site::Gate, &mut gate)?;
        let mut gated = operations.multiply(&scan_out, &gate)?;
        visit(operations, tap, Site::Gated, &mut gated)?;
        let mut mixer_out = operations.project(&gated, &self.out)?; // [rows, D]
        visit(operations, tap, Site::MixerOut, &mut mixer_out)?;
        let mut residual = operations.add(residual, &mixer_out)?;
        visit(operations, tap, Site::Resid, &mut residual)?;
        Ok(residual)
    }
}

fn visit<O: Operations>(
    operations: &O,
    tap: &mut dyn RowTap<O>,
    site: Site,
    rows: &mut O::Rows,
) -> Result<(), Error> {
    if tap.wants(site) { tap.visit(site, operations, rows) } else { Ok(()) }
}
