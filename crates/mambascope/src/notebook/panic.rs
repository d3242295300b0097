//! A panic in a cell as the kernel's error, with its message and place.

use std::panic::{self, PanicHookInfo};
use std::thread;

use super::frame::{Frame, Location};

/// Tells the kernel of panics on the thread that runs cells; those of other threads are printed, as ever.
///
/// A worker of a thread pool hands its panic on to the cell's thread, which then unwinds without this hook; the kernel
/// sees that the cell has not come to its end.
pub(super) fn tell() {
    let cells = thread::current().id();
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == cells {
            report(info);
        } else {
            before(info);
        }
    }));
}

fn report(info: &PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("a value that is no text");
    let location = info.location();
    let place = location.map(|at| format!("at {}:{}:{}", at.file(), at.line(), at.column()));
    let mut traceback = vec![format!("panic: {message}")];
    traceback.extend(place);
    let location =
        location.map(|at| Location { file: at.file(), line: at.line(), column: at.column() });
    Frame::Error { name: "panic", value: message, traceback: &traceback, location }.send();
}
