//! `mambascope record`.

use std::io::{self, Write as _};
use std::path::PathBuf;

use mambascope::{At, Record, Scope as _};

use crate::args::RecordArguments;
use crate::interrupt;
use crate::progress::Bar;
use crate::subject;

/// Runs a prompt once and writes what it was at the sites asked for.
pub(crate) fn run(arguments: &RecordArguments) -> anyhow::Result<()> {
    let default = [PathBuf::from("record.npz")];
    let outs = if arguments.out.is_empty() { &default[..] } else { &arguments.out };
    for out in outs {
        Record::check_file(out)?;
    }
    subject::once("--site", &arguments.sites)?;
    let (prompt, _) = subject::prompt(&arguments.prompt)?;
    let model = subject::model(&arguments.prompt)?;
    let (ids, warnings) = subject::trace(&model, prompt, &arguments.prompt).prompt_ids()?;
    let places: Vec<At> =
        arguments.sites.iter().map(|&site| At::from((site, arguments.layers.0))).collect();
    interrupt::listen()?;
    let bar = Bar::new("record");
    let record = model.record_watched(ids, &places, &bar);
    bar.finish();
    let record = record?;
    let mut out = io::stdout().lock();
    for warning in warnings {
        writeln!(io::stderr().lock(), "warning: {warning}")?;
    }
    for file in outs {
        record.save(file)?;
        writeln!(out, "wrote {}", file.display())?;
    }
    Ok(())
}
