//! Products of the model's shapes: one row, a few, a block, and the head.

use std::time::Duration;

use candle_core::{Device, Tensor};
use mambascope_model::{Cpu, Linear, Model, Operations, Plain};

use super::{Against, Kind, Row, shortest};
use crate::Error;

/// Rows that are met by weights together.
const ROWS: [usize; 4] = [1, 12, 55, 252];
const LONG: Duration = Duration::from_millis(250);

pub(super) fn measure(model: &Model) -> Result<Vec<Row>, Error> {
    let config = model.config();
    let fast = Cpu::on(model.threads_in_use().clone());
    let maps = [
        ("in_proj half", config.width, config.inner),
        ("x_proj", config.inner, config.rank + 2 * config.state),
        ("dt_proj", config.rank, config.inner),
        ("out_proj", config.inner, config.width),
        ("head", config.width, config.vocabulary),
    ];
    let mut rows = Vec::new();
    for (name, inputs, outputs) in maps {
        let linear = Linear { weight: random(outputs, inputs)?, bias: None };
        let other = one_row(&Plain::<f32>::default(), &linear)?;
        let matrix = fast.matrix(&linear)?;
        for count in ROWS {
            let x = fast.upload(&random(count, inputs)?)?;
            let seconds = shortest(LONG, || fast.project(&x, &matrix))?;
            let flops = 2.0 * (count * inputs * outputs) as f64;
            rows.push(Row {
                kind: Kind::Products,
                work: format!("{name} {count} x {inputs} x {outputs}"),
                seconds,
                rate: flops / seconds / 1e9,
                share: 0.0,
                other: other * count as f64,
                against: Against::Plain,
            });
        }
    }
    Ok(rows)
}

/// Seconds of one row on another engine.
fn one_row<O: Operations>(operations: &O, linear: &Linear) -> Result<f64, Error> {
    let matrix = operations.matrix(linear)?;
    let x = operations.upload(&random(1, linear.weight.dim(1)?)?)?;
    Ok(shortest(LONG / 4, || operations.project(&x, &matrix))?)
}

fn random(rows: usize, columns: usize) -> Result<Tensor, Error> {
    Ok(Tensor::randn(0.0_f32, 0.5, (rows, columns), &Device::Cpu)?)
}
