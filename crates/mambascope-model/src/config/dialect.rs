//! The two ways in which Mamba-1 configs are written.

use serde_json::Value;

use super::Config;
use super::fields::{Fields, shown};
use crate::error::Error;

/// Who wrote a config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// mamba_ssm: `d_model`, `n_layer`, `ssm_cfg`.
    StateSpaces,
    /// transformers: `hidden_size`, `num_hidden_layers`; often with the other's keys beside.
    Transformers,
}

impl Dialect {
    pub(super) fn of(fields: &Fields) -> Self {
        let keys = ["model_type", "hidden_size", "num_hidden_layers"];
        if keys.iter().any(|key| fields.value(key).is_some()) {
            Self::Transformers
        } else {
            Self::StateSpaces
        }
    }

    pub(super) fn refuse_other_families(self, fields: &Fields) -> Result<(), Error> {
        let (path, own) = match self {
            Self::StateSpaces => ("ssm_cfg.layer", "Mamba1"),
            Self::Transformers => ("model_type", "mamba"),
        };
        match fields.value(path) {
            None => Ok(()),
            Some(value) if value.as_str() == Some(own) => Ok(()),
            Some(value) => Err(Error::Family {
                file: fields.file().to_owned(),
                family: value.as_str().map_or_else(|| shown(value), shortened),
            }),
        }
    }

    pub(super) fn read(self, fields: &mut Fields) -> Config {
        match self {
            Self::StateSpaces => state_spaces(fields),
            Self::Transformers => transformers(fields),
        }
    }
}

fn state_spaces(fields: &mut Fields) -> Config {
    let width = fields.required("d_model");
    let tokens = fields.required("vocab_size");
    let multiple = fields.count("pad_vocab_size_multiple", 8);
    if multiple == 0 {
        fields.problem("pad_vocab_size_multiple", "0", "1 or more");
    }
    refuse_hybrids(fields);
    Config {
        width,
        layers: fields.required("n_layer"),
        vocabulary: tokens.checked_next_multiple_of(multiple).unwrap_or(usize::MAX),
        known_vocabulary: tokens,
        inner: expanded(fields, "ssm_cfg.expand", width),
        state: fields.count("ssm_cfg.d_state", 16),
        convolution: fields.count("ssm_cfg.d_conv", 4),
        rank: fields.rank("ssm_cfg.dt_rank", width),
        projection_bias: fields.flag("ssm_cfg.bias", false),
        convolution_bias: fields.flag("ssm_cfg.conv_bias", true),
        epsilon: fields.number("norm_epsilon", 1e-5),
        tied_head: fields.flag("tie_embeddings", true),
    }
}

/// mamba_ssm's configs can ask for LayerNorm, attention layers and MLPs; Mamba-1 has none.
fn refuse_hybrids(fields: &mut Fields) {
    if !fields.flag("rms_norm", true) {
        fields.problem("rms_norm", "false", "true: LayerNorm is not supported");
    }
    if fields.count("d_intermediate", 0) != 0 {
        fields.problem("d_intermediate", "an MLP in each layer", "0");
    }
    let attention = fields.value("attn_layer_idx").and_then(Value::as_array);
    if attention.is_some_and(|layers| !layers.is_empty()) {
        fields.problem("attn_layer_idx", "attention layers", "an empty list");
    }
}

fn transformers(fields: &mut Fields) -> Config {
    let width = fields.required("hidden_size");
    let vocabulary = fields.required("vocab_size");
    let inner = match fields.value("intermediate_size") {
        Some(_) => fields.count("intermediate_size", 1),
        None => expanded(fields, "expand", width),
    };
    if let Some(other) = fields.value("hidden_act").filter(|act| act.as_str() != Some("silu")) {
        let found = shown(other);
        fields.problem("hidden_act", found, "\"silu\"");
    }
    Config {
        width,
        layers: fields.required("num_hidden_layers"),
        vocabulary,
        known_vocabulary: vocabulary,
        inner,
        state: fields.count("state_size", 16),
        convolution: fields.count("conv_kernel", 4),
        rank: fields.rank("time_step_rank", width),
        projection_bias: fields.flag("use_bias", false),
        convolution_bias: fields.flag("use_conv_bias", true),
        epsilon: fields.number("layer_norm_epsilon", 1e-5),
        tied_head: fields.flag("tie_word_embeddings", true),
    }
}

/// The inner width: `width` times the factor at `path`, rounded down as both programs do.
fn expanded(fields: &mut Fields, path: &str, width: usize) -> usize {
    (fields.number(path, 2.0) * width as f64) as usize
}

fn shortened(name: &str) -> String {
    name.chars().take(60).collect()
}
