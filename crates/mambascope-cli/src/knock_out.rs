//! `mambascope knock-out`.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mambascope::{KnockOut, Knocked, Metric, Sources, Window};

use crate::args::KnockOutArguments;
use crate::progress::Bar;
use crate::{interrupt, show, subject};

/// Runs one grid of knock-outs, prints its picture, writes each file.
pub(crate) fn run(arguments: &KnockOutArguments) -> anyhow::Result<()> {
    let default = [PathBuf::from("knock-out.svg")];
    let outs = if arguments.out.is_empty() { &default[..] } else { &arguments.out };
    if arguments.explain {
        outs.iter().try_for_each(|out| Knocked::check_name(out))?;
    } else {
        let metrics = &arguments.fact.metrics;
        for file in show::files(outs, Knocked::is_numbers, None, metrics) {
            Knocked::check_file(file)?;
        }
    }
    subject::once("--metric", &arguments.fact.metrics)?;
    let knock_out = knock_out(arguments)?;
    knock_out.check()?;
    if arguments.explain {
        writeln!(io::stdout().lock(), "{}", knock_out.explain())?;
        return Ok(());
    }
    interrupt::listen()?;
    let bar = Bar::new("knock-out");
    let knocked = knock_out.run_watched(&bar);
    bar.finish();
    print(&knocked?, outs, &arguments.fact.metrics)
}

/// Prints the picture of each metric, and writes each file: numbers once, with all metrics, and a picture of each.
fn print(knocked: &Knocked, outs: &[PathBuf], metrics: &[Metric]) -> anyhow::Result<()> {
    let (numbers, pictures): (Vec<&PathBuf>, Vec<&PathBuf>) =
        outs.iter().partition(|file| Knocked::is_numbers(file));
    for (index, &metric) in metrics.iter().enumerate() {
        let drawn = knocked.metric(metric)?;
        // What is to be warned of is the same whatever is measured.
        let said: (&[String], &[String]) =
            if index == 0 { (knocked.notes(), knocked.warnings()) } else { (&[], &[]) };
        let figure = drawn.figure()?;
        show::result(&figure, &drawn, said)?;
        if index == 0 {
            show::fonts(&figure, &pictures)?;
        }
        for file in &pictures {
            let metric = (metrics.len() > 1).then(|| metric.name());
            write(&drawn, &show::named(file, &[metric]))?;
        }
    }
    numbers.into_iter().try_for_each(|file| write(knocked, file))
}

fn write(knocked: &Knocked, file: &Path) -> anyhow::Result<()> {
    knocked.save(file)?;
    Ok(writeln!(io::stdout().lock(), "wrote {}", file.display())?)
}

/// What was asked for: each source with each target.
fn knock_out(arguments: &KnockOutArguments) -> anyhow::Result<KnockOut> {
    let (prompt, example_subject) = subject::prompt(&arguments.prompt)?;
    let model = subject::model(&arguments.prompt)?;
    let trace = subject::trace(&model, prompt, &arguments.prompt);
    let trace = subject::fact(&trace, &arguments.fact, example_subject);
    let (from, to) = (&arguments.from, &arguments.to);
    let mut pairs = from.iter().flat_map(|from| to.iter().map(move |to| (from.0, to.0)));
    let (first, last) = pairs.next().context("no tokens are named")?;
    let knock_out = trace.knock_out(first, last, arguments.layers.0);
    let knock_out = pairs.fold(knock_out, |knock_out, (from, to)| knock_out.and(from, to));
    let knock_out = knock_out
        .sources(if arguments.each { Sources::Each } else { Sources::Together })
        .lanes(arguments.lane.into())
        .removal(arguments.mode.into())
        .channels(arguments.channels.0)
        .rest(arguments.rest.into());
    let (size, convention) = (arguments.window, arguments.convention.into());
    let knock_out =
        if arguments.together { knock_out } else { knock_out.window(Window { size, convention }) };
    let knock_out = knock_out.ends(arguments.ends.into());
    Ok(if arguments.mean.is_empty() {
        knock_out
    } else {
        knock_out.mean(arguments.mean.iter().map(String::as_str))
    })
}
