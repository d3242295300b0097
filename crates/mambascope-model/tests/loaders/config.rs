//! Both dialects of config.json, and what is refused in them.

use std::path::Path;

use insta::assert_snapshot;
use mambascope_model::{Config, Error};

use crate::files::shared;

fn parse(text: &str) -> Result<Config, Error> {
    Config::parse(text.as_bytes(), Path::new("config.json"))
}

fn refused(text: &str) -> String {
    parse(text).expect_err("a config that must be refused").to_string()
}

#[test]
fn state_spaces_defaults_are_those_of_mamba_ssm() {
    let text = r#"{"d_model": 768, "n_layer": 24, "vocab_size": 50277, "ssm_cfg": {},
        "rms_norm": true, "residual_in_fp32": true, "fused_add_norm": true,
        "pad_vocab_size_multiple": 8}"#;
    let expected = Config {
        width: 768,
        layers: 24,
        vocabulary: 50280,
        known_vocabulary: 50277,
        inner: 1536,
        state: 16,
        convolution: 4,
        rank: 48,
        projection_bias: false,
        convolution_bias: true,
        epsilon: 1e-5,
        tied_head: true,
    };
    assert_eq!(parse(text).unwrap(), expected);
    assert_eq!(expected.weights(), 129_135_360);
}

#[test]
fn state_spaces_options_are_all_read() {
    let text = r#"{"d_model": 20, "n_layer": 2, "vocab_size": 30, "pad_vocab_size_multiple": 16,
        "norm_epsilon": 1e-6, "tie_embeddings": false, "attn_layer_idx": [], "d_intermediate": 0,
        "ssm_cfg": {"layer": "Mamba1", "d_state": 8, "d_conv": 3, "expand": 1.5, "dt_rank": 5,
        "bias": true, "conv_bias": false}}"#;
    let expected = Config {
        width: 20,
        layers: 2,
        vocabulary: 32,
        known_vocabulary: 30,
        inner: 30,
        state: 8,
        convolution: 3,
        rank: 5,
        projection_bias: true,
        convolution_bias: false,
        epsilon: 1e-6,
        tied_head: false,
    };
    assert_eq!(parse(text).unwrap(), expected);
}

#[test]
fn rank_auto_is_a_sixteenth_rounded_up() {
    let text = r#"{"d_model": 40, "n_layer": 1, "vocab_size": 8, "ssm_cfg": {"dt_rank": "auto"}}"#;
    assert_eq!(parse(text).unwrap().rank, 3);
    let text = r#"{"hidden_size": 33, "num_hidden_layers": 1, "vocab_size": 9,
        "time_step_rank": "auto", "tie_word_embeddings": false}"#;
    let config = parse(text).unwrap();
    assert_eq!((config.rank, config.inner, config.vocabulary), (3, 66, 9));
    assert!(!config.tied_head);
}

#[test]
fn a_published_config_with_both_dialects_reads_as_transformers() {
    let Some(path) = shared("data/tokenizer/mamba-130m.config.json") else { return };
    let config = Config::parse(&std::fs::read(&path).unwrap(), &path).unwrap();
    assert_eq!((config.width, config.layers, config.inner, config.rank), (768, 24, 1536, 48));
    assert_eq!((config.vocabulary, config.known_vocabulary), (50280, 50280));
    assert_eq!((config.state, config.convolution, config.epsilon), (16, 4, 1e-5));
    assert!(config.tied_head && config.convolution_bias && !config.projection_bias);
}

#[test]
fn every_problem_is_named_at_once() {
    assert_snapshot!(
        refused(r#"{"d_model": "wide", "n_layer": -3, "vocab_size": 1e30, "rms_norm": false,
            "ssm_cfg": {"d_state": 5000, "dt_rank": 0}}"#),
        @r#"
        the config cannot be used: 6 problems
          config.json: d_model: found "wide", expected a whole number
          config.json: vocab_size: found 1e+30, expected a whole number
          config.json: rms_norm: found false, expected true: LayerNorm is not supported
          config.json: n_layer: found -3, expected a whole number
          config.json: state size: found 5000, expected 1 to 4096
          config.json: time-step rank: found 0, expected 1 to 65536
        help: write what is expected into the config, or choose another checkpoint
        "#
    );
}

#[test]
fn absurd_sizes_are_refused() {
    assert_snapshot!(
        refused(r#"{"d_model": 65536, "n_layer": 1024, "vocab_size": 4000000, "ssm_cfg": {}}"#),
        @r#"
        the config cannot be used: config.json: model: found 27757383843840 weights, expected at most 72000000000
        help: write what is expected into the config, or choose another checkpoint
        "#
    );
    assert_snapshot!(
        refused(r#"{"d_model": 18446744073709551615, "n_layer": 1, "vocab_size":
            18446744073709551615, "ssm_cfg": {}}"#),
        @r#"
        the config cannot be used: 4 problems
          config.json: width: found 18446744073709551615, expected 1 to 65536
          config.json: vocabulary: found 18446744073709551615, expected 1 to 4194304
          config.json: inner width: found 18446744073709551615, expected 1 to 262144
          config.json: time-step rank: found 1152921504606846976, expected 1 to 65536
        help: write what is expected into the config, or choose another checkpoint
        "#
    );
}

#[test]
fn other_families_are_named() {
    assert_snapshot!(
        refused(r#"{"model_type": "mamba2", "time_step_limit": [0.0, Infinity], "x": NaN}"#),
        @r#"
        config.json describes `mamba2`, which is not supported yet
        help: choose a Mamba-1 checkpoint, such as state-spaces/mamba-130m
        "#
    );
    assert_snapshot!(
        refused(r#"{"d_model": 8, "n_layer": 1, "vocab_size": 8, "ssm_cfg": {"layer": "Mamba2"}}"#),
        @r#"
        config.json describes `Mamba2`, which is not supported yet
        help: choose a Mamba-1 checkpoint, such as state-spaces/mamba-130m
        "#
    );
    assert_snapshot!(
        refused(r#"{"model_type": "mamba", "hidden_size": 8, "num_hidden_layers": 1,
            "vocab_size": 8, "hidden_act": "gelu", "layer_norm_epsilon": NaN}"#),
        @r#"
        the config cannot be used: 2 problems
          config.json: hidden_act: found "gelu", expected "silu"
          config.json: layer_norm_epsilon: found "NaN", expected a number
        help: write what is expected into the config, or choose another checkpoint
        "#
    );
}

#[test]
fn what_is_not_a_config_is_refused() {
    assert_snapshot!(refused("[1, 2]"), @r#"
        the config cannot be used: 4 problems
          config.json: config: found a list, expected an object
          config.json: d_model: found nothing, expected a whole number
          config.json: vocab_size: found nothing, expected a whole number
          config.json: n_layer: found nothing, expected a whole number
        help: write what is expected into the config, or choose another checkpoint
        "#);
    assert_snapshot!(refused("{\"d_model\": 8,"), @r#"
        config.json is not JSON: EOF while parsing a value at line 1 column 14
        help: fetch the file again, or mend it at that line
        "#);
    assert_snapshot!(refused(""), @r#"
        config.json is not JSON: EOF while parsing a value at line 1 column 0
        help: fetch the file again, or mend it at that line
        "#);
    refused(&"[".repeat(100_000));
    refused("{\"a\\");
}
