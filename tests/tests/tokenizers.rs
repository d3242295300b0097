//! Prompts that a tokenizer's template would begin with a token of its own, and answers of every form.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use mambascope::prelude::*;
use serde_json::json;
use tempfile::TempDir;

const PROMPT: &str = "The Eiffel Tower is in";

/// The plain golden model with a tokenizer of words, whose template begins with `[CLS]`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/plain");
    for name in ["config.json", "model.safetensors"] {
        fs::copy(golden.join(name), folder.path().join(name)).expect(name);
    }
    let words =
        ["[UNK]", "[CLS]", "The", "Eiffel", "Tower", "is", "in", "Paris", "Rome", "Big", "Ben"];
    let vocabulary: serde_json::Map<_, _> =
        words.iter().enumerate().map(|(id, &word)| (word.to_owned(), json!(id))).collect();
    let special = json!({"id": 1, "content": "[CLS]", "single_word": false, "lstrip": false,
        "rstrip": false, "normalized": false, "special": true});
    let tokenizer = json!({"version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [special], "normalizer": null, "pre_tokenizer": {"type": "Whitespace"},
        "decoder": null, "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]}}},
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"}});
    let text = serde_json::to_vec(&tokenizer).expect("JSON");
    fs::write(folder.path().join("tokenizer.json"), text).expect("written");
    folder
}

/// Kept for as long as the tests run: weights are read from it when they are asked for.
static FOLDER: LazyLock<TempDir> = LazyLock::new(folder);

fn trace() -> Trace {
    let model = Model::load(FOLDER.path()).expect("a model");
    let noise = Noise::gaussian(0.5).samples(3);
    model.trace(PROMPT).subject("Eiffel Tower").answer("Paris").corrupt(noise).restore(..)
}

#[test]
fn a_beginning_that_is_left_out_is_said() {
    let effects = trace().run().expect("effects");
    assert_eq!(effects.input_tokens(), [" The", " Eiffel", " Tower", " is", " in"]);
    assert_eq!(effects.subject(), 1..3);
    let said =
        |warnings: &[String]| warnings.iter().filter(|text| text.contains("`[CLS]`")).count();
    assert_eq!(said(effects.warnings()), 1, "{:?}", effects.warnings());
    assert!(trace().explain().contains("--bos"), "{}", trace().explain());
    let knock_out =
        trace().model().trace(PROMPT).subject("Eiffel Tower").knock_out(Subject, Last, ..);
    assert_eq!(said(knock_out.run().expect("knocked").warnings()), 1);
    assert!(knock_out.explain().contains("--bos"));
}

#[test]
fn a_beginning_that_is_added_is_a_row_and_shifts_the_subject() {
    let effects = trace().bos(Bos::Added).run().expect("effects");
    assert_eq!(effects.input_ids(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(effects.input_tokens()[..2], ["[CLS]", " The"]);
    assert_eq!((effects.subject(), effects.tokens()), (2..4, &[0, 1, 2, 3, 4, 5][..]));
    assert!(!effects.warnings().iter().any(|text| text.contains("[CLS]")));
    let noise = Noise::gaussian(0.5).samples(3);
    let ids = trace().model().trace([1, 2, 3, 4, 5, 6]).subject(2..4).answer(7u32).corrupt(noise);
    let by_ids = ids.restore(..).run().expect("effects");
    for (token, layer) in (0..6).flat_map(|token| (0..3).map(move |layer| (token, layer))) {
        assert_eq!(effects.score(token, layer), by_ids.score(token, layer), "bit by bit");
    }
    let swapped = trace().bos(Bos::Added).corrupt(swap("Big Ben")).run().expect("effects");
    assert_eq!(swapped.input_ids(), [1, 2, 9, 10, 5, 6]);
    let other = Other::new("The Big Ben is in").subject("Big Ben");
    let other = trace().bos(Bos::Added).corrupt(other).run().expect("effects");
    assert_eq!((other.input_ids(), other.subject()), (&[1, 2, 9, 10, 5, 6][..], 2..4));
    // A prompt that says so itself gets no second one.
    let (ids, warnings) =
        trace().model().trace("[CLS] The").bos(Bos::Added).prompt_ids().expect("ids");
    assert_eq!((ids, warnings.len()), (vec![1, 2], 0));
}

#[test]
fn what_cannot_be_begun_is_refused() {
    let refused = |trace: Trace| trace.check().expect_err("a refusal").to_string();
    let ids = trace().model().trace([2, 3, 4]).subject(0..1).bos(Bos::Added);
    assert!(refused(ids).contains("the prompt is tokens"), "ids");
    let bundled = Model::bundled().expect("a model").trace("Rome is in").bos(Bos::Added);
    assert!(refused(bundled).contains("puts no token before a text"));
}

#[test]
fn plans_without_a_beginning_are_what_they_were() {
    let plan = trace().plan().clone();
    assert!(!plan.to_json().expect("JSON").contains("bos"));
    let begun = trace().bos(Bos::Added).plan().clone();
    assert_ne!(plan.digest().expect("digest"), begun.digest().expect("digest"));
    assert_eq!(Plan::from_json(&begun.to_json().expect("JSON")).expect("a plan"), begun);
}

#[test]
fn a_model_with_a_slow_tokenizer_says_how_to_make_one() {
    let folder = folder();
    fs::rename(folder.path().join("tokenizer.json"), folder.path().join("vocab.json"))
        .expect("moved");
    let model = Model::load(folder.path()).expect("a model");
    let said = model.trace(PROMPT).check().expect_err("a refusal").to_string();
    let line = format!(
        "AutoTokenizer.from_pretrained(\"{0}\").save_pretrained(\"{0}\")",
        folder.path().display()
    );
    assert!(said.contains(&line), "{said}");
    assert!(
        model.trace([2, 3, 4]).subject(0..1).corrupt(0.5).check().is_err(),
        "sigma needs texts"
    );
    assert!(model.logits(&[2, 3, 4]).is_ok());
}

#[test]
fn a_subject_that_looks_alike_is_traced_with_a_warning() {
    let model = trace().model().clone();
    let noise = Noise::gaussian(0.5).samples(2);
    let trace = model.trace("The Eiffel\u{a0}Tower is in").subject("Eiffel Tower").corrupt(noise);
    let effects = trace.restore(..).run().expect("effects");
    assert_eq!(effects.subject(), 1..3);
    let alike = "the prompt has U+00A0 where the subject has U+0020";
    assert!(effects.warnings().iter().any(|text| text.contains(alike)), "{:?}", effects.warnings());
}
