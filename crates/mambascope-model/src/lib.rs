//! Mamba language models with every activation reachable.
//!
//! Shape letters, the same everywhere: B batch, L tokens, D model width, E inner width, N state size, K convolution
//! width, R time-step rank, V vocabulary.

mod checkpoint;
mod config;
mod error;
pub mod grad;
mod source;
mod tokens;
mod weights;

pub use error::Error;
