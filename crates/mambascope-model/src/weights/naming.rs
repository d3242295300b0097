//! The names in a file as those of state-spaces/mamba: without what wrappers and other programs put before them.
//!
//! `torch.compile`, `DistributedDataParallel`, FSDP and activation checkpointing put a segment of their own into names;
//! a class that holds the model puts its attribute before them. A name is what is left behind these. It is only taken so
//! where no two names of the checkpoint become the same one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::damaged;
use super::names::{EMBEDDING, HEAD, PARTS};
use crate::error::Problem;

/// Segments of wrappers, which no module of a Mamba is called; they stand anywhere in a name.
const WRAPPERS: [&str; 5] = [
    "module",
    "_orig_mod",
    "_fsdp_wrapped_module",
    "_checkpoint_wrapped_module",
    "_forward_module",
];
/// The names of whole models in classes that hold them.
const HOLDERS: [&str; 5] = ["backbone", "model", "base_model", "mamba", "transformer"];
/// Buffers that say nothing of the numbers a Mamba computes: counters of profilers and of other layers.
const INERT: [&str; 6] = [
    "total_ops",
    "total_params",
    "num_batches_tracked",
    "inv_freq",
    "position_ids",
    "_extra_state",
];
/// The longest name that is looked into, in bytes.
const NAME_LIMIT: usize = 512;

/// A name in a file, and what it means.
struct Split {
    /// All before the weight's own name, wrappers left out.
    prefix: String,
    /// Its name in state-spaces/mamba.
    canonical: String,
}

/// True of a tensor that is no weight of the model, and changes nothing.
pub(super) fn is_inert(name: &str) -> bool {
    INERT.contains(&name.rsplit('.').next().unwrap_or(name))
}

/// For each name of a checkpoint that in state-spaces/mamba, where all fit together; other names stay.
///
/// # Errors
/// When names are of two kinds, or of another program: one problem, which names the difference.
pub(super) fn canonical(names: &[&str], file: &Path) -> Result<Vec<String>, Problem> {
    let splits: Vec<Option<Split>> = names.iter().map(|name| split(name)).collect();
    let problem =
        |found: String, expected: &str| Err(damaged(file, "tensor names", found, expected));
    if let (Some(first), true) = (names.first(), splits.iter().all(Option::is_none)) {
        let others = match names.len() - 1 {
            0 => String::new(),
            others => format!(" and {others} others"),
        };
        return problem(
            format!("`{}`{others}", shortened(first)),
            "the names of a Mamba-1, for example `backbone.layers.0.mixer.in_proj.weight`",
        );
    }
    let known = splits.iter().flatten();
    // The head lies beside the model that holds all else.
    let prefixes: BTreeSet<&str> = known
        .filter(|split| split.canonical != HEAD)
        .map(|split| if is_known(&split.prefix) { "" } else { split.prefix.as_str() })
        .collect();
    if prefixes.len() > 1 {
        let shown = |prefix: &&str| match *prefix {
            "" => "`backbone.` or the like".to_owned(),
            prefix => format!("`{}.`", shortened(prefix)),
        };
        let shown: Vec<String> = prefixes.iter().take(4).map(shown).collect();
        return problem(
            format!("weights under several prefixes: {}", shown.join(" and ")),
            "one model: keep the tensors under one of these prefixes, and save them again",
        );
    }
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, split) in names.iter().zip(&splits) {
        let Some(split) = split else { continue };
        // A name that is there twice as it is, is named where tensors are counted.
        if let Some(other) = taken.insert(&split.canonical, name).filter(|other| other != name) {
            return problem(
                format!(
                    "`{}` and `{}`, which are both {}",
                    shortened(other),
                    shortened(name),
                    split.canonical
                ),
                "each weight once: keep the tensors under one of these prefixes, and save them again",
            );
        }
    }
    let own = |(name, split): (&&str, Option<Split>)| {
        split.map_or_else(|| (*name).to_owned(), |split| split.canonical)
    };
    Ok(names.iter().zip(splits).map(own).collect())
}

/// True of a stack of known prefixes.
fn is_known(prefix: &str) -> bool {
    prefix.is_empty() || prefix.split('.').all(|segment| HOLDERS.contains(&segment))
}

/// The weight that a name ends with, and what is before it.
fn split(name: &str) -> Option<Split> {
    if name.len() > NAME_LIMIT {
        return None;
    }
    let segments: Vec<&str> =
        name.split('.').filter(|segment| !WRAPPERS.contains(segment)).collect();
    (0..segments.len()).find_map(|start| {
        let canonical = weight(&segments[start..])?;
        Some(Split { prefix: segments[..start].join("."), canonical })
    })
}

/// The name in state-spaces/mamba of a weight without any prefix, where a Mamba-1 can have it.
fn weight(segments: &[&str]) -> Option<String> {
    match segments {
        ["embedding" | "embeddings", "weight"] => Some(EMBEDDING.to_owned()),
        ["norm_f", "weight"] => Some("backbone.norm_f.weight".to_owned()),
        ["lm_head", "weight"] => Some(HEAD.to_owned()),
        ["layers", layer, part @ ..] => {
            let is_number = !layer.is_empty() && layer.bytes().all(|byte| byte.is_ascii_digit());
            let part = part.join(".");
            (is_number && PARTS.contains(&part.as_str()))
                .then(|| format!("backbone.layers.{layer}.{part}"))
        }
        _ => None,
    }
}

fn shortened(name: &str) -> String {
    name.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(names: &[&str]) -> Result<Vec<String>, String> {
        canonical(names, Path::new("model.safetensors")).map_err(|problem| problem.to_string())
    }

    #[test]
    fn known_prefixes_are_left_out_wherever_they_stand() {
        for name in [
            "layers.1.mixer.D",
            "backbone.layers.1.mixer.D",
            "module.backbone.layers.1.mixer.D",
            "module._orig_mod.backbone.layers.1.mixer.D",
            "_orig_mod.module.model.backbone.layers.1.mixer.D",
            "backbone.layers.1._orig_mod.mixer.D",
            "model._fsdp_wrapped_module.layers.1._checkpoint_wrapped_module.mixer.D",
            "student.layers.1.mixer.D",
        ] {
            let own = renamed(&[name, "lm_head.weight"]).expect(name);
            assert_eq!(own, ["backbone.layers.1.mixer.D", "lm_head.weight"], "{name}");
        }
        let some = ["module.backbone.norm_f.weight", "embeddings.weight"];
        assert_eq!(renamed(&some).expect("read"), ["backbone.norm_f.weight", EMBEDDING]);
    }

    #[test]
    fn names_that_can_be_read_in_two_ways_are_refused() {
        for names in [
            &["backbone.norm_f.weight", "ema.backbone.norm_f.weight"][..],
            &["backbone.norm_f.weight", "module.backbone.norm_f.weight"],
            &["backbone.embedding.weight", "backbone.embeddings.weight"],
            &["teacher.norm_f.weight", "student.embedding.weight"],
            &["transformer.h.0.attn.c_attn.weight", "transformer.wte.weight"],
        ] {
            assert!(renamed(names).is_err(), "{names:?}");
        }
    }

    #[test]
    fn a_name_of_any_length_costs_little() {
        let long = ".".repeat(1 << 20);
        assert_eq!(renamed(&[&long, "norm_f.weight"]).expect("read")[0], long);
    }
}
