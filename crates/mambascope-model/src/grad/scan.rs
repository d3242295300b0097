//! The selective scan over ragged rows: how a Mamba layer carries information from token to token.
//!
//! For each inner channel e and token t of a row, with a state `h` of size N that is zero before the row,
//!
//! ```text
//! h[t] = exp(delta[t] · a) ⊙ h[t-1] + delta[t] · b[t] · x[t]
//! y[t] = c[t] · h[t] + skip · x[t]
//! ```
//!
//! # Source
//! Gu and Dao 2023, section 3.2, algorithm 2; `selective_scan_ref` in state-spaces/mamba.

use candle_core::{CpuStorage, CustomOp3, DType, Layout, Result, Shape, Tensor, bail};

use super::real::{Real, contiguous, values};
use super::spans::Spans;
use kernel::Kernel;

mod kernel;

/// What one layer's scan reads. All of one dtype, f32 or f64.
#[derive(Debug, Clone)]
pub struct Scan {
    /// Step sizes, positive, `[L, E]`.
    pub delta: Tensor,
    /// Input after the convolution, `[L, E]`.
    pub input: Tensor,
    /// How the input enters the state and how the state is read, b beside c, `[L, 2N]`.
    pub maps: Tensor,
    /// State decay, negative, `[E, N]`.
    pub a: Tensor,
    /// Share of the input passed straight on, `[E]`.
    pub skip: Tensor,
}

impl Scan {
    /// Runs the recurrence along each row, differentiably.
    ///
    /// # Shapes
    /// returns y, `[L, E]`.
    ///
    /// # Errors
    /// When shapes, or the tokens of `spans`, disagree, or the dtype is neither f32 nor f64.
    ///
    /// # Cost
    /// One state a thread forward; backward the states of one row a thread, which are computed again.
    pub fn run(&self, spans: &Spans) -> Result<Tensor> {
        let (tokens, channels) = self.delta.dims2()?;
        let (_, states) = self.a.dims2()?;
        let fits = self.input.dims() == [tokens, channels]
            && self.maps.dims() == [tokens, 2 * states]
            && self.a.dims() == [channels, states]
            && self.skip.dims() == [channels]
            && spans.tokens() == tokens;
        if !fits {
            bail!(
                "scan: delta {:?}, input {:?}, maps {:?}, a {:?}, skip {:?} and {} tokens in spans do not fit",
                self.delta.dims(),
                self.input.dims(),
                self.maps.dims(),
                self.a.dims(),
                self.skip.dims(),
                spans.tokens()
            );
        }
        // A custom operation takes three tensors, so what has the same width shares one.
        let drive = Tensor::cat(&[&self.delta, &self.input], 0)?; // [2L, E]
        let poles = Tensor::cat(&[&self.a.t()?, &self.skip.unsqueeze(0)?], 0)?; // [N+1, E]
        let operation = Operation { spans: spans.clone(), channels, states };
        drive.contiguous()?.apply_op3(&self.maps.contiguous()?, &poles.contiguous()?, operation)
    }
}

struct Operation {
    spans: Spans,
    channels: usize,
    states: usize,
}

impl Operation {
    fn kernel<'a, T: Real>(
        &'a self,
        drive: &'a [T],
        maps: &'a [T],
        poles: &'a [T],
    ) -> Kernel<'a, T> {
        let (delta, input) = drive.split_at(drive.len() / 2);
        Kernel {
            spans: &self.spans,
            channels: self.channels,
            states: self.states,
            delta,
            input,
            maps,
            poles,
        }
    }

    fn gradients<T: Real>(&self, args: [&Tensor; 3], gradient: &Tensor) -> Result<[Vec<T>; 3]> {
        let [drive, maps, poles] = args;
        let (drive, maps, poles) = (values::<T>(drive)?, values::<T>(maps)?, values::<T>(poles)?);
        Ok(self.kernel(&drive, &maps, &poles).backward(&values::<T>(gradient)?))
    }
}

impl CustomOp3 for Operation {
    fn name(&self) -> &'static str {
        "ragged selective scan"
    }

    fn cpu_fwd(
        &self,
        drive: &CpuStorage,
        drive_layout: &Layout,
        maps: &CpuStorage,
        maps_layout: &Layout,
        poles: &CpuStorage,
        poles_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        macro_rules! run {
            ($float:ty) => {
                <$float as candle_core::WithDType>::to_cpu_storage_owned(
                    self.kernel::<$float>(
                        contiguous(drive, drive_layout)?,
                        contiguous(maps, maps_layout)?,
                        contiguous(poles, poles_layout)?,
                    )
                    .forward(),
                )
            };
        }
        let output = match drive {
            CpuStorage::F32(_) => run!(f32),
            CpuStorage::F64(_) => run!(f64),
            _ => bail!("{} runs in f32 and f64 only", self.name()),
        };
        Ok((output, Shape::from((self.spans.tokens(), self.channels))))
    }

    fn bwd(
        &self,
        drive: &Tensor,
        maps: &Tensor,
        poles: &Tensor,
        _output: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        macro_rules! run {
            ($float:ty) => {{
                let [for_drive, for_maps, for_poles] =
                    self.gradients::<$float>([drive, maps, poles], gradient)?;
                (
                    Some(Tensor::from_vec(for_drive, drive.shape(), drive.device())?),
                    Some(Tensor::from_vec(for_maps, maps.shape(), drive.device())?),
                    Some(Tensor::from_vec(for_poles, poles.shape(), drive.device())?),
                )
            }};
        }
        Ok(match drive.dtype() {
            DType::F32 => run!(f32),
            DType::F64 => run!(f64),
            other => bail!("{} runs in f32 and f64 only, not {other:?}", self.name()),
        })
    }
}
