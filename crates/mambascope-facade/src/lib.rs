//! What cells of a notebook see: mambascope and its companions in one shared library.
//!
//! The library is built once, so no cell compiles candle, a cell links in a blink, and statics
//! (thread pools, caches) are the same in every cell. The crates keep their own names, because
//! rustc prints paths through the crate that re-exports them.

mod frame;
// The lint does not know the name by which rust-analyzer is told apart.
#[allow(unexpected_cfgs)]
mod question;

pub use anyhow;
pub use candle_core;
pub use candle_nn;
pub use mambascope;
pub use plotters;
pub use tokenizers;

pub use frame::flush;
pub use question::Question;

/// What every cell has imported from the start.
pub mod prelude {
    pub use crate::Question as _;
    pub use mambascope::prelude::*;
}
