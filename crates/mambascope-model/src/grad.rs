//! The two operations of a Mamba layer that candle's autograd lacks, with their own backward.
//!
//! Everything else of a layer is matrix products and elementwise operations, which candle differentiates itself. Both
//! operations here work on ragged rows: a packed matrix whose [`Spans`] say where one prompt ends and the next begins,
//! so that prompts of different lengths share a batch without padding. They run on the CPU, in f32 and f64, threaded
//! over the spans, and give the same bits whatever the number of threads.

mod convolution;
mod real;
mod scan;
mod spans;

pub use convolution::convolve;
pub use scan::Scan;
pub use spans::Spans;

#[cfg(test)]
mod differences;
