//! How much of a table a model knows.

use std::collections::BTreeMap;

use candle_core::D;
use serde::Serialize;
use tokenizers::Tokenizer;

use crate::batch::Batch;
use crate::error::Result;
use crate::facts::Facts;
use crate::network::Network;
use crate::templates::{Split, Templates};
use crate::vocabulary::{encode, object_token};

/// Prompts that run together.
const PROMPTS_A_BATCH: usize = 256;

/// How often the object was the model's first choice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Accuracy {
    /// Of each relation: right, and all.
    pub relations: BTreeMap<String, (usize, usize)>,
}

impl Accuracy {
    /// The share of right answers, all prompts counting alike; 0 of none.
    pub fn share(&self) -> f64 {
        let (right, all) =
            self.relations.values().fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1));
        if all == 0 { 0.0 } else { right as f64 / all as f64 }
    }
}

/// Asks for each fact with each template of a split.
///
/// # Errors
/// When an object is not one token of the tokenizer.
///
/// # Cost
/// One prompt a fact and template, 256 at a time.
pub fn evaluate(
    network: &Network,
    tokenizer: &Tokenizer,
    facts: &Facts,
    templates: &Templates,
    split: Split,
) -> Result<Accuracy> {
    let mut prompts = vec![];
    for fact in facts.rows() {
        let object = object_token(tokenizer, &fact.object)?;
        for template in templates.of(&fact.relation, split) {
            let tokens = encode(tokenizer, &template.fill(&fact.subject))?;
            prompts.push((fact.relation.as_str(), tokens, object));
        }
    }
    let mut accuracy = Accuracy::default();
    for chunk in prompts.chunks(PROMPTS_A_BATCH) {
        let mut batch = Batch::default();
        for (_, tokens, object) in chunk {
            batch.push(tokens, *object);
        }
        for ((relation, ..), right) in chunk.iter().zip(right(network, &batch)?) {
            let counts = accuracy.relations.entry((*relation).to_owned()).or_default();
            counts.0 += usize::from(right);
            counts.1 += 1;
        }
    }
    Ok(accuracy)
}

/// Whether each prompt's first choice is its object.
fn right(network: &Network, batch: &Batch) -> candle_core::Result<Vec<bool>> {
    let embedded = network.embed(&batch.tokens)?.detach();
    let residual =
        network.run(embedded, &batch.spans(), &mut |_, residual| Ok(residual.detach()))?;
    let chosen = network.logits(&residual, &batch.rows)?.argmax(D::Minus1)?.to_vec1::<u32>()?;
    Ok(chosen.iter().zip(&batch.targets).map(|(found, object)| found == object).collect())
}
