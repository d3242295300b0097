//! The row operations that a device must have.
//!
//! Everything the engine does to activations is one of these, on packed rows. `Plain` is the reference, slow and
//! obvious, in f32 and f64; `Cpu` is the fast path in f32. A test holds them together.

pub(crate) mod cpu;
mod inner;
pub(crate) mod plain;

use std::fmt::Debug;
use std::ops::Range;

use candle_core::{DType, Tensor};

use crate::{Error, Ragged};

pub use cpu::{Cpu, MainMemory};
pub use plain::Plain;

/// A linear map `y = W x + b` as a checkpoint holds it.
#[derive(Debug, Clone)]
pub struct Linear {
    /// `[outputs, inputs]`.
    pub weight: Tensor,
    /// `[outputs]`, where the checkpoint has one.
    pub bias: Option<Tensor>,
}

/// The short convolution's weights as a checkpoint holds them.
#[derive(Debug, Clone)]
pub struct Taps {
    /// `[E, K]`, the last column for the token itself.
    pub weight: Tensor,
    /// `[E]`, where the checkpoint has one.
    pub bias: Option<Tensor>,
}

/// What the scan reads besides its input.
#[derive(Debug)]
pub struct Selection<'a, R> {
    /// Step sizes, positive, `[rows, E]`.
    pub delta: &'a R,
    /// The write map, `[rows, N]`.
    pub b: &'a R,
    /// The read map, `[rows, N]`.
    pub c: &'a R,
}

/// Rows behind a norm.
#[derive(Debug)]
pub struct Normed<R> {
    /// The normed rows.
    pub rows: R,
    /// The first row whose mean of squares is not finite: it holds NaN, infinity or numbers too large to be squared.
    pub unsound: Option<usize>,
}

/// Which states the scan hands back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// None of them.
    Nothing,
    /// The state after every row.
    States,
}

/// The row operations of a device.
///
/// Each row of a result depends on its own row of the arguments alone, and `convolve` and `scan` on earlier rows of
/// its span; the bits do not depend on what else shares the pack.
pub trait Operations: Debug + Send + Sync + Sized + 'static {
    /// A packed matrix `[rows, columns]` on the device.
    type Rows: Debug + Clone + Send + Sync;
    /// A linear map, packed as the device likes it.
    type Matrix: Debug + Send + Sync;
    /// One number for each channel.
    type Vector: Debug + Send + Sync;
    /// The short convolution.
    type Convolution: Debug + Send + Sync;
    /// The scan's decay `A = -exp(A_log)` and its direct path `D`.
    type Decay: Debug + Send + Sync;
    /// Scan states `[rows, E, N]`, in the device's own order.
    type States: Debug + Send + Sync;

    /// The type of the numbers on the device.
    fn dtype(&self) -> DType;
    /// How many rows are best worked on together.
    fn rows_together(&self) -> usize;
    /// How many rows of so many logits are best asked of the head together, where the logits are written down.
    fn rows_at_head(&self, vocabulary: usize) -> usize;

    /// Packs a linear map.
    fn matrix(&self, linear: &Linear) -> Result<Self::Matrix, Error>;
    /// The weights of some outputs of a linear map, `[outputs, inputs]`.
    fn outputs(&self, matrix: &Self::Matrix, which: &[usize]) -> Result<Self::Rows, Error>;
    /// Moves one number a channel to the device.
    fn vector(&self, tensor: &Tensor) -> Result<Self::Vector, Error>;
    /// Packs a short convolution.
    fn convolution(&self, taps: &Taps) -> Result<Self::Convolution, Error>;
    /// Packs the decay from `A_log` `[E, N]` and the direct path from `D` `[E]`.
    fn decay(&self, a_log: &Tensor, direct: &Tensor) -> Result<Self::Decay, Error>;

    /// Moves a tensor `[rows, columns]` to the device.
    fn upload(&self, tensor: &Tensor) -> Result<Self::Rows, Error>;
    /// Copies rows back, `[rows, columns]`.
    fn download(&self, rows: &Self::Rows) -> Result<Tensor, Error>;

    /// Root-mean-square norm of each row, times a weight a channel.
    fn norm(
        &self,
        x: &Self::Rows,
        weight: &Self::Vector,
        epsilon: f64,
    ) -> Result<Normed<Self::Rows>, Error>;
    /// The first row with a number that is not finite.
    fn unsound(&self, x: &Self::Rows) -> Option<usize>;
    /// `W x + b` of each row.
    fn project(&self, x: &Self::Rows, matrix: &Self::Matrix) -> Result<Self::Rows, Error>;
    /// The causal depthwise convolution along each span; `past` are the inputs that the spans' `past` rows lie in.
    fn convolve(
        &self,
        x: &Self::Rows,
        past: Option<&Self::Rows>,
        ragged: &Ragged,
        convolution: &Self::Convolution,
    ) -> Result<Self::Rows, Error>;
    /// The selective scan along each span; `past` are the states that the spans' `past` rows lie in.
    fn scan(
        &self,
        x: &Self::Rows,
        selection: &Selection<'_, Self::Rows>,
        past: Option<&Self::States>,
        ragged: &Ragged,
        decay: &Self::Decay,
        keep: Keep,
    ) -> Result<(Self::Rows, Option<Self::States>), Error>;

    /// The scan's `exp(delta A)` of each row, `[rows, E N]`.
    fn decays(&self, delta: &Self::Rows, decay: &Self::Decay) -> Result<Self::Rows, Error>;
    /// The scan's `delta B x` of each row, `[rows, E N]`.
    fn writes(
        &self,
        delta: &Self::Rows,
        x: &Self::Rows,
        b: &Self::Rows,
        decay: &Self::Decay,
    ) -> Result<Self::Rows, Error>;
    /// What `C` `[rows, N]` reads from states `[rows, E N]`, `[rows, E]`.
    fn read(
        &self,
        states: &Self::Rows,
        c: &Self::Rows,
        decay: &Self::Decay,
    ) -> Result<Self::Rows, Error>;
    /// The scan's direct path added to what was read: `read + D x`.
    fn direct(
        &self,
        read: &Self::Rows,
        x: &Self::Rows,
        decay: &Self::Decay,
    ) -> Result<Self::Rows, Error>;
    /// Rows `[rows, E N]` as states that a scan may start from.
    fn pack_states(&self, rows: &Self::Rows, decay: &Self::Decay) -> Result<Self::States, Error>;
    /// Some states as rows `[rows, E N]`.
    fn unpack_states(
        &self,
        states: &Self::States,
        rows: &[usize],
        decay: &Self::Decay,
    ) -> Result<Self::Rows, Error>;
    /// A matrix of zeros.
    fn zeros(&self, rows: usize, columns: usize) -> Result<Self::Rows, Error>;
    /// K matrices of equal size as one: column `e` of part `k` becomes column `e K + k`.
    fn interleave(&self, parts: &[Self::Rows]) -> Result<Self::Rows, Error>;
    /// The inverse of `interleave`.
    fn separate(&self, whole: &Self::Rows, count: usize) -> Result<Vec<Self::Rows>, Error>;

    /// `x / (1 + exp(-x))` of each number, where it lies.
    fn silu(&self, x: Self::Rows) -> Result<Self::Rows, Error>;
    /// `ln(1 + exp(x))` of each number, where it lies.
    fn softplus(&self, x: Self::Rows) -> Result<Self::Rows, Error>;
    /// The product, number by number, where `x` lies.
    fn multiply(&self, x: Self::Rows, y: &Self::Rows) -> Result<Self::Rows, Error>;
    /// The sum, number by number, where `x` lies.
    fn add(&self, x: Self::Rows, y: &Self::Rows) -> Result<Self::Rows, Error>;

    /// Number of rows.
    fn count(&self, x: &Self::Rows) -> usize;
    /// The columns of this range.
    fn narrow(&self, x: &Self::Rows, columns: Range<usize>) -> Result<Self::Rows, Error>;
    /// The rows at these places, in this order.
    fn gather(&self, x: &Self::Rows, rows: &[usize]) -> Result<Self::Rows, Error>;
    /// Copies rows of `from` over rows of `into`, each pair `(from, into)`.
    fn scatter(
        &self,
        from: &Self::Rows,
        into: &mut Self::Rows,
        pairs: &[(usize, usize)],
    ) -> Result<(), Error>;
    /// One matrix below another.
    fn stack(&self, parts: &[Self::Rows]) -> Result<Self::Rows, Error>;
    /// The probability of one column in the softmax of each row of logits; NaN where a logit of the row is not finite.
    fn probability(&self, logits: &Self::Rows, column: usize) -> Result<Vec<f64>, Error>;
    /// The probability of one column in the softmax of `W x + b`, of each row: the same bits as of the logits.
    fn probability_of(
        &self,
        x: &Self::Rows,
        head: &Self::Matrix,
        column: usize,
    ) -> Result<Vec<f64>, Error> {
        self.probability(&self.project(x, head)?, column)
    }
}
