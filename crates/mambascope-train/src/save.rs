//! A trained model as files: each is written aside and renamed, so that none is ever half there.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use serde_json::json;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::network::Network;
use crate::recipe::Recipe;
use crate::train::{Point, Trained};

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
        write(&folder.join("model.safetensors"), &weights(&self.network)?)?;
        let config = format!("{:#}\n", json!(Config::of(self.network.shape())));
        write(&folder.join("config.json"), config.as_bytes())?;
        write(&folder.join("tokenizer.json"), tokenizer.as_bytes())?;
        write(&folder.join("recipe.json"), recipe.as_bytes())?;
        write(&folder.join("curve.csv"), curve(&self.curve).as_bytes())
    }
}

/// Writes a file beside its place and moves it there.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<()> {
    let failure = |source| Error::File { path: path.to_owned(), source };
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut aside = tempfile::NamedTempFile::new_in(folder).map_err(failure)?;
    aside.write_all(content).map_err(failure)?;
    aside.as_file().sync_all().map_err(failure)?;
    readable(aside.as_file()).map_err(failure)?;
    aside.persist(path).map_err(|error| failure(error.error))?;
    Ok(())
}

/// A temporary file is for its owner alone; a result is for all.
#[cfg(unix)]
fn readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_file: &std::fs::File) -> std::io::Result<()> {
    Ok(())
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
