//! Folders as people have them: read with the numbers of the plain folder, or refused in a sentence.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use mambascope_model::{Compute, Config, Model, Source};
use safetensors::tensor::Dtype;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::files::{Parts, parts, safetensors, shared, transformers};

const IDS: [u32; 5] = [3, 1, 4, 1, 5];
/// The model of `golden/torch_bin.py`, and its config in the dialect of mamba_ssm.
const BIN: &[u8] = include_bytes!("../golden/torch.bin");
const BIN_CONFIG: &[u8] =
    br#"{"d_model": 4, "n_layer": 1, "vocab_size": 12, "ssm_cfg": {"d_state": 2}}"#;
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 123\n";
/// A tokenizer of 40 words, where the embedding has 32 rows.
const WORDS: usize = 40;

/// A folder of the tiny model; files given are put in place of its own, an empty one is taken away.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::tiny();
    let (text, weights) = (transformers(&config), safetensors(&parts(&config)));
    let own = [("config.json", &text[..]), ("model.safetensors", &weights[..])];
    for (name, bytes) in own.iter().chain(files) {
        let path = folder.path().join(name);
        if bytes.is_empty() {
            fs::remove_file(path).unwrap();
        } else {
            fs::write(path, bytes).unwrap();
        }
    }
    folder
}

/// The bits of the logits of a folder, or the sentence in which it is refused.
fn opened(folder: &Path) -> Result<Vec<u32>, String> {
    let model = Model::loading(Source::from(folder)).compute(Compute::Reference32).load();
    let message = |error: mambascope_model::Error| {
        error.to_string().replace(&folder.display().to_string(), "FOLDER")
    };
    let logits = model.and_then(|model| model.logits(&IDS)).map_err(message)?;
    let numbers = logits.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    Ok(numbers.into_iter().map(f32::to_bits).collect())
}

/// Holds a folder's logits to those of the plain one, bit by bit.
fn reads(folder: &TempDir, what: &str) {
    let plain = opened(self::folder(&[]).path()).unwrap();
    assert_eq!(opened(folder.path()), Ok(plain), "{what}");
}

fn refused(folder: &TempDir) -> String {
    opened(folder.path()).expect_err("a refusal")
}

/// The tiny model's tensors, their names changed.
fn renamed(name: impl Fn(&str) -> String) -> Vec<u8> {
    let parts: Parts =
        parts(&Config::tiny()).into_iter().map(|(own, part)| (name(&own), part)).collect();
    safetensors(&parts)
}

/// The tiny model's config with other keys beside or in place of its own.
fn config(change: impl Fn(&mut serde_json::Map<String, Value>)) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(&transformers(&Config::tiny())).unwrap();
    change(value.as_object_mut().unwrap());
    serde_json::to_vec(&value).unwrap()
}

fn marked(text: &[u8]) -> Vec<u8> {
    [b"\xef\xbb\xbf", text].concat()
}

/// A tokenizer of so many words.
fn words(count: usize) -> Vec<u8> {
    let vocabulary: serde_json::Map<String, Value> =
        (0..count).map(|id| (format!("w{id}"), json!(id))).collect();
    serde_json::to_vec(&json!({"version": "1.0", "added_tokens": [], "normalizer": null,
        "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
        "truncation": null, "padding": null,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "w0"}}))
    .unwrap()
}

#[test]
fn names_with_other_prefixes_are_those_of_the_model() {
    let base = |name: &str| name.trim_start_matches("backbone.").to_owned();
    let odd: [(&str, Vec<u8>); 10] = [
        ("no backbone.", renamed(base)),
        ("module.", renamed(|name| format!("module.{name}"))),
        ("_orig_mod.", renamed(|name| format!("_orig_mod.{name}"))),
        ("model.", renamed(|name| format!("model.{}", base(name)))),
        ("module._orig_mod.", renamed(|name| format!("module._orig_mod.{name}"))),
        ("model.backbone.", renamed(|name| format!("model.{name}"))),
        ("mamba.", renamed(|name| format!("mamba.{}", base(name)))),
        ("wrapped layers", renamed(|name| name.replace(".mixer.", "._fsdp_wrapped_module.mixer."))),
        ("some", renamed(|name| name.replace("backbone.layers.1", "_orig_mod.backbone.layers.1"))),
        ("a prefix of one's own", renamed(|name| format!("net.student.{}", base(name)))),
    ];
    for (what, weights) in odd {
        reads(&folder(&[("model.safetensors", &weights)]), what);
    }
}

#[test]
fn names_of_two_models_or_of_another_are_refused_in_one_sentence() {
    let mut twice = parts(&Config::tiny());
    twice.extend(
        parts(&Config::tiny()).into_iter().map(|(name, part)| (format!("ema.{name}"), part)),
    );
    let folder = |weights: &[u8]| folder(&[("model.safetensors", weights)]);
    assert_snapshot!(refused(&folder(&safetensors(&twice))), @r#"
        the weights cannot be used: FOLDER/model.safetensors: tensor names: found weights under several prefixes: `backbone.` or the like and `ema.backbone.`, expected one model: keep the tensors under one of these prefixes, and save them again
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    let mut both = parts(&Config::tiny());
    let part = both["backbone.norm_f.weight"].clone();
    both.insert("module.backbone.norm_f.weight".to_owned(), part);
    assert_snapshot!(refused(&folder(&safetensors(&both))), @r#"
        the weights cannot be used: FOLDER/model.safetensors: tensor names: found `backbone.norm_f.weight` and `module.backbone.norm_f.weight`, which are both backbone.norm_f.weight, expected each weight once: keep the tensors under one of these prefixes, and save them again
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    let other = |name: &str| {
        name.replace("backbone.", "h.")
            .replace("layers", "blocks")
            .replace("embedding", "wte")
            .replace("norm_f", "ln_f")
    };
    assert_snapshot!(refused(&folder(&renamed(other))), @r#"
        the weights cannot be used: FOLDER/model.safetensors: tensor names: found `h.blocks.0.mixer.A_log` and 41 others, expected the names of a Mamba-1, for example `backbone.layers.0.mixer.in_proj.weight`
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
}

#[test]
fn a_config_of_other_layers_is_refused_in_one_sentence() {
    let fewer = config(|keys| drop(keys.insert("num_hidden_layers".to_owned(), json!(2))));
    assert_snapshot!(refused(&folder(&[("config.json", &fewer)])), @r#"
        the weights cannot be used: FOLDER/model.safetensors: layers: found weights of layers 2 to 3, expected those of 2 layers, as the config says
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    let more = config(|keys| drop(keys.insert("num_hidden_layers".to_owned(), json!(5))));
    assert_snapshot!(refused(&folder(&[("config.json", &more)])), @r#"
        the weights cannot be used: FOLDER/model.safetensors: layers: found no weights of layer 4, expected those of 5 layers, as the config says
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    let untied = config(|keys| drop(keys.insert("tie_word_embeddings".to_owned(), json!(false))));
    assert_snapshot!(refused(&folder(&[("config.json", &untied)])), @r#"
        the weights cannot be used: FOLDER/model.safetensors: lm_head.weight: found nothing, expected floats [32, 16], or a config that ties it to the embedding
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
}

#[test]
fn the_keys_decide_how_a_config_is_read() {
    let flat = |keys: Value| serde_json::to_vec(&keys).unwrap();
    let odd = [
        (
            "mamba_ssm with a model_type",
            flat(json!({"model_type": "mamba", "d_model": 16,
            "n_layer": 4, "vocab_size": 32, "ssm_cfg": {"d_state": 4}})),
        ),
        (
            "flat, as code beside a checkpoint has it",
            flat(json!({"model_type": "mamba",
            "auto_map": {"AutoConfig": "a.B"}, "d_model": 16, "n_layer": 4, "vocab_size": 32,
            "d_state": 4, "d_conv": 4, "expand": 2, "dt_rank": "auto", "bias": false,
            "conv_bias": true, "pad_vocab_size_multiple": 8})),
        ),
        (
            "flat, of another program",
            flat(json!({"d_model": 16, "n_layers": 4, "vocab_size": 32,
            "d_state": 4, "dt_rank": 1, "d_inner": 32})),
        ),
        ("no model_type", config(|keys| drop(keys.remove("model_type")))),
        (
            "both dialects",
            config(|keys| {
                keys.extend([("d_model".to_owned(), json!(16)), ("ssm_cfg".to_owned(), json!({}))]);
            }),
        ),
        (
            "a name with a sign",
            config(|keys| {
                drop(keys.insert("model_type".to_owned(), json!("Mamba-1")));
            }),
        ),
        ("a byte-order mark", marked(&transformers(&Config::tiny()))),
    ];
    for (what, config) in odd {
        reads(&folder(&[("config.json", &config)]), what);
    }
    let falcon = config(|keys| drop(keys.insert("mixer_rms_eps".to_owned(), json!(1e-6))));
    assert_snapshot!(refused(&folder(&[("config.json", &falcon)])), @r#"
        FOLDER/config.json describes `falcon_mamba`, which is not supported yet
        help: choose a Mamba-1 checkpoint, such as state-spaces/mamba-130m
        "#);
}

#[test]
fn an_embedding_that_is_not_padded_is_read_as_it_is() {
    let shape = Config { vocabulary: 29, known_vocabulary: 29, ..Config::tiny() };
    let weights = safetensors(&parts(&shape));
    let flat = br#"{"d_model": 16, "n_layer": 4, "vocab_size": 29, "d_state": 4}"#;
    let odd = folder(&[("config.json", flat), ("model.safetensors", &weights)]);
    let plain = folder(&[("config.json", &transformers(&shape)), ("model.safetensors", &weights)]);
    assert_eq!(opened(odd.path()), Ok(opened(plain.path()).unwrap()));
}

#[test]
fn buffers_that_change_nothing_are_left_out() {
    let mut more = parts(&Config::tiny());
    for name in ["total_ops", "backbone.layers.0.mixer.total_params", "rotary.inv_freq"] {
        more.insert(name.to_owned(), (Dtype::F64, vec![1], vec![0; 8]));
    }
    reads(&folder(&[("model.safetensors", &safetensors(&more))]), "counters of a profiler");
}

#[test]
fn files_of_another_kind_are_named() {
    let page: &[u8] = b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>";
    let wide: Vec<u8> = String::from_utf8(transformers(&Config::tiny()))
        .unwrap()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_snapshot!(refused(&folder(&[("tokenizer.json", POINTER)])), @r#"
        FOLDER/tokenizer.json is a Git LFS pointer, which stands for a file that was not fetched
        help: run `git lfs pull` in that folder, or fetch the file itself from the hub
        "#);
    assert_snapshot!(refused(&folder(&[("model.safetensors", POINTER), ("config.json", POINTER)])), @r#"
        FOLDER/config.json is a Git LFS pointer, which stands for a file that was not fetched; FOLDER/model.safetensors is a Git LFS pointer, which stands for a file that was not fetched
        help: run `git lfs pull` in that folder, or fetch the file itself from the hub
        "#);
    let index = [("model.safetensors", &b""[..]), ("model.safetensors.index.json", POINTER)];
    assert_snapshot!(refused(&folder(&index)), @r#"
        FOLDER/model.safetensors.index.json is a Git LFS pointer, which stands for a file that was not fetched
        help: run `git lfs pull` in that folder, or fetch the file itself from the hub
        "#);
    assert_snapshot!(refused(&folder(&[("config.json", page)])), @r#"
        FOLDER/config.json is a web page
        help: fetch the file itself, for example with `huggingface-cli download`; a page comes in its place where the address is wrong or the model needs a token
        "#);
    assert_snapshot!(refused(&folder(&[("model.safetensors", page)])), @r#"
        FOLDER/model.safetensors is a web page
        help: fetch the file itself, for example with `huggingface-cli download`; a page comes in its place where the address is wrong or the model needs a token
        "#);
    assert_snapshot!(refused(&folder(&[("config.json", &wide)])), @r#"
        FOLDER/config.json is text in UTF-16 or UTF-32
        help: save it as UTF-8, for example with `iconv -f UTF-16 -t UTF-8`
        "#);
    assert_snapshot!(refused(&folder(&[("model.safetensors", BIN)])), @r#"
        the weights cannot be used: FOLDER/model.safetensors: header: found a file of torch.save: call it pytorch_model.bin, expected at most 16777216 bytes
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    assert_snapshot!(refused(&folder(&[("model.safetensors", b""), ("model.pt", b"x")])), @r#"
        FOLDER has no weights under a name that is looked for (model.safetensors, model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json); it has `model.pt`
        help: a checkpoint is a folder with config.json and model.safetensors or pytorch_model.bin
        "#);
    reads(
        &folder(&[("tokenizer.json", &marked(&words(8)))]),
        "a byte-order mark before the tokenizer",
    );
}

#[test]
fn files_of_torch_of_any_age_and_wrapping_have_the_same_numbers() {
    let bin = |bytes: &[u8]| {
        folder(&[
            ("config.json", BIN_CONFIG),
            ("model.safetensors", b""),
            ("pytorch_model.bin", bytes),
        ])
    };
    let plain = opened(bin(BIN).path()).unwrap();
    for (what, bytes) in [
        ("torch before 1.6", &include_bytes!("../golden/torch_legacy.bin")[..]),
        ("the same, protocol 4, wrapped", include_bytes!("../golden/torch_legacy_4.bin")),
        ("protocol 5, wrapped twice", include_bytes!("../golden/torch_protocol_5.bin")),
        ("a training program's", include_bytes!("../golden/torch_wrapped.bin")),
    ] {
        assert_eq!(opened(bin(bytes).path()), Ok(plain.clone()), "{what}");
    }
}

#[test]
fn a_tokenizer_larger_than_the_embedding_refuses_its_last_tokens_alone() {
    let folder = folder(&[("tokenizer.json", &words(WORDS))]);
    reads(&folder, "a tokenizer larger than the embedding");
    let model = Model::load(folder.path()).unwrap();
    assert_eq!(model.config().known_vocabulary, 32);
    let tokens = model.tokens().unwrap();
    assert_eq!(tokens.encode("w3 w31").unwrap().ids, [3, 31]);
    let message = tokens.encode("w3 w32").unwrap_err().to_string();
    assert_snapshot!(message.replace(&folder.path().display().to_string(), "FOLDER"), @r#"
        the token ` w32` of `w3 w32` has id 32, and the embedding has 32 rows
        help: leave it out of the text, or use the tokenizer that the model was trained with in place of FOLDER/tokenizer.json
        "#);
    assert!(tokens.subject_range("w3 w39", "w3").is_err());
}

#[test]
fn a_slow_tokenizer_is_known_of() {
    for name in ["vocab.json", "vocab.txt", "spiece.model", "tokenizer.model"] {
        let folder = folder(&[(name, b"{}"), ("merges.txt", b"#version: 0.2")]);
        reads(&folder, name);
        let model = Model::load(folder.path()).unwrap();
        assert!(model.tokens().is_none());
        assert_eq!(model.slow_tokenizer(), Some(&*folder.path().join(name)));
    }
    assert_eq!(Model::load(folder(&[]).path()).unwrap().slow_tokenizer(), None);
}

#[test]
fn folders_from_reports_are_read_or_refused() {
    let Some(cases) = shared("cases/loaders") else { return };
    let logits = |name: &str| opened(&cases.join(name));
    let plain = logits("bom_config").unwrap();
    for name in ["base_model_prefix", "ddp_module_prefix", "tok_larger", "slow_tok"] {
        assert_eq!(logits(name), Ok(plain.clone()), "{name}");
    }
    for name in ["ss_with_model_type", "qbert", "bin_legacy", "bin_state_dict_wrapped"] {
        assert!(logits(name).is_ok(), "{name}: {:?}", logits(name));
    }
    assert!(logits("lfs_tokenizer").unwrap_err().contains("git lfs pull"));
}
