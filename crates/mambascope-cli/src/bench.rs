//! `mambascope bench`.

use std::io::{self, Write as _};

use mambascope::model::Config;
use mambascope::{Model, bench};

use crate::args::BenchArguments;

/// Measures the engine and prints a table, or JSON.
pub(crate) fn run(arguments: &BenchArguments) -> anyhow::Result<()> {
    let model = match &arguments.model {
        Some(source) => Model::load(source.clone())?,
        None => Model::random(&Config::mamba_130m(), 1)?,
    };
    let model = match arguments.threads {
        Some(count) => model.threads(count)?,
        None => model,
    };
    let measured = bench::measure(&model, &arguments.kinds())?;
    let mut out = io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", measured.to_json()?)?;
    } else {
        write!(out, "{measured}")?;
    }
    Ok(())
}
