//! Where and how Mamba language models store and recall facts.

#[cfg_attr(not(test), expect(dead_code, reason = "a trace without a subject will ask it"))]
mod guess;
pub mod npz;
pub mod random;
