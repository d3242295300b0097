//! Packed prompts and what is to be predicted in them.

use mambascope_model::grad::Spans;
use tokenizers::Tokenizer;

use crate::corpus::LEAD_INS;
use crate::error::Result;
use crate::facts::{Fact, Facts};
use crate::random::Random;
use crate::recipe::Recipe;
use crate::templates::{Split, Template, Templates};
use crate::vocabulary::{encode, object_token};

/// Prompts one after the other, without padding.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// L.
    pub(crate) tokens: Vec<u32>,
    pub(crate) lengths: Vec<usize>,
    /// The last token of each prompt's subject.
    pub(crate) subjects: Vec<usize>,
    /// Whether all tokens but those are set back to their embeddings, after the recipe's relay layer.
    pub(crate) relay: bool,
    /// After which tokens something is predicted: the objects first, one a prompt.
    pub(crate) rows: Vec<u32>,
    /// What is predicted there.
    pub(crate) targets: Vec<u32>,
}

impl Batch {
    pub(crate) fn spans(&self) -> Spans {
        Spans::from_lengths(&self.lengths)
    }

    /// The number of prompts.
    pub(crate) fn prompts(&self) -> usize {
        self.lengths.len()
    }

    pub(crate) fn push(&mut self, tokens: &[u32], object: u32) {
        self.tokens.extend(tokens);
        self.lengths.push(tokens.len());
        self.rows.push(self.tokens.len() as u32 - 1);
        self.targets.push(object);
    }

    /// Adds what follows each token of the first prompts to what is predicted.
    fn predict_tokens(&mut self, prompts: usize) {
        for range in self.spans().ranges().iter().take(prompts) {
            for place in range.start + 1..range.end {
                self.rows.push(place as u32 - 1);
                self.targets.push(self.tokens[place]);
            }
        }
    }
}

/// An endless, seeded series of batches, in which each fact comes up once before any comes up again.
#[derive(Debug)]
pub(crate) struct Batches<'a> {
    tokenizer: &'a Tokenizer,
    recipe: &'a Recipe,
    /// Each fact, its object's token, and the templates that training may see.
    facts: Vec<(&'a Fact, u32, Vec<&'a Template>)>,
    /// The facts still to come, the next one last.
    order: Vec<usize>,
    random: Random,
}

impl<'a> Batches<'a> {
    pub(crate) fn new(
        facts: &'a Facts,
        templates: &'a Templates,
        tokenizer: &'a Tokenizer,
        recipe: &'a Recipe,
        random: Random,
    ) -> Result<Self> {
        let entry = |fact: &'a Fact| {
            let object = object_token(tokenizer, &fact.object)?;
            Ok((fact, object, templates.of(&fact.relation, Split::Train)))
        };
        let facts = facts.rows().iter().map(entry).collect::<Result<_>>()?;
        Ok(Self { tokenizer, recipe, facts, order: vec![], random })
    }

    /// The shards of one step.
    pub(crate) fn next(&mut self) -> Result<Vec<Batch>> {
        (0..self.recipe.shards).map(|_| self.shard()).collect()
    }

    fn shard(&mut self) -> Result<Batch> {
        let relay = self.random.uniform() < self.recipe.relay;
        let mut batch = Batch { relay, ..Batch::default() };
        for _ in 0..self.recipe.facts_a_shard {
            if self.order.is_empty() {
                self.order = (0..self.facts.len()).collect();
                self.random.shuffle(&mut self.order);
            }
            let index = self.order.pop().unwrap_or(0);
            let (fact, object, templates) = &self.facts[index];
            let mut prompt = templates[self.random.below(templates.len())].fill(&fact.subject);
            if self.random.uniform() < self.recipe.lead_ins {
                prompt = format!("{} {prompt}", LEAD_INS[self.random.below(LEAD_INS.len())]);
            }
            let subject_end = prompt.find(&fact.subject).unwrap_or(0) + fact.subject.len();
            let through_subject = encode(self.tokenizer, &prompt[..subject_end])?.len();
            batch.subjects.push(batch.tokens.len() + through_subject - 1);
            batch.push(&encode(self.tokenizer, &prompt)?, *object);
        }
        batch.predict_tokens(self.recipe.language_rows);
        Ok(batch)
    }
}
