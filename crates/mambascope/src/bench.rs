//! How fast the engine is on this machine, beside what the machine can do and beside the reference.
//!
//! # Example
//! ```no_run
//! use mambascope::{Model, bench, model::Config};
//! let model = Model::random(&Config::mamba_130m(), 1)?;
//! println!("{}", bench::measure(&model)?);
//! # Ok::<(), mambascope::Error>(())
//! ```

mod between;
mod products;
mod runs;

use std::fmt;
use std::time::{Duration, Instant};

use mambascope_model::{Cpu, Model};
use serde::{Deserialize, Serialize};

use crate::Error;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bench {
    /// The vector unit that was found.
    pub unit: String,
    /// How many threads worked.
    pub threads: usize,
    /// Floating-point operations a second that the threads do at their best, in billions.
    pub peak: f64,
    /// Bytes a second that the threads read from main memory, in billions; the median while tokens were decoded.
    pub bandwidth: f64,
    /// One row for each piece of work.
    pub rows: Vec<Row>,
}

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What it is, with its shape.
    pub work: String,
    /// Seconds of the fast path, the shortest of several runs; of decoding the median.
    pub seconds: f64,
    /// Floating-point operations a second, in billions.
    pub rate: f64,
    /// Share of the peak.
    pub share: f64,
    /// Seconds of what it is compared with.
    pub other: f64,
    /// What it is compared with.
    pub against: Against,
}

/// What a piece of work is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Against {
    /// The reference program in f32, for one row, times the rows.
    Plain,
    /// The same engine, one forward pass a cell; one pass, times the cells.
    NoReuse,
    /// Reading every weight once at the bandwidth measured in turns with it.
    Bandwidth,
    /// The reference program in f32, for one token, times the tokens.
    PlainToken,
}

impl Against {
    const fn words(self) -> &'static str {
        match self {
            Self::Plain | Self::PlainToken => "plain engine",
            Self::NoReuse => "one pass a cell",
            Self::Bandwidth => "reading the weights",
        }
    }
}

/// Measures products of the model's shapes, prefill, decoding and a map.
///
/// # Errors
/// When an operation fails.
///
/// # Cost
/// About half a minute at the shape of mamba-130m; the reference is run for single rows and tokens only.
pub fn measure(model: &Model) -> Result<Bench, Error> {
    let threads = model.threads_in_use();
    let peak = Cpu::peak(threads) / 1e9;
    let mut rows = products::measure(model)?;
    rows.extend(between::measure(model)?);
    let (runs, bandwidth) = runs::measure(model)?;
    rows.extend(runs);
    for row in &mut rows {
        row.share = row.rate / peak;
    }
    let (unit, bandwidth) = (Cpu::unit().to_owned(), bandwidth / 1e9);
    Ok(Bench { unit, threads: threads.count(), peak, bandwidth, rows })
}

impl Bench {
    /// The numbers as JSON.
    ///
    /// # Errors
    /// Never, as far as is known: numbers and names are always JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }
}

impl fmt::Display for Bench {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unit, threads, peak, bandwidth, rows } = self;
        let plural = if *threads == 1 { "" } else { "s" };
        writeln!(
            f,
            "{unit}, {threads} thread{plural}: peak {peak:.0} GFLOP/s, memory {bandwidth:.0} GB/s"
        )?;
        writeln!(
            f,
            "{:<34}{:>12}{:>10}{:>8}  times faster than",
            "work", "time", "GFLOP/s", "peak"
        )?;
        for Row { work, seconds, rate, share, other, against } in rows {
            let time = in_units(*seconds);
            let (share, ratio) = (100.0 * share, other / seconds);
            let words = against.words();
            writeln!(f, "{work:<34}{time:>12}{rate:>10.0}{share:>7.0}%  {ratio:.2} x {words}")?;
        }
        Ok(())
    }
}

/// A time in the unit that suits it.
fn in_units(seconds: f64) -> String {
    if seconds < 1e-3 {
        format!("{:.1} us", 1e6 * seconds)
    } else if seconds < 1.0 {
        format!("{:.2} ms", 1e3 * seconds)
    } else {
        format!("{seconds:.2} s")
    }
}

/// The one in the middle.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Seconds of the shortest of many runs within some time, one at least.
fn shortest<T, E>(within: Duration, mut work: impl FnMut() -> Result<T, E>) -> Result<f64, E> {
    let begin = Instant::now();
    let mut best = f64::INFINITY;
    loop {
        let start = Instant::now();
        work()?;
        best = best.min(start.elapsed().as_secs_f64());
        if begin.elapsed() >= within {
            return Ok(best);
        }
    }
}
