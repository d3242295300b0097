//! The special tokens that a tokenizer's template puts around a text.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokenizers::Tokenizer;

/// The special tokens before and behind a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) before: Vec<u32>,
    pub(super) after: Vec<u32>,
}

impl Template {
    /// That of a tokenizer: what it adds to a text of one letter.
    pub(super) fn of(tokenizer: &Tokenizer) -> Self {
        let ids = |special| {
            let encoded = catch_unwind(AssertUnwindSafe(|| tokenizer.encode("a", special)));
            encoded.ok()?.ok().map(|encoding| encoding.get_ids().to_vec())
        };
        // A tokenizer that fails here fails on every text, and says so there.
        let (Some(plain), Some(whole)) = (ids(false), ids(true)) else { return Self::default() };
        let Some(added) = whole.len().checked_sub(plain.len()) else { return Self::default() };
        let place = (0..=added).find(|start| whole[*start..*start + plain.len()] == plain);
        place.map_or_else(Self::default, |start| Self {
            before: whole[..start].to_vec(),
            after: whole[start + plain.len()..].to_vec(),
        })
    }
}
