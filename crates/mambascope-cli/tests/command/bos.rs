//! `--bos`: the token with which a tokenizer's template begins a text.

use std::fs;
use std::path::Path;

use mambascope::npz::{Array, Npz, Values};

use super::{folder, golden, mambascope, standard_error};

/// A tokenizer of words whose template begins a text with `<s>`.
const TOKENIZER: &str = r#"{"version": "1.0", "truncation": null, "padding": null,
    "added_tokens": [{"id": 1, "content": "<s>", "single_word": false, "lstrip": false,
        "rstrip": false, "normalized": false, "special": true}],
    "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "decoder": null,
    "post_processor": {"type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
    "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab":
        {"[UNK]": 0, "<s>": 1, "The": 2, "Eiffel": 3, "Tower": 4, "is": 5, "in": 6, "Paris": 7}}}"#;

fn checkpoint(folder: &Path) {
    let checkpoint = folder.join("checkpoint");
    fs::create_dir(&checkpoint).expect("a folder");
    for name in ["config.json", "model.safetensors"] {
        fs::copy(golden("plain").join(name), checkpoint.join(name)).expect(name);
    }
    fs::write(checkpoint.join("tokenizer.json"), TOKENIZER).expect("written");
}

fn numbers(npz: &Npz, name: &str) -> Vec<i64> {
    match npz.array(name).map(Array::values) {
        Some(Values::I64(values)) => values.clone(),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn a_beginning_is_said_to_be_left_out_or_is_there() {
    let folder = folder();
    checkpoint(folder.path());
    let run = |verb: &str, more: &[&str]| {
        let mut command = mambascope(folder.path());
        command.args([
            verb,
            "The Eiffel Tower is in",
            "--model",
            "./checkpoint",
            "--out",
            "out.npz",
        ]);
        let output = command.args(more).output().expect("it runs");
        let (out, err) = (output.stdout, output.stderr);
        // What a reader should know of a result stands under its picture.
        let out = String::from_utf8(out).expect("words");
        let warnings = out.lines().filter(|line| line.starts_with("warning"));
        let said = String::from_utf8(err).expect("words") + &warnings.collect::<String>();
        ((output.status.code(), said), Npz::open(folder.path().join("out.npz")).expect("a file"))
    };
    let fact = ["--subject", "Eiffel Tower", "--answer", "Paris", "--noise", "0.5"];
    let ((code, said), npz) = run("trace", &fact);
    assert_eq!((code, numbers(&npz, "subject_range")), (Some(0), vec![1, 3]), "{said}");
    assert!(said.contains("warning: the tokenizer's template puts `<s>` before a text"), "{said}");
    let begun = [&fact[..], &["--bos"]].concat();
    let ((code, said), npz) = run("trace", &begun);
    assert_eq!((code, numbers(&npz, "subject_range")), (Some(0), vec![2, 4]), "{said}");
    assert_eq!(numbers(&npz, "input_ids"), [1, 2, 3, 4, 5, 6]);
    assert!(!said.contains("template"), "{said}");
    let ((_, said), npz) = run("record", &[]);
    assert_eq!(numbers(&npz, "input_ids"), [2, 3, 4, 5, 6]);
    assert!(said.contains("`<s>`"), "{said}");
    let ((_, said), npz) = run("record", &["--bos"]);
    assert_eq!((numbers(&npz, "input_ids"), said), (vec![1, 2, 3, 4, 5, 6], String::new()));
    let knock_out = ["--subject", "Eiffel Tower", "--from", "subject", "--to", "last", "--bos"];
    let ((code, said), npz) = run("knock-out", &knock_out);
    assert_eq!((code, numbers(&npz, "input_ids").len()), (Some(0), 6), "{said}");
}

#[test]
fn what_cannot_be_begun_is_refused() {
    let folder = folder();
    let mut ids = mambascope(folder.path());
    let (code, _) = standard_error(ids.args(["record", "--ids", "1,2", "--bos"]));
    assert_eq!(code, Some(2), "ids are read as they are");
    for verb in ["trace", "record", "knock-out"] {
        let mut bundled = mambascope(folder.path());
        let (code, said) = standard_error(bundled.args([verb, "Rome is in", "--bos"]));
        assert_eq!(code, Some(2), "{verb}");
        assert!(said.contains("puts no token before a text"), "{verb}: {said}");
    }
}
