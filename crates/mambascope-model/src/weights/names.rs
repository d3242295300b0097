//! What the tensors of a Mamba-1 model are called, and their shapes.

use std::collections::BTreeMap;

use crate::config::Config;

/// The embedding, whose rows are the vocabulary.
pub(super) const EMBEDDING: &str = "backbone.embedding.weight";
/// The weight of the norm before the head.
pub(super) const FINAL_NORM: &str = "backbone.norm_f.weight";
/// The head that turns the last residual into logits.
pub(super) const HEAD: &str = "lm_head.weight";

/// The names of a layer's weights behind its number.
pub(super) const PARTS: [&str; 12] = [
    "norm.weight",
    "mixer.in_proj.weight",
    "mixer.conv1d.weight",
    "mixer.x_proj.weight",
    "mixer.dt_proj.weight",
    "mixer.dt_proj.bias",
    "mixer.A_log",
    "mixer.D",
    "mixer.out_proj.weight",
    "mixer.conv1d.bias",
    "mixer.in_proj.bias",
    "mixer.out_proj.bias",
];

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
    let shapes = vec![
        vec![d],
        vec![2 * e, d],
        vec![e, 1, k],
        vec![r + 2 * n, e],
        vec![e, r],
        vec![e],
        vec![e, n],
        vec![e],
        vec![d, e],
    ];
    // The biases come last, and in this order.
    let [convolution, into, out] = [vec![e], vec![2 * e], vec![d]];
    let mut parts: Vec<_> = PARTS.into_iter().zip(shapes).collect();
    if config.convolution_bias {
        parts.push((PARTS[9], convolution));
    }
    if config.projection_bias {
        parts.extend([(PARTS[10], into), (PARTS[11], out)]);
    }
    parts
}
