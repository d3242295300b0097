//! An interrupt: a number that signals set, and that runs look at.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

const GO_ON: usize = 0;
#[cfg(unix)]
const STOP: usize = 1;

static ASKED: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// Lets SIGINT ask to stop, and SIGUSR2 take that back.
pub(super) fn listen() {
    let asked = ASKED.get_or_init(|| Arc::new(AtomicUsize::new(GO_ON)));
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGINT, SIGUSR2};
        use signal_hook::flag::register_usize;
        // Where a signal cannot be had, an interrupt ends the process, as it does everywhere else.
        let _ = register_usize(SIGINT, Arc::clone(asked), STOP);
        let _ = register_usize(SIGUSR2, Arc::clone(asked), GO_ON);
    }
    #[cfg(not(unix))]
    let _ = asked;
}

/// Whether the notebook's user asked the running cell to stop.
///
/// Runs of this library look at it themselves; loops in a cell may.
///
/// # Example
/// ```
/// use mambascope::notebook;
/// for step in 0..1_000 {
///     if notebook::interrupted() {
///         println!("stopped at {step}");
///         break;
///     }
/// }
/// ```
pub fn interrupted() -> bool {
    ASKED.get().is_some_and(|asked| asked.load(Ordering::Relaxed) != GO_ON)
}
