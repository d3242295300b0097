//! What can go wrong between a checkpoint on disk and an activation.

/// What can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A tensor operation of candle failed.
    #[error("a tensor operation failed: {0}")]
    Tensor(#[from] candle_core::Error),
}
