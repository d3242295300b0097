//! The library that cells link to: built once, by the compiler that compiles the cells.
//!
//! A generation is a folder named by what went into it: `rustc -vV`, the version, the features and
//! every source file. It holds the shared library, the metadata of all crates in it, a copy of the
//! sources (to build again when the compiler changes), a view of them (for the types of variables
//! and for completion), and a small crate by which evcxr's cells depend on it. A cell is linked to the shared
//! library by a flag of the compiler, so cargo never thinks of compiling what is in it.

mod artifacts;
mod build;
mod key;
mod session;
mod snapshot;
mod view;

use crate::{Error, Result, Toolchain};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub use build::Progress;
pub use snapshot::Sources;

/// How many generations are kept: the one in use, and the one before it.
const KEPT: usize = 2;

/// Written last into a generation; without it the folder is the ruin of a build.
const READY: &str = "ready";

/// A built library, held against removal as long as the value lives.
#[derive(Debug)]
pub struct Library {
    folder: PathBuf,
    built: PathBuf,
    _in_use: File,
}

/// The folder of the user's data: `MAMBASCOPE_DATA`, else `mambascope` in `XDG_DATA_HOME`, else in
/// `~/.local/share`.
///
/// # Errors
/// Where none of the variables, nor `HOME`, is set.
pub fn data_folder() -> Result<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("MAMBASCOPE_DATA")
        .or_else(|| set("XDG_DATA_HOME").map(|folder| folder.join("mambascope")))
        .or_else(|| set("HOME").map(|folder| folder.join(".local/share/mambascope")))
        .ok_or(Error::NoDataFolder)
}

impl Library {
    /// The library for this compiler and these sources; built where it is not there yet.
    ///
    /// Two processes never build at the same time: the second waits, says so, and finds it built.
    /// `tell` hears what is going on.
    ///
    /// # Errors
    /// Where it has to be built and cannot be.
    ///
    /// # Cost
    /// Where it is there: reading some megabytes of sources. Else: minutes, once for a compiler.
    pub fn ensure(
        data: &Path,
        sources: &Sources,
        toolchain: &Toolchain,
        tell: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Self> {
        let root = data.join("library");
        std::fs::create_dir_all(&root).map_err(Error::file(&root))?;
        let sources = sources.or_kept(&root)?;
        let name = key::key(&sources, toolchain)?;
        if let Some(library) = Self::open(&root.join(name))? {
            return Ok(library);
        }
        let _building = lock(&root.join("building"), tell)?;
        let library = loop {
            let name = key::key(&sources, toolchain)?;
            let folder = root.join(&name);
            if let Some(library) = Self::open(&folder)? {
                break library;
            }
            build::build(&folder, &sources, toolchain.host()?, tell)?;
            // Sources that were changed meanwhile are not what the name says.
            if key::key(&sources, toolchain)? != name {
                std::fs::remove_dir_all(&folder).map_err(Error::file(&folder))?;
            }
        };
        remove_old(&root)?;
        Ok(library)
    }

    /// A generation that is complete.
    fn open(folder: &Path) -> Result<Option<Self>> {
        let ready = folder.join(READY);
        if !ready.is_file() {
            return Ok(None);
        }
        let in_use = File::open(&ready).map_err(Error::file(&ready))?;
        in_use.lock_shared().map_err(Error::file(&ready))?;
        // The time of last use decides which generations are kept. A folder that cannot be
        // written still serves.
        let _ = in_use.set_modified(SystemTime::now());
        let name = std::fs::read_to_string(&ready).map_err(Error::file(&ready))?;
        let built = folder.join("deps").join(name.trim());
        if !built.is_file() {
            return Ok(None);
        }
        Ok(Some(Self { folder: folder.to_owned(), built, _in_use: in_use }))
    }

    /// Where this generation is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The flags with which a cell is compiled, for `CARGO_ENCODED_RUSTFLAGS`.
    pub fn compiler_flags(&self) -> String {
        let built = format!("mambascope_facade_built={}", self.built.display());
        let deps = self.folder.join("deps");
        let metadata = format!("dependency={}", deps.display());
        // rustc writes a path relative to where it puts a cell's code, and evcxr moves that.
        let found = format!("-Clink-arg=-Wl,-rpath,{}", deps.display());
        ["-Cprefer-dynamic", "--extern", &built, "-L", &metadata, &found].join("\u{1f}")
    }
}

/// Takes the lock that only one builder holds, and says when it has to wait.
fn lock(path: &Path, tell: &mut dyn FnMut(Progress<'_>)) -> Result<File> {
    let file = File::create(path).map_err(Error::file(path))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => tell(Progress::Waiting),
        Err(TryLockError::Error(source)) => return Err(Error::file(path)(source)),
    }
    file.lock().map_err(Error::file(path))?;
    Ok(file)
}

/// Removes all but the latest generations, save those that a kernel is using.
fn remove_old(root: &Path) -> Result<()> {
    let mut generations = Vec::new();
    for entry in std::fs::read_dir(root).map_err(Error::file(root))?.flatten() {
        let ready = entry.path().join(READY);
        if let Ok(used) = ready.metadata().and_then(|facts| facts.modified()) {
            generations.push((used, entry.path(), ready));
        }
    }
    generations.sort_by_key(|generation| std::cmp::Reverse(generation.0));
    for (_, folder, ready) in generations.into_iter().skip(KEPT) {
        let free = File::open(&ready).is_ok_and(|file| file.try_lock().is_ok());
        if free {
            // `ready` goes first, so that what is left of a removal cut short is never used.
            let _ = std::fs::remove_file(&ready);
            let _ = std::fs::remove_dir_all(&folder);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn generation(root: &Path, name: &str, age: u64) -> PathBuf {
        let folder = root.join(name);
        std::fs::create_dir_all(folder.join("deps")).expect("folders");
        std::fs::write(folder.join("deps/libx.so"), "").expect("a file");
        std::fs::write(folder.join(READY), "libx.so").expect("a file");
        let file = File::options().write(true).open(folder.join(READY)).expect("the file");
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).expect("a time");
        folder
    }

    #[test]
    fn two_generations_are_kept_and_those_in_use() {
        let root = tempfile::tempdir().expect("a folder");
        let [new, last, used, old] = [("a", 1), ("b", 2), ("c", 30), ("d", 40)]
            .map(|(name, age)| generation(root.path(), name, age));
        let held = File::open(used.join(READY)).expect("the file");
        held.lock_shared().expect("a lock");
        remove_old(root.path()).expect("removal");
        assert!(new.exists() && last.exists() && used.exists());
        assert!(!old.exists());
        drop(held);
        remove_old(root.path()).expect("removal");
        assert!(!used.exists());
    }

    #[test]
    fn a_generation_without_its_library_is_none() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = generation(root.path(), "a", 0);
        let library = Library::open(&folder).expect("readable").expect("complete");
        assert!(library.compiler_flags().contains("deps/libx.so"));
        std::fs::remove_file(folder.join("deps/libx.so")).expect("removal");
        assert!(Library::open(&folder).expect("readable").is_none());
    }

    #[test]
    fn the_second_builder_waits_and_says_so() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("building");
        let first = lock(&path, &mut |_| panic!("nobody else builds")).expect("a lock");
        let waited = std::thread::scope(|scope| {
            let second = scope.spawn(|| {
                let mut waited = false;
                lock(&path, &mut |told| waited |= matches!(told, Progress::Waiting))
                    .expect("a lock");
                waited
            });
            std::thread::sleep(Duration::from_millis(100));
            drop(first);
            second.join().expect("the thread")
        });
        assert!(waited);
    }
}
