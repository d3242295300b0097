//! The bundled model: what the repository says of it is so.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use candle_core::D;
use mambascope_model::grad::Spans;
use mambascope_train::{Facts, Network, Recipe, Split, Templates, evaluate};

/// One fact in so many is asked for, so that the test takes seconds.
const STRIDE: usize = 12;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../mambascope-model/bundled"))
}

fn some_facts() -> Facts {
    let text = std::fs::read_to_string(folder().join("facts.tsv")).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().step_by(STRIDE).collect();
    Facts::parse(&format!("{header}\n{}\n", rows.join("\n"))).unwrap()
}

#[test]
fn it_knows_its_facts_in_words_that_it_has_and_has_not_seen() {
    let (network, tokenizer) = Network::read(folder()).unwrap();
    let templates = Templates::read(folder().join("templates.tsv")).unwrap();
    let facts = some_facts();
    let share = |split| evaluate(&network, &tokenizer, &facts, &templates, split).unwrap().share();
    assert!(share(Split::Train) >= 0.95, "{}", share(Split::Train));
    assert!(share(Split::HeldOut) >= 0.80, "{}", share(Split::HeldOut));
}

#[test]
fn it_is_small_and_deep() {
    let bytes = std::fs::metadata(folder().join("model.safetensors")).unwrap().len();
    assert!((2_000_000..6_000_000).contains(&bytes), "{bytes}");
    assert!(Network::read(folder()).unwrap().0.shape().layers >= 8);
}

#[test]
fn it_is_what_the_default_recipe_makes() {
    let text = std::fs::read_to_string(folder().join("recipe.json")).unwrap();
    let recipe: Recipe = serde_json::from_str(&text).unwrap();
    assert_eq!(recipe, Recipe::default());
}

#[test]
fn it_is_sure_of_the_fact_that_the_command_shows_first() {
    let (network, tokenizer) = Network::read(folder()).unwrap();
    let prompt = "Books describe Vincent van Gogh as a great";
    let tokens = tokenizer.encode(prompt, false).unwrap().get_ids().to_vec();
    let spans = Spans::from_lengths(&[tokens.len()]);
    let residual = network.run(network.embed(&tokens).unwrap(), &spans, &mut |_, r| Ok(r)).unwrap();
    let logits = network.logits(&residual, &[tokens.len() as u32 - 1]).unwrap();
    let probabilities = candle_nn::ops::softmax(&logits, D::Minus1).unwrap();
    let answer = tokenizer.encode(" painter", false).unwrap().get_ids()[0];
    let probability = probabilities.to_vec2::<f32>().unwrap()[0][answer as usize];
    assert!(probability > 0.9, "{probability}");
}
