//! The cross-entropy of a batch and its gradient, in shards that run at the same time.

use candle_core::backprop::GradStore;
use candle_core::{D, Result, Tensor};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::batch::Batch;
use crate::error::Error;
use crate::network::Network;

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
        language_weight: f64,
    ) -> Result<(Loss, Vec<GradStore>)> {
        let results: Vec<Result<_>> = std::thread::scope(|scope| {
            let run = |(pool, batch): (&'_ ThreadPool, &'_ Batch)| {
                pool.install(|| differentiate(network, batch, language_weight))
            };
            let threads: Vec<_> =
                self.0.iter().zip(shards).map(|pair| scope.spawn(move || run(pair))).collect();
            let joined = threads.into_iter().map(|thread| thread.join());
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

fn differentiate(network: &Network, batch: &Batch, weight: f64) -> Result<(Loss, GradStore)> {
    let embedded = network.embed(&batch.tokens)?;
    let residual = network.run(embedded, &batch.spans(), &mut |_, residual| Ok(residual))?;
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
        whole = (whole + (mean * weight)?)?;
    }
    Ok((loss, whole.backward()?))
}

/// Minus the logarithm of each target's probability, `[M]`.
fn surprise(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let logarithms = candle_nn::ops::log_softmax(logits, D::Minus1)?;
    logarithms.gather(&targets.unsqueeze(1)?, 1)?.squeeze(1)?.neg()
}
