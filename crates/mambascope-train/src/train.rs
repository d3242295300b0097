//! The training loop: AdamW on cross-entropy.

use tokenizers::Tokenizer;

use crate::batch::Batches;
use crate::check::check;
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::loss::{Loss, Shards};
use crate::network::Network;
use crate::optimizer::Optimizers;
use crate::random::Random;
use crate::recipe::Recipe;
use crate::templates::Templates;
use crate::vocabulary::tokenizer;

/// Where training stood after a step.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Point {
    /// Steps done.
    pub step: usize,
    /// The last step's learning rate.
    pub learning_rate: f64,
    /// The mean cross-entropy of the objects since the last point, nats.
    pub loss: f64,
    /// The same of the other predicted tokens, nats; 0 where none is predicted.
    pub language_loss: f64,
    /// The share of objects that were the model's first choice since the last point.
    pub accuracy: f64,
}

/// What training made.
#[derive(Debug)]
pub struct Trained {
    /// The model.
    pub network: Network,
    /// Its tokenizer.
    pub tokenizer: Tokenizer,
    /// How training went.
    pub curve: Vec<Point>,
}

/// Trains a tokenizer and a model; `progress` sees each point of the curve.
///
/// The same recipe and tables give the same model.
///
/// # Errors
/// When the tables or the recipe cannot be trained on, all problems at once; when the loss is no longer a number.
///
/// # Cost
/// The default recipe takes minutes on two cores and less than 1 GiB of memory.
pub fn train(
    recipe: &Recipe,
    facts: &Facts,
    templates: &Templates,
    progress: &mut dyn FnMut(&Point),
) -> Result<Trained> {
    check(recipe, facts, templates)?;
    let tokenizer = tokenizer(facts, templates, recipe.shape.vocabulary)?;
    let mut random = Random::new(recipe.seed);
    let network = Network::first(recipe.shape, &mut random)?;
    let mut batches = Batches::new(facts, templates, &tokenizer, recipe, random)?;
    let mut optimizer = Optimizers::new(&network, recipe)?;
    let shards = Shards::new(recipe.shards)?;
    let mut curve = vec![];
    let mut sums = Sums::default();
    for step in 0..recipe.steps {
        let (loss, gradients) = shards.run(&network, &batches.next()?, recipe)?;
        optimizer.step(gradients, recipe.learning_rate_at(step))?;
        sums.add(&loss);
        if (step + 1) % recipe.report_every == 0 || step + 1 == recipe.steps {
            let point = std::mem::take(&mut sums).point(step + 1, recipe);
            if !point.loss.is_finite() {
                return Err(Error::Diverged { step: step + 1 });
            }
            progress(&point);
            curve.push(point);
        }
    }
    Ok(Trained { network, tokenizer, curve })
}

/// Sums since the last point of the curve.
#[derive(Default)]
struct Sums {
    steps: usize,
    object: f64,
    language: f64,
    accuracy: f64,
}

impl Sums {
    fn add(&mut self, loss: &Loss) {
        self.steps += 1;
        self.object += loss.object;
        self.language += loss.language;
        self.accuracy += loss.accuracy;
    }

    fn point(&self, step: usize, recipe: &Recipe) -> Point {
        let mean = |sum: f64| sum / self.steps as f64;
        Point {
            step,
            learning_rate: recipe.learning_rate_at(step - 1),
            loss: mean(self.object),
            language_loss: mean(self.language),
            accuracy: mean(self.accuracy),
        }
    }
}
