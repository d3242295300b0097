//! A byte-level tokenizer in which every object is one token.

use tokenizers::models::bpe::{BPE, BpeTrainerBuilder};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{NormalizerWrapper, Tokenizer, TokenizerBuilder};

use crate::corpus;
use crate::error::{Error, Problem, Result};
use crate::facts::Facts;
use crate::templates::Templates;

/// Trains a byte-level BPE on the subjects, objects and templates.
///
/// Its conventions are GPT-NeoX's: a word's token holds the space before it, and no space is put before the first word.
///
/// # Errors
/// When the vocabulary is too small for every object to be one token.
pub fn tokenizer(facts: &Facts, templates: &Templates, vocabulary: usize) -> Result<Tokenizer> {
    let byte_level = ByteLevel::new(false, true, true);
    let mut trainer = BpeTrainerBuilder::new()
        .vocab_size(vocabulary)
        .min_frequency(1)
        .show_progress(false)
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build();
    let mut tokenizer = TokenizerBuilder::<_, NormalizerWrapper, _, _, _>::new()
        .with_model(BPE::default())
        .with_pre_tokenizer(Some(byte_level))
        .with_post_processor(Some(byte_level))
        .with_decoder(Some(byte_level))
        .build()
        .map_err(failure)?;
    tokenizer.train(&mut trainer, corpus::texts(facts, templates).into_iter()).map_err(failure)?;
    let tokenizer: Tokenizer = reread(&tokenizer)?;
    check_objects(&tokenizer, facts)?;
    Ok(tokenizer)
}

/// The trained tokenizer, of a type of its own for each part, as the one type that files are read into.
fn reread(
    tokenizer: &tokenizers::TokenizerImpl<BPE, NormalizerWrapper, ByteLevel, ByteLevel, ByteLevel>,
) -> Result<Tokenizer> {
    let text = tokenizer.to_string(false).map_err(failure)?;
    Tokenizer::from_bytes(text.as_bytes()).map_err(failure)
}

fn check_objects(tokenizer: &Tokenizer, facts: &Facts) -> Result<()> {
    let mut problems = vec![];
    for object in facts.objects() {
        let tokens = encode(tokenizer, &format!(" {object}"))?.len();
        if tokens != 1 {
            problems.push(Problem::Object { object: object.to_owned(), tokens });
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Plan { problems }) }
}

/// The tokens of a text.
pub(crate) fn encode(tokenizer: &Tokenizer, text: &str) -> Result<Vec<u32>> {
    Ok(tokenizer.encode_fast(text, false).map_err(failure)?.get_ids().to_vec())
}

/// The one token of an object after a space.
pub(crate) fn object_token(tokenizer: &Tokenizer, object: &str) -> Result<u32> {
    match encode(tokenizer, &format!(" {object}"))?[..] {
        [token] => Ok(token),
        ref tokens => {
            let problem = Problem::Object { object: object.to_owned(), tokens: tokens.len() };
            Err(Error::Plan { problems: vec![problem] })
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that map_err wants")]
fn failure(source: tokenizers::Error) -> Error {
    Error::Tokenizer(source.to_string())
}
