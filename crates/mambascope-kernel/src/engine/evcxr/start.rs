//! From nothing to an engine that has the library.

use super::{BEGIN, Evcxr, Place, Running};
use crate::child::{FRAMES, link::Link, wrapper::WRAPS};
use crate::engine::{Failure, worker::Warmup};
use evcxr::{CommandContext, EvalContext};
use mambascope_lab::{Library, Progress, Sources, Toolchain};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is in scope in every cell.
pub(super) const PRELUDE: &str = "\
use mambascope_facade::{anyhow, candle_core, candle_nn, mambascope, plotters, tokenizers};
use mambascope_facade::prelude::*;
";

/// Never run: rust-analyzer works out what fits at its end, and so reads the library and the
/// standard library before the first cell needs them.
const REHEARSAL: &str =
    "let rehearsal = vec![Model::bundled().unwrap().trace(\"\")]; rehearsal[0].";

/// Starts the engine. Nothing is downloaded.
pub(super) fn start(place: &Place, link: &Arc<Link>, warmup: &Warmup) -> Result<Evcxr, Failure> {
    let mut clock = Clock { last: Instant::now(), said: Vec::new() };
    let told = |error: mambascope_lab::Error| Failure::new("not ready", error.to_string());
    let toolchain = Toolchain::find().map_err(told)?;
    // Without it rust-analyzer would ask rustup to download it.
    toolchain.library_source().map_err(told)?;
    let library =
        Library::ensure(&place.data, &Sources::of_this_build(), &toolchain, &mut |progress| {
            warmup.say(words(progress));
        })
        .map_err(told)?;
    clock.lap("library");
    warmup.say("");

    let failed = |error: evcxr::Error| Failure::new("not ready", error.to_string());
    let own = |error: std::io::Error| Failure::new("not ready", error.to_string());
    let program = std::env::current_exe().map_err(own)?;
    let mut child = Command::new(&program);
    child.env(FRAMES, "1").env_remove("RUSTFLAGS");
    let (mut context, early) = EvalContext::with_subprocess_command(child).map_err(failed)?;
    clock.lap("evcxr");
    let mut state = context.state();
    state.set_build_env("CARGO_ENCODED_RUSTFLAGS", &library.compiler_flags());
    state.set_build_env("RUSTC_WRAPPER", &program.to_string_lossy());
    state.set_build_env(WRAPS, "1");
    state.set_offline_mode(true);
    library.fix_versions(&place.build).map_err(told)?;
    let dependency = library.dependency();
    let (name, value) = dependency.split_once(" = ").unwrap_or((&dependency, ""));
    state.add_dep(name, value).map_err(failed)?;
    library.fix_versions(&place.build).map_err(told)?;
    context.eval_with_state(PRELUDE, state).map_err(failed)?;
    clock.lap("prelude");
    let mut state = context.state();
    state.set_offline_mode(false);
    context.eval_with_state("", state).map_err(failed)?;
    link.wait_for_birth(Duration::from_secs(10));
    let mut engine = Evcxr {
        context: CommandContext::with_eval_context(context),
        early,
        link: Arc::clone(link),
        running: Arc::new(Running::new(link)),
        library,
        build: place.build.clone(),
        begun: 0,
        cells: 0,
        built: Arc::default(),
    };
    engine.begin_process();
    clock.lap(BEGIN);
    // Only to have it done before it is needed.
    let _ = engine.context.completions(REHEARSAL, REHEARSAL.len());
    clock.lap("types");
    crate::log::line(format_args!("ready: {}", clock.said.join(", ")));
    Ok(engine)
}

/// What a cell that waits shows.
fn words(progress: Progress<'_>) -> String {
    match progress {
        Progress::Building { name, done, total } => {
            format!("building the library for this Rust: {name} ({done} of {total})")
        }
        _ => "another kernel is building the library; waiting for it".to_owned(),
    }
}

/// How long each part of the start took.
struct Clock {
    last: Instant,
    said: Vec<String>,
}

impl Clock {
    fn lap(&mut self, what: &str) {
        self.said.push(format!("{what} {:.2} s", self.last.elapsed().as_secs_f64()));
        self.last = Instant::now();
    }
}
