//! `mambascope trace`.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mambascope::{Corruption, Effects, Facts, Scope as _, Site, Swap, Trace, Window, swap};

use crate::args::TraceArguments;
use crate::progress::Bar;
use crate::{interrupt, show, subject};

/// Runs one trace a site, prints each map, writes each file.
pub(crate) fn run(arguments: &TraceArguments) -> anyhow::Result<()> {
    let outs = outs(arguments);
    for out in &outs {
        Effects::check_name(out)?;
    }
    let (prompt, example_subject) = subject::prompt(&arguments.prompt)?;
    let model = subject::model(&arguments.prompt)?;
    let trace = model.trace(prompt).corrupt(corruption(arguments)?);
    let trace = subject::fact(&trace, &arguments.fact, example_subject);
    let traces: Vec<(Site, Trace)> =
        arguments.sites.iter().map(|&site| (site, of_site(&trace, arguments, site))).collect();
    for (_, trace) in &traces {
        trace.check()?;
    }
    if arguments.explain {
        return explain(&traces);
    }
    interrupt::listen()?;
    for (site, trace) in &traces {
        let bar = Bar::new(site.name());
        let effects = trace.run_watched(&bar);
        bar.finish();
        print(&effects?, &outs, (traces.len() > 1).then_some(*site))?;
    }
    Ok(())
}

fn corruption(arguments: &TraceArguments) -> anyhow::Result<Corruption> {
    if let Some(subject) = arguments.swap.as_deref() {
        return Ok(swap(subject).into());
    }
    if !arguments.swap_ids.is_empty() {
        return Ok(swap(arguments.swap_ids.clone()).into());
    }
    match arguments.swap_drawn {
        Some(seed) => Ok(Swap::drawn(seed).into()),
        None => Ok(noise(arguments)?.into()),
    }
}

fn noise(arguments: &TraceArguments) -> anyhow::Result<mambascope::Noise> {
    let noise = arguments.noise.samples(arguments.samples).seed(arguments.seed);
    match &arguments.facts {
        Some(file) => Ok(noise.over(Facts::read(file)?.subjects())),
        None => Ok(noise),
    }
}

fn of_site(trace: &Trace, arguments: &TraceArguments, site: Site) -> Trace {
    let trace = trace.direction(arguments.direction.into()).tokens(arguments.tokens.0);
    let trace = arguments.sever.iter().fold(trace, |trace, &site| trace.sever(site));
    let single =
        matches!(site, Site::Resid | Site::ResidIn | Site::Embed | Site::State | Site::ConvState);
    let size = arguments.window.unwrap_or(if single { 1 } else { 10 });
    let convention = arguments.convention.into();
    let trace = trace
        .restore((site, arguments.layers.0))
        .window(Window { size, convention })
        .timing(arguments.timing)
        .channels(arguments.channels.0)
        .dims(arguments.dims.0)
        .taps(arguments.taps.0);
    match arguments.original {
        Some(kind) => trace.original(kind),
        None => arguments.and.iter().fold(trace, |trace, &site| trace.and(site)),
    }
}

fn explain(traces: &[(Site, Trace)]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for (_, trace) in traces {
        writeln!(out, "{}", trace.explain())?;
    }
    Ok(())
}

/// Where the result goes: with none named, beside the reader.
fn outs(arguments: &TraceArguments) -> Vec<PathBuf> {
    if arguments.out.is_empty() { vec![PathBuf::from("trace.svg")] } else { arguments.out.clone() }
}

fn print(effects: &Effects, outs: &[PathBuf], site: Option<Site>) -> anyhow::Result<()> {
    show::result(&effects.heatmap()?, effects, effects.warnings())?;
    let mut out = io::stdout().lock();
    for file in outs {
        let file = site.map_or_else(|| file.clone(), |site| with_site(file, site));
        effects.save(&file).with_context(|| format!("cannot write {}", file.display()))?;
        writeln!(out, "wrote {}", file.display())?;
    }
    Ok(())
}

/// `map.svg` of a site is `map_gate.svg`.
fn with_site(file: &Path, site: Site) -> PathBuf {
    let mut name = OsString::from(file.file_stem().unwrap_or_default());
    name.push("_");
    name.push(site.name());
    if let Some(ending) = file.extension() {
        name.push(".");
        name.push(ending);
    }
    file.with_file_name(name)
}
