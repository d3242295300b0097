//! A network from the files that training wrote.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use tokenizers::Tokenizer;

use super::{Network, Shape};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::random::Random;

impl Network {
    /// Reads `config.json`, `model.safetensors` and `tokenizer.json` of a folder that training wrote.
    ///
    /// # Errors
    /// When a file is missing or is not what training writes.
    pub fn read(folder: impl AsRef<Path>) -> Result<(Self, Tokenizer)> {
        let folder = folder.as_ref();
        let network = Self::first(shape(&folder.join("config.json"))?, &mut Random::new(0))?;
        let path = folder.join("model.safetensors");
        let tensors = candle_core::safetensors::load(&path, &Device::Cpu)?;
        for (name, parameter) in network.parameters() {
            parameter.set(find(&tensors, &name, parameter.dims(), &path)?)?;
        }
        let tokenizer = Tokenizer::from_file(folder.join("tokenizer.json"))
            .map_err(|source| Error::Tokenizer(source.to_string()))?;
        Ok((network, tokenizer))
    }
}

fn shape(path: &Path) -> Result<Shape> {
    let file = |source| Error::File { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(file)?;
    let config: Config = serde_json::from_str(&text).map_err(|source| file(source.into()))?;
    Ok(config.shape())
}

fn find<'a>(
    tensors: &'a HashMap<String, Tensor>,
    name: &str,
    expected: &[usize],
    path: &Path,
) -> Result<&'a Tensor> {
    let tensor = tensors.get(name).filter(|tensor| tensor.dtype() == DType::F32);
    let found = tensor.map(|tensor| tensor.dims().to_vec()).unwrap_or_default();
    tensor.filter(|tensor| tensor.dims() == expected).ok_or_else(|| Error::Weight {
        path: PathBuf::from(path),
        name: name.to_owned(),
        found,
        expected: expected.to_vec(),
    })
}
