//! What needs data that is not in the repository: the published tokenizer, and the published weights.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

use mambascope::model::{Model, Tokens};
use mambascope_tests::shared;

/// Tolerance that the published numbers were printed for.
const PUBLISHED: f64 = 1e-3;

#[test]
fn the_published_tokenizer_reads_as_published() {
    let Some(shared) = shared() else {
        println!(
            "skipped: no folder of shared data beside this checkout; MAMBASCOPE_SHARED may name one"
        );
        return;
    };
    let tokens =
        Tokens::from_file(shared.join("data/tokenizer/20B_tokenizer.json")).expect("a tokenizer");
    let encoded = tokens.encode("The Eiffel Tower is in").expect("ids");
    assert_eq!(encoded.ids, [510, 444, 1648, 293, 20610, 310, 275]);
    let subject = tokens.subject_range("The Eiffel Tower is in", "Eiffel Tower").expect("found");
    assert_eq!(subject.tokens, 1..5);
}

#[test]
fn the_published_weights_say_what_was_published() {
    let (Some(shared), Some(folder)) = (shared(), std::env::var_os("MAMBASCOPE_MAMBA_130M")) else {
        println!(
            "skipped: MAMBASCOPE_MAMBA_130M names no folder with mamba-130m, or there is no shared data"
        );
        return;
    };
    let model = Model::from_dir(folder).load().expect("mamba-130m");
    let file = shared.join("data/golden/mamba-130m.hf-transformers.json");
    let text = std::fs::read_to_string(file).expect("the published numbers");
    let golden: serde_json::Value = serde_json::from_str(&text).expect("json");
    let tokens = match model.tokens() {
        Some(tokens) => tokens.clone(),
        None => Tokens::from_file(shared.join("data/tokenizer/20B_tokenizer.json"))
            .expect("a tokenizer"),
    };
    let mut ids = tokens.encode(golden["prompt"].as_str().expect("a prompt")).expect("ids").ids;
    let logits = model
        .logits(&ids)
        .expect("logits")
        .get(0)
        .expect("a row")
        .to_vec1::<f32>()
        .expect("numbers");
    for (found, expected) in logits.iter().zip(golden["logits"].as_array().expect("numbers")) {
        let expected = expected.as_f64().expect("a number");
        let allowed = PUBLISHED * (1.0 + expected.abs());
        assert!((f64::from(*found) - expected).abs() <= allowed, "{found} is not {expected}");
    }
    for _ in 0..10 {
        ids.push(model.predict(&ids).expect("a token").0);
    }
    let text = tokens.decode(&ids).expect("a text");
    assert_eq!(text, golden["greedy_text_after_10_new_tokens"].as_str().expect("a text"));
}
