//! What makes a notebook ready: the library that cells link to, the kernel and its place, and JupyterLab.

mod error;
mod hexadecimal;
pub mod kernelspec;
pub mod lab;
pub mod library;
pub mod program;
pub mod toolchain;
pub mod venv;

pub use error::Error;
pub use kernelspec::Place;
pub use lab::{Browser, Lab, Running};
pub use library::{Library, Progress, Sources, data_folder};
pub use toolchain::Toolchain;
pub use venv::Jupyter;

/// What this crate's functions return.
pub type Result<T> = std::result::Result<T, Error>;
