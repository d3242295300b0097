//! What the tensors of a Mamba-1 model are called, and their shapes.

use std::collections::BTreeMap;

use crate::config::Config;

/// The embedding, whose rows are the vocabulary.
pub(super) const EMBEDDING: &str = "backbone.embedding.weight";
/// The weight of the norm before the head.
pub(super) const FINAL_NORM: &str = "backbone.norm_f.weight";
/// The head that turns the last residual into logits.
pub(super) const HEAD: &str = "lm_head.weight";

/// A tensor's name in state-spaces/mamba, from its name in either dialect.
pub(super) fn canonical(name: &str) -> &str {
    match name {
        "backbone.embeddings.weight" => EMBEDDING,
        other => other,
    }
}

/// Every tensor that must be there, with its shape.
///
/// # Source
/// `mamba_ssm/modules/mamba_simple.py` and `mamba_ssm/models/mixer_seq_simple.py` of
/// state-spaces/mamba.
pub(super) fn expected(config: &Config) -> BTreeMap<String, Vec<usize>> {
    let (d, v) = (config.width, config.vocabulary);
    let mut shapes = BTreeMap::new();
    shapes.insert(EMBEDDING.to_owned(), vec![v, d]);
    shapes.insert(FINAL_NORM.to_owned(), vec![d]);
    if !config.tied_head {
        shapes.insert(HEAD.to_owned(), vec![v, d]);
    }
    for layer in 0..config.layers {
        for (part, shape) in layer_parts(config) {
            shapes.insert(format!("backbone.layers.{layer}.{part}"), shape);
        }
    }
    shapes
}

fn layer_parts(config: &Config) -> Vec<(&'static str, Vec<usize>)> {
    let Config { width: d, inner: e, state: n, convolution: k, rank: r, .. } = *config;
    let mut parts = vec![
        ("norm.weight", vec![d]),
        ("mixer.in_proj.weight", vec![2 * e, d]),
        ("mixer.conv1d.weight", vec![e, 1, k]),
        ("mixer.x_proj.weight", vec![r + 2 * n, e]),
        ("mixer.dt_proj.weight", vec![e, r]),
        ("mixer.dt_proj.bias", vec![e]),
        ("mixer.A_log", vec![e, n]),
        ("mixer.D", vec![e]),
        ("mixer.out_proj.weight", vec![d, e]),
    ];
    if config.convolution_bias {
        parts.push(("mixer.conv1d.bias", vec![e]));
    }
    if config.projection_bias {
        parts.push(("mixer.in_proj.bias", vec![2 * e]));
        parts.push(("mixer.out_proj.bias", vec![d]));
    }
    parts
}
