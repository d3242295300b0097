//! The thread on which an engine lives.

use super::{Ask, Bundle, Completions, Engine, Failure, Interrupt, Outputs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

/// Makes an engine; called again where it failed, when the next cell comes.
pub type Start = Box<dyn FnMut(&Warmup) -> Result<Box<dyn Engine>, Failure> + Send>;

/// What an engine is doing until it is ready.
#[derive(Debug, Default)]
pub struct Warmup {
    line: Mutex<String>,
    ready: AtomicBool,
}

impl Warmup {
    /// Says what is being done; shown in a cell that waits.
    pub fn say(&self, line: impl Into<String>) {
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = line.into();
    }

    /// What was said last, while the engine is not ready.
    pub fn line(&self) -> Option<String> {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (!self.ready.load(Ordering::Acquire) && !line.is_empty()).then_some(line)
    }

    fn set(&self, ready: bool) {
        self.say("");
        self.ready.store(ready, Ordering::Release);
    }

    /// Whether the engine is ready.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }
}

/// Something for the engine to do, and whom to tell.
pub enum Job {
    /// Runs a cell, unless it was given up before its turn.
    Exec {
        /// The cell.
        cell: String,
        /// Where its outputs go.
        outputs: Outputs,
        /// How it asks the user.
        ask: Ask,
        /// Set where it was given up.
        given_up: Arc<AtomicBool>,
        /// Told how it ended.
        done: Done<Result<(), Failure>>,
    },
    /// What fits at a place.
    Complete {
        /// The cell.
        cell: String,
        /// The byte.
        at: usize,
        /// Told what fits.
        done: Done<Completions>,
    },
    /// What stands at a place.
    Inspect {
        /// The cell.
        cell: String,
        /// The byte.
        at: usize,
        /// Told what is known.
        done: Done<Option<Bundle>>,
    },
}

/// Called once with what came of a job.
pub type Done<T> = Box<dyn FnOnce(T) + Send>;

/// The engine's thread, as others see it.
#[derive(Clone)]
pub struct Worker {
    jobs: mpsc::Sender<Job>,
    interrupt: Arc<Mutex<Option<Arc<dyn Interrupt>>>>,
    warmup: Arc<Warmup>,
}

impl Worker {
    /// Starts the thread, and on it the engine, at once.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(start: Start) -> std::io::Result<Self> {
        let (jobs, receive) = mpsc::channel();
        let worker = Self { jobs, interrupt: Arc::default(), warmup: Arc::default() };
        let (interrupt, warmup) = (Arc::clone(&worker.interrupt), Arc::clone(&worker.warmup));
        std::thread::Builder::new().name("engine".to_owned()).stack_size(64 << 20).spawn(
            move || {
                let mut thread = Thread { start, engine: None, interrupt, warmup };
                let _ = thread.ready();
                for job in receive {
                    thread.run(job);
                }
            },
        )?;
        Ok(worker)
    }

    /// Queues a job.
    pub fn send(&self, job: Job) {
        // The thread lives as long as the process.
        let _ = self.jobs.send(job);
    }

    /// What the engine is doing until it is ready.
    pub fn warmup(&self) -> &Warmup {
        &self.warmup
    }

    /// Interrupts what the engine is doing.
    pub fn interrupt(&self) {
        if let Some(interrupt) = self.handle() {
            interrupt.interrupt();
        }
    }

    /// Ends all processes of the engine.
    pub fn end(&self) {
        if let Some(interrupt) = self.handle() {
            interrupt.end();
        }
    }

    fn handle(&self) -> Option<Arc<dyn Interrupt>> {
        self.interrupt.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Thread {
    start: Start,
    engine: Option<Box<dyn Engine>>,
    interrupt: Arc<Mutex<Option<Arc<dyn Interrupt>>>>,
    warmup: Arc<Warmup>,
}

impl Thread {
    /// The engine, started where it is not.
    fn ready(&mut self) -> Result<&mut Box<dyn Engine>, Failure> {
        if self.engine.is_none() {
            self.warmup.set(false);
            let engine = guarded(|| (self.start)(&self.warmup)).and_then(|engine| engine);
            match engine {
                Ok(engine) => {
                    let handle = engine.interrupt();
                    *self.interrupt.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
                    self.engine = Some(engine);
                    self.warmup.set(true);
                }
                Err(failure) => {
                    crate::log::line(format_args!("{}: {}", failure.name, failure.value));
                    return Err(failure);
                }
            }
        }
        self.engine.as_mut().ok_or_else(|| Failure::new("error", "there is no engine"))
    }

    fn run(&mut self, job: Job) {
        match job {
            Job::Exec { given_up, .. } if given_up.load(Ordering::Acquire) => {}
            Job::Exec { cell, outputs, ask, done, .. } => done(self.ready().and_then(|engine| {
                guarded(|| engine.exec(&cell, &outputs, &ask)).and_then(|result| result)
            })),
            Job::Complete { cell, at, done } => done(match &mut self.engine {
                Some(engine) => guarded(|| engine.complete(&cell, at)).unwrap_or_default(),
                None => Completions { start: at, end: at, ..Completions::default() },
            }),
            Job::Inspect { cell, at, done } => done(
                self.engine
                    .as_mut()
                    .and_then(|engine| guarded(|| engine.inspect(&cell, at)).ok().flatten()),
            ),
        }
    }
}

/// A panic in the engine fails the cell, not the kernel.
fn guarded<T>(act: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("a panic");
        Failure::new("error", format!("the engine failed: {said}"))
    })
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Stub;

    impl Engine for Stub {
        fn exec(&mut self, cell: &str, _: &Outputs, _: &Ask) -> Result<(), Failure> {
            match cell {
                "panic" => panic!("oh"),
                "fail" => Err(Failure::new("E", "no")),
                _ => Ok(()),
            }
        }

        fn complete(&mut self, _: &str, at: usize) -> Completions {
            Completions { start: at, end: at, ..Completions::default() }
        }

        fn inspect(&mut self, _: &str, _: usize) -> Option<Bundle> {
            None
        }

        fn interrupt(&self) -> Arc<dyn Interrupt> {
            struct Nothing;
            impl Interrupt for Nothing {
                fn interrupt(&self) {}
                fn end(&self) {}
            }
            Arc::new(Nothing)
        }
    }

    fn exec(worker: &Worker, cell: &str, given_up: bool) -> mpsc::Receiver<Result<(), Failure>> {
        let (send, receive) = mpsc::channel();
        worker.send(Job::Exec {
            cell: cell.to_owned(),
            outputs: Arc::new(|_| ()),
            ask: Arc::new(|_| String::new()),
            given_up: Arc::new(AtomicBool::new(given_up)),
            done: Box::new(move |result| send.send(result).expect("the test waits")),
        });
        receive
    }

    #[test]
    fn a_panic_of_the_engine_fails_one_cell() {
        let worker = Worker::start(Box::new(|_| Ok(Box::new(Stub)))).expect("a thread");
        let result = exec(&worker, "panic", false).recv().expect("an answer");
        assert!(result.expect_err("a failure").value.contains("oh"));
        assert_eq!(exec(&worker, "fine", false).recv().expect("an answer"), Ok(()));
        let result = exec(&worker, "fail", false).recv().expect("an answer");
        assert_eq!(result.expect_err("a failure").name, "E");
        assert!(exec(&worker, "fine", true).recv().is_err());
    }

    #[test]
    fn an_engine_that_did_not_start_is_tried_again() {
        let mut tries = 0;
        let start: Start = Box::new(move |_| {
            tries += 1;
            if tries == 2 { Ok(Box::new(Stub)) } else { Err(Failure::new("E", tries.to_string())) }
        });
        let worker = Worker::start(start).expect("a thread");
        assert_eq!(exec(&worker, "fine", false).recv().expect("an answer"), Ok(()));
        assert!(worker.warmup().is_ready());
    }
}
