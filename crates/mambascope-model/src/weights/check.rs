//! The tensors that are there against those that a config asks for.

use std::collections::BTreeSet;
use std::path::Path;

use super::damaged;
use super::names::{self, EMBEDDING, HEAD};
use crate::config::Config;
use crate::error::Problem;

/// A tensor that is there.
pub(super) struct Found<'a> {
    pub(super) name: &'a str,
    pub(super) file: &'a Path,
    pub(super) dtype: &'a str,
    pub(super) floats: bool,
    pub(super) shape: &'a [usize],
}

/// Everything missing, extra, misshaped, of the wrong kind, or there twice.
///
/// `file` is the one to name for what is missing. A tied head may be stored or not.
pub(super) fn problems<'a>(
    found: impl Iterator<Item = Found<'a>>,
    config: &Config,
    file: &Path,
) -> Vec<Problem> {
    let mut missing = names::expected(config);
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    let tied = missing.get(EMBEDDING).filter(|_| config.tied_head).cloned();
    for tensor in found {
        let stored = describe(tensor.dtype, tensor.shape);
        let is_again = !seen.insert(tensor.name);
        let asked = missing.remove(tensor.name);
        let asked = asked.or_else(|| tied.clone().filter(|_| tensor.name == HEAD && !is_again));
        let expected = match asked {
            None if is_again => "it once".to_owned(),
            None => "no such tensor".to_owned(),
            Some(shape) if !tensor.floats || shape != tensor.shape => describe("floats", &shape),
            Some(_) => continue,
        };
        problems.push(damaged(tensor.file, tensor.name, stored, expected));
    }
    let seen_layers: BTreeSet<usize> = seen.iter().filter_map(|name| layer(name)).collect();
    let absent: BTreeSet<usize> =
        (0..config.layers).filter(|at| !seen_layers.contains(at)).collect();
    let beyond = seen_layers.range(config.layers..).copied().collect();
    // Of layers that are missing or extra whole, one sentence says more than one for each of their weights.
    problems.retain(|problem| layer(&problem.item).is_none_or(|at| at < config.layers));
    for (found, layers) in [("no weights of", absent), ("weights of", beyond)] {
        if let Some(layers) = span(&layers) {
            let expected = format!("those of {} layers, as the config says", config.layers);
            problems.push(damaged(file, "layers", format!("{found} {layers}"), expected));
        }
    }
    for (name, shape) in missing {
        if layer(&name).is_some_and(|at| !seen_layers.contains(&at)) {
            continue;
        }
        let tied = if name == HEAD { ", or a config that ties it to the embedding" } else { "" };
        problems.push(damaged(file, &name, "nothing", describe("floats", &shape) + tied));
    }
    problems
}

/// The layer that a weight belongs to.
fn layer(name: &str) -> Option<usize> {
    name.strip_prefix("backbone.layers.")?.split_once('.')?.0.parse().ok()
}

/// Layers in words.
fn span(layers: &BTreeSet<usize>) -> Option<String> {
    match (layers.first()?, layers.last()?) {
        (first, last) if first == last => Some(format!("layer {first}")),
        (first, last) => Some(format!("layers {first} to {last}")),
    }
}

fn describe(dtype: &str, shape: &[usize]) -> String {
    format!("{dtype} {shape:?}")
}
