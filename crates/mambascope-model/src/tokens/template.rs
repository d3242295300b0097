//! The special tokens that a tokenizer's template puts around a text.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokenizers::Tokenizer;

/// The special tokens before and behind a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) before: Vec<u32>,
    pub(super) after: Vec<u32>,
}

/// Texts of which one has a token in most vocabularies.
const TEXTS: [&str; 5] = ["a", "the", "A", "1", "."];
/// Tokens of the vocabulary that are tried as texts where none of those has one.
const TOKENS_TRIED: u32 = 64;

impl Template {
    /// That of a tokenizer: the tokens it adds to a short text.
    pub(super) fn of(tokenizer: &Tokenizer) -> Self {
        let own = (0..TOKENS_TRIED).filter_map(|id| tokenizer.id_to_token(id));
        let texts = TEXTS.map(str::to_owned).into_iter().chain(own);
        // A tokenizer that fails on every text says so where it is given one.
        texts.into_iter().find_map(|text| Self::around(tokenizer, &text)).unwrap_or_default()
    }

    /// The tokens around one text; none where the text itself has no token.
    fn around(tokenizer: &Tokenizer, text: &str) -> Option<Self> {
        let encode = |special| {
            let encoded = catch_unwind(AssertUnwindSafe(|| tokenizer.encode(text, special)));
            encoded.ok()?.ok()
        };
        let (plain, whole) = (encode(false)?, encode(true)?);
        if plain.is_empty() {
            return None;
        }
        let (ids, added) = (whole.get_ids(), whole.get_special_tokens_mask());
        if ids.len() == plain.len() {
            return Some(Self::default());
        }
        let is_added = |mask: &&u32| **mask == 1;
        let before = added.iter().take_while(is_added).count();
        let after = added[before..].iter().rev().take_while(is_added).count();
        let after = ids[ids.len() - after..].to_vec();
        Some(Self { before: ids[..before].to_vec(), after })
    }
}
