//! The engine that is evcxr: rustc by way of cargo for the cells, rust-analyzer for their types.

mod interrupt;
mod start;

use self::interrupt::Running;
use super::render::{ended_badly, not_compiled};
use super::worker::{Start, Warmup};
use super::{
    Answer, Ask, Bundle, Completions, Engine, Failure, Interrupt, Match, Output, Outputs, Question,
    Stream,
};
use crate::cell::commands::{COMMANDS, Own, plan};
use crate::cell::questions;
use crate::child::collect::Report;
use crate::child::link::Link;
use crate::progress::{Builds, Built};
use evcxr::{CommandContext, EvalCallbacks, EvalContextOutputs, EvalOutputs};
use mambascope_lab::Library;
use rustix::process::Signal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Where an engine works and what it takes its library from.
#[derive(Debug, Clone)]
pub struct Place {
    /// The folder in which evcxr builds.
    pub build: PathBuf,
    /// The socket for the child.
    pub socket: PathBuf,
    /// The folder of the user's data, with the library.
    pub data: PathBuf,
}

/// How to start the engine.
///
/// # Errors
/// Where the socket for the child cannot be made.
pub fn starter(place: Place) -> std::io::Result<Start> {
    let link = Arc::new(Link::listen(&place.socket)?);
    Ok(Box::new(move |warmup: &Warmup| {
        let engine = start::start(&place, &link, warmup)?;
        Ok(Box::new(engine) as Box<dyn Engine>)
    }))
}

/// The engine.
struct Evcxr {
    context: CommandContext,
    /// What evcxr passes on by itself: what the child wrote before it had the kernel's sockets.
    early: EvalContextOutputs,
    link: Arc<Link>,
    running: Arc<Running>,
    /// Held so that the library is not removed.
    library: Library,
    build: PathBuf,
    /// The process in which the library has been told to begin.
    begun: u64,
    /// How many cells there were.
    cells: u64,
    /// The crates that they had built.
    built: Arc<Built>,
}

/// Starts the library's part in a new process: its messages for panics and interrupts.
const BEGIN: &str = "mambascope::notebook::begin();";

impl Engine for Evcxr {
    fn exec(&mut self, cell: &str, outputs: &Outputs, ask: &Ask) -> Result<(), Failure> {
        self.cells += 1;
        self.running.begin(outputs);
        let result = self.run(cell, outputs, ask);
        let stopped = self.running.end();
        for line in self.early.stderr.try_iter().chain(self.early.stdout.try_iter()) {
            outputs(Output::Stream { name: Stream::Err, text: line + "\n" });
        }
        match (result, stopped.failure()) {
            (Err(_), Some(failure)) => Err(failure),
            (result, _) => result,
        }
    }

    fn complete(&mut self, cell: &str, at: usize) -> Completions {
        let none = Completions { start: at, end: at, ..Completions::default() };
        let Ok(found) = self.context.completions(cell, at) else { return none };
        let matches = found.completions.into_iter().filter(|it| !is_ours(&it.code));
        Completions {
            matches: matches.map(|it| Match { text: it.code, kind: it.kind.to_owned() }).collect(),
            start: found.start_offset,
            end: found.end_offset,
        }
    }

    fn inspect(&mut self, cell: &str, at: usize) -> Option<Bundle> {
        // rust-analyzer looks at the name that ends at the place, so the place goes to its end.
        let rest = &cell[at..];
        let at = at + rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let before = cell[..at].trim_end_matches(['(', ' ']);
        if before.is_empty() {
            return None;
        }
        let (plain, html) = self.context.hover_at(cell, before.len()).ok()?;
        if plain == "No documentation found" {
            return None;
        }
        let mut bundle = Bundle::text(plain);
        bundle.data.insert("text/html".to_owned(), html.into());
        Some(bundle)
    }

    fn interrupt(&self) -> Arc<dyn Interrupt> {
        Arc::clone(&self.running) as Arc<dyn Interrupt>
    }
}

impl Evcxr {
    fn run(&mut self, cell: &str, outputs: &Outputs, ask: &Ask) -> Result<(), Failure> {
        let plan = plan(cell);
        if let Some((command, help)) = plan.refused {
            let value = format!("`{command}` is not for notebooks\nhelp: {help}");
            return Err(Failure::new("command", value));
        }
        for own in &plan.own {
            match own {
                Own::Help => outputs(Output::Result(help())),
                Own::Clear => self.clear()?,
            }
        }
        self.begin_process();
        // Whatever interrupted the last cell is no business of this one.
        self.link.signal(Signal::USR2);
        if plan.cell.trim().is_empty() {
            return Ok(());
        }
        let marked = questions::mark(&plan.cell);
        let result = match self.evaluate(&marked, outputs, ask) {
            // What was put into the cell must not be what keeps it from compiling, nor be seen
            // in the compiler's words.
            (Err(evcxr::Error::CompilationErrors(_)), _)
                if marked != plan.cell && !self.running.stopped() =>
            {
                self.evaluate(&plan.cell, outputs, ask)
            }
            other => other,
        };
        self.concluded(result, cell, &marked, outputs)
    }

    /// Compiles and runs a cell; says what evcxr says and what the child said.
    fn evaluate(
        &mut self,
        cell: &str,
        outputs: &Outputs,
        ask: &Ask,
    ) -> (Result<EvalOutputs, evcxr::Error>, Report) {
        let builds = Builds::new(self.build.clone(), outputs, self.cells, &self.built);
        let began = Arc::clone(&builds);
        self.link.begin(outputs, Arc::new(move |name, version| began.began(name, version)));
        let mut callbacks = EvalCallbacks {
            input_reader: &|request| {
                let answer = if request.is_password { Answer::Secret } else { Answer::Open };
                ask(&Question { prompt: request.prompt, answer })
            },
        };
        let result = self.context.execute_with_callbacks(cell, &mut callbacks);
        if matches!(result, Err(evcxr::Error::SubprocessTerminated(_))) {
            self.link.wait_for_end(self.begun, Duration::from_secs(2));
        }
        builds.ended();
        (result, self.link.end())
    }

    fn concluded(
        &self,
        (result, report): (Result<EvalOutputs, evcxr::Error>, Report),
        cell: &str,
        compiled: &str,
        outputs: &Outputs,
    ) -> Result<(), Failure> {
        match result {
            Ok(shown) => {
                if let Some(bundle) = bundle(&shown) {
                    outputs(Output::Result(bundle));
                }
                if let Some(took) = shown.timing {
                    let text = format!("took {:.2} s\n", took.as_secs_f64());
                    outputs(Output::Stream { name: Stream::Out, text });
                }
                if !report.panicked && !report.question {
                    return Ok(());
                }
                let generated = self.context.last_source().unwrap_or_default();
                // Lines are looked for in what was compiled and shown as they were written; both
                // have the same lines.
                match ended_badly(&report, compiled, &generated) {
                    Some(failure) => Err(as_written(failure, compiled, cell)),
                    None => Ok(()),
                }
            }
            Err(evcxr::Error::CompilationErrors(errors)) => Err(not_compiled(&errors, cell)),
            Err(evcxr::Error::SubprocessTerminated(said)) => {
                let how = said.lines().next_back().unwrap_or_default();
                let how = how.rsplit_once("status: ").map_or(how, |it| it.1);
                let value = format!(
                    "the process that runs the cells ended ({how}); variables are lost, items and crates are kept"
                );
                Err(Failure::new("process ended", value))
            }
            Err(other) => Err(Failure::new("error", other.to_string())),
        }
    }

    /// Tells the library in a new process to begin.
    fn begin_process(&mut self) {
        let born = self.link.born();
        if born == self.begun {
            return;
        }
        self.begun = born;
        let nowhere: Outputs = Arc::new(|_| ());
        self.link.begin(&nowhere, Arc::new(|_, _| ()));
        if let Err(error) = self.context.execute(BEGIN) {
            crate::log::line(format_args!("the library did not begin: {error}"));
        }
        self.link.end();
    }

    /// Forgets all that cells have made, and gives them the library again.
    fn clear(&mut self) -> Result<(), Failure> {
        let failed = |error: evcxr::Error| Failure::new("error", error.to_string());
        self.context.execute(":clear").map_err(failed)?;
        let fix = |library: &Library, build| {
            library.fix_versions(build).map_err(|error| Failure::new("error", error.to_string()))
        };
        fix(&self.library, &self.build)?;
        let dependency = self.library.dependency();
        self.context.execute(&format!(":offline 1\n:dep {dependency}")).map_err(failed)?;
        fix(&self.library, &self.build)?;
        self.context.execute(&format!(":offline 0\n{}", start::PRELUDE)).map_err(failed)?;
        Ok(())
    }
}

/// What a command of evcxr's shows.
fn bundle(shown: &EvalOutputs) -> Option<Bundle> {
    let data: serde_json::Map<_, _> = shown
        .content_by_mime_type
        .iter()
        .map(|(mime, content)| (mime.clone(), content.trim_end().into()))
        .collect();
    (!data.is_empty()).then(|| Bundle { data, ..Bundle::default() })
}

/// The table of commands.
fn help() -> Bundle {
    let width = COMMANDS.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines = COMMANDS.map(|(name, what)| format!("{name:width$}  {what}"));
    Bundle::text(lines.join("\n"))
}

/// A failure whose lines are of the cell as it was written, not as it was compiled.
fn as_written(mut failure: Failure, compiled: &str, cell: &str) -> Failure {
    for line in &mut failure.traceback {
        for (made, written) in compiled.lines().zip(cell.lines()) {
            if made != written && line.contains(made) {
                *line = line.replace(made, written);
            }
        }
    }
    failure
}

/// Names that the kernel puts into cells.
fn is_ours(name: &str) -> bool {
    name.starts_with("mambascope_at") || name.starts_with("evcxr_display")
}
