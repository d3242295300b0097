//! `mambascope trace`.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use mambascope::{
    Corruption, Effects, Facts, Fill, Other, Prompt, Site, Subject, Swap, Together, Trace, Until,
    Window,
};
use mambascope::{swap, together};

use crate::args::{Filled, Ids, InterveneArguments, TraceArguments};
use crate::progress::Bar;
use crate::subject::Refused;
use crate::{apart, interrupt, show, subject};

/// Runs one trace a site, together where they can, prints each map, writes each file.
pub(crate) fn run(arguments: &TraceArguments) -> anyhow::Result<()> {
    let outs = outs(arguments);
    subject::once("--site", &arguments.sites)?;
    subject::once("--metric", &arguments.fact.metrics)?;
    subject::once("--sever", &arguments.sever)?;
    check_files(&outs, arguments)?;
    let (prompt, example_subject) = subject::prompt(&arguments.prompt)?;
    let model = subject::model(&arguments.prompt)?;
    let trace = subject::trace(&model, prompt, &arguments.prompt).corrupt(corruption(arguments)?);
    let trace = subject::fact(&trace, &arguments.fact, example_subject);
    let trace = match arguments.until {
        Some(width) => trace.until(Until::width(width).most(arguments.at_most)),
        None => trace,
    };
    if let Some(count) = arguments.intervene.decompose {
        let state = of_site(&trace, arguments, Site::State);
        return apart::decompose(&state.window(1), arguments, count);
    }
    if let Some(second) = arguments.intervene.interaction {
        let [first] = arguments.sites[..] else { return Err(one_site().into()) };
        let joint = of_site(&trace, arguments, first).interaction(first, second)?;
        return apart::interaction(&joint, &outs);
    }
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

fn one_site() -> Refused {
    Refused {
        what: "--interaction is of one --site and another".to_owned(),
        help: "write --site scan_out --interaction gate".to_owned(),
    }
}

/// The sites of some traces.
fn names(traces: &Together) -> String {
    let restored = traces.traces().iter().filter_map(|trace| trace.plan().restore.as_ref());
    restored.map(|restore| restore.at.site.name()).collect::<Vec<_>>().join(", ")
}

fn corruption(arguments: &TraceArguments) -> anyhow::Result<Corruption> {
    if arguments.intervene.uncorrupted {
        return Ok(Corruption::Nothing);
    }
    if let Some(other) = other(&arguments.intervene) {
        return Ok(other.into());
    }
    if let Some(subject) = arguments.swap.as_deref() {
        return Ok(swap(subject).into());
    }
    if !arguments.swap_ids.is_empty() {
        return Ok(swap(Ids::all(&arguments.swap_ids)).into());
    }
    match arguments.swap_drawn {
        Some(seed) => Ok(Swap::drawn(seed).into()),
        None => Ok(noise(arguments)?.into()),
    }
}

/// The other prompt that was typed, if any, and its subject.
fn other(arguments: &InterveneArguments) -> Option<Other> {
    let prompt = match arguments.other.as_deref() {
        Some(text) => Prompt::from(text),
        None if arguments.other_ids.is_empty() => return None,
        None => Prompt::from(arguments.other_ids.clone()),
    };
    let named = arguments.other_subject.as_deref().map(Subject::from);
    let tokens =
        arguments.other_subject_tokens.as_ref().map(|tokens| Subject::from(tokens.0.clone()));
    Some(Other { prompt, subject: named.or(tokens).unwrap_or_default() })
}

fn noise(arguments: &TraceArguments) -> anyhow::Result<mambascope::Noise> {
    let noise = arguments.noise.samples(arguments.samples).seed(arguments.seed);
    let noise = if arguments.replace { noise.replacing() } else { noise };
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
    let trace = match arguments.original {
        Some(kind) => trace.original(kind),
        None => arguments.and.iter().fold(trace, |trace, &site| trace.and(site)),
    };
    intervened(&trace, arguments, site)
}

/// What is put in place, what is held, and the published forms of both.
fn intervened(trace: &Trace, arguments: &TraceArguments, site: Site) -> Trace {
    let typed = &arguments.intervene;
    let trace = typed.sever_at.iter().fold(trace.clone(), |trace, held| trace.sever(held.0));
    let pairs: Vec<(usize, usize)> = typed.pairs.iter().map(|pair| pair.0).collect();
    let trace = if pairs.is_empty() { trace } else { trace.pairs(&pairs) };
    let trace = match &typed.fill {
        None => trace,
        Some(Filled::Said(fill)) => trace.fill(fill.clone()),
        Some(Filled::Even(number)) => {
            trace.fill(Fill::Constant(vec![*number; site.width(trace.model().config())]))
        }
    };
    // These name all layers; those that were typed hold.
    let trace = match typed.path_blocking {
        Some(site) => at_layers(&trace.path_blocking(site), arguments),
        None if typed.severed_modules => at_layers(&trace.severed_modules(), arguments),
        None if typed.memory_boundary => at_layers(&trace.memory_boundary(), arguments),
        None => trace,
    };
    trace.stream(typed.stream.into())
}

/// The trace's site at the layers that were typed.
fn at_layers(trace: &Trace, arguments: &TraceArguments) -> Trace {
    let site = trace.plan().restore.as_ref().map_or(Site::Resid, |restore| restore.at.site);
    trace.restore((site, arguments.layers.0))
}

/// Where the result goes: with none named, beside the reader.
fn outs(arguments: &TraceArguments) -> Vec<PathBuf> {
    if arguments.out.is_empty() { vec![PathBuf::from("trace.svg")] } else { arguments.out.clone() }
}

/// Refuses files that cannot be written, under the names that they will have; where nothing is written, their names alone.
fn check_files(outs: &[PathBuf], arguments: &TraceArguments) -> anyhow::Result<()> {
    let is_interaction = arguments.intervene.interaction.is_some();
    if is_interaction {
        outs.iter().try_for_each(|out| apart::check_name(out))?;
    }
    if arguments.intervene.decompose.is_some() || (arguments.explain && !is_interaction) {
        return Ok(outs.iter().try_for_each(|out| Effects::check_name(out))?);
    }
    if is_interaction {
        return Ok(outs.iter().try_for_each(Effects::check_file)?);
    }
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
        let said: (&[String], &[String]) =
            if index == 0 { (effects.notes(), effects.warnings()) } else { (&[], &[]) };
        let figure = drawn.heatmap()?;
        show::result(&figure, &drawn, said)?;
        if let Some(precision) = drawn.precision() {
            writeln!(out, "{precision}")?;
        }
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
