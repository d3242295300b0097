//! On how many threads a model runs.

mod shared;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rayon::prelude::*;
use rayon::{Scope, ThreadPool, ThreadPoolBuilder, Yield};

use crate::Error;

/// The variable that says on how many threads models run where nothing else is said.
const VARIABLE: &str = "MAMBASCOPE_THREADS";

/// How many threads there may be on any machine, so that a command that names some runs on a smaller one too.
const LEAST_LIMIT: usize = 64;

/// Numbers under which work on each of them is not worth a second thread.
const FEW: usize = 1 << 16;

/// How often a thread that is kept awake looks for work before it lets others have its core in between.
const PATIENCE: u32 = 256;

thread_local! {
    /// Whether this is one of the threads and walks through work whose parts may be spread, none of which it is in.
    static LEADS: Cell<bool> = const { Cell::new(false) };
}

/// The threads that a model's work is spread over; rayon's own where nothing is said.
#[derive(Debug, Clone, Default)]
pub struct Threads(Option<Arc<ThreadPool>>);

/// The pools in use, by their number of threads, so that models share them.
static POOLS: Mutex<BTreeMap<usize, Weak<ThreadPool>>> = Mutex::new(BTreeMap::new());

impl Threads {
    /// The most threads that work may be spread over here: four times as many as the machine runs at once, and 64 at least.
    ///
    /// More would only wait for each other, and every one of them takes memory and a place among the system's processes.
    pub fn limit() -> usize {
        LEAST_LIMIT.max(4 * std::thread::available_parallelism().map_or(1, NonZero::get))
    }

    /// So many threads.
    ///
    /// # Errors
    /// When there are to be none or more than [`Threads::limit`], or the system gives fewer.
    pub fn new(count: usize) -> Result<Self, Error> {
        let refused = |why: String| Error::Threads { asked: count.to_string(), why };
        if count == 0 {
            return Err(refused("there must be one at least".to_owned()));
        }
        let limit = Self::limit();
        if count > limit {
            let why =
                format!("the limit here is {limit}, because more threads only wait for each other");
            return Err(refused(why));
        }
        shared::prepare()?;
        let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(&count).and_then(Weak::upgrade) {
            return Ok(Self(Some(pool)));
        }
        let pool = ThreadPoolBuilder::new().num_threads(count).build();
        let pool = Arc::new(pool.map_err(|error| refused(error.to_string()))?);
        pools.insert(count, Arc::downgrade(&pool));
        Ok(Self(Some(pool)))
    }

    /// As many as `MAMBASCOPE_THREADS` says; rayon's own where it says nothing: as many as `RAYON_NUM_THREADS` says, or as
    /// the machine runs at once, or fewer where the system gives no more.
    ///
    /// # Errors
    /// When one of the variables says something else than a number of threads up to [`Threads::limit`], or the system gives
    /// no thread at all.
    pub fn from_environment() -> Result<Self, Error> {
        let Some(text) = std::env::var_os(VARIABLE) else {
            shared::prepare()?;
            return Ok(Self::default());
        };
        let text = text.to_string_lossy();
        if let Ok(count) = text.trim().parse() {
            return Self::new(count);
        }
        let why = format!("{VARIABLE} must be a whole number");
        Err(Error::Threads { asked: text.into_owned(), why })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.as_ref().map_or_else(rayon::current_num_threads, |pool| pool.current_num_threads())
    }

    /// Whether work that could be spread is to stay where it is: on one of the threads, or where there is one only.
    pub(crate) fn stay(&self) -> bool {
        let is_part = rayon::current_thread_index().is_some() && !LEADS.get();
        is_part || self.count() == 1
    }

    /// Whether work goes to threads that are awake: this one leads them.
    pub(crate) fn awake(&self) -> bool {
        LEADS.get() && self.count() > 1
    }

    /// Does work whose parallel parts go to these threads.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.0 {
            // What is spread already stays with the threads that it is on.
            Some(pool) if rayon::current_thread_index().is_none() => pool.install(work),
            _ => leading(false, work),
        }
    }

    /// Does work of many steps, some of which are spread, on one of the threads; the others stay awake until it is done, so
    /// that no step waits for one of them to wake.
    pub fn lead<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        if rayon::current_thread_index().is_some() || self.count() == 1 {
            return work();
        }
        let others = 1..self.count();
        let led = move |scope: &Scope<'_>| {
            let done = Arc::new(Done::default());
            for _ in others {
                let done = Arc::clone(&done);
                scope.spawn(move |_| done.wait());
            }
            let _done = Ends(&done);
            leading(true, work)
        };
        match &self.0 {
            Some(pool) => pool.scope(led),
            None => rayon::scope(led),
        }
    }

    /// Does work on each of many rows of so many columns, on some rows at a time; it hears the number of the first.
    pub(crate) fn over<T: Send>(
        &self,
        values: &mut [T],
        columns: usize,
        work: impl Fn(usize, &mut [T]) + Send + Sync,
    ) {
        let rows = values.len().checked_div(columns).unwrap_or(0);
        if values.len() < FEW || rows < 2 || self.stay() {
            return work(0, values);
        }
        let each = rows.div_ceil(self.count());
        let parts = values.par_chunks_mut(each * columns).enumerate();
        self.run(|| parts.for_each(|(part, values)| work(part * each, values)));
    }
}

/// Whether the one who leads is done.
#[derive(Debug, Default)]
struct Done(AtomicBool);

impl Done {
    /// Does whatever is spread until then.
    fn wait(&self) {
        let mut idle = 0_u32;
        while !self.0.load(Ordering::Acquire) {
            if rayon::yield_now() == Some(Yield::Executed) {
                idle = 0;
            } else if idle < PATIENCE {
                idle += 1;
                std::hint::spin_loop();
            } else {
                // The core may be wanted by the one who leads.
                std::thread::yield_now();
            }
        }
    }
}

/// Says that the one who leads is done, also where that is by a panic.
struct Ends<'a>(&'a Done);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Release);
    }
}

/// Does work as one that leads, or does not.
fn leading<T>(leads: bool, work: impl FnOnce() -> T) -> T {
    let _before = Before(LEADS.replace(leads));
    work()
}

/// What a thread was before some work; it is that again afterwards, also where the work panicked.
struct Before(bool);

impl Drop for Before {
    fn drop(&mut self) {
        LEADS.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn steps_are_spread_by_who_leads_and_by_nobody_else() -> Result<(), Error> {
        let threads = Threads::new(2)?;
        assert!(!threads.stay(), "outside");
        let (leads, part) = threads.lead(|| (!threads.stay(), threads.run(|| threads.stay())));
        assert!(leads && part);
        assert!(threads.run(|| threads.lead(|| threads.stay())), "a part does not lead");
        let panicked = catch_unwind(AssertUnwindSafe(|| threads.lead(|| panic!("in the middle"))));
        assert!(panicked.is_err());
        assert!(threads.run(|| threads.stay()), "nobody leads any more");
        assert!(Threads::new(1)?.lead(|| threads.stay() || threads.count() == 2));
        Ok(())
    }

    #[test]
    fn each_row_is_worked_on_once() -> Result<(), Error> {
        for count in [1, 2, 3] {
            let (threads, columns) = (Threads::new(count)?, 300);
            for rows in [0, 1, 7, 500] {
                let mut values = vec![0_usize; rows * columns];
                threads.over(&mut values, columns, |first, values| {
                    for (place, value) in values.iter_mut().enumerate() {
                        *value += 1 + first * columns + place;
                    }
                });
                assert!(values.iter().enumerate().all(|(place, value)| *value == place + 1));
            }
        }
        Ok(())
    }

    #[test]
    fn work_goes_to_as_many_threads_as_were_asked_for() -> Result<(), Error> {
        for count in [1, 3] {
            let threads = Threads::new(count)?;
            assert_eq!(threads.count(), count);
            assert_eq!(threads.run(rayon::current_num_threads), count);
            let inside = Threads::new(2)?;
            assert_eq!(threads.run(|| inside.run(rayon::current_num_threads)), count);
        }
        assert!(Threads::new(0).is_err());
        Ok(())
    }

    #[test]
    fn no_number_of_threads_is_without_bound() {
        assert!(Threads::limit() >= 64);
        for count in [Threads::limit() + 1, 4096, 100_000, 1 << 40, usize::MAX] {
            let said = Threads::new(count).expect_err("too many").to_string();
            assert!(said.contains(&count.to_string()), "{said}");
            assert!(said.contains(&format!("the limit here is {}", Threads::limit())), "{said}");
        }
    }
}
