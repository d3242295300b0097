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
    for (name, shape) in missing {
        problems.push(damaged(file, &name, "nothing", describe("floats", &shape)));
    }
    problems
}

fn describe(dtype: &str, shape: &[usize]) -> String {
    format!("{dtype} {shape:?}")
}
