//! Ctrl-C: the first one ends the run cleanly, the second at once.

use std::sync::atomic::{AtomicBool, Ordering};

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
    })?;
    Ok(())
}

/// Whether Ctrl-C was pressed.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}
