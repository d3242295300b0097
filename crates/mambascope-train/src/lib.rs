//! Fact tables to a small trained Mamba.
//!
//! A table of [`Facts`] and a table of [`Templates`] become prompts; [`train`] makes a tokenizer and a Mamba-1 that
//! completes them, as its [`Recipe`] says; [`evaluate`] says how well, also on templates that training never saw. The
//! model bundled with mambascope is made by this crate.
//!
//! Shape letters, the same everywhere: B batch, L tokens, D model width, E inner width, N state size, K convolution
//! width, R time-step rank, V vocabulary.

mod batch;
mod bundled;
mod check;
mod config;
mod corpus;
mod error;
mod evaluate;
mod facts;
mod loss;
mod network;
mod optimizer;
mod random;
mod recipe;
mod save;
mod table;
mod templates;
mod train;
mod vocabulary;

pub use bundled::{Outcome, train_into};
pub use error::{Error, Problem, Result};
pub use evaluate::{Accuracy, evaluate};
pub use facts::{Fact, Facts};
pub use network::{Network, Shape};
pub use recipe::Recipe;
pub use templates::{Split, Template, Templates};
pub use train::{Point, Trained, train};
pub use vocabulary::tokenizer;
