//! Laws of the tokenizer.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::LazyLock;

use mambascope_train::{Error, Facts, Templates, tokenizer};
use proptest::prelude::*;
use tokenizers::Tokenizer;

const FACTS: &str = "relation\tsubject\tobject\tsource\tlicence\n\
    capital\tFrance\tParis\tan atlas\tMIT\n\
    capital\tNew Zealand\tWellington\tan atlas\tMIT\n";
const TEMPLATES: &str = "relation\tsplit\ttemplate\n\
    capital\ttrain\tThe capital of {} is\n\
    capital\theld_out\t{} has the capital\n";

fn made(vocabulary: usize) -> Result<Tokenizer, Error> {
    tokenizer(&Facts::parse(FACTS)?, &Templates::parse(TEMPLATES)?, vocabulary)
}

static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| made(400).unwrap());

#[test]
fn the_same_tables_give_the_same_tokenizer() {
    assert_eq!(made(400).unwrap().to_string(false).unwrap(), TOKENIZER.to_string(false).unwrap());
}

#[test]
fn a_vocabulary_that_is_too_small_names_the_objects() {
    let error = made(258).unwrap_err().to_string();
    assert!(error.contains("the object Paris is") && error.contains("Wellington"), "{error}");
}

#[test]
fn offsets_are_those_of_the_words() {
    let text = "The capital of New Zealand is";
    let encoding = TOKENIZER.encode(text, false).unwrap();
    let offsets = encoding.get_offsets();
    let start = text.find("New").unwrap();
    let first = offsets.iter().position(|offset| offset.0 >= start).unwrap();
    assert_eq!(offsets[first].0, start);
    assert!(offsets.iter().any(|offset| offset.1 == start + "New Zealand".len()));
}

proptest! {
    #[test]
    fn any_text_comes_back(text in "\\PC{0,40}") {
        let encoding = TOKENIZER.encode(text.as_str(), false).unwrap();
        prop_assert_eq!(TOKENIZER.decode(encoding.get_ids(), false).unwrap(), text);
    }
}
