//! The training loop: AdamW on cross-entropy.

use candle_core::backprop::GradStore;
use candle_core::{D, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use tokenizers::Tokenizer;

use crate::batch::{Batch, Batches};
use crate::check::check;
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::network::Network;
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
    let mut curve = vec![];
    let mut sums = Sums::default();
    for step in 0..recipe.steps {
        let batch = batches.next()?;
        let loss = Loss::of(&network, &batch, recipe.language_weight)?;
        optimizer.step(&loss.whole, recipe.learning_rate_at(step))?;
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

struct Loss {
    whole: Tensor,
    object: f64,
    language: f64,
    accuracy: f64,
}

impl Loss {
    fn of(network: &Network, batch: &Batch, language_weight: f64) -> candle_core::Result<Self> {
        let embedded = network.embed(&batch.tokens)?;
        let residual = network.run(embedded, &batch.spans(), &mut |_, residual| Ok(residual))?;
        let logits = network.logits(&residual, &batch.rows)?; // [M, V]
        let targets = Tensor::new(batch.targets.as_slice(), logits.device())?;
        let chosen = logits.narrow(0, 0, batch.prompts())?.argmax(D::Minus1)?.to_vec1::<u32>()?;
        let right = chosen.iter().zip(&batch.targets).filter(|(found, target)| found == target);
        let accuracy = right.count() as f64 / batch.prompts() as f64;
        let surprise = surprise(&logits, &targets)?; // [M]
        let object = surprise.narrow(0, 0, batch.prompts())?.mean_all()?;
        let others = batch.rows.len() - batch.prompts();
        let mut whole = object.clone();
        let mut language = 0.0;
        if others > 0 {
            let mean = surprise.narrow(0, batch.prompts(), others)?.mean_all()?;
            language = f64::from(mean.to_scalar::<f32>()?);
            whole = (whole + (mean * language_weight)?)?;
        }
        Ok(Self { whole, object: f64::from(object.to_scalar::<f32>()?), language, accuracy })
    }
}

/// Minus the logarithm of each target's probability, `[M]`.
fn surprise(logits: &Tensor, targets: &Tensor) -> candle_core::Result<Tensor> {
    let logarithms = candle_nn::ops::log_softmax(logits, D::Minus1)?;
    logarithms.gather(&targets.unsqueeze(1)?, 1)?.squeeze(1)?.neg()
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

/// One AdamW for the matrices, which decay, and one for all else.
struct Optimizers {
    parameters: Vec<Var>,
    longest: f64,
    both: [AdamW; 2],
}

impl Optimizers {
    fn new(network: &Network, recipe: &Recipe) -> candle_core::Result<Self> {
        let (decaying, others): (Vec<_>, Vec<_>) =
            network.parameters().into_iter().partition(|(name, _)| name.contains("proj.weight"));
        let group = |group: Vec<(String, Var)>, weight_decay: f64| {
            let config = ParamsAdamW { beta2: 0.98, weight_decay, ..ParamsAdamW::default() };
            AdamW::new(group.into_iter().map(|(_, parameter)| parameter).collect(), config)
        };
        let parameters = network.parameters().into_iter().map(|(_, parameter)| parameter).collect();
        let both = [group(decaying, recipe.weight_decay)?, group(others, 0.0)?];
        Ok(Self { parameters, longest: recipe.gradient_norm, both })
    }

    fn step(&mut self, loss: &Tensor, learning_rate: f64) -> candle_core::Result<()> {
        let mut gradients = loss.backward()?;
        self.clip(&mut gradients)?;
        for optimizer in &mut self.both {
            optimizer.set_learning_rate(learning_rate);
            optimizer.step(&gradients)?;
        }
        Ok(())
    }

    /// Shortens the gradient of all parameters together to the longest that is allowed.
    fn clip(&self, gradients: &mut GradStore) -> candle_core::Result<()> {
        let mut square = 0.0;
        for parameter in &self.parameters {
            if let Some(gradient) = gradients.get(parameter) {
                square += f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?);
            }
        }
        let length = square.sqrt();
        if length > self.longest {
            for parameter in &self.parameters {
                if let Some(gradient) = gradients.remove(parameter) {
                    gradients.insert(parameter, (gradient * (self.longest / length))?);
                }
            }
        }
        Ok(())
    }
}
