//! Which crate is being built, in the notebook.

use crate::engine::{Bundle, Output, Outputs};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Packages that every cell is made of; they are no news.
const ALWAYS: [&str; 2] = ["ctx", "mambascope_facade"];

/// Shows the crates that a cell's `:dep` builds: one line, which changes.
pub struct Builds {
    /// Where cargo builds.
    folder: PathBuf,
    outputs: Outputs,
    id: String,
    started: Instant,
    before: Arc<Built>,
    seen: Mutex<Seen>,
}

/// What the cells of a session have had built, by name and version.
#[derive(Debug, Default)]
pub struct Built(Mutex<BTreeSet<(String, String)>>);

#[derive(Default)]
struct Seen {
    packages: BTreeSet<(String, String)>,
    total: usize,
}

impl Builds {
    /// Nothing is shown until a crate is built.
    pub fn new(folder: PathBuf, outputs: &Outputs, cell: u64, before: &Arc<Built>) -> Arc<Self> {
        Arc::new(Self {
            folder,
            before: Arc::clone(before),
            outputs: Arc::clone(outputs),
            id: format!("mambascope-builds-{cell}"),
            started: Instant::now(),
            seen: Mutex::default(),
        })
    }

    /// The compiler has begun with a crate.
    pub fn began(&self, name: &str, version: &str) {
        if ALWAYS.contains(&name) {
            return;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.packages.insert((name.to_owned(), version.to_owned())) {
            return;
        }
        let done = seen.packages.len();
        let first = done == 1;
        if first {
            seen.total = self.count();
        }
        let total = seen.total.max(done);
        let line = Bundle::text(format!("building {name} ({done} of {total})")).named(&self.id);
        (self.outputs)(if first { Output::Display(line) } else { Output::Update(line) });
    }

    /// Nothing more is built.
    pub fn ended(&self) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let done = seen.packages.len();
        if done > 0 {
            let crates = if done == 1 { "crate" } else { "crates" };
            let seconds = self.started.elapsed().as_secs_f64();
            let line = format!("built {done} {crates} in {seconds:.1} s");
            (self.outputs)(Output::Update(Bundle::text(line).named(&self.id)));
            let mut before = self.before.0.lock().unwrap_or_else(PoisonError::into_inner);
            before.extend(seen.packages.iter().cloned());
        }
    }

    /// How many crates there are to build. Only for show, so no reason to fail.
    fn count(&self) -> usize {
        let output = Command::new("cargo")
            .args(["tree", "--offline", "--edges=normal,build", "--prefix=none", "--format={p}"])
            .current_dir(&self.folder)
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .stdin(Stdio::null())
            .output();
        let Ok(output) = output else { return 0 };
        let text = String::from_utf8_lossy(&output.stdout);
        let before = self.before.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: BTreeSet<(String, String)> = text.lines().filter_map(package).collect();
        all.difference(&before).filter(|(name, _)| !ALWAYS.contains(&name.as_str())).count()
    }
}

/// The name and version in a line such as `regex v1.12.0 (*)`.
fn package(line: &str) -> Option<(String, String)> {
    let mut words = line.split(' ');
    let name = words.next()?;
    Some((name.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
}

impl std::fmt::Debug for Builds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builds").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_from_a_tree() {
        let of = |name: &str, version: &str| Some((name.to_owned(), version.to_owned()));
        assert_eq!(package("regex v1.12.0 (*)"), of("regex", "1.12.0"));
        assert_eq!(package("a-b v0.1.0 (/sources/a b)"), of("a-b", "0.1.0"));
        assert_eq!(package(""), None);
    }

    #[test]
    fn one_line_that_changes() {
        let shown = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&shown);
        let outputs: Outputs = Arc::new(move |output| sink.lock().expect("a lock").push(output));
        let folder = tempfile::tempdir().expect("a folder");
        let builds = Builds::new(folder.path().to_owned(), &outputs, 7, &Arc::default());
        builds.ended();
        for name in ["ctx", "mambascope_facade", "a", "a", "b-c"] {
            builds.began(name, "1.0.0");
        }
        builds.ended();
        let line = |text: &str| Bundle::text(text).named("mambascope-builds-7");
        let shown = shown.lock().expect("a lock");
        assert_eq!(shown[0], Output::Display(line("building a (1 of 1)")));
        assert_eq!(shown[1], Output::Update(line("building b-c (2 of 2)")));
        assert!(
            matches!(&shown[2], Output::Update(it) if it.data["text/plain"].as_str().is_some_and(|it| it.starts_with("built 2 crates in")))
        );
        assert_eq!(shown.len(), 3);
    }
}
