//! The kernel's side of what it and the child say to each other.

use super::collect::{Collector, Report};
use super::parse::{Means, Parser, Part};
use crate::engine::{Output, Outputs, Stream};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long text waits for more, so that a burst of lines is one message.
const BURST: Duration = Duration::from_millis(10);

/// Hears which crate the compiler has begun with: its name and version.
pub type Building = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// Where the child's output arrives.
pub struct Link {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    outputs: Option<Outputs>,
    building: Option<Building>,
    collector: Collector,
    /// The processes that have come, and how many of them have gone.
    born: u64,
    gone: u64,
    process: Option<Pid>,
}

impl Link {
    /// Listens at a socket that is made for it.
    ///
    /// # Errors
    /// Where the socket cannot be made.
    pub fn listen(socket: &Path) -> io::Result<Self> {
        let listener = UnixListener::bind(socket)?;
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let accepting = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("accept".to_owned())
            .spawn(move || accept(&listener, &accepting))?;
        Ok(Self { shared })
    }

    /// From now on the child's output goes there.
    pub fn begin(&self, outputs: &Outputs, building: Building) {
        let mut state = self.shared.lock();
        state.collector = Collector::default();
        state.outputs = Some(Arc::clone(outputs));
        state.building = Some(building);
    }

    /// How the code that ran since [`Link::begin`] ended. What comes later still goes to the same
    /// place: a thread that the code started may go on printing.
    pub fn end(&self) -> Report {
        let mut state = self.shared.lock();
        state.building = None;
        state.with_outputs(Collector::end)
    }

    /// How many processes there have been; another number means another process.
    pub fn born(&self) -> u64 {
        self.shared.lock().born
    }

    /// Waits until a process is there.
    pub fn wait_for_birth(&self, limit: Duration) {
        self.shared.wait(limit, |state| state.born == 0 || state.born == state.gone);
    }

    /// Waits until what a process wrote before its end has arrived.
    pub fn wait_for_end(&self, number: u64, limit: Duration) {
        self.shared.wait(limit, |state| state.gone < number);
    }

    /// Sends the child a signal.
    pub fn signal(&self, signal: Signal) {
        if let Some(process) = self.shared.lock().process {
            // It may have ended just now.
            let _ = kill_process(process, signal);
        }
    }

    /// The child's process.
    pub fn process(&self) -> Option<Pid> {
        self.shared.lock().process
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, limit: Duration, while_true: impl Fn(&State) -> bool) {
        let state = self.lock();
        let waited = self.changed.wait_timeout_while(state, limit, |state| while_true(state));
        drop(waited);
    }
}

impl State {
    fn with_outputs<T>(
        &mut self,
        act: impl FnOnce(&mut Collector, &mut dyn FnMut(Output)) -> T,
    ) -> T {
        let outputs = self.outputs.clone();
        act(&mut self.collector, &mut |output| {
            if let Some(outputs) = &outputs {
                outputs(output);
            }
        })
    }
}

/// Connections of one process, as they come.
#[derive(Default)]
struct Arriving {
    process: i32,
    relay: Option<UnixStream>,
    out: Option<UnixStream>,
    err: Option<UnixStream>,
}

fn accept(listener: &UnixListener, shared: &Arc<Shared>) {
    let mut arriving = Arriving::default();
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        let Some(purpose) = purpose(&stream) else { continue };
        let words: Vec<&str> = purpose.split(' ').collect();
        match words[..] {
            ["build", name, version, _] => {
                let building = shared.lock().building.clone();
                if let Some(building) = building {
                    building(name, version);
                }
            }
            [what, process] => {
                let process = process.parse().unwrap_or_default();
                if arriving.process != process {
                    arriving = Arriving { process, ..Arriving::default() };
                }
                match what {
                    "relay" => arriving.relay = Some(stream),
                    "out" => arriving.out = Some(stream),
                    "err" => arriving.err = Some(stream),
                    _ => {}
                }
                arriving = arriving.arrived(shared);
            }
            _ => {}
        }
    }
}

/// The first line of a connection, read byte by byte because what follows is not ours to take.
fn purpose(stream: &UnixStream) -> Option<String> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut line = String::new();
    BufReader::with_capacity(1, stream).read_line(&mut line).ok()?;
    line.strip_suffix('\n').map(str::to_owned)
}

impl Arriving {
    /// Starts reading where all three are there.
    fn arrived(self, shared: &Arc<Shared>) -> Self {
        match (self.relay, self.out, self.err) {
            (Some(relay), Some(out), Some(err)) => {
                let number = {
                    let mut state = shared.lock();
                    state.born += 1;
                    state.process = Pid::from_raw(self.process);
                    state.born
                };
                shared.changed.notify_all();
                let shared = Arc::clone(shared);
                let mut reader =
                    Reader { shared, relay, out, err, burst: None, read: String::new(), number };
                let started = std::thread::Builder::new()
                    .name("child".to_owned())
                    .spawn(move || reader.run());
                if let Err(error) = started {
                    crate::log::line(format_args!("cannot read the child's output: {error}"));
                }
                Self::default()
            }
            (relay, out, err) => Self { process: self.process, relay, out, err },
        }
    }
}

/// Reads what one process writes, until it ends.
struct Reader {
    shared: Arc<Shared>,
    relay: UnixStream,
    out: UnixStream,
    err: UnixStream,
    burst: Option<Burst>,
    /// Standard error that was read and not yet handed over.
    read: String,
    number: u64,
}

/// Text that waits for more of the same.
struct Burst {
    name: Stream,
    text: String,
    since: Instant,
}

/// What came of a read.
enum Came {
    Bytes(usize),
    Nothing,
    End,
}

impl Reader {
    fn run(&mut self) {
        let ready = self.out.set_nonblocking(true).and_then(|()| self.err.set_nonblocking(true));
        if let Err(error) = ready {
            crate::log::line(format_args!("cannot read the child's output: {error}"));
        }
        let (mut parser, mut buffer) = (Parser::default(), vec![0; 1 << 16]);
        let mut err_open = true;
        loop {
            self.poll(err_open);
            err_open &= self.read_err(&mut buffer);
            match came(self.out.read(&mut buffer)) {
                Came::Bytes(count) => {
                    let mut parts = Vec::new();
                    parser.feed(&buffer[..count], &mut |part| parts.push(part));
                    for part in parts {
                        self.part(part, &mut buffer);
                    }
                }
                Came::Nothing => {}
                Came::End => break,
            }
            // What is known of a failure was written to standard output before it was written to
            // standard error, so it has been read by now.
            self.hand_over_err();
            self.flush_after(BURST);
        }
        let mut last = Vec::new();
        parser.end(&mut |part| last.push(part));
        for part in last {
            self.part(part, &mut buffer);
        }
        self.read_err(&mut buffer);
        self.hand_over_err();
        self.flush_after(Duration::ZERO);
        let mut state = self.shared.lock();
        state.gone = self.number;
        if state.born == self.number {
            state.process = None;
        }
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Waits until there is something to read, or text has waited long enough.
    fn poll(&self, err_open: bool) {
        let limit = self.burst.as_ref().map(|burst| BURST.saturating_sub(burst.since.elapsed()));
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        let mut both = [
            PollFd::new(&self.out, PollFlags::IN),
            PollFd::new(&self.err, if err_open { PollFlags::IN } else { PollFlags::empty() }),
        ];
        let count = if err_open { 2 } else { 1 };
        // A signal that wakes it early does no harm.
        let _ = poll(&mut both[..count], limit.as_ref());
    }

    /// Reads all that is on standard error now; says whether it is still open.
    fn read_err(&mut self, buffer: &mut [u8]) -> bool {
        loop {
            match came(self.err.read(buffer)) {
                Came::Bytes(count) => {
                    self.read.push_str(&String::from_utf8_lossy(&buffer[..count]));
                }
                Came::Nothing => return true,
                Came::End => return false,
            }
        }
    }

    fn hand_over_err(&mut self) {
        if !self.read.is_empty() {
            let text = std::mem::take(&mut self.read);
            self.text(Stream::Err, text);
        }
    }

    fn part(&mut self, part: Part, buffer: &mut [u8]) {
        if let Part::Text(text) = part {
            self.text(Stream::Out, text);
            return;
        }
        // The child writes to both outputs in one thread, so what it wrote to standard error
        // before this line is there to be read now.
        if let Part::Line {
            means: Means::Done | Means::Panic | Means::Question | Means::Input,
            ..
        } = part
        {
            self.read_err(buffer);
            self.hand_over_err();
        }
        self.flush_after(Duration::ZERO);
        let line = self.shared.lock().with_outputs(|collector, emit| collector.part(part, emit));
        if let Some(line) = line {
            // Where the child is gone, evcxr finds out by itself.
            let _ = self.relay.write_all(format!("{line}\n").as_bytes());
        }
    }

    fn text(&mut self, name: Stream, text: String) {
        match &mut self.burst {
            Some(burst) if burst.name == name => burst.text.push_str(&text),
            _ => {
                self.flush_after(Duration::ZERO);
                self.burst = Some(Burst { name, text, since: Instant::now() });
            }
        }
    }

    /// Hands over text that has waited that long.
    fn flush_after(&mut self, age: Duration) {
        let Some(burst) = self.burst.take_if(|burst| burst.since.elapsed() >= age) else { return };
        self.shared.lock().with_outputs(|collector, emit| match burst.name {
            Stream::Out => {
                collector.part(Part::Text(burst.text), emit);
            }
            Stream::Err => collector.error_text(&burst.text, emit),
        });
    }
}

fn came(read: io::Result<usize>) -> Came {
    match read {
        Ok(0) => Came::End,
        Ok(count) => Came::Bytes(count),
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Came::Nothing,
            _ => Came::End,
        },
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::child::attach::connect;

    struct Child {
        relay: UnixStream,
        out: UnixStream,
        err: UnixStream,
    }

    fn pair() -> (tempfile::TempDir, Link, Child) {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("child");
        let link = Link::listen(&socket).expect("a socket");
        let [relay, out, err] =
            ["relay", "out", "err"].map(|what| connect(&socket, what).expect("a connection"));
        link.wait_for_birth(Duration::from_secs(5));
        (folder, link, Child { relay, out, err })
    }

    #[test]
    fn what_was_written_before_the_end_arrives_before_it() {
        let (_folder, link, mut child) = pair();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let outputs: Outputs = Arc::new(move |output| sink.lock().expect("a lock").push(output));
        for round in 0..50 {
            link.begin(&outputs, Arc::new(|_, _| ()));
            child.err.write_all(b"to err").expect("written");
            child.out.write_all(b"to outEVCXR_EXECUTION_COMPLETE\n").expect("written");
            let mut line = [0; 25];
            child.relay.read_exact(&mut line).expect("passed on");
            assert_eq!(&line, b"EVCXR_EXECUTION_COMPLETE\n");
            link.end();
            let texts = std::mem::take(&mut *seen.lock().expect("a lock"));
            assert_eq!(texts.len(), 2, "round {round}: {texts:?}");
        }
    }

    #[test]
    fn the_end_of_a_process_is_noticed() {
        let (_folder, link, child) = pair();
        assert_eq!(link.born(), 1);
        assert!(link.process().is_some());
        drop(child);
        link.wait_for_end(1, Duration::from_secs(5));
        assert!(link.process().is_none());
    }
}
