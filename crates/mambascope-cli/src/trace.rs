//! `mambascope trace`.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mambascope::{Effects, Facts, Scope as _, Site, Trace, Window};

use crate::args::TraceArguments;
use crate::progress::Bar;
use crate::{interrupt, subject};

/// Runs one trace a site, prints each map, writes each file.
pub(crate) fn run(arguments: &TraceArguments) -> anyhow::Result<()> {
    let outs = outs(arguments);
    for out in &outs {
        Effects::check_name(out)?;
    }
    let (prompt, example_subject) = subject::prompt(&arguments.prompt)?;
    let model = subject::model(&arguments.prompt)?;
    let mut trace = model.trace(prompt).corrupt(noise(arguments)?);
    if let Some(subject) = arguments.subject.as_deref().or(example_subject) {
        trace = trace.subject(subject);
    }
    if let Some(tokens) = &arguments.subject_tokens {
        trace = trace.subject(tokens.0.clone());
    }
    if let Some(answer) = arguments.answer.as_deref() {
        trace = trace.answer(answer);
    }
    if let Some(token) = arguments.answer_id {
        trace = trace.answer(token);
    }
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

fn noise(arguments: &TraceArguments) -> anyhow::Result<mambascope::Noise> {
    let noise = arguments.noise.samples(arguments.samples).seed(arguments.seed);
    match &arguments.facts {
        Some(file) => Ok(noise.over(Facts::read(file)?.subjects())),
        None => Ok(noise),
    }
}

fn of_site(trace: &Trace, arguments: &TraceArguments, site: Site) -> Trace {
    let trace = trace.restore((site, arguments.layers.0)).tokens(arguments.tokens.0);
    match arguments.window {
        Some(size) => trace.window(Window { size, convention: arguments.convention.into() }),
        None if matches!(site, Site::Resid | Site::Embed) => trace,
        None => trace.window(Window { size: 10, convention: arguments.convention.into() }),
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
    let figure = effects.heatmap()?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", figure.terminal().trim_end())?;
    writeln!(out, "{effects}")?;
    for warning in effects.warnings() {
        writeln!(io::stderr().lock(), "warning: {warning}")?;
    }
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
