//! Ctrl-C: the first one ends the run cleanly, the second at once.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;

static ASKED: AtomicBool = AtomicBool::new(false);

/// The exit code of a program that an interrupt ended.
const INTERRUPTED: i32 = 130;

/// Listens for Ctrl-C from now on.
pub(crate) fn listen() -> anyhow::Result<()> {
    #[expect(clippy::exit, reason = "the second interrupt asks for just that")]
    ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::SeqCst) {
            std::process::exit(INTERRUPTED);
        }
    })
    .context("cannot listen for Ctrl-C\nhelp: check the system's limit of processes, such as `ulimit -u`")
}

/// Whether Ctrl-C was pressed.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}
