//! What makes a notebook ready: the library that cells link to, and the kernel's place.

mod error;
pub mod library;
pub mod toolchain;

pub use error::Error;
pub use library::{Library, Progress, Sources, data_folder};
pub use toolchain::Toolchain;

/// What this crate's functions return.
pub type Result<T> = std::result::Result<T, Error>;
