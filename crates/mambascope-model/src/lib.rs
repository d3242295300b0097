//! Mamba language models with every activation reachable: text to logits, over ragged rows, without padding.
//!
//! A [`Model`] is loaded from a folder, the hub or this library ([`Model::bundled`]). [`Model::logits`] runs a prompt,
//! [`Model::activations`] records what it was at a [`Site`] of a layer, and a [`Tap`] sees and replaces activations on
//! their way. Below that lies the engine: [`Network::block`] runs one layer over [`Ragged`] rows that may start in the
//! middle of a prompt, with the operations of a device ([`Operations`]).
//!
//! Shape letters, the same everywhere: B batch, L tokens, D model width, E inner width, N state size, K convolution
//! width, R time-step rank, V vocabulary.
//!
//! # Example
//! ```
//! use mambascope_model::Model;
//! let model = Model::tiny();
//! let (token, p) = model.predict(&[5, 7, 11])?;
//! assert!(token < 32 && p > 0.0);
//! # Ok::<(), mambascope_model::Error>(())
//! ```

mod blind;
mod blob;
mod block;
mod buffer;
mod bundled;
mod checkpoint;
mod config;
mod decode;
mod error;
mod finite;
mod folder;
mod foreign;
pub mod grad;
mod hub;
mod loading;
mod mamba1;
mod model;
mod nearest;
mod network;
mod ops;
mod packed;
mod ragged;
mod random;
mod reading;
mod record;
mod site;
mod source;
mod tap;
mod threads;
mod tokens;
mod weights;

pub use blind::{Blind, LaneInputs, Lanes, Removal, Rest, Unseen};
pub use blob::Blob;
pub use block::{Pass, Past, Projected, Reach, Stepping};
#[cfg(feature = "bundled")]
pub use bundled::{bundled_facts, bundled_templates};
pub use checkpoint::Checkpoint;
pub use config::Config;
pub use decode::Reader;
pub use error::{Error, Problem};
pub use finite::{Fault, LargeWeight, NotFinite, Origin};
pub use foreign::{Foreign, ForeignFiles};
pub use hub::{Cached, cached};
pub use loading::Loading;
pub use model::{Compute, Model, Program};
pub use nearest::nearest;
pub use network::Network;
pub use ops::{Cpu, Keep, Linear, MainMemory, Normed, Operations, Plain, Selection, Taps};
pub use packed::Packed;
pub use ragged::{Ragged, Span};
pub use random::random_tensors;
pub use reading::{Reading, watch_reading};
pub use record::Activations;
pub use site::{Site, Timing};
pub use source::{Files, Format, Source};
pub use tap::{RowTap, Spot, Tap, Untapped};
pub use threads::Threads;
pub use tokens::{Encoded, Occurrence, Subject, Tokens};
pub use weights::Tensors;
