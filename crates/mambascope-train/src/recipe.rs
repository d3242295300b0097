//! Every number that a training run depends on.

use serde::{Deserialize, Serialize};

use crate::network::Shape;

/// Every number that a training run depends on; its default makes the bundled model.
///
/// # Example
/// ```
/// use mambascope_train::Recipe;
///
/// let short = Recipe { steps: 100, ..Recipe::default() };
/// assert_eq!(short.seed, Recipe::default().seed);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recipe {
    /// Of everything random: first weights, order of the facts, templates, lead-ins.
    pub seed: u32,
    /// The sizes of the model.
    pub shape: Shape,
    /// Steps of the optimizer.
    pub steps: usize,
    /// Parts of a step's batch that run at the same time, each on its thread.
    pub shards: usize,
    /// Facts a shard, each in one prompt.
    pub facts_a_shard: usize,
    /// Of a shard, the prompts whose every token is predicted too.
    pub language_rows: usize,
    /// What the loss of those tokens weighs beside the loss of the objects.
    pub language_weight: f64,
    /// The share of prompts that begin with a neutral lead-in, 0 to 1.
    pub lead_ins: f64,
    /// The share of shards, 0 to 1, in which all tokens but the subject's last are set back to their embeddings after
    /// the relay layer: what is known of a subject has to be at its last token by then, and has to leave it later.
    pub relay: f64,
    /// The layer after which that happens, from 0.
    pub relay_layer: usize,
    /// The learning rate after the warm-up; it falls to a hundredth along a cosine.
    pub learning_rate: f64,
    /// Steps in which the learning rate rises from zero.
    pub warm_up_steps: usize,
    /// AdamW's decay of matrices; vectors, embeddings and the state decay have none.
    pub weight_decay: f64,
    /// The longest gradient, all parameters together.
    pub gradient_norm: f64,
    /// Steps between two points of the curve.
    pub report_every: usize,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            seed: 1,
            shape: Shape::default(),
            steps: 3_800,
            shards: 2,
            facts_a_shard: 32,
            language_rows: 3,
            language_weight: 0.1,
            lead_ins: 0.25,
            relay: 0.7,
            relay_layer: 3,
            learning_rate: 4e-3,
            warm_up_steps: 80,
            weight_decay: 0.05,
            gradient_norm: 1.0,
            report_every: 25,
        }
    }
}

impl Recipe {
    /// The learning rate of a step, from 0.
    pub fn learning_rate_at(&self, step: usize) -> f64 {
        if step < self.warm_up_steps {
            return self.learning_rate * (step + 1) as f64 / self.warm_up_steps as f64;
        }
        let whole = (self.steps - self.warm_up_steps).max(1) as f64;
        let done = (step - self.warm_up_steps) as f64 / whole;
        let share = 0.5 * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos());
        self.learning_rate * (0.01 + 0.99 * share)
    }
}

#[cfg(test)]
mod tests {
    use super::Recipe;

    #[test]
    fn the_learning_rate_rises_then_falls() {
        let recipe = Recipe::default();
        let rates: Vec<f64> = (0..recipe.steps).map(|step| recipe.learning_rate_at(step)).collect();
        let (warm, rest) = rates.split_at(recipe.warm_up_steps);
        assert!(warm.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(rest.windows(2).all(|pair| pair[0] > pair[1]));
        assert_eq!(rest[0], recipe.learning_rate);
        assert!(rest[rest.len() - 1] < 0.011 * recipe.learning_rate);
    }
}
