//! Whose probability a plan measures.

use mambascope_model::{Model, Tokens};

use super::Problem;
use crate::plan::{Answer, Plan, Prompt};

/// The answer's token; `None` where the clean run decides, or a problem was found.
pub(super) fn resolve(model: &Model, plan: &Plan, problems: &mut Vec<Problem>) -> Option<u32> {
    let found = match &plan.answer {
        Answer::Predicted => return None,
        Answer::Token(token) => known_token(model, *token),
        Answer::Text(text) => match model.tokens() {
            Some(tokens) => token_of(tokens, text, &plan.prompt),
            None => Err(Problem::new(
                format!("answer `{text}`, but {} has no tokenizer", model.name()),
                "give the answer's token: `.answer(42)`, or `--answer-id 42`",
            )),
        },
    };
    found.map_err(|problem| problems.push(problem)).ok()
}

fn known_token(model: &Model, token: u32) -> Result<u32, Problem> {
    let known = model.config().known_vocabulary;
    if (token as usize) < known {
        return Ok(token);
    }
    let what = format!("answer token {token}; {} has {known} tokens", model.name());
    Err(Problem::new(what, format!("a token from 0 to {}", known.saturating_sub(1))))
}

/// The token of a text: with a space before it where neither the text nor the prompt's end has one.
fn token_of(tokens: &Tokens, text: &str, prompt: &Prompt) -> Result<u32, Problem> {
    let open = match prompt {
        Prompt::Text(prompt) => !prompt.ends_with(char::is_whitespace),
        Prompt::Ids(_) => true,
    };
    let spaced = format!(" {text}");
    let mut forms = vec![text];
    if open && !text.starts_with(char::is_whitespace) {
        forms.insert(0, &spaced);
    }
    let mut first_pieces = Vec::new();
    for form in &forms {
        let ids = tokens.encode(form).map(|encoded| encoded.ids).unwrap_or_default();
        match ids.as_slice() {
            [token] => return Ok(*token),
            [first, ..] => first_pieces.push(tokens.readable(*first)),
            [] => {}
        }
    }
    let help = first_pieces.first().map_or_else(
        || "write one word".to_owned(),
        |piece| format!("a trace measures one token; the first of these is `.answer(\"{piece}\")`"),
    );
    Err(Problem::new(format!("answer `{text}` is not one token of this model"), help))
}
