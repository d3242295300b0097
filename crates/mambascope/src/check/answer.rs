//! Whose probability a plan measures, and what else.

use mambascope_model::{Model, Tokens};

use super::Problem;
use crate::metrics::Metric;
use crate::plan::{Answer, Plan, Prompt};

/// What a plan measures.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// `None` where the clean run decides.
    pub(crate) answer: Option<u32>,
    pub(crate) foil: Option<u32>,
    /// Beside p(answer), each once.
    pub(crate) metrics: Vec<Metric>,
}

impl Asked {
    /// What a reader should know of a run with this answer.
    pub(crate) fn warning(&self, answer: u32) -> Option<String> {
        let words = "the foil is the clean run's answer: no logit differs from itself";
        (self.foil == Some(answer)).then(|| words.to_owned())
    }
}

/// What is measured; problems are noted.
pub(super) fn resolve(model: &Model, plan: &Plan, problems: &mut Vec<Problem>) -> Asked {
    let mut token = |role, answer| {
        token(model, plan, role, answer)?.map_err(|problem| problems.push(problem)).ok()
    };
    let answer = token("answer", &plan.answer);
    let foil = plan.foil.as_ref().and_then(|foil| token("foil", foil));
    if plan.foil == Some(Answer::Predicted) {
        problems.push(Problem::new(
            "the foil is left to the clean run, which says the answer",
            "name it: `.foil(\" Rome\")`, or `--foil Rome`",
        ));
    }
    if foil.is_some() && foil == answer {
        problems.push(Problem::new(
            "the foil is the answer itself",
            "name another token that could come: `.foil(\" Rome\")`, or `--foil Rome`",
        ));
    }
    let mut asked = plan.metrics.clone();
    if plan.foil.is_some() {
        asked.push(Metric::LogitDifference);
    } else if asked.contains(&Metric::LogitDifference) {
        problems.push(Problem::new(
            "the logit difference is to be measured, and no foil is named",
            "name what the answer is told from: `.foil(\" Rome\")`, or `--foil Rome`",
        ));
    }
    asked.retain(|metric| *metric != Metric::Probability);
    let metrics = Metric::ALL.into_iter().filter(|metric| asked.contains(metric)).collect();
    Asked { answer, foil, metrics }
}

/// The token in a role; `None` where the clean run decides.
fn token(model: &Model, plan: &Plan, role: &str, answer: &Answer) -> Option<Result<u32, Problem>> {
    Some(match answer {
        Answer::Predicted => return None,
        Answer::Token(token) => known_token(model, role, *token),
        Answer::Text(text) if text.is_empty() => Err(Problem::new(
            format!("the {role} is empty"),
            format!("one word, such as `.{role}(\"Rome\")` or `--{role} Rome`"),
        )),
        Answer::Text(text) => match model.tokens() {
            Some(tokens) => token_of(tokens, role, text, &plan.prompt),
            None => Err(Problem::new(
                format!("{role} `{text}`, but {} has no tokenizer", model.name()),
                format!("give the {role}'s token: `.{role}(42)`, or `--{role}-id 42`"),
            )),
        },
    })
}

fn known_token(model: &Model, role: &str, token: u32) -> Result<u32, Problem> {
    let known = model.config().known_vocabulary;
    if (token as usize) < known {
        return Ok(token);
    }
    let what = format!("{role} token {token}; {} has {known} tokens", model.name());
    Err(Problem::new(what, format!("a token from 0 to {}", known.saturating_sub(1))))
}

/// The token of a text: with a space before it where neither the text nor the prompt's end has one.
fn token_of(tokens: &Tokens, role: &str, text: &str, prompt: &Prompt) -> Result<u32, Problem> {
    let open = match prompt {
        Prompt::Text(prompt) => !prompt.ends_with(char::is_whitespace),
        Prompt::Ids(_) => true,
    };
    let plain = || tokens.encode(text).map(|encoded| encoded.ids);
    let forms = match text.strip_prefix(' ') {
        Some(rest) if open && !rest.starts_with(char::is_whitespace) => {
            vec![tokens.encode_after_space(rest)]
        }
        None if open && !text.starts_with(char::is_whitespace) => {
            vec![tokens.encode_after_space(text), plain()]
        }
        _ => vec![plain()],
    };
    let mut first_pieces = Vec::new();
    for form in forms {
        match form.map_err(|error| super::prompt::problem_of(&error))?.as_slice() {
            [token] => return Ok(*token),
            [first, ..] => first_pieces.push(tokens.readable(*first)),
            [] => {}
        }
    }
    let help = first_pieces.first().map_or_else(
        || "write one word".to_owned(),
        |piece| format!("a trace measures one token; the first of these is `.{role}(\"{piece}\")`"),
    );
    Err(Problem::new(format!("{role} `{text}` is not one token of this model"), help))
}
