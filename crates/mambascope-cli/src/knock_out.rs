//! `mambascope knock-out`.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use mambascope::{KnockOut, Knocked, Scope as _, Sources, Window};

use crate::args::KnockOutArguments;
use crate::progress::Bar;
use crate::{interrupt, show, subject};

/// Runs one grid of knock-outs, prints its picture, writes each file.
pub(crate) fn run(arguments: &KnockOutArguments) -> anyhow::Result<()> {
    let default = [PathBuf::from("knock-out.svg")];
    let outs = if arguments.out.is_empty() { &default[..] } else { &arguments.out };
    for out in outs {
        Knocked::check_name(out)?;
    }
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
    let knocked = knocked?;
    show::result(&knocked.figure()?, &knocked, knocked.warnings())?;
    let mut out = io::stdout().lock();
    for file in outs {
        knocked.save(file).with_context(|| format!("cannot write {}", file.display()))?;
        writeln!(out, "wrote {}", file.display())?;
    }
    Ok(())
}

/// What was asked for: each source with each target.
fn knock_out(arguments: &KnockOutArguments) -> anyhow::Result<KnockOut> {
    let (prompt, example_subject) = subject::prompt(&arguments.prompt)?;
    let trace = subject::model(&arguments.prompt)?.trace(prompt);
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
    Ok(if arguments.mean.is_empty() {
        knock_out
    } else {
        knock_out.mean(arguments.mean.iter().map(String::as_str))
    })
}
