//! How fast the engine is on this machine, beside what the machine can do and beside the reference.
//!
//! # Example
//! ```no_run
//! use mambascope::{Model, bench, model::Config};
//! let model = Model::random(&Config::mamba_130m(), 1)?;
//! println!("{}", bench::measure(&model, &bench::Kind::ALL)?);
//! # Ok::<(), mambascope::Error>(())
//! ```

mod between;
mod products;
mod runs;

use std::fmt;
use std::time::{Duration, Instant};

use mambascope_model::{Cpu, MainMemory, Model};
use serde::{Deserialize, Serialize};

use crate::Error;

/// How often main memory is read before anything else.
const PASSES: usize = 15;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bench {
    /// The vector unit that was found.
    pub unit: String,
    /// How many threads worked.
    pub threads: usize,
    /// Floating-point operations a second that the threads do at their best, in billions.
    pub peak: f64,
    /// Bytes a second that the threads read from main memory, in billions: the median, in turns with the tokens where there are any.
    pub bandwidth: f64,
    /// One row for each piece of work.
    pub rows: Vec<Row>,
}

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// Products of the model's shapes.
    Products,
    /// What lies between the products of a block.
    Between,
    /// A prompt that is read.
    Prompt,
    /// Tokens one after the other.
    Tokens,
    /// One map.
    Map,
    /// Maps of three sites together.
    Maps,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Products, Self::Between, Self::Prompt, Self::Tokens, Self::Map, Self::Maps];
}

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Of which kind it is.
    pub kind: Kind,
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

/// Measures work of some kinds on the shapes of a model.
///
/// # Errors
/// When an operation fails.
///
/// # Cost
/// All kinds take about a minute at the shape of mamba-130m; the reference is run for single rows and tokens only.
pub fn measure(model: &Model, kinds: &[Kind]) -> Result<Bench, Error> {
    let threads = model.threads_in_use();
    let peak = Cpu::peak(threads);
    let memory = MainMemory::on(threads);
    let mut bandwidth = median((0..PASSES).map(|_| memory.bandwidth()).collect());
    let mut rows = Vec::new();
    for kind in kinds {
        match kind {
            Kind::Products => rows.extend(products::measure(model)?),
            Kind::Between => rows.extend(between::measure(model)?),
            Kind::Prompt => rows.push(runs::prompt(model)?),
            Kind::Tokens => {
                let (row, meanwhile) = runs::tokens(model, &memory)?;
                rows.push(row);
                bandwidth = meanwhile;
            }
            Kind::Map => rows.push(runs::map(model)?),
            Kind::Maps => rows.push(runs::maps(model)?),
        }
    }
    for row in &mut rows {
        row.share = row.rate * 1e9 / peak;
    }
    let (unit, peak, bandwidth) = (Cpu::unit().to_owned(), peak / 1e9, bandwidth / 1e9);
    Ok(Bench { unit, threads: threads.count(), peak, bandwidth, rows })
}

impl Bench {
    /// Reads what [`Bench::to_json`] wrote.
    ///
    /// # Errors
    /// When the text is something else.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

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
        for Row { work, seconds, rate, share, other, against, .. } in rows {
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
