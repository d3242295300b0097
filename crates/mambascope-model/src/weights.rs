//! A checkpoint's weights, under one naming, checked before they are used and read when they are.

mod check;
mod entry;
mod legacy;
mod names;
mod naming;
mod opcodes;
mod pickle;
mod read;
mod safetensors;
mod stored;
mod torch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{DType, Tensor};

use self::stored::Stored;
use crate::config::Config;
use crate::error::{Error, Problem};
use crate::finite::LargeWeight;
use crate::random::Drawn;
use crate::reading::Meter;
use crate::site::Site;
use crate::source::Files;

/// What weights without a file are called.
const MEMORY: &str = "tensors in memory";

/// Every weight of a Mamba-1 model, by its name in state-spaces/mamba, on the CPU.
///
/// All are finite, `f32` or `f64`, contiguous, and of the shapes that the [`Config`] asks for. Weights of files stay in their
/// files, and are read anew each time they are asked for.
#[derive(Debug, Clone)]
pub struct Tensors(Arc<Kept>);

/// Where weights are.
#[derive(Debug)]
enum Kept {
    Memory(BTreeMap<String, Tensor>),
    Files(Stored),
    Drawn(Drawn),
}

impl Tensors {
    /// Weights from memory; half precision becomes `f32`.
    ///
    /// # Errors
    /// When a tensor is missing, extra, misshaped, not of floats, or not finite: all problems at once.
    pub fn new(tensors: BTreeMap<String, Tensor>, config: &Config) -> Result<Self, Error> {
        let memory = Path::new(MEMORY);
        let found = tensors.iter().map(|(name, tensor)| check::Found {
            name,
            file: memory,
            dtype: tensor.dtype().as_str(),
            floats: tensor.dtype().is_float(),
            shape: tensor.dims(),
        });
        let mut problems = check::problems(found, config, memory);
        for (name, tensor) in &tensors {
            problems.extend(unfinished(name, tensor)?);
        }
        if !problems.is_empty() {
            return Err(Error::Weights { problems });
        }
        let mut by_name = BTreeMap::new();
        for (name, tensor) in tensors {
            let dtype = if tensor.dtype() == DType::F64 { DType::F64 } else { DType::F32 };
            by_name.insert(name, tensor.to_dtype(dtype)?.contiguous()?);
        }
        Ok(Self(Arc::new(Kept::Memory(by_name))))
    }

    /// Checks the weights of a checkpoint, and notes where in its files they are.
    ///
    /// # Errors
    /// When a file is damaged or is not what it says, when a tensor is missing, extra, misshaped
    /// or of a kind that is not a float, or when a weight is not finite: all problems at once.
    ///
    /// # Cost
    /// Headers first; then each file once, 64 KiB of a tensor at a time.
    pub fn read(files: &Files, config: &Config) -> Result<Self, Error> {
        Self::read_under(files, config, &Meter::unwatched())
    }

    /// Checks the weights of a checkpoint, watched.
    pub(crate) fn read_under(files: &Files, config: &Config, meter: &Meter) -> Result<Self, Error> {
        Ok(Self(Arc::new(Kept::Files(Stored::check(files, config, meter)?))))
    }

    /// How many rows the embedding has, where the headers can be read and have one.
    pub(crate) fn embedding_rows(files: &Files) -> Option<usize> {
        read::embedding_rows(files)
    }

    /// Weights that are drawn when they are asked for.
    pub(crate) fn drawn(drawn: Drawn) -> Self {
        Self(Arc::new(Kept::Drawn(drawn)))
    }

    /// The tensor of that name; `lm_head.weight` is the embedding where the head is tied.
    ///
    /// # Errors
    /// When the model has no such tensor, or its file cannot be read any more, or has changed.
    ///
    /// # Cost
    /// Weights of files are read again.
    pub fn tensor(&self, name: &str) -> Result<Tensor, Error> {
        let name = self.stored(name);
        let unknown = || Error::UnknownTensor { name: name.to_owned() };
        match &*self.0 {
            Kept::Memory(by_name) => by_name.get(name).cloned().ok_or_else(unknown),
            Kept::Files(stored) => stored.tensor(name)?.ok_or_else(unknown),
            Kept::Drawn(drawn) => drawn.tensor(name)?.ok_or_else(unknown),
        }
    }

    /// The name under which a tensor is kept: a tied head is the embedding.
    fn stored<'a>(&self, name: &'a str) -> &'a str {
        let is_tied = name == names::HEAD && !self.names().any(|own| own == name);
        if is_tied { names::EMBEDDING } else { name }
    }

    /// The tensor of that name, to be computed with in this arithmetic.
    ///
    /// # Errors
    /// As [`tensor`](Self::tensor); and where a number of f64 is infinite in f32.
    pub(crate) fn tensor_for(&self, name: &str, arithmetic: DType) -> Result<Tensor, Error> {
        let name = self.stored(name);
        let tensor = self.tensor(name)?;
        if tensor.dtype() != DType::F64 || arithmetic == DType::F64 {
            return Ok(tensor);
        }
        let numbers: Vec<f64> = tensor.flatten_all()?.to_vec1()?;
        let Some(place) = numbers.iter().position(|number| !(*number as f32).is_finite()) else {
            return Ok(tensor);
        };
        let found = format!("{:e} at element {place}, which is infinite in f32", numbers[place]);
        let expected =
            "at most 3.4e38; or compute in f64: `Compute::Reference64`, `--compute reference64`";
        let problem = damaged(&self.file_of(name), name, found, expected);
        Err(Error::Weights { problems: vec![problem] })
    }

    /// The file that a tensor is in.
    fn file_of(&self, name: &str) -> PathBuf {
        match &*self.0 {
            Kept::Files(stored) => stored.file_of(name),
            Kept::Memory(_) | Kept::Drawn(_) => PathBuf::from(MEMORY),
        }
    }

    /// The weight with the largest magnitude among those that make a site of a layer.
    pub(crate) fn largest_near(&self, site: Site, layer: usize) -> Option<LargeWeight> {
        let layer = format!("backbone.layers.{layer}.");
        let head = self.stored(names::HEAD);
        let is_near = |name: &str| match site {
            Site::Embed => name == names::EMBEDDING,
            Site::FinalNorm | Site::Logits => name == head || name == names::FINAL_NORM,
            _ => name.starts_with(&layer),
        };
        let largest =
            self.names().filter(|name| is_near(name)).filter_map(|name| self.largest(name));
        largest.max_by(|one, other| one.value.abs().total_cmp(&other.value.abs()))
    }

    /// The weight of a tensor with the largest magnitude, where it can be read.
    fn largest(&self, name: &str) -> Option<LargeWeight> {
        let tensor = self.tensor(name).ok()?.to_dtype(DType::F64).ok()?;
        let numbers: Vec<f64> = tensor.flatten_all().ok()?.to_vec1().ok()?;
        let largest = numbers.into_iter().enumerate();
        let largest = largest.max_by(|one, other| one.1.abs().total_cmp(&other.1.abs()));
        largest.map(|(element, value)| LargeWeight { tensor: name.to_owned(), element, value })
    }

    /// A tensor's type and shape in words, then its numbers in order, little-endian, a chunk at a time.
    pub(crate) fn bytes(&self, name: &str, take: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        match &*self.0 {
            Kept::Files(stored) => stored.bytes(name, take),
            Kept::Drawn(drawn) => {
                drawn.bytes(name, take);
                Ok(())
            }
            Kept::Memory(_) => bytes_of(&self.tensor(name)?, take),
        }
    }

    /// Every name, in order; a tied head is not among them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names: Vec<&str> = match &*self.0 {
            Kept::Memory(by_name) => by_name.keys().map(String::as_str).collect(),
            Kept::Files(stored) => stored.names().collect(),
            Kept::Drawn(drawn) => drawn.names().collect(),
        };
        names.into_iter()
    }
}

/// What is wrong with a tensor that has a number which is not finite.
fn unfinished(name: &str, tensor: &Tensor) -> Result<Option<Problem>, Error> {
    if !tensor.dtype().is_float() {
        return Ok(None);
    }
    let numbers: Vec<f64> = tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?;
    let place = numbers.iter().position(|number| !number.is_finite());
    let found = place.map(|place| format!("{} at element {place}", numbers[place]));
    Ok(found.map(|found| damaged(Path::new(MEMORY), name, found, "finite numbers")))
}

/// A tensor's type and shape in words, then its numbers.
fn bytes_of(tensor: &Tensor, take: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
    take(header(tensor.dtype().as_str(), tensor.dims()).as_bytes());
    let flat = tensor.flatten_all()?;
    if tensor.dtype() == DType::F64 {
        let numbers: Vec<f64> = flat.to_vec1()?;
        for number in numbers {
            take(&number.to_le_bytes());
        }
    } else {
        let numbers: Vec<f32> = flat.to_vec1()?;
        for number in numbers {
            take(&number.to_le_bytes());
        }
    }
    Ok(())
}

/// A type and a shape in words.
pub(crate) fn header(dtype: &str, shape: &[usize]) -> String {
    format!(" {dtype} {shape:?}\n")
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
