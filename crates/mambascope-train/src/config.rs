//! `config.json` in the words of state-spaces/mamba.

use serde::{Deserialize, Serialize};

use crate::network::Shape;

/// A checkpoint's configuration.
#[derive(Debug, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the file's own keys")]
pub(crate) struct Config {
    d_model: usize,
    n_layer: usize,
    vocab_size: usize,
    ssm_cfg: Mixer,
    rms_norm: bool,
    residual_in_fp32: bool,
    fused_add_norm: bool,
    pad_vocab_size_multiple: usize,
    tie_embeddings: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Mixer {
    layer: String,
    d_state: usize,
    d_conv: usize,
    expand: usize,
}

impl Config {
    pub(crate) fn of(shape: Shape) -> Self {
        Self {
            d_model: shape.width,
            n_layer: shape.layers,
            vocab_size: shape.vocabulary,
            ssm_cfg: Mixer {
                layer: "Mamba1".to_owned(),
                d_state: shape.states,
                d_conv: shape.taps,
                expand: shape.expand,
            },
            rms_norm: true,
            residual_in_fp32: true,
            fused_add_norm: false,
            pad_vocab_size_multiple: 8,
            tie_embeddings: true,
        }
    }

    pub(crate) fn shape(&self) -> Shape {
        Shape {
            vocabulary: self.vocab_size,
            layers: self.n_layer,
            width: self.d_model,
            states: self.ssm_cfg.d_state,
            taps: self.ssm_cfg.d_conv,
            expand: self.ssm_cfg.expand,
        }
    }
}
