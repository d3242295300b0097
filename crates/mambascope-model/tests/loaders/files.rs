//! Checkpoints made for tests.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mambascope_model::{Blob, Config, Files, Format, random_tensors};
use safetensors::tensor::{Dtype, TensorView, serialize};

/// Names with bytes and shapes, from which a file can be written.
pub(crate) type Parts = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

/// The parts of a random model, `f32`.
pub(crate) fn parts(config: &Config) -> Parts {
    let tensors = random_tensors(config, 7);
    let part = |name: &str| {
        let tensor = tensors.tensor(name).unwrap();
        let numbers = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        (Dtype::F32, tensor.dims().to_vec(), bytes)
    };
    tensors.names().map(|name| (name.to_owned(), part(name))).collect()
}

/// A safetensors file of those parts.
pub(crate) fn safetensors(parts: &Parts) -> Vec<u8> {
    let views = parts.iter().map(|(name, (dtype, shape, bytes))| {
        (name.clone(), TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    serialize(views, None).unwrap()
}

/// A config of the transformers dialect.
pub(crate) fn transformers(config: &Config) -> Vec<u8> {
    serde_json::to_vec_pretty(&serde_json::json!({
        "model_type": "mamba",
        "hidden_size": config.width,
        "num_hidden_layers": config.layers,
        "vocab_size": config.vocabulary,
        "intermediate_size": config.inner,
        "state_size": config.state,
        "conv_kernel": config.convolution,
        "time_step_rank": config.rank,
        "layer_norm_epsilon": config.epsilon,
        "use_bias": config.projection_bias,
        "use_conv_bias": config.convolution_bias,
        "tie_word_embeddings": config.tied_head,
    }))
    .unwrap()
}

/// A checkpoint in memory, of one safetensors file.
pub(crate) fn memory(config: Vec<u8>, weights: Vec<u8>, format: Format) -> Files {
    let blob = |name: &str, bytes: Vec<u8>| Blob::Bytes { name: name.into(), bytes: bytes.into() };
    let name = match format {
        Format::Safetensors => "model.safetensors",
        Format::Torch => "pytorch_model.bin",
    };
    Files {
        name: "memory".to_owned(),
        config: blob("config.json", config),
        weights: vec![blob(name, weights)],
        format,
        tokenizer: None,
        slow_tokenizer: None,
    }
}

/// The folder with data that some tests read, or a printed sentence that there is none.
pub(crate) fn shared(file: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("MAMBASCOPE_SHARED").map_or_else(beside, PathBuf::from);
    let path = folder.join(file);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {file} is not in {} (MAMBASCOPE_SHARED names it)", folder.display());
    None
}
