//! AdamW on the mean gradient of the shards.

use candle_core::backprop::GradStore;
use candle_core::{Result, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};

use crate::network::Network;
use crate::recipe::Recipe;

/// AdamW's memory of squared gradients: shorter than usual, as the runs are.
const SECOND_MOMENT: f64 = 0.98;

/// One AdamW for the matrices, which decay, and one for all else.
pub(crate) struct Optimizers {
    parameters: Vec<Var>,
    longest: f64,
    both: [AdamW; 2],
}

impl Optimizers {
    pub(crate) fn new(network: &Network, recipe: &Recipe) -> Result<Self> {
        let (decaying, others): (Vec<_>, Vec<_>) =
            network.parameters().into_iter().partition(|(name, _)| name.contains("proj.weight"));
        let group = |group: Vec<(String, Var)>, weight_decay: f64| {
            let config =
                ParamsAdamW { beta2: SECOND_MOMENT, weight_decay, ..ParamsAdamW::default() };
            AdamW::new(group.into_iter().map(|(_, parameter)| parameter).collect(), config)
        };
        let parameters = network.parameters().into_iter().map(|(_, parameter)| parameter).collect();
        let both = [group(decaying, recipe.weight_decay)?, group(others, 0.0)?];
        Ok(Self { parameters, longest: recipe.gradient_norm, both })
    }

    /// One step along the mean of `shards`, shortened to the longest gradient that is allowed.
    pub(crate) fn step(&mut self, shards: Vec<GradStore>, learning_rate: f64) -> Result<()> {
        let count = shards.len() as f64;
        let mut shards = shards.into_iter();
        let Some(mut sum) = shards.next() else { return Ok(()) };
        for shard in shards {
            for parameter in &self.parameters {
                if let (Some(left), Some(right)) = (sum.remove(parameter), shard.get(parameter)) {
                    sum.insert(parameter, (left + right)?);
                }
            }
        }
        let length = self.length(&sum)? / count;
        let scale = (self.longest / length).min(1.0) / count;
        for parameter in &self.parameters {
            if let Some(gradient) = sum.remove(parameter) {
                sum.insert(parameter, (gradient * scale)?);
            }
        }
        for optimizer in &mut self.both {
            optimizer.set_learning_rate(learning_rate);
            optimizer.step(&sum)?;
        }
        Ok(())
    }

    /// The length of the gradient of all parameters together.
    fn length(&self, gradients: &GradStore) -> Result<f64> {
        let mut square = 0.0;
        for gradient in self.parameters.iter().filter_map(|parameter| gradients.get(parameter)) {
            square += f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?);
        }
        Ok(square.sqrt())
    }
}
