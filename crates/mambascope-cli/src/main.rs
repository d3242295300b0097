//! The `mambascope` command: trace, knock-out, record, attention, models, bench, lab, kernel.

mod apart;
mod args;
mod attention;
mod bench;
mod interrupt;
mod kernel;
mod knock_out;
mod lab;
mod models;
mod progress;
mod record;
mod report;
mod show;
mod subject;
mod trace;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Arguments, Command};

/// Something failed.
const FAILED: u8 = 1;
/// What was asked for cannot be done as it was asked.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.command {
        Command::Trace(arguments) => trace::run(arguments),
        Command::KnockOut(arguments) => knock_out::run(arguments),
        Command::Record(arguments) => record::run(arguments),
        Command::Attention(arguments) => attention::run(arguments),
        Command::Models => models::run(),
        Command::Bench(arguments) => bench::run(arguments),
        Command::Lab(arguments) => lab::run(arguments),
        Command::Kernel(command) => kernel::run(command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error),
    }
}

/// Says what went wrong, and what to write instead; a reader that has gone away is no error.
fn report(error: &anyhow::Error) -> ExitCode {
    let gone = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(gone) {
        return ExitCode::SUCCESS;
    }
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(io::stderr().lock(), "error: {}", report::words(error));
    let usage = error.chain().any(|cause| {
        matches!(
            cause.downcast_ref(),
            Some(
                mambascope::Error::Plan { .. }
                    | mambascope::Error::Ending { .. }
                    | mambascope::Error::Facts { .. }
            )
        ) || cause.downcast_ref().is_some_and(mambascope::Error::is_file_name)
            || cause.is::<subject::Refused>()
    });
    ExitCode::from(if usage { USAGE } else { FAILED })
}
