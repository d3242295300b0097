//! The CPU's fast path, in f32: packed weights, vector loops, threads over rows.

#![expect(clippy::inline_always, reason = "a kernel is vectorised only where it is inlined")]

mod ahead;
mod convolve;
mod elementwise;
mod limits;
mod power;
mod project;
mod recurrence;
mod scan;
mod softmax;
mod tile;
mod vector;

use std::ops::Range;

use candle_core::{DType, Storage, Tensor};

use self::convolve::Convolution;
pub use self::limits::MainMemory;

use self::elementwise::{Curve, Pair, bend, norm, paired, unsound};
use self::project::PackedMatrix;
use self::scan::Decay;
use self::tile::rows_a_tile;
use self::vector::Unit;
use super::inner;
use super::plain::stack;
use super::{Keep, Linear, Normed, Operations, Selection, Taps};
use crate::packed::Packed;
use crate::{Error, Ragged, Threads};

/// The processor that this program runs on.
#[derive(Debug, Clone, Default)]
pub struct Cpu {
    threads: Threads,
}

impl Cpu {
    /// The processor, with work spread over these threads.
    pub const fn on(threads: Threads) -> Self {
        Self { threads }
    }

    /// Refuses a vector unit that `MAMBASCOPE_UNIT` names and the processor does not have.
    pub(crate) fn check_unit() -> Result<(), Error> {
        Unit::named().map(|_| ())
    }
}

/// Bytes of logits that are held at once, on each thread.
const LOGITS: usize = 12 << 20;

fn numbers(tensor: &Tensor) -> Result<Vec<f32>, Error> {
    Ok(Packed::from_tensor(tensor)?.values().to_vec())
}

impl Operations for Cpu {
    type Rows = Packed<f32>;
    type Matrix = PackedMatrix;
    type Vector = Vec<f32>;
    type Convolution = Convolution;
    type Decay = Decay;
    type States = Packed<f32>;

    fn dtype(&self) -> DType {
        DType::F32
    }

    /// Enough for each weight read to serve many rows, few enough for their activations to stay in the cache.
    fn rows_together(&self) -> usize {
        240
    }

    /// Whole tiles of rows whose logits stay in the cache, and in memory that the allocator hands out again.
    fn rows_at_head(&self, vocabulary: usize) -> usize {
        let rows = LOGITS / (vocabulary * size_of::<f32>()).max(1);
        (rows / rows_a_tile()).max(1) * rows_a_tile()
    }

    fn matrix(&self, linear: &Linear) -> Result<PackedMatrix, Error> {
        let bias = linear.bias.as_ref().map(numbers).transpose()?;
        let (outputs, inputs) = linear.weight.dims2()?;
        let weight = linear.weight.to_dtype(DType::F32)?.contiguous()?;
        let (storage, layout) = weight.storage_and_layout();
        let Storage::Cpu(storage) = &*storage else {
            return Ok(PackedMatrix::new(Packed::from_tensor(&weight)?.values(), outputs, bias));
        };
        let values = &storage.as_slice()?[layout.start_offset()..][..outputs * inputs];
        Ok(PackedMatrix::new(values, outputs, bias))
    }

    fn outputs(&self, matrix: &PackedMatrix, which: &[usize]) -> Result<Packed<f32>, Error> {
        Ok(matrix.outputs(which))
    }

    fn vector(&self, tensor: &Tensor) -> Result<Vec<f32>, Error> {
        numbers(tensor)
    }

    fn convolution(&self, taps: &Taps) -> Result<Convolution, Error> {
        let bias = taps.bias.as_ref().map(numbers).transpose()?;
        Ok(Convolution::new(&Packed::from_tensor(&taps.weight)?, bias))
    }

    fn decay(&self, a_log: &Tensor, direct: &Tensor) -> Result<Decay, Error> {
        let mut a = Packed::<f64>::from_tensor(a_log)?;
        a.values_mut().iter_mut().for_each(|value| *value = -value.exp());
        Ok(Decay::new(&a, Packed::from_tensor(direct)?))
    }

    fn upload(&self, tensor: &Tensor) -> Result<Packed<f32>, Error> {
        Packed::from_tensor(tensor)
    }

    fn download(&self, rows: &Packed<f32>) -> Result<Tensor, Error> {
        rows.to_tensor()
    }

    fn norm(
        &self,
        x: &Packed<f32>,
        weight: &Vec<f32>,
        epsilon: f64,
    ) -> Result<Normed<Packed<f32>>, Error> {
        Ok(norm(x, weight, epsilon, &self.threads))
    }

    fn unsound(&self, x: &Packed<f32>) -> Option<usize> {
        unsound(x, &self.threads)
    }

    fn project(&self, x: &Packed<f32>, matrix: &PackedMatrix) -> Result<Packed<f32>, Error> {
        Ok(matrix.apply(x, &self.threads))
    }

    fn convolve(
        &self,
        x: &Packed<f32>,
        past: Option<&Packed<f32>>,
        ragged: &Ragged,
        convolution: &Convolution,
    ) -> Result<Packed<f32>, Error> {
        Ok(convolution.apply(x, past, ragged, &self.threads))
    }

    fn scan(
        &self,
        x: &Packed<f32>,
        selection: &Selection<'_, Packed<f32>>,
        past: Option<&Packed<f32>>,
        ragged: &Ragged,
        decay: &Decay,
        keep: Keep,
    ) -> Result<(Packed<f32>, Option<Packed<f32>>), Error> {
        Ok(decay.scan(x, selection, past, ragged, keep, &self.threads))
    }

    fn decays(&self, delta: &Packed<f32>, decay: &Decay) -> Result<Packed<f32>, Error> {
        Ok(decay.poles().decays(delta))
    }

    fn writes(
        &self,
        delta: &Packed<f32>,
        x: &Packed<f32>,
        b: &Packed<f32>,
        decay: &Decay,
    ) -> Result<Packed<f32>, Error> {
        Ok(decay.poles().writes(delta, x, b))
    }

    fn read(
        &self,
        states: &Packed<f32>,
        c: &Packed<f32>,
        decay: &Decay,
    ) -> Result<Packed<f32>, Error> {
        Ok(decay.poles().read(states, c))
    }

    fn direct(
        &self,
        read: &Packed<f32>,
        x: &Packed<f32>,
        decay: &Decay,
    ) -> Result<Packed<f32>, Error> {
        Ok(decay.poles().direct(read, x))
    }

    fn pack_states(&self, rows: &Packed<f32>, decay: &Decay) -> Result<Packed<f32>, Error> {
        Ok(decay.pack_states(rows))
    }

    fn unpack_states(
        &self,
        states: &Packed<f32>,
        rows: &[usize],
        decay: &Decay,
    ) -> Result<Packed<f32>, Error> {
        Ok(decay.unpack_states(states, rows))
    }

    fn zeros(&self, rows: usize, columns: usize) -> Result<Packed<f32>, Error> {
        Ok(Packed::zeros(rows, columns))
    }

    fn interleave(&self, parts: &[Packed<f32>]) -> Result<Packed<f32>, Error> {
        Ok(inner::interleave(parts))
    }

    fn separate(&self, whole: &Packed<f32>, count: usize) -> Result<Vec<Packed<f32>>, Error> {
        Ok(inner::separate(whole, count))
    }

    fn silu(&self, x: Packed<f32>) -> Result<Packed<f32>, Error> {
        Ok(bend(x, Curve::Silu, &self.threads))
    }

    fn softplus(&self, x: Packed<f32>) -> Result<Packed<f32>, Error> {
        Ok(bend(x, Curve::Softplus, &self.threads))
    }

    fn multiply(&self, x: Packed<f32>, y: &Packed<f32>) -> Result<Packed<f32>, Error> {
        Ok(paired(x, y, Pair::Product, &self.threads))
    }

    fn add(&self, x: Packed<f32>, y: &Packed<f32>) -> Result<Packed<f32>, Error> {
        Ok(paired(x, y, Pair::Sum, &self.threads))
    }

    fn count(&self, x: &Packed<f32>) -> usize {
        x.rows()
    }

    fn narrow(&self, x: &Packed<f32>, columns: Range<usize>) -> Result<Packed<f32>, Error> {
        Ok(x.narrow(columns))
    }

    fn gather(&self, x: &Packed<f32>, rows: &[usize]) -> Result<Packed<f32>, Error> {
        Ok(x.gather(rows))
    }

    fn scatter(
        &self,
        from: &Packed<f32>,
        into: &mut Packed<f32>,
        pairs: &[(usize, usize)],
    ) -> Result<(), Error> {
        for &(source, target) in pairs {
            into.row_mut(target).copy_from_slice(from.row(source));
        }
        Ok(())
    }

    fn stack(&self, parts: &[Packed<f32>]) -> Result<Packed<f32>, Error> {
        Ok(stack(parts))
    }

    fn probability(&self, logits: &Packed<f32>, column: usize) -> Result<Vec<f64>, Error> {
        Ok(softmax::probability(logits, column))
    }

    fn probability_of(
        &self,
        x: &Packed<f32>,
        head: &PackedMatrix,
        column: usize,
    ) -> Result<Vec<f64>, Error> {
        Ok(softmax::probability_of(x, head, column, &self.threads))
    }
}
