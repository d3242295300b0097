//! Stopping a cell: first by asking, then by force.

use crate::child::link::Link;
use crate::engine::{Failure, Interrupt, Output, Outputs, Stream};
use crate::parent::descendants;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a cell that was asked to stop may take before the user is told what comes next.
const PATIENCE: Duration = Duration::from_secs(1);

/// The cell that is running, as far as stopping it goes.
pub(super) struct Running {
    link: Arc<Link>,
    cell: Arc<Mutex<Cell>>,
}

/// The running cell, or the last one.
#[derive(Default)]
struct Cell {
    number: u64,
    outputs: Option<Outputs>,
    stopped: Stopped,
}

/// What an interrupt did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Stopped {
    /// There was none.
    #[default]
    No,
    /// The cell was asked.
    Asked,
    /// The compiler was ended.
    Compiler,
    /// The process that runs cells was ended.
    Process,
}

impl Stopped {
    /// How the cell failed, where the interrupt alone decided it.
    pub(super) fn failure(self) -> Option<Failure> {
        let value = match self {
            Self::No | Self::Asked => return None,
            Self::Compiler => "stopped while it was being compiled; variables are kept",
            Self::Process => {
                "the second interrupt ended the process that runs the cells; variables are lost, items and crates are kept"
            }
        };
        Some(Failure::new("Interrupted", value))
    }
}

impl Running {
    pub(super) fn new(link: &Arc<Link>) -> Self {
        Self { link: Arc::clone(link), cell: Arc::default() }
    }

    /// A cell begins.
    pub(super) fn begin(&self, outputs: &Outputs) {
        let mut cell = lock(&self.cell);
        cell.number += 1;
        cell.outputs = Some(Arc::clone(outputs));
        cell.stopped = Stopped::No;
    }

    /// The cell has ended; says whether it was stopped.
    pub(super) fn end(&self) -> Stopped {
        let mut cell = lock(&self.cell);
        cell.outputs = None;
        std::mem::take(&mut cell.stopped)
    }

    /// Whether the cell was asked to stop, or made to.
    pub(super) fn stopped(&self) -> bool {
        lock(&self.cell).stopped != Stopped::No
    }

    /// Everything that the kernel started, save the child and what that started.
    fn compilers(&self) -> Vec<Pid> {
        let mut of_child: BTreeSet<i32> =
            self.link.process().iter().map(|it| it.as_raw_nonzero().get()).collect();
        let all = descendants();
        // A process may come before the one that started it, in numbers that have wrapped around.
        for _ in 0..all.len() {
            let before = of_child.len();
            for (process, parent) in &all {
                if of_child.contains(&parent.as_raw_nonzero().get()) {
                    of_child.insert(process.as_raw_nonzero().get());
                }
            }
            if of_child.len() == before {
                break;
            }
        }
        let others = all.into_iter().map(|(process, _)| process);
        others.filter(|process| !of_child.contains(&process.as_raw_nonzero().get())).collect()
    }
}

impl Interrupt for Running {
    fn interrupt(&self) {
        let mut cell = lock(&self.cell);
        let Some(outputs) = cell.outputs.clone() else { return };
        let compilers = self.compilers();
        if !compilers.is_empty() {
            cell.stopped = Stopped::Compiler;
            end_all(&compilers);
        } else if cell.stopped == Stopped::No {
            cell.stopped = Stopped::Asked;
            self.link.signal(Signal::INT);
            say_what_comes_next(&self.cell, cell.number, outputs);
        } else {
            cell.stopped = Stopped::Process;
            self.link.signal(Signal::KILL);
        }
    }

    fn end(&self) {
        end_all(&self.compilers());
        self.link.signal(Signal::KILL);
    }
}

fn end_all(processes: &[Pid]) {
    for process in processes {
        // It may have ended by itself.
        let _ = kill_process(*process, Signal::KILL);
    }
}

/// A loop of the user's own does not look whether it is to stop, and the user cannot know that.
fn say_what_comes_next(cell: &Arc<Mutex<Cell>>, number: u64, outputs: Outputs) {
    let cell = Arc::clone(cell);
    std::thread::spawn(move || {
        std::thread::sleep(PATIENCE);
        let still = {
            let cell = lock(&cell);
            cell.number == number && cell.stopped == Stopped::Asked && cell.outputs.is_some()
        };
        if still {
            let text = "still running; a second interrupt ends the process, and its variables\n";
            outputs(Output::Stream { name: Stream::Err, text: text.to_owned() });
        }
    });
}

fn lock(cell: &Mutex<Cell>) -> MutexGuard<'_, Cell> {
    cell.lock().unwrap_or_else(PoisonError::into_inner)
}
