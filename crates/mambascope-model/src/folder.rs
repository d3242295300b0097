//! A checkpoint's files by their names in a folder, or in anything that is like one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::blob::Blob;
use crate::error::{Error, Problem};
use crate::foreign;
use crate::source::{Files, Format};

/// The most bytes of an index: a thousand layers have under 2 MiB.
const INDEX_LIMIT: u64 = 16 << 20;
/// The most shards of a checkpoint.
const SHARDS_LIMIT: usize = 1 << 10;
/// The config's name.
pub(crate) const CONFIG: &str = "config.json";
/// The tokenizer's name.
pub(crate) const TOKENIZER: &str = "tokenizer.json";
/// The names of weights, the one to take first first.
const WEIGHTS: [(&str, Format, Shards); 4] = [
    ("model.safetensors", Format::Safetensors, Shards::One),
    ("model.safetensors.index.json", Format::Safetensors, Shards::Listed),
    ("pytorch_model.bin", Format::Torch, Shards::One),
    ("pytorch_model.bin.index.json", Format::Torch, Shards::Listed),
];

/// Tokenizers that Python reads and this library does not.
const SLOW_TOKENIZERS: [&str; 5] =
    ["vocab.json", "vocab.txt", "spiece.model", "tokenizer.model", "sentencepiece.bpe.model"];
/// How files of weights end under other names.
const WEIGHT_ENDINGS: [&str; 6] = [".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf"];

/// Whether a file has the weights, or lists the files that have them.
#[derive(Clone, Copy)]
enum Shards {
    One,
    Listed,
}

/// Anything that has files by name.
pub(crate) trait Shelf {
    /// The file of that name, where there is one.
    fn file(&self, name: &str) -> Result<Option<PathBuf>, Error>;

    /// Where it is, for messages.
    fn place(&self) -> PathBuf;

    /// The first of these files that is there without being fetched.
    fn here(&self, _names: &[&str]) -> Option<PathBuf> {
        None
    }

    /// Files that look like weights, where that can be told without a fetch.
    fn weights_by_other_names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A folder on disk.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Shelf for Folder {
    fn file(&self, name: &str) -> Result<Option<PathBuf>, Error> {
        Ok(Some(self.0.join(name)).filter(|path| path.is_file()))
    }

    fn place(&self) -> PathBuf {
        self.0.clone()
    }

    fn here(&self, names: &[&str]) -> Option<PathBuf> {
        names.iter().map(|name| self.0.join(name)).find(|path| path.is_file())
    }

    fn weights_by_other_names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).into_iter().flatten().flatten();
        let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let is_weights = |name: &String| {
            WEIGHT_ENDINGS.iter().any(|ending| name.to_ascii_lowercase().ends_with(ending))
        };
        let mut names: Vec<String> =
            entries.map(name).filter(is_weights).map(|name| format!("`{name}`")).take(4).collect();
        names.sort();
        names
    }
}

/// A shard index; what else it says is not needed.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The files of the checkpoint in a folder, named as the folder is.
pub(crate) fn locate(path: &Path) -> Result<Files, Error> {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = whole
        .file_name()
        .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    collect(&Folder(path.to_owned()), name)
}

/// The files of the checkpoint on a shelf.
pub(crate) fn collect(shelf: &dyn Shelf, name: String) -> Result<Files, Error> {
    let config = Blob::File(required(shelf, CONFIG)?);
    for (file, format, shards) in WEIGHTS {
        let Some(path) = shelf.file(file)? else { continue };
        let weights = match shards {
            Shards::One => vec![Blob::File(path)],
            Shards::Listed => listed(shelf, &path)?,
        };
        let tokenizer = shelf.file(TOKENIZER)?.map(Blob::File);
        let slow_tokenizer = if tokenizer.is_none() { shelf.here(&SLOW_TOKENIZERS) } else { None };
        return Ok(Files { name, config, weights, format, tokenizer, slow_tokenizer });
    }
    let names = WEIGHTS.map(|(file, _, _)| file).join(", ");
    let missing = match shelf.weights_by_other_names() {
        other if other.is_empty() => format!("weights ({names})"),
        other => format!(
            "weights under a name that is looked for ({names}); it has {}",
            other.join(", ")
        ),
    };
    Err(Error::Incomplete { folder: shelf.place(), missing })
}

fn required(shelf: &dyn Shelf, name: &str) -> Result<PathBuf, Error> {
    shelf
        .file(name)?
        .ok_or_else(|| Error::Incomplete { folder: shelf.place(), missing: name.to_owned() })
}

/// The shards that an index names, each a plain name in the index's own folder.
fn listed(shelf: &dyn Shelf, index: &Path) -> Result<Vec<Blob>, Error> {
    let text = Blob::File(index.to_owned()).content(INDEX_LIMIT)?;
    let Index { weight_map } = serde_json::from_slice(foreign::json(&text, index)?)
        .map_err(|source| Error::Json { file: index.to_owned(), source })?;
    let names: BTreeSet<&String> = weight_map.values().collect();
    let problem = |found: String, expected: String| {
        let item = "weight_map".to_owned();
        Problem { file: index.to_owned(), item, found, expected }
    };
    let mut problems: Vec<Problem> = names
        .iter()
        .filter(|name| !is_plain(name))
        .map(|name| problem(format!("`{name}`"), "the name of a file beside it".to_owned()))
        .collect();
    if names.is_empty() || names.len() > SHARDS_LIMIT {
        problems.push(problem(format!("{} files", names.len()), format!("1 to {SHARDS_LIMIT}")));
    }
    if !problems.is_empty() {
        return Err(Error::Weights { problems });
    }
    names.into_iter().map(|name| required(shelf, name).map(Blob::File)).collect()
}

/// Whether a name stays in its folder on every system.
fn is_plain(name: &str) -> bool {
    let mut components = Path::new(name).components();
    let one = matches!((components.next(), components.next()), (Some(Component::Normal(_)), None));
    one && name.len() <= 200 && !name.contains(['/', '\\', ':', '\0'])
}
