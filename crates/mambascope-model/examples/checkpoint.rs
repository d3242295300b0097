//! Writes a random checkpoint of mamba-130m's shape into a folder, to measure with.
//!
//! ```sh
//! cargo run --release -p mambascope-model --example checkpoint -- FOLDER
//! ```

use std::path::PathBuf;

use mambascope_model::{Config, random_tensors};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder")?);
    let config = Config::mamba_130m();
    let tensors = random_tensors(&config, 1);
    let named = tensors.names().map(|name| Ok((name.to_owned(), tensors.tensor(name)?)));
    let named = named.collect::<Result<_, mambascope_model::Error>>()?;
    std::fs::create_dir_all(&folder)?;
    candle_core::safetensors::save(&named, folder.join("model.safetensors"))?;
    let about = serde_json::json!({
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
    });
    std::fs::write(folder.join("config.json"), about.to_string())?;
    Ok(())
}
