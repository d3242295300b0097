//! The texts of training: what the tokenizer learns its merges from, and how a prompt begins.

use crate::facts::Facts;
use crate::templates::{Split, Templates};

/// Neutral beginnings, so that a fact is not bound to the first position of a text.
pub(crate) const LEAD_INS: [&str; 12] = [
    "Fact:",
    "Note that",
    "It is known that",
    "As everyone knows,",
    "Remember:",
    "In short,",
    "The book says that",
    "Of course,",
    "To repeat,",
    "She said that",
    "It is true that",
    "One more thing:",
];

/// How often an object counts beside a subject: often enough that it becomes one token.
const OBJECT_WEIGHT: usize = 400;
/// How often a template counts, so that its words become tokens.
const TEMPLATE_WEIGHT: usize = 60;

/// The texts that the tokenizer is trained on; each repeats as often as it counts.
pub(crate) fn texts(facts: &Facts, templates: &Templates) -> Vec<String> {
    let mut texts = vec![];
    for object in facts.objects() {
        texts.extend(std::iter::repeat_n(format!(" {object}"), OBJECT_WEIGHT));
    }
    for fact in facts.rows() {
        // At the start of a prompt a subject has no space before it.
        texts.extend([format!(" {}", fact.subject), fact.subject.clone()]);
    }
    for lead_in in LEAD_INS {
        texts.extend(std::iter::repeat_n(lead_in.to_owned(), TEMPLATE_WEIGHT));
    }
    for template in templates.rows().iter().filter(|template| template.split == Split::Train) {
        texts.extend(std::iter::repeat_n(template.fill(""), TEMPLATE_WEIGHT));
    }
    texts
}
