//! Rayon's own threads, started so that a system that gives fewer than wanted ends in fewer threads, or in an error.
//!
//! Rayon panics where its own pool cannot be started, and tries only once. So the threads are started here, one by one, and
//! handed to rayon once it is known how many there are.

use std::num::NonZero;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock};
use std::thread::Builder;

use rayon::{ThreadBuilder, ThreadPoolBuilder};

use super::Threads;
use crate::Error;

/// The variable that says how many threads rayon has of its own.
const VARIABLE: &str = "RAYON_NUM_THREADS";

/// Starts rayon's own threads, unless they run already.
///
/// # Errors
/// When `RAYON_NUM_THREADS` is above the limit, or the system gives no thread at all.
pub(super) fn prepare() -> Result<(), Error> {
    static STARTED: OnceLock<Result<(), (String, String)>> = OnceLock::new();
    let started = STARTED.get_or_init(|| {
        let count = wanted(std::env::var(VARIABLE).ok().as_deref())?;
        start(count).map_err(|why| (count.to_string(), why))
    });
    started.clone().map_err(|(asked, why)| Error::Threads { asked, why })
}

/// How many threads are wanted: as many as the variable says, or as the machine runs at once.
fn wanted(variable: Option<&str>) -> Result<usize, (String, String)> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    match variable.and_then(|text| text.trim().parse::<usize>().ok()) {
        None | Some(0) => Ok(cores),
        Some(count) if count <= Threads::limit() => Ok(count),
        Some(count) => {
            let limit = Threads::limit();
            Err((count.to_string(), format!("{VARIABLE} may say {limit} at most here")))
        }
    }
}

/// Starts as many threads as the system gives, up to so many, and hands them to rayon.
fn start(count: usize) -> Result<(), String> {
    let mut waiting: Vec<Sender<ThreadBuilder>> = Vec::with_capacity(count);
    let mut refused = None;
    for number in 0..count {
        let (sender, receiver) = channel::<ThreadBuilder>();
        let builder = Builder::new().name(format!("rayon-{number}"));
        match builder.spawn(move || work(&receiver)) {
            Ok(_) => waiting.push(sender),
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    if let (true, Some(error)) = (waiting.is_empty(), refused) {
        return Err(format!("the system gives no thread: {error}"));
    }
    let started = waiting.len();
    let waiting = Mutex::new(waiting);
    let hand_over = move |thread: ThreadBuilder| {
        let sender = waiting.lock().ok().and_then(|mut waiting| waiting.pop());
        let gone = || std::io::Error::other("a thread has ended");
        sender.and_then(|sender| sender.send(thread).ok()).ok_or_else(gone)
    };
    // Where the program has started rayon's threads itself, those do the work, and these end.
    let _ = ThreadPoolBuilder::new().num_threads(started).spawn_handler(hand_over).build_global();
    Ok(())
}

/// Becomes one of rayon's threads, if it is made one.
fn work(receiver: &Receiver<ThreadBuilder>) {
    if let Ok(thread) = receiver.recv() {
        thread.run();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_of_rayon_is_bounded_too() {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        assert_eq!(wanted(None), Ok(cores));
        assert_eq!(wanted(Some("0")), Ok(cores));
        assert_eq!(wanted(Some("-3")), Ok(cores), "as rayon reads it");
        assert_eq!(wanted(Some("5")), Ok(5));
        for text in ["100000", "4096", "18446744073709551615"] {
            let (asked, why) = wanted(Some(text)).expect_err("too many");
            assert!(asked == text && why.contains("RAYON_NUM_THREADS may say"), "{why}");
        }
        assert!(prepare().is_ok() && prepare().is_ok());
    }
}
