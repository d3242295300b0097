//! A checkpoint's weights, under one naming, checked before they are read.

mod check;
mod entry;
mod names;
mod opcodes;
mod pickle;
mod read;
mod safetensors;
mod torch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Tensor};

use crate::config::Config;
use crate::error::{Error, Problem};
use crate::reading::Meter;
use crate::source::Files;

/// Every weight of a Mamba-1 model, by its name in state-spaces/mamba, on the CPU.
///
/// All are `f32` or `f64`, contiguous, and of the shapes that the [`Config`] asks for.
#[derive(Debug, Clone)]
pub struct Tensors {
    by_name: BTreeMap<String, Tensor>,
}

impl Tensors {
    /// Weights from memory; half precision becomes `f32`.
    ///
    /// # Errors
    /// When a tensor is missing, extra, misshaped or not of floats: all problems at once.
    pub fn new(tensors: BTreeMap<String, Tensor>, config: &Config) -> Result<Self, Error> {
        let memory = Path::new("tensors in memory");
        let found = tensors.iter().map(|(name, tensor)| check::Found {
            name,
            file: memory,
            dtype: tensor.dtype().as_str(),
            floats: tensor.dtype().is_float(),
            shape: tensor.dims(),
        });
        let problems = check::problems(found, config, memory);
        if !problems.is_empty() {
            return Err(Error::Weights { problems });
        }
        let mut by_name = BTreeMap::new();
        for (name, tensor) in tensors {
            let dtype = if tensor.dtype() == DType::F64 { DType::F64 } else { DType::F32 };
            by_name.insert(name, tensor.to_dtype(dtype)?.contiguous()?);
        }
        Ok(Self { by_name })
    }

    /// Reads the weights of a checkpoint.
    ///
    /// # Errors
    /// When a file is damaged or is not what it says, when a tensor is missing, extra, misshaped
    /// or of a kind that is not a float, or when a weight is not finite: all problems at once.
    ///
    /// # Cost
    /// Headers first; then each file once, a tensor's bytes at a time.
    pub fn read(files: &Files, config: &Config) -> Result<Self, Error> {
        Self::read_under(files, config, &Meter::unwatched())
    }

    /// Reads the weights of a checkpoint, watched.
    pub(crate) fn read_under(files: &Files, config: &Config, meter: &Meter) -> Result<Self, Error> {
        Ok(Self { by_name: read::tensors(files, config, meter)? })
    }

    /// The tensor of that name; `lm_head.weight` is the embedding where the head is tied.
    ///
    /// # Errors
    /// When the model has no such tensor.
    pub fn tensor(&self, name: &str) -> Result<&Tensor, Error> {
        let tied = (name == names::HEAD).then(|| self.by_name.get(names::EMBEDDING)).flatten();
        self.by_name
            .get(name)
            .or(tied)
            .ok_or_else(|| Error::UnknownTensor { name: name.to_owned() })
    }

    /// Every name and tensor, by name; a tied head is not among them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.by_name.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }
}

/// The names and shapes of a config's tensors, a tied head left out.
pub(crate) fn shapes(config: &Config) -> impl Iterator<Item = (String, Vec<usize>)> {
    names::expected(config).into_iter()
}

/// A problem of a whole file.
fn damaged(
    file: &Path,
    item: &str,
    found: impl Into<String>,
    expected: impl Into<String>,
) -> Problem {
    Problem {
        file: PathBuf::from(file),
        item: item.to_owned(),
        found: found.into(),
        expected: expected.into(),
    }
}
