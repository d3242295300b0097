//! What lies between the products of a block: convolution, curves and scan, of short spans that set out from a past.

use std::time::Duration;

use candle_core::{Device, Tensor};
use mambascope_model::{Cpu, Keep, Model, Operations, Plain, Ragged, Selection, Span, Taps};

use super::{Against, Kind, Row, shortest};
use crate::Error;

/// Spans and their tokens: about what a thread takes through a block together.
const SPANS: usize = 42;
const TOKENS: usize = 6;
const ROWS: usize = SPANS * TOKENS;
/// Rows of the prompts that the spans set out from, each after so many tokens.
const PAST: usize = 12;
const BEFORE: usize = 4;
const LONG: Duration = Duration::from_millis(250);
/// Operations on each number of a state: argument and exponential, decay and write, and what is read out.
const A_STATE: usize = 7;
/// Operations of a curve: exponential, sum, logarithm.
const A_CURVE: usize = 3;

pub(super) fn measure(model: &Model) -> Result<Vec<Row>, Error> {
    let config = model.config();
    let (inner, state, taps) = (config.inner, config.state, config.convolution);
    let fast = Block::new(Cpu::on(model.threads_in_use().clone()), model, SPANS)?;
    let one = Block::new(Plain::<f32>::default(), model, 1)?;
    let row = |work: String, operations: usize, seconds: f64, other: f64| {
        let rate = (ROWS * inner * operations) as f64 / seconds / 1e9;
        let (other, against) = (other * SPANS as f64, Against::Plain);
        Row { kind: Kind::Between, work, seconds, rate, share: 0.0, other, against }
    };
    Ok(vec![
        row(format!("convolution {ROWS} x {inner}"), 2 * taps, fast.convolve()?, one.convolve()?),
        row(format!("softplus {ROWS} x {inner}"), A_CURVE, fast.softplus()?, one.softplus()?),
        row(format!("scan {ROWS} x {inner} x {state}"), A_STATE * state, fast.scan()?, one.scan()?),
    ])
}

/// What a block has between its products, on one engine.
struct Block<O: Operations> {
    operations: O,
    ragged: Ragged,
    convolution: O::Convolution,
    decay: O::Decay,
    /// What the spans set out from: inputs and states.
    past: (O::Rows, O::States),
    x: O::Rows,
    delta: O::Rows,
    maps: [O::Rows; 2],
}

impl<O: Operations> Block<O> {
    fn new(operations: O, model: &Model, spans: usize) -> Result<Self, Error> {
        let config = model.config();
        let (inner, state, rows) = (config.inner, config.state, spans * TOKENS);
        let up = |rows: usize, columns: usize| -> Result<O::Rows, Error> {
            Ok(operations.upload(&random(rows, columns)?)?)
        };
        let span = |index: usize| Span {
            length: TOKENS,
            token: BEFORE,
            past: Some(BEFORE + index % (PAST - BEFORE)),
        };
        let decay = operations.decay(&random(inner, state)?, &random(1, inner)?.squeeze(0)?)?;
        let states = operations.pack_states(&up(PAST, inner * state)?, &decay)?;
        Ok(Self {
            ragged: Ragged::new((0..spans).map(span).collect()),
            convolution: operations
                .convolution(&Taps { weight: random(inner, config.convolution)?, bias: None })?,
            decay,
            past: (up(PAST, inner)?, states),
            x: up(rows, inner)?,
            delta: operations.softplus(up(rows, inner)?)?,
            maps: [up(rows, state)?, up(rows, state)?],
            operations,
        })
    }

    fn convolve(&self) -> Result<f64, Error> {
        let Self { operations, ragged, convolution, past: (past, _), x, .. } = self;
        Ok(shortest(LONG, || operations.convolve(x, Some(past), ragged, convolution))?)
    }

    /// The curve of the curve, and so on: its numbers grow with the logarithm of how often.
    fn softplus(&self) -> Result<f64, Error> {
        let mut rows = self.x.clone();
        shortest(LONG, || {
            let before = std::mem::replace(&mut rows, self.operations.zeros(0, 0)?);
            rows = self.operations.softplus(before)?;
            Ok(())
        })
    }

    fn scan(&self) -> Result<f64, Error> {
        let Self { operations, ragged, decay, past: (_, past), x, delta, maps: [b, c], .. } = self;
        let selection = Selection { delta, b, c };
        let scan = || operations.scan(x, &selection, Some(past), ragged, decay, Keep::Nothing);
        Ok(shortest(LONG, scan)?)
    }
}

fn random(rows: usize, columns: usize) -> Result<Tensor, Error> {
    Ok(Tensor::randn(0.0_f32, 0.5, (rows, columns), &Device::Cpu)?)
}
