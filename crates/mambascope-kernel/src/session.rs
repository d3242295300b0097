//! The folder of one kernel, and the variables that steer what evcxr and rust-analyzer do in it.

use crate::child::SOCKET;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const FOLDER: &str = "MAMBASCOPE_SESSION";

/// The name that the folder has in front of the process's number.
const PREFIX: &str = "mambascope-kernel-";

/// A kernel's folder; it goes when the kernel ends.
#[derive(Debug)]
pub struct Session {
    folder: PathBuf,
}

impl Session {
    /// Makes the folder and starts this program anew with the variables set, as the same process.
    /// In the program that was started so, returns the session.
    ///
    /// A program may not change its own variables while threads run, and evcxr and rust-analyzer
    /// look at theirs from several.
    ///
    /// # Errors
    /// Where the folder cannot be made or the program not started.
    pub fn enter() -> io::Result<Self> {
        if let Some(folder) = std::env::var_os(FOLDER) {
            let folder = PathBuf::from(folder);
            if folder.file_name() == Some(&name()) {
                return Ok(Self { folder });
            }
        }
        let root = std::env::temp_dir();
        remove_dead(&root);
        let folder = root.join(name());
        // A process of the same number may have left it.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        std::fs::create_dir(folder.join("build"))?;
        let mut again = Command::new(std::env::current_exe()?);
        again
            .args(std::env::args_os().skip(1))
            .env(FOLDER, &folder)
            .env(SOCKET, folder.join("child"))
            .env("EVCXR_TMPDIR", folder.join("build"))
            // What a user has set up for stock evcxr is for stock evcxr.
            .env("EVCXR_CONFIG_DIR", folder.join("no-configuration"))
            // What rust-analyzer, and nothing else, is to see of the library: its sources. Cells
            // are compiled with flags of their own.
            .env("RUSTFLAGS", "--cfg rust_analyzer")
            .env("RUSTUP_AUTO_INSTALL", "0")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("RUSTC_WRAPPER");
        // rust-analyzer believes this variable; where it is wrong, the toolchain is right.
        let source = std::env::var_os("RUST_SRC_PATH").map(PathBuf::from);
        if source.is_some_and(|folder| !folder.join("core/src/lib.rs").is_file()) {
            again.env_remove("RUST_SRC_PATH");
        }
        Err(again.exec())
    }

    /// Where evcxr builds.
    pub fn build(&self) -> PathBuf {
        self.folder.join("build")
    }

    /// Where the kernel listens to the child.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("child")
    }

    /// Removes the folder.
    pub fn remove(&self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn name() -> OsString {
    format!("{PREFIX}{}", std::process::id()).into()
}

/// Removes the folders of kernels that were killed.
fn remove_dead(root: &Path) {
    for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|it| it.strip_prefix(PREFIX)?.parse::<i32>().ok());
        let Some(process) = process.and_then(rustix::process::Pid::from_raw) else { continue };
        if rustix::process::test_kill_process(process) == Err(rustix::io::Errno::SRCH) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
