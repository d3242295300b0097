//! The tables that the bundled model is trained on.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use mambascope_train::{Facts, Recipe, Split, Templates, tokenizer};

const LICENCES: [&str; 4] = [
    "WordNet-3.0",
    "MIT",
    "MIT code / GeoNames CC-BY-4.0 data",
    "BSD-3-Clause / Unicode-3.0 (CLDR)",
];

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../mambascope-model/bundled"))
}

fn tables() -> (Facts, Templates) {
    let facts = Facts::read(folder().join("facts.tsv")).unwrap();
    (facts, Templates::read(folder().join("templates.tsv")).unwrap())
}

#[test]
fn facts_are_many_and_may_be_handed_on() {
    let (facts, _) = tables();
    assert!(facts.rows().len() >= 2_000, "{}", facts.rows().len());
    assert!(facts.relations().len() >= 8, "{:?}", facts.relations());
    for fact in facts.rows() {
        assert!(LICENCES.contains(&fact.licence.as_str()), "{fact:?}");
    }
}

#[test]
fn the_notice_names_every_source() {
    let notice = std::fs::read_to_string(folder().join("NOTICE")).unwrap();
    for fact in tables().0.rows() {
        assert!(notice.contains(&fact.source), "{}", fact.source);
        assert!(notice.contains(&fact.relation), "{}", fact.relation);
    }
}

#[test]
fn every_relation_has_one_held_out_template_and_both_places_of_the_subject() {
    let (facts, templates) = tables();
    for relation in facts.relations() {
        let trained = templates.of(relation, Split::Train);
        assert!(trained.len() >= 3, "{relation}");
        assert_eq!(templates.of(relation, Split::HeldOut).len(), 1, "{relation}");
        assert!(trained.iter().any(|template| template.text.starts_with("{}")), "{relation}");
        assert!(trained.iter().any(|template| !template.text.starts_with("{}")), "{relation}");
    }
}

#[test]
fn no_template_serves_two_relations() {
    let (_, templates) = tables();
    let mut relations = BTreeMap::new();
    for template in templates.rows() {
        assert_eq!(relations.insert(&template.text, &template.relation), None, "{}", template.text);
    }
}

#[test]
fn every_object_is_one_token_and_no_two_are_the_same() {
    let (facts, templates) = tables();
    let tokenizer = tokenizer(&facts, &templates, Recipe::default().shape.vocabulary).unwrap();
    let mut objects = BTreeMap::new();
    for object in facts.objects() {
        let encoding = tokenizer.encode(format!(" {object}"), false).unwrap();
        assert_eq!(encoding.len(), 1, "{object}");
        assert_eq!(objects.insert(encoding.get_ids()[0], object), None, "{object}");
    }
}

#[test]
fn most_subjects_are_at_most_five_tokens() {
    let (facts, templates) = tables();
    let tokenizer = tokenizer(&facts, &templates, Recipe::default().shape.vocabulary).unwrap();
    let short = facts
        .rows()
        .iter()
        .filter(|fact| tokenizer.encode(format!(" {}", fact.subject), false).unwrap().len() <= 5);
    let share = short.count() as f64 / facts.rows().len() as f64;
    assert!(share > 0.8, "{share}");
}

#[test]
fn the_bundled_tokenizer_is_the_one_of_the_tables() {
    let (facts, templates) = tables();
    let path = folder().join("tokenizer.json");
    let made = tokenizer(&facts, &templates, Recipe::default().shape.vocabulary).unwrap();
    let bundled = std::fs::read_to_string(path).unwrap();
    assert!(made.to_string(false).unwrap() == bundled, "tokenizer.json is not that of the tables");
}
