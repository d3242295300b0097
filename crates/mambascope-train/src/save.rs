//! A trained model as files: each is written aside and renamed, so that none is ever half there.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use serde_json::json;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::network::Network;
use crate::recipe::Recipe;
use crate::train::{Point, Trained};

const WEIGHTS: &str = "model.safetensors";
const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const RECIPE: &str = "recipe.json";
const CURVE: &str = "curve.csv";
pub(crate) const ACCURACY: &str = "accuracy.json";

/// Refuses a folder that cannot be written to, or made, before training.
pub(crate) fn check(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        let names = [WEIGHTS, CONFIG, TOKENIZER, RECIPE, CURVE, ACCURACY];
        return Ok(names.iter().try_for_each(|name| mambascope_files::check(folder.join(name)))?);
    }
    // The folders that are missing will be made in the first one that is there.
    let there = folder.ancestors().find(|part| part.exists()).unwrap_or(Path::new("."));
    Ok(mambascope_files::check(there.join(WEIGHTS))?)
}

impl Trained {
    /// Writes `model.safetensors`, `config.json`, `tokenizer.json`, `recipe.json` and `curve.csv` into a folder.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub fn save(&self, recipe: &Recipe, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        std::fs::create_dir_all(folder)
            .map_err(|source| Error::File { path: folder.to_owned(), source })?;
        let tokenizer = self.tokenizer.to_string(false);
        let tokenizer = tokenizer.map_err(|source| Error::Tokenizer(source.to_string()))?;
        let recipe = format!("{:#}\n", json!(recipe));
        mambascope_files::write(folder.join(WEIGHTS), &weights(&self.network)?)?;
        let config = format!("{:#}\n", json!(Config::of(self.network.shape())));
        mambascope_files::write(folder.join(CONFIG), config.as_bytes())?;
        mambascope_files::write(folder.join(TOKENIZER), tokenizer.as_bytes())?;
        mambascope_files::write(folder.join(RECIPE), recipe.as_bytes())?;
        mambascope_files::write(folder.join(CURVE), curve(&self.curve).as_bytes())?;
        Ok(())
    }
}

fn weights(network: &Network) -> Result<Vec<u8>> {
    let mut tensors = vec![];
    for (name, parameter) in network.parameters() {
        let values = parameter.flatten_all()?.to_vec1::<f32>()?;
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        tensors.push((name, parameter.dims().to_vec(), bytes));
    }
    let views = tensors.iter().map(|(name, dims, bytes)| {
        Ok((name.as_str(), TensorView::new(Dtype::F32, dims.clone(), bytes)?))
    });
    let views = views.collect::<Result<Vec<_>>>()?;
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    Ok(safetensors::serialize(views, Some(metadata))?)
}

fn curve(points: &[Point]) -> String {
    let mut text = "step,learning_rate,loss,language_loss,accuracy\n".to_owned();
    for point in points {
        let Point { step, learning_rate, loss, language_loss, accuracy } = point;
        // Writing to a string cannot fail.
        let _ =
            writeln!(text, "{step},{learning_rate:.3e},{loss:.4},{language_loss:.4},{accuracy:.4}");
    }
    text
}
