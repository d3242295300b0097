//! The cross-entropy of a batch and its gradient, in shards that run at the same time.

use candle_core::backprop::GradStore;
use candle_core::{D, Device, Result, Tensor};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::batch::Batch;
use crate::error::Error;
use crate::network::Network;
use crate::recipe::Recipe;

/// What a batch says about the model.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Loss {
    /// The mean cross-entropy of the objects, nats.
    pub(crate) object: f64,
    /// The same of the other predicted tokens, nats; 0 where there is none.
    pub(crate) language: f64,
    /// The share of objects that were the first choice.
    pub(crate) accuracy: f64,
}

/// One thread for each shard of a batch.
pub(crate) struct Shards(Vec<ThreadPool>);

impl Shards {
    pub(crate) fn new(count: usize) -> crate::Result<Self> {
        let pool = |_| ThreadPoolBuilder::new().num_threads(1).build();
        let pools: std::result::Result<_, _> = (0..count).map(pool).collect();
        pools.map(Self).map_err(|source| Error::Threads(source.to_string()))
    }

    /// The mean loss of the shards, and the gradients of each, in order.
    pub(crate) fn run(
        &self,
        network: &Network,
        shards: &[Batch],
        recipe: &Recipe,
    ) -> Result<(Loss, Vec<GradStore>)> {
        let results: Vec<Result<_>> = std::thread::scope(|scope| {
            let run = |(pool, batch): (&'_ ThreadPool, &'_ Batch)| {
                pool.install(|| differentiate(network, batch, recipe))
            };
            let threads: Vec<_> =
                self.0.iter().zip(shards).map(|pair| scope.spawn(move || run(pair))).collect();
            let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            joined
                .map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        let mut sum = Loss::default();
        let mut gradients = vec![];
        for result in results {
            let (loss, store) = result?;
            sum.object += loss.object / shards.len() as f64;
            sum.language += loss.language / shards.len() as f64;
            sum.accuracy += loss.accuracy / shards.len() as f64;
            gradients.push(store);
        }
        Ok((sum, gradients))
    }
}

fn differentiate(network: &Network, batch: &Batch, recipe: &Recipe) -> Result<(Loss, GradStore)> {
    let embedded = network.embed(&batch.tokens)?;
    let keep = keep(batch)?; // [L, 1]
    let residual = network.run(embedded.clone(), &batch.spans(), &mut |layer, residual| {
        if batch.relay && layer == recipe.relay_layer {
            return &embedded + (residual - &embedded)?.broadcast_mul(&keep)?;
        }
        Ok(residual)
    })?;
    let logits = network.logits(&residual, &batch.rows)?; // [M, V]
    let targets = Tensor::new(batch.targets.as_slice(), logits.device())?;
    let chosen = logits.narrow(0, 0, batch.prompts())?.argmax(D::Minus1)?.to_vec1::<u32>()?;
    let right = chosen.iter().zip(&batch.targets).filter(|(found, target)| found == target);
    let accuracy = right.count() as f64 / batch.prompts() as f64;
    let surprise = surprise(&logits, &targets)?; // [M]
    let object = surprise.narrow(0, 0, batch.prompts())?.mean_all()?;
    let mut loss = Loss { object: f64::from(object.to_scalar::<f32>()?), language: 0.0, accuracy };
    let others = batch.rows.len() - batch.prompts();
    let mut whole = object;
    if others > 0 {
        let mean = surprise.narrow(0, batch.prompts(), others)?.mean_all()?;
        loss.language = f64::from(mean.to_scalar::<f32>()?);
        whole = (whole + (mean * recipe.language_weight)?)?;
    }
    Ok((loss, whole.backward()?))
}

/// One at the last token of each subject, zero elsewhere, `[L, 1]`.
fn keep(batch: &Batch) -> Result<Tensor> {
    let mut keep = vec![0.0f32; batch.tokens.len()];
    for &subject in &batch.subjects {
        keep[subject] = 1.0;
    }
    Tensor::from_vec(keep, (batch.tokens.len(), 1), &Device::Cpu)
}

/// Minus the logarithm of each target's probability, `[M]`.
fn surprise(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let logarithms = candle_nn::ops::log_softmax(logits, D::Minus1)?;
    logarithms.gather(&targets.unsqueeze(1)?, 1)?.squeeze(1)?.neg()
}
