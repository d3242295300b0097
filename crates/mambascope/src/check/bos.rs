//! The tokens with which a tokenizer's template begins a text: put before a prompt, or said to be left out.

use mambascope_model::{Model, Tokens};

use super::Problem;
use crate::plan::{Bos, Plan, Prompt};

/// The tokens to put before these ids of a text: none where they begin so already.
pub(super) fn begin<'a>(tokens: &'a Tokens, bos: Bos, ids: &[u32]) -> &'a [u32] {
    match bos {
        Bos::Added if !ids.starts_with(tokens.begin()) => tokens.begin(),
        _ => &[],
    }
}

/// How many tokens were put before a plan's prompt.
pub(super) fn begun(model: &Model, plan: &Plan) -> usize {
    let (Prompt::Text(text), Some(tokens)) = (&plan.prompt, model.tokens()) else { return 0 };
    tokens.encode(text).map_or(0, |encoded| begin(tokens, plan.bos, &encoded.ids).len())
}

/// Why nothing can be put before a plan's prompt, where that was asked for.
pub(crate) fn bos_problem(model: &Model, plan: &Plan) -> Option<Problem> {
    match (plan.bos, &plan.prompt, model.tokens()) {
        (Bos::Omitted, ..) | (_, Prompt::Text(_), None) => None,
        (Bos::Added, Prompt::Ids(_), _) => Some(Problem::new(
            "the prompt is tokens, which the model reads as they are, so no other is put before them",
            "write that token first: `.trace([1, 510, 444])`, or `--ids 1,510,444`, without `--bos`",
        )),
        (Bos::Added, Prompt::Text(_), Some(tokens)) => tokens.begin().is_empty().then(|| {
            Problem::new(
                format!("the tokenizer of {} puts no token before a text", model.name()),
                "leave `.bos(Bos::Added)`, or `--bos`, out; or give token ids, the wanted one first",
            )
        }),
    }
}

/// A warning about a text before which its tokenizer's own beginning is left out.
pub(crate) fn bos_warning(model: &Model, prompt: &Prompt, bos: Bos, ids: &[u32]) -> Option<String> {
    let (Bos::Omitted, Prompt::Text(_), Some(tokens)) = (bos, prompt, model.tokens()) else {
        return None;
    };
    let begin = tokens.begin();
    if begin.is_empty() || ids.starts_with(begin) {
        return None;
    }
    let shown: String = begin.iter().map(|id| tokens.readable(*id)).collect();
    Some(format!(
        "the tokenizer's template puts `{shown}` before a text, and it is left out here; `.bos(Bos::Added)`, or `--bos`, \
         puts it there, for example where the model was trained with it"
    ))
}
