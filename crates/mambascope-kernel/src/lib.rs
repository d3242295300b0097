//! A Jupyter kernel for Rust in which mambascope is already there.
//!
//! [`server`] speaks Jupyter's protocol and knows nothing of Rust; [`engine`] runs cells and knows
//! nothing of Jupyter; [`child`] is what the process that runs the cells' code and the kernel say
//! to each other.

pub mod cell;
pub mod child;
pub mod engine;
pub mod log;
pub mod parent;
pub mod progress;
pub mod server;
pub mod session;
