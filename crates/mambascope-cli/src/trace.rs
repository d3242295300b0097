//! `mambascope trace`.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use mambascope::{
    Corruption, Effects, Facts, Scope as _, Site, Swap, Together, Trace, Until, Window,
};
use mambascope::{swap, together};

use crate::args::TraceArguments;
use crate::progress::Bar;
use crate::{interrupt, show, subject};

/// Runs one trace a site, together where they can, prints each map, writes each file.
pub(crate) fn run(arguments: &TraceArguments) -> anyhow::Result<()> {
    let outs = outs(arguments);
    if arguments.explain {
        outs.iter().try_for_each(|out| Effects::check_name(out))?;
    } else {
        check_files(&outs, arguments)?;
    }
    let (prompt, example_subject) = subject::prompt(&arguments.prompt)?;
    let model = subject::model(&arguments.prompt)?;
    let trace = model.trace(prompt).corrupt(corruption(arguments)?);
    let trace = subject::fact(&trace, &arguments.fact, example_subject);
    let trace = match arguments.until {
        Some(width) => trace.until(Until::width(width).most(arguments.at_most)),
        None => trace,
    };
    let sites = arguments.sites.iter();
    let traces = together(sites.map(|&site| of_site(&trace, arguments, site)));
    let walks = traces.walks()?;
    if arguments.explain {
        return Ok(writeln!(io::stdout().lock(), "{traces}")?);
    }
    interrupt::listen()?;
    let several = traces.traces().len() > 1;
    for walk in walks {
        let bar = Bar::new(&names(&walk));
        let effects = walk.run_watched(&bar);
        bar.finish();
        for effects in effects? {
            let site = several.then(|| effects.site());
            print(&effects, &outs, site, arguments)?;
        }
    }
    Ok(())
}

/// The sites of some traces.
fn names(traces: &Together) -> String {
    let restored = traces.traces().iter().filter_map(|trace| trace.plan().restore.as_ref());
    restored.map(|restore| restore.at.site.name()).collect::<Vec<_>>().join(", ")
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

/// Where the result goes: with none named, beside the reader.
fn outs(arguments: &TraceArguments) -> Vec<PathBuf> {
    if arguments.out.is_empty() { vec![PathBuf::from("trace.svg")] } else { arguments.out.clone() }
}

/// Refuses files that cannot be written, under the names that they will have.
fn check_files(outs: &[PathBuf], arguments: &TraceArguments) -> anyhow::Result<()> {
    let several = arguments.sites.len() > 1;
    for site in &arguments.sites {
        let site = several.then(|| site.name());
        let metrics = &arguments.fact.metrics;
        for file in show::files(outs, Effects::is_numbers, site, metrics) {
            Effects::check_file(file)?;
        }
    }
    Ok(())
}

/// Prints the map of each metric, and writes each file: numbers once, with all metrics, and a picture of each.
fn print(
    effects: &Effects,
    outs: &[PathBuf],
    site: Option<Site>,
    arguments: &TraceArguments,
) -> anyhow::Result<()> {
    let site = site.map(Site::name);
    let mut out = io::stdout().lock();
    let (numbers, pictures): (Vec<&PathBuf>, Vec<&PathBuf>) =
        outs.iter().partition(|file| Effects::is_numbers(file));
    for file in numbers {
        write(effects, &show::named(file, &[site]), &mut out)?;
    }
    let several = arguments.fact.metrics.len() > 1;
    for (index, &metric) in arguments.fact.metrics.iter().enumerate() {
        let drawn = effects.metric(metric)?.normalised(arguments.normalise.into())?;
        // What is to be warned of is the same whatever is measured.
        let warnings = if index == 0 { effects.warnings() } else { &[] };
        let figure = drawn.heatmap()?;
        show::result(&figure, &drawn, warnings)?;
        if index == 0 {
            show::fonts(&figure, &pictures)?;
        }
        for file in &pictures {
            let metric = several.then(|| metric.name());
            write(&drawn, &show::named(file, &[site, metric]), &mut out)?;
        }
    }
    Ok(())
}

fn write(effects: &Effects, file: &Path, out: &mut impl io::Write) -> anyhow::Result<()> {
    effects.save(file)?;
    Ok(writeln!(out, "wrote {}", file.display())?)
}
