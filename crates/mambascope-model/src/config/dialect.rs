//! The two ways in which Mamba-1 configs are written.

use serde_json::Value;

use super::Config;
use super::fields::{Fields, shown};
use crate::error::Error;

/// Who wrote a config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// mamba_ssm: `d_model`, `n_layer`, `ssm_cfg`; or the same flat, as code beside a checkpoint writes it.
    StateSpaces,
    /// transformers: `hidden_size`, `num_hidden_layers`; often with the other's keys beside.
    Transformers,
}

/// The keys of a size, transformers' first.
const WIDTH: [&str; 2] = ["hidden_size", "d_model"];
const LAYERS: [&str; 4] = ["num_hidden_layers", "n_layer", "n_layers", "num_layers"];

impl Dialect {
    /// The keys decide: a `model_type` is written beside either's.
    pub(super) fn of(fields: &Fields) -> Self {
        let has = |key: &str| fields.value(key).is_some();
        if has("hidden_size") || has("num_hidden_layers") {
            Self::Transformers
        } else if has("d_model") || LAYERS.iter().any(|key| has(key)) || !has("model_type") {
            Self::StateSpaces
        } else {
            Self::Transformers
        }
    }

    /// Refuses what says of itself that it is no Mamba-1, in whichever dialect.
    pub(super) fn refuse_other_families(fields: &Fields) -> Result<(), Error> {
        let other = |family: String| Err(Error::Family { file: fields.file().to_owned(), family });
        for (path, own) in
            [("ssm_cfg.layer", &["mamba1"][..]), ("model_type", &["mamba", "mamba1", "mambassm"])]
        {
            match fields.value(path) {
                None => {}
                Some(value) if value.as_str().is_some_and(|name| own.contains(&&*bare(name))) => {}
                Some(value) => {
                    return other(value.as_str().map_or_else(|| shown(value), shortened));
                }
            }
        }
        // Falcon-Mamba has Mamba-1's weights, and norms without weights between them.
        if fields.value("mixer_rms_eps").is_some() {
            return other("falcon_mamba".to_owned());
        }
        Ok(())
    }

    pub(super) fn read(self, fields: &mut Fields) -> Config {
        match self {
            Self::StateSpaces => state_spaces(fields),
            Self::Transformers => transformers(fields),
        }
    }
}

/// A name without case and signs: `Mamba-1` is `mamba1`.
fn bare(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric).take(60);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

fn state_spaces(fields: &mut Fields) -> Config {
    let width = fields.required(&["d_model"]);
    let tokens = fields.required(&["vocab_size"]);
    let multiple = fields.count(&["pad_vocab_size_multiple"], 8);
    if multiple == 0 {
        fields.problem("pad_vocab_size_multiple", "0", "1 or more");
    }
    refuse_hybrids(fields);
    Config {
        width,
        layers: fields.required(&["n_layer", "n_layers", "num_layers"]),
        vocabulary: tokens.checked_next_multiple_of(multiple).unwrap_or(usize::MAX),
        known_vocabulary: tokens,
        inner: inner(
            fields,
            &["d_inner", "intermediate_size"],
            &["ssm_cfg.expand", "expand"],
            width,
        ),
        state: fields.count(&["ssm_cfg.d_state", "d_state", "state_size"], 16),
        convolution: fields.count(&["ssm_cfg.d_conv", "d_conv", "conv_kernel"], 4),
        rank: fields.rank(&["ssm_cfg.dt_rank", "dt_rank", "time_step_rank"], width),
        projection_bias: fields.flag(&["ssm_cfg.bias", "bias", "use_bias"], false),
        convolution_bias: fields.flag(&["ssm_cfg.conv_bias", "conv_bias", "use_conv_bias"], true),
        epsilon: fields.number(&["norm_epsilon", "layer_norm_epsilon", "rms_norm_eps"], 1e-5),
        tied_head: fields.flag(&["tie_embeddings", "tie_word_embeddings"], true),
    }
}

/// mamba_ssm's configs can ask for LayerNorm, attention layers and MLPs; Mamba-1 has none.
fn refuse_hybrids(fields: &mut Fields) {
    if !fields.flag(&["rms_norm"], true) {
        fields.problem("rms_norm", "false", "true: LayerNorm is not supported");
    }
    if fields.count(&["d_intermediate"], 0) != 0 {
        fields.problem("d_intermediate", "an MLP in each layer", "0");
    }
    let attention = fields.value("attn_layer_idx").and_then(Value::as_array);
    if attention.is_some_and(|layers| !layers.is_empty()) {
        fields.problem("attn_layer_idx", "attention layers", "an empty list");
    }
}

fn transformers(fields: &mut Fields) -> Config {
    let width = fields.required(&WIDTH);
    let vocabulary = fields.required(&["vocab_size"]);
    if let Some(other) = fields.value("hidden_act").filter(|act| act.as_str() != Some("silu")) {
        let found = shown(other);
        fields.problem("hidden_act", found, "\"silu\"");
    }
    Config {
        width,
        layers: fields.required(&LAYERS),
        vocabulary,
        known_vocabulary: vocabulary,
        inner: inner(
            fields,
            &["intermediate_size", "d_inner"],
            &["expand", "ssm_cfg.expand"],
            width,
        ),
        state: fields.count(&["state_size", "ssm_cfg.d_state", "d_state"], 16),
        convolution: fields.count(&["conv_kernel", "ssm_cfg.d_conv", "d_conv"], 4),
        rank: fields.rank(&["time_step_rank", "ssm_cfg.dt_rank", "dt_rank"], width),
        projection_bias: fields.flag(&["use_bias", "ssm_cfg.bias"], false),
        convolution_bias: fields.flag(&["use_conv_bias", "ssm_cfg.conv_bias"], true),
        epsilon: fields.number(&["layer_norm_epsilon", "norm_epsilon", "rms_norm_eps"], 1e-5),
        tied_head: fields.flag(&["tie_word_embeddings", "tie_embeddings"], true),
    }
}

/// The inner width where a key says it, else `width` times a factor, rounded down as both programs do.
fn inner(fields: &mut Fields, keys: &[&str], factors: &[&str], width: usize) -> usize {
    if keys.iter().any(|key| fields.value(key).is_some()) {
        return fields.count(keys, 1);
    }
    (fields.number(factors, 2.0) * width as f64) as usize
}

fn shortened(name: &str) -> String {
    name.chars().take(60).collect()
}
