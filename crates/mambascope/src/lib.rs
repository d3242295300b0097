//! Where and how Mamba language models store and recall facts.

mod npz;
mod random;
