//! How fast the row operations are on this machine: products, the scan, the curves, at the shapes of mamba-130m.
//!
//! ```sh
//! RAYON_NUM_THREADS=1 cargo run --release -p mambascope-model --example kernels
//! ```

#![expect(clippy::print_stdout, reason = "it is a report")]

use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};
use mambascope_model::{Cpu, Error, Keep, Linear, Operations, Ragged, Selection};

/// Rows, inputs, outputs: the projections of mamba-130m for one row, a few, a block, and the head.
const PRODUCTS: [(usize, usize, usize); 12] = [
    (1, 768, 1536),
    (4, 768, 1536),
    (12, 768, 1536),
    (55, 768, 1536),
    (132, 768, 1536),
    (252, 768, 1536),
    (252, 1536, 768),
    (252, 1536, 80),
    (252, 48, 1536),
    (1, 768, 50280),
    (11, 768, 50280),
    (252, 768, 50280),
];

fn random(rows: usize, columns: usize) -> Result<Tensor, Error> {
    Ok(Tensor::randn(0.0_f32, 0.5, (rows, columns), &Device::Cpu)?)
}

/// The shortest of many runs: what the machine does when nobody else disturbs it.
fn best(mut work: impl FnMut() -> Result<(), Error>) -> Result<Duration, Error> {
    let begin = Instant::now();
    let mut shortest = Duration::MAX;
    while begin.elapsed() < Duration::from_millis(700) {
        let start = Instant::now();
        work()?;
        shortest = shortest.min(start.elapsed());
    }
    Ok(shortest)
}

fn products() -> Result<(), Error> {
    for (rows, inputs, outputs) in PRODUCTS {
        let x = Cpu::default().upload(&random(rows, inputs)?)?;
        let matrix =
            Cpu::default().matrix(&Linear { weight: random(outputs, inputs)?, bias: None })?;
        let time = best(|| Cpu::default().project(&x, &matrix).map(|_| ()))?;
        let flops = 2.0 * (rows * inputs * outputs) as f64;
        println!(
            "product {rows:>4} x {inputs:>4} x {outputs:>5}  {:>7.1} GFLOP/s",
            flops / time.as_secs_f64() / 1e9
        );
    }
    Ok(())
}

fn scans() -> Result<(), Error> {
    let (tokens, spans, channels, state) = (10, 24, 1536, 16);
    let rows = tokens * spans;
    let up = |tensor: Tensor| Cpu::default().upload(&tensor);
    let x = up(random(rows, channels)?)?;
    let delta = up(random(rows, channels)?.abs()?)?;
    let (b, c) = (up(random(rows, state)?)?, up(random(rows, state)?)?);
    let direct = random(1, channels)?.flatten_all()?;
    let decay = Cpu::default().decay(&random(channels, state)?, &direct)?;
    let ragged = Ragged::prompts(&vec![tokens; spans]);
    let selection = Selection { delta: &delta, b: &b, c: &c };
    for keep in [Keep::Nothing, Keep::States] {
        let time =
            best(|| Cpu::default().scan(&x, &selection, None, &ragged, &decay, keep).map(|_| ()))?;
        let steps = (rows * channels * state) as f64 / time.as_secs_f64() / 1e9;
        println!("scan, keeping {keep:?}  {steps:.2} G steps/s");
    }
    let rate = |time: Duration| (rows * channels) as f64 / time.as_secs_f64() / 1e9;
    println!("softplus  {:.2} G/s", rate(best(|| Cpu::default().softplus(&x).map(|_| ()))?));
    println!("silu      {:.2} G/s", rate(best(|| Cpu::default().silu(&x).map(|_| ()))?));
    println!(
        "multiply  {:.2} G/s",
        rate(best(|| Cpu::default().multiply(&x, &delta).map(|_| ()))?)
    );
    Ok(())
}

fn main() -> Result<(), Error> {
    products()?;
    scans()
}
