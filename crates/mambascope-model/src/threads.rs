//! On how many threads a model runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::Error;

/// The variable that says on how many threads models run where nothing else is said.
const VARIABLE: &str = "MAMBASCOPE_THREADS";

/// The threads that a model's work is spread over; rayon's own where nothing is said.
#[derive(Debug, Clone, Default)]
pub struct Threads(Option<Arc<ThreadPool>>);

/// The pools in use, by their number of threads, so that models share them.
static POOLS: Mutex<BTreeMap<usize, Weak<ThreadPool>>> = Mutex::new(BTreeMap::new());

impl Threads {
    /// So many threads.
    ///
    /// # Errors
    /// When there are to be none, or the system gives none.
    pub fn new(count: usize) -> Result<Self, Error> {
        let refused = |why: String| Error::Threads { asked: count.to_string(), why };
        if count == 0 {
            return Err(refused("there must be one at least".to_owned()));
        }
        let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(&count).and_then(Weak::upgrade) {
            return Ok(Self(Some(pool)));
        }
        let pool = ThreadPoolBuilder::new().num_threads(count).build();
        let pool = Arc::new(pool.map_err(|error| refused(error.to_string()))?);
        pools.insert(count, Arc::downgrade(&pool));
        Ok(Self(Some(pool)))
    }

    /// As many as `MAMBASCOPE_THREADS` says; rayon's own where it says nothing.
    ///
    /// # Errors
    /// When it says something else than a number of threads.
    pub fn from_environment() -> Result<Self, Error> {
        let Some(text) = std::env::var_os(VARIABLE) else { return Ok(Self::default()) };
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
        rayon::current_thread_index().is_some() || self.count() == 1
    }

    /// Does work whose parallel parts go to these threads.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.0 {
            // What is spread already stays with the threads that it is on.
            Some(pool) if rayon::current_thread_index().is_none() => pool.install(work),
            _ => work(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
