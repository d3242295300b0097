//! What the tests across crates share: where goldens lie, and how numbers are compared.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};

/// The folder of goldens, each beside the script that made it.
pub fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// The folder of shared data, where this checkout has one beside it or `MAMBASCOPE_SHARED` names one.
pub fn shared() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let named = std::env::var_os("MAMBASCOPE_SHARED").map(PathBuf::from);
    named.or(Some(beside)).filter(|folder| folder.is_dir())
}

/// The tensors of a safetensors file.
///
/// # Errors
/// When the file cannot be read.
pub fn tensors(file: &Path) -> candle_core::Result<BTreeMap<String, Tensor>> {
    Ok(candle_core::safetensors::load(file, &Device::Cpu)?.into_iter().collect())
}

/// The largest difference of two tensors of one shape, as a share of the second's range.
///
/// # Errors
/// When the shapes differ.
pub fn distance(found: &Tensor, expected: &Tensor) -> candle_core::Result<f64> {
    if found.dims() != expected.dims() {
        candle_core::bail!("shape {:?}, expected {:?}", found.dims(), expected.dims());
    }
    let values = |tensor: &Tensor| tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>();
    let (found, expected) = (values(found)?, values(expected)?);
    let highest = expected.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let lowest = expected.iter().copied().fold(f64::INFINITY, f64::min);
    let range = if highest > lowest { highest - lowest } else { 1.0 };
    let pairs = found.iter().zip(&expected);
    Ok(pairs.map(|(found, expected)| (found - expected).abs()).fold(0.0, f64::max) / range)
}
