//! Checkpoints from folders, from the hub's cache, from a hub, and from memory.

mod config;
mod files;
mod folder;
mod hub;
mod random;
mod tokens;
mod torch;
mod weights;
