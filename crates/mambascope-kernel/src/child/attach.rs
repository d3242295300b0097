//! What the child does before it runs anything.

use super::{FRAMES, SOCKET};
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Puts the kernel's sockets where the outputs were, and passes on to evcxr what the kernel says.
///
/// # Errors
/// Where the kernel is not there any more.
pub fn attach() -> io::Result<()> {
    let Some(socket) = std::env::var_os(SOCKET) else { return Ok(()) };
    // The kernel's end is this process's end, however the kernel ended.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have ended already, before the line above.
    if getppid() == Some(Pid::INIT) {
        return Err(io::Error::other("the kernel has ended"));
    }
    // Until the library has put its own in place, these signals are no reason to die.
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGUSR2] {
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
    }
    let socket = Path::new(&socket);
    let to_evcxr = rustix::io::dup(io::stdout())?;
    let from_kernel = connect(socket, "relay")?;
    rustix::stdio::dup2_stdout(connect(socket, "out")?)?;
    rustix::stdio::dup2_stderr(connect(socket, "err")?)?;
    std::thread::Builder::new()
        .name("relay".to_owned())
        .spawn(move || relay(from_kernel, File::from(to_evcxr)))?;
    debug_assert!(std::env::var_os(FRAMES).is_some());
    Ok(())
}

/// Opens a connection to the kernel and says what it is for.
pub(super) fn connect(socket: &Path, purpose: &str) -> io::Result<UnixStream> {
    let mut stream = UnixStream::connect(socket)?;
    stream.write_all(format!("{purpose} {}\n", std::process::id()).as_bytes())?;
    Ok(stream)
}

/// Where the kernel is gone, so is this process, very soon; so errors are of no interest.
///
/// `io::copy` would have the system move the bytes from socket to pipe, which then waits for more.
fn relay(mut from: UnixStream, mut to: File) {
    let mut buffer = [0; 4096];
    while let Ok(count) = from.read(&mut buffer) {
        if count == 0 || to.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}
