//! Mamba language models with every activation reachable.
//!
//! Shape letters, the same everywhere: B batch, L tokens, D model width, E inner width, N state size, K convolution
//! width, R time-step rank, V vocabulary.

mod blob;
mod bundled;
mod checkpoint;
mod config;
mod error;
mod folder;
pub mod grad;
mod hub;
mod random;
mod source;
mod tokens;
mod weights;

pub use blob::Blob;
#[cfg(feature = "bundled")]
pub use bundled::{bundled_facts, bundled_templates};
pub use checkpoint::Checkpoint;
pub use config::Config;
pub use error::{Error, Problem};
pub use hub::{Cached, cached};
pub use random::random_tensors;
pub use source::{Files, Format, Source};
pub use tokens::{Encoded, Subject, Tokens};
pub use weights::Tensors;
