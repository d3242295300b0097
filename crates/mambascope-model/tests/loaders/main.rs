//! Checkpoints from folders, from the hub's cache, from a hub, and from memory.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail, and says what it skips"
)]

mod config;
mod files;
mod folder;
mod hub;
mod kinds;
mod odd;
mod random;
mod tokens;
mod torch;
mod weights;
