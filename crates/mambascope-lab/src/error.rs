//! Everything that can keep a notebook from being ready.

use std::path::PathBuf;

/// Why a notebook cannot be made ready.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program could not be run.
    #[error(
        "cannot run `{tool}`: {source}\nhelp: install it, and start again where `{tool} --version` works"
    )]
    Tool {
        /// The program's name.
        tool: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The kernel's program did not build.
    #[error("the kernel did not build\nhelp: `cargo build --release -p mambascope-kernel` in {} says why", folder.display())]
    Kernel {
        /// The folder it was built from.
        folder: PathBuf,
    },
    /// A private Jupyter could not be installed.
    #[error(
        "a private JupyterLab could not be installed: {said}\nhelp: install JupyterLab 4 so that `jupyter lab` works, or Python 3.11 or newer with its `venv` and a way to PyPI"
    )]
    Jupyter {
        /// What Python or pip said.
        said: String,
    },
    /// The notebooks are not where they should be.
    #[error("there are no notebooks in {}\nhelp: run `cargo run --release -- lab` in a clone of mambascope", folder.display())]
    Notebooks {
        /// Where they were looked for.
        folder: PathBuf,
    },
    /// A notebook did not run through.
    #[error("{} did not run through:\n{said}\nhelp: `mambascope lab` opens it", notebook.display())]
    Failed {
        /// The notebook.
        notebook: PathBuf,
        /// The end of what was said.
        said: String,
    },
    /// JupyterLab did not come up.
    #[error(
        "JupyterLab does not answer on port {port}\nhelp: its own words are above; `--port N` takes another port"
    )]
    Silent {
        /// The port.
        port: u16,
    },
    /// A port is in use.
    #[error("port {port} is in use\nhelp: `--port N` takes another")]
    PortTaken {
        /// The port.
        port: u16,
    },
    /// The system gives no random numbers.
    #[error(
        "the system gives no random numbers for JupyterLab's key\nhelp: start `jupyter lab` by hand, after `mambascope kernel install`"
    )]
    NoRandomness,
    /// `rustc` ran and said something else than a compiler says.
    #[error(
        "`rustc {asked}` did not answer as expected: {answer}\nhelp: is the `rustc` on the PATH a Rust compiler?"
    )]
    Compiler {
        /// The arguments.
        asked: &'static str,
        /// What came back.
        answer: String,
    },
    /// The compiler was installed without the shared standard library.
    #[error(
        "there is no shared standard library in {}\nhelp: this Rust was installed without it; Rust from rustup or Debian has it",
        folder.display()
    )]
    SharedStd {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// The source of the standard library is nowhere to be found.
    #[error(
        "the source of Rust's standard library is missing: not in {} and RUST_SRC_PATH {}\nhelp: cells need it to tell the types of variables. With rustup: `rustup component add rust-src`. With Debian or Ubuntu: `apt-get install rust-src`. Or unpack it anywhere and set RUST_SRC_PATH to the folder that has `core` and `std` in it",
        sysroot.display(),
        if variable.is_empty() { "is not set".to_owned() } else { format!("names {variable}, which has no `core/src/lib.rs`") }
    )]
    LibrarySource {
        /// Where the toolchain would have it.
        sysroot: PathBuf,
        /// What the variable names; empty where it is not set.
        variable: String,
    },
    /// The sources that the library is built from are gone.
    #[error("mambascope's sources are not in {}\nhelp: run `cargo run --release -- kernel install` in a clone of mambascope", folder.display())]
    Sources {
        /// Where they were looked for.
        folder: PathBuf,
    },
    /// The library did not build.
    #[error("the library for notebooks did not build\n{output}\nhelp: `cargo build --release -p mambascope-facade` in {} says more", folder.display())]
    Build {
        /// The folder it was built from.
        folder: PathBuf,
        /// The end of what cargo said.
        output: String,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file holds something else than it should.
    #[error("{}: {what}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// There is no folder for the user's data.
    #[error(
        "there is no folder for the user's data\nhelp: set HOME, XDG_DATA_HOME or MAMBASCOPE_DATA"
    )]
    NoDataFolder,
}

impl Error {
    /// The error of a file operation.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
