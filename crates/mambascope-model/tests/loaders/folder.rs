//! Folders: which file is taken, shards, and what is refused.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use mambascope_model::{Blob, Checkpoint, Config, Error, Format, Source, random_tensors};
use serde_json::json;
use tempfile::TempDir;

use crate::files::{Parts, parts, safetensors, transformers};

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// A message without the folder's own name.
fn refused(folder: &Path) -> String {
    let message = Checkpoint::open(&Source::from(folder)).expect_err("a refusal").to_string();
    message.replace(&folder.display().to_string(), "FOLDER")
}

/// The tiny model in two shards, and their index.
fn shards() -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let mut second = parts(&Config::tiny());
    let first: Parts = second.extract_if(.., |name, _| name.contains("layers.1")).collect();
    let place = |parts: &Parts, file: &str| -> Vec<(String, serde_json::Value)> {
        parts.keys().map(|name| (name.clone(), json!(file))).collect()
    };
    let mut map = place(&first, "model-00001-of-00002.safetensors");
    map.extend(place(&second, "model-00002-of-00002.safetensors"));
    let map: serde_json::Map<_, _> = map.into_iter().collect();
    let index = serde_json::to_vec(&json!({"metadata": {"total_size": 1}, "weight_map": map}));
    (safetensors(&first), safetensors(&second), index.unwrap())
}

#[test]
fn texts_name_sources() {
    let hub = |id: &str, revision: &str| Source::Hub { id: id.into(), revision: revision.into() };
    assert_eq!(Source::from("bundled"), Source::Bundled);
    assert_eq!(Source::from("a/b"), hub("a/b", "main"));
    assert_eq!(Source::from("a/b@refs/pr/1"), hub("a/b", "refs/pr/1"));
    for path in ["./a", "../a/b", "/a", "~/a", "src"] {
        assert_eq!(Source::from(path), Source::Folder(path.into()), "{path}");
    }
    for text in ["mamba", "a/b/c", "a/..", "../../etc", "a/b@../..", "a/b@", "a b/c", "-a/b"] {
        let parsed = text.parse::<Source>();
        assert!(matches!(parsed, Err(_) | Ok(Source::Folder(_))), "{text}: {parsed:?}");
        assert!(Source::from(text).locate().is_err(), "{text}");
    }
    assert_snapshot!("mamba".parse::<Source>().unwrap_err(), @r#"
        `mamba` names no checkpoint
        help: write `bundled`, a folder such as `./mamba-130m`, or a hub id such as `state-spaces/mamba-130m`
        "#);
}

#[test]
fn a_folder_is_read() {
    let config = Config::tiny();
    let weights = safetensors(&parts(&config));
    let folder =
        folder(&[("config.json", &transformers(&config)), ("model.safetensors", &weights)]);
    let checkpoint = Checkpoint::open(&Source::from(folder.path())).unwrap();
    let name = folder.path().file_name().unwrap().to_string_lossy();
    assert_eq!(checkpoint.name, name);
    assert!(checkpoint.tokens.is_none());
    let memory = Checkpoint::new("", config.clone(), random_tensors(&config, 7));
    assert_eq!(checkpoint.digest().unwrap(), memory.digest().unwrap());
}

#[test]
fn a_file_that_changes_is_not_read_on() {
    let config = Config::tiny();
    let weights = safetensors(&parts(&config));
    let folder =
        folder(&[("config.json", &transformers(&config)), ("model.safetensors", &weights)]);
    let checkpoint = Checkpoint::open(&Source::from(folder.path())).unwrap();
    let file = folder.path().join("model.safetensors");
    let name = "backbone.norm_f.weight";
    assert!(checkpoint.tensors.tensor(name).is_ok());
    fs::write(&file, &weights[..weights.len() - 1]).unwrap();
    let said =
        |error: Error| error.to_string().replace(&folder.path().display().to_string(), "FOLDER");
    assert_snapshot!(said(checkpoint.tensors.tensor(name).unwrap_err()), @r#"
        the weights cannot be used: FOLDER/model.safetensors: backbone.norm_f.weight: found a file that has changed since, expected the file as it was
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    assert!(checkpoint.digest().is_err());
    fs::remove_file(&file).unwrap();
    assert!(matches!(checkpoint.tensors.tensor(name), Err(Error::Read { .. })));
}

#[test]
fn shards_are_read_as_one() {
    let config = Config::tiny();
    let (first, second, index) = shards();
    let folder = folder(&[
        ("config.json", &transformers(&config)),
        ("model.safetensors.index.json", &index),
        ("model-00001-of-00002.safetensors", &first),
        ("model-00002-of-00002.safetensors", &second),
    ]);
    let checkpoint = Checkpoint::open(&Source::from(folder.path())).unwrap();
    let memory = Checkpoint::new("", config.clone(), random_tensors(&config, 7));
    assert_eq!(checkpoint.digest().unwrap(), memory.digest().unwrap());

    fs::remove_file(folder.path().join("model-00001-of-00002.safetensors")).unwrap();
    assert_snapshot!(refused(folder.path()), @r#"
        FOLDER has no model-00001-of-00002.safetensors
        help: a checkpoint is a folder with config.json and model.safetensors or pytorch_model.bin
        "#);
}

#[test]
fn a_sharded_bin_is_read() {
    let bin = include_bytes!("../golden/torch.bin");
    let config = br#"{"d_model": 4, "n_layer": 1, "vocab_size": 12, "ssm_cfg": {"d_state": 2}}"#;
    let index = br#"{"weight_map": {"backbone.embedding.weight": "part-1.bin"}}"#;
    let folder = folder(&[
        ("config.json", config),
        ("pytorch_model.bin.index.json", index),
        ("part-1.bin", bin),
    ]);
    let files = Source::from(folder.path()).locate().unwrap();
    assert_eq!((files.format, files.weights.len()), (Format::Torch, 1));
    assert_eq!(Checkpoint::read(files).unwrap().config.known_vocabulary, 12);
}

#[test]
fn safetensors_come_before_bin() {
    let files: [(&str, &[u8]); 3] =
        [("config.json", b"{}"), ("model.safetensors", b""), ("pytorch_model.bin", b"")];
    let folder = folder(&files);
    let files = Source::from(folder.path()).locate().unwrap();
    let expected = folder.path().join("model.safetensors");
    assert!(matches!(&files.weights[..], [Blob::File(path)] if *path == expected));
}

#[test]
fn an_index_cannot_leave_its_folder() {
    let index = json!({"weight_map": {"a": "../secret", "b": "/etc/passwd", "c": "..",
        "d": "a/b.safetensors", "e": "a\\b", "f": ""}});
    let folder = folder(&[
        ("config.json", b"{}"),
        ("model.safetensors.index.json", &serde_json::to_vec(&index).unwrap()),
    ]);
    assert_snapshot!(refused(folder.path()), @r#"
        the weights cannot be used: 6 problems
          FOLDER/model.safetensors.index.json: weight_map: found ``, expected the name of a file beside it
          FOLDER/model.safetensors.index.json: weight_map: found `..`, expected the name of a file beside it
          FOLDER/model.safetensors.index.json: weight_map: found `../secret`, expected the name of a file beside it
          FOLDER/model.safetensors.index.json: weight_map: found `/etc/passwd`, expected the name of a file beside it
          FOLDER/model.safetensors.index.json: weight_map: found `a/b.safetensors`, expected the name of a file beside it
          FOLDER/model.safetensors.index.json: weight_map: found `a\b`, expected the name of a file beside it
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    let write = |text: &str| fs::write(folder.path().join("model.safetensors.index.json"), text);
    write(r#"{"weight_map": {}}"#).unwrap();
    assert_snapshot!(refused(folder.path()), @r#"
        the weights cannot be used: FOLDER/model.safetensors.index.json: weight_map: found 0 files, expected 1 to 1024
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    write(r#"{"weight_map": {"a": 1}}"#).unwrap();
    assert_snapshot!(refused(folder.path()), @r#"
        FOLDER/model.safetensors.index.json is not JSON: invalid type: integer `1`, expected a string at line 1 column 22
        help: fetch the file again, or mend it at that line
        "#);
}

#[test]
fn what_is_missing_is_named() {
    let empty = folder(&[]);
    assert_snapshot!(refused(empty.path()), @r#"
        FOLDER has no config.json
        help: a checkpoint is a folder with config.json and model.safetensors or pytorch_model.bin
        "#);
    let config = folder(&[("config.json", b"{}")]);
    assert_snapshot!(refused(config.path()), @r#"
        FOLDER has no weights (model.safetensors, model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json)
        help: a checkpoint is a folder with config.json and model.safetensors or pytorch_model.bin
        "#);
    assert_snapshot!(refused(&config.path().join("nowhere")), @r#"
        FOLDER has no config.json
        help: a checkpoint is a folder with config.json and model.safetensors or pytorch_model.bin
        "#);
}

#[test]
fn a_config_of_any_length_is_not_read_whole() {
    let config = folder(&[("config.json", &b" ".repeat(2 << 20)), ("model.safetensors", b"")]);
    assert_snapshot!(refused(config.path()), @r#"
        FOLDER/config.json is larger than 1048576 bytes
        help: check that this is the file you mean; configs, indices and tokenizers are small
        "#);
}

#[cfg(feature = "bundled")]
#[test]
fn the_bundled_model_is_whole() {
    let checkpoint = Checkpoint::open(&Source::Bundled).unwrap();
    let tokens = checkpoint.tokens.expect("the bundled tokenizer");
    assert!(tokens.count() <= checkpoint.config.vocabulary);
    assert!(checkpoint.config.known_vocabulary <= tokens.count());
    assert!(mambascope_model::bundled_facts().contains('\t'));
    assert!(mambascope_model::bundled_templates().contains('\t'));
}
