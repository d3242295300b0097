//! A model: a checkpoint made ready to run, shared by reference count.

use std::path::Path;
use std::sync::Arc;

use candle_core::Tensor;

use crate::decode::Reader;
use crate::finite::LARGE;
use crate::network::{Network, Silent};
use crate::ops::{Cpu, Operations, Plain};
use crate::reading::Meter;
use crate::record::{Activations, Recorder};
use crate::tap::{Spot, Tap};
use crate::{Checkpoint, Config, Error, Origin, Source, Tensors, Threads, Tokens, random_tensors};

/// The most tokens that a prompt is completed by: hours of work on most machines.
const TOKENS_LIMIT: usize = 1 << 16;

/// How a model's numbers are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Compute {
    /// The fast path on the CPU, in f32.
    #[default]
    Fast,
    /// The reference program in f32: slow, each operation as its equation.
    Reference32,
    /// The reference program in f64.
    Reference64,
}

/// A Mamba language model, ready to run. Clones share everything.
///
/// # Example
/// ```
/// use mambascope_model::Model;
/// let model = Model::tiny();
/// let logits = model.logits(&[3, 1, 4])?;
/// assert_eq!(logits.dims(), [3, model.config().vocabulary]);
/// # Ok::<(), mambascope_model::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Model(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    checkpoint: Checkpoint,
    engine: Engine,
}

#[derive(Debug)]
enum Engine {
    Cpu(Network<Cpu>),
    Plain32(Network<Plain<f32>>),
    Plain64(Network<Plain<f64>>),
}

/// A program that runs on whatever device a model is on.
pub trait Program {
    /// What it returns.
    type Output;

    /// Runs on a model's network.
    fn run<O: Operations>(self, network: &Network<O>) -> Self::Output;
}

impl Model {
    /// Loads the small trained model that is inside the library.
    ///
    /// # Errors
    /// Only when the library was built without the feature `bundled`.
    pub fn bundled() -> Result<Self, Error> {
        Self::load(Source::Bundled)
    }

    /// A random model of the smallest useful shape, without a tokenizer: for documentation and tests.
    ///
    /// # Panics
    /// Never: the shape is fixed and sound.
    pub fn tiny() -> Self {
        let config = Config::tiny();
        let checkpoint = Checkpoint::new("random", config.clone(), random_tensors(&config, 1));
        Self::packed(checkpoint, Compute::Fast, &Threads::default(), &Meter::unwatched())
            .expect("the tiny shape is sound")
    }

    /// A random model of any shape, without a tokenizer.
    ///
    /// # Errors
    /// When the shape is not sound.
    pub fn random(config: &Config, seed: u64) -> Result<Self, Error> {
        config.sound()?;
        let tensors = random_tensors(config, seed);
        Self::new(Checkpoint::new("random", config.clone(), tensors), Compute::Fast)
    }

    /// Packs a checkpoint for a device.
    ///
    /// # Errors
    /// When the shape is not sound, a tensor is missing or cannot be read, `MAMBASCOPE_THREADS` is no number of threads, or `MAMBASCOPE_UNIT` no
    /// vector unit of this processor.
    pub fn new(checkpoint: Checkpoint, compute: Compute) -> Result<Self, Error> {
        Cpu::check_unit()?;
        checkpoint.config.sound()?;
        Self::packed(checkpoint, compute, &Threads::from_environment()?, &Meter::unwatched())
    }

    pub(crate) fn packed(
        checkpoint: Checkpoint,
        compute: Compute,
        threads: &Threads,
        meter: &Meter,
    ) -> Result<Self, Error> {
        let (tensors, config, on) = (&checkpoint.tensors, &checkpoint.config, threads.clone());
        let engine = match compute {
            Compute::Fast => {
                Engine::Cpu(Network::new(Cpu::on(threads.clone()), on, tensors, config, meter)?)
            }
            Compute::Reference32 => {
                Engine::Plain32(Network::new(Plain::default(), on, tensors, config, meter)?)
            }
            Compute::Reference64 => {
                Engine::Plain64(Network::new(Plain::default(), on, tensors, config, meter)?)
            }
        };
        Ok(Self(Arc::new(Inner { checkpoint, engine })))
    }

    /// The same model, computed in another way.
    ///
    /// # Errors
    /// When the weights cannot be read again.
    pub fn computed(&self, compute: Compute) -> Result<Self, Error> {
        let (checkpoint, threads) = (self.0.checkpoint.clone(), self.threads_in_use());
        Self::packed(checkpoint, compute, threads, &Meter::unwatched())
    }

    /// The same model, with its work spread over so many threads; its weights are shared.
    ///
    /// Numbers are the same, bit by bit, on any number of threads.
    ///
    /// # Errors
    /// When there are to be none, or the system gives none.
    pub fn threads(&self, count: usize) -> Result<Self, Error> {
        let threads = Threads::new(count)?;
        let engine = match &self.0.engine {
            Engine::Cpu(network) => Engine::Cpu(network.on(Cpu::on(threads.clone()), threads)),
            Engine::Plain32(network) => Engine::Plain32(network.on(Plain::default(), threads)),
            Engine::Plain64(network) => Engine::Plain64(network.on(Plain::default(), threads)),
        };
        Ok(Self(Arc::new(Inner { checkpoint: self.0.checkpoint.clone(), engine })))
    }

    /// The threads that the model's work is spread over.
    pub fn threads_in_use(&self) -> &Threads {
        match &self.0.engine {
            Engine::Cpu(network) => network.threads(),
            Engine::Plain32(network) => network.threads(),
            Engine::Plain64(network) => network.threads(),
        }
    }

    /// How the model's numbers are computed.
    pub fn compute(&self) -> Compute {
        match &self.0.engine {
            Engine::Cpu(_) => Compute::Fast,
            Engine::Plain32(_) => Compute::Reference32,
            Engine::Plain64(_) => Compute::Reference64,
        }
    }

    /// Whether both are clones of one model, made ready to run in the same way.
    pub fn is_clone_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// What the model is called: its hub id, its folder's name, or `bundled`.
    pub fn name(&self) -> &str {
        &self.0.checkpoint.name
    }

    /// Its shape.
    pub fn config(&self) -> &Config {
        &self.0.checkpoint.config
    }

    /// Its weights, by the names of state-spaces/mamba.
    pub fn tensors(&self) -> &Tensors {
        &self.0.checkpoint.tensors
    }

    /// Its tokenizer, where the checkpoint has one.
    pub fn tokens(&self) -> Option<&Tokens> {
        self.0.checkpoint.tokens.as_ref()
    }

    /// The file of a tokenizer that Python reads and this library does not, where the checkpoint has no `tokenizer.json`.
    pub fn slow_tokenizer(&self) -> Option<&Path> {
        self.0.checkpoint.slow_tokenizer()
    }

    /// SHA-256 of its configuration and of the SHA-256 of each weight, in hexadecimal digits.
    ///
    /// # Errors
    /// When a file cannot be read any more.
    pub fn digest(&self) -> Result<String, Error> {
        self.0.checkpoint.digest()
    }

    /// Runs a program on whatever device the model is on.
    pub fn with_network<P: Program>(&self, program: P) -> P::Output {
        match &self.0.engine {
            Engine::Cpu(network) => program.run(network),
            Engine::Plain32(network) => program.run(network),
            Engine::Plain64(network) => program.run(network),
        }
    }

    /// Refuses an empty prompt and tokens that the model does not have.
    ///
    /// # Errors
    /// As said.
    pub fn check_ids(&self, ids: &[u32]) -> Result<(), Error> {
        let vocabulary = self.config().vocabulary;
        if ids.is_empty() {
            return Err(Error::EmptyPrompt);
        }
        match ids.iter().position(|&id| id as usize >= vocabulary) {
            Some(place) => Err(Error::TokenOutside { id: ids[place], place, vocabulary }),
            None => Ok(()),
        }
    }

    /// The embeddings of these tokens.
    ///
    /// # Shapes
    /// returns `[L, D]`, in f32 or f64 as the model is computed.
    ///
    /// # Errors
    /// When a token is outside the vocabulary.
    pub fn embeddings(&self, ids: &[u32]) -> Result<Tensor, Error> {
        self.check_ids(ids)?;
        self.with_network(Embed(ids))
    }

    /// The logits after each token of a prompt.
    ///
    /// # Shapes
    /// returns `[L, V]`; the last V minus `known_vocabulary` columns are padding.
    ///
    /// # Errors
    /// When the prompt is empty or a token is outside the vocabulary; [`Error::NotFinite`] where a number overflows.
    pub fn logits(&self, ids: &[u32]) -> Result<Tensor, Error> {
        self.run_with(ids, &mut Silent)
    }

    /// Runs a prompt under a tap and returns its logits.
    ///
    /// # Errors
    /// When the prompt is not sound, or the tap fails.
    pub fn run_with(&self, ids: &[u32], tap: &mut dyn Tap) -> Result<Tensor, Error> {
        let embeddings = self.embeddings(ids)?;
        self.run_embeddings(&embeddings, tap)
    }

    /// Runs embeddings `[L, D]` in place of tokens under a tap, and returns the logits.
    ///
    /// # Errors
    /// When the embeddings have another width, or the tap fails.
    pub fn run_embeddings(&self, embeddings: &Tensor, tap: &mut dyn Tap) -> Result<Tensor, Error> {
        self.with_network(Run { embeddings, tap }).map_err(|error| self.blamed(error))
    }

    /// An error with the weight that is its likely cause: where numbers that are not finite were computed in a layer that has
    /// a weight of more than a million, that one.
    ///
    /// # Cost
    /// Of such an error, the weights of one layer are read.
    pub fn blamed(&self, error: Error) -> Error {
        match error {
            Error::NotFinite(mut found) if found.origin == Origin::Model => {
                let largest = self.tensors().largest_near(found.site, found.layer);
                found.weight = largest.filter(|weight| weight.value.abs() > LARGE);
                Error::NotFinite(found)
            }
            other => other,
        }
    }

    /// The activations of a prompt at these spots, and its logits.
    ///
    /// # Errors
    /// When the prompt is not sound, or a spot names a layer that the model has not.
    pub fn activations(&self, ids: &[u32], spots: &[Spot]) -> Result<Activations, Error> {
        self.activations_while(ids, spots, &mut |_| Ok(()))
    }

    /// The activations of a prompt at these spots, and its logits, for as long as somebody says to go on.
    ///
    /// `goes_on` hears the layer at each of its sites, and at each token of a layer whose states are kept.
    ///
    /// # Errors
    /// As [`Model::activations`], and whatever `goes_on` ends the run with.
    pub fn activations_while(
        &self,
        ids: &[u32],
        spots: &[Spot],
        goes_on: &mut dyn FnMut(usize) -> Result<(), Error>,
    ) -> Result<Activations, Error> {
        let embeddings = self.embeddings(ids)?;
        let mut activations = self.recorded(&embeddings, spots, goes_on)?;
        activations.name(ids);
        Ok(activations)
    }

    /// The activations of embeddings `[L, D]` in place of tokens, and the logits.
    ///
    /// # Errors
    /// When the embeddings have another width, or a spot names a layer that the model has not.
    pub fn activations_of(
        &self,
        embeddings: &Tensor,
        spots: &[Spot],
    ) -> Result<Activations, Error> {
        self.recorded(embeddings, spots, &mut |_| Ok(()))
    }

    fn recorded(
        &self,
        embeddings: &Tensor,
        spots: &[Spot],
        goes_on: &mut dyn FnMut(usize) -> Result<(), Error>,
    ) -> Result<Activations, Error> {
        let layers = |spot: &Spot| spot.site.layers(self.config());
        if let Some(spot) = spots.iter().find(|spot| spot.layer >= layers(spot)) {
            return Err(Error::LayerOutside { layer: spot.layer, layers: layers(spot) });
        }
        let mut recorder = Recorder::new(spots, goes_on);
        let logits = self.run_embeddings(embeddings, &mut recorder)?;
        recorder.finish(logits)
    }

    /// The most probable next token, and its probability; padding rows never win.
    ///
    /// # Cost
    /// One pass; the head is asked behind the last token alone.
    ///
    /// # Units
    /// The probability is a share of the softmax over all rows of the head, padding included, as in the published
    /// programs.
    ///
    /// # Errors
    /// When the prompt is not sound.
    pub fn predict(&self, ids: &[u32]) -> Result<(u32, f64), Error> {
        self.check_ids(ids)?;
        let predict = Predict { ids, known: self.config().known_vocabulary };
        self.with_network(predict).map_err(|error| self.blamed(error))
    }

    /// The most probable next tokens, one after the other, each read before the next is chosen.
    ///
    /// # Cost
    /// The prompt once, then one pass through the weights for each token but the last.
    ///
    /// # Errors
    /// When the prompt is not sound, or more than 65,536 tokens are asked for.
    ///
    /// # Example
    /// ```
    /// use mambascope_model::Model;
    /// let model = Model::tiny();
    /// let next = model.complete(&[5, 7, 11], 4)?;
    /// assert_eq!(next.len(), 4);
    /// assert_eq!(next[1], model.predict(&[5, 7, 11, next[0]])?.0);
    /// # Ok::<(), mambascope_model::Error>(())
    /// ```
    pub fn complete(&self, ids: &[u32], tokens: usize) -> Result<Vec<u32>, Error> {
        self.check_ids(ids)?;
        if tokens > TOKENS_LIMIT {
            return Err(Error::TooManyTokens { asked: tokens, limit: TOKENS_LIMIT });
        }
        let complete = Complete { ids, tokens, known: self.config().known_vocabulary };
        self.with_network(complete).map_err(|error| self.blamed(error))
    }
}

/// The first of the largest among the known tokens, and its share of the softmax.
fn most_probable(logits: &[f64], known: usize) -> (u32, f64) {
    let known = known.min(logits.len());
    let mut best = 0;
    for (token, &logit) in logits[..known].iter().enumerate() {
        if logit > logits[best] {
            best = token;
        }
    }
    let sum: f64 = logits.iter().map(|logit| (logit - logits[best]).exp()).sum();
    (best as u32, 1.0 / sum)
}

struct Embed<'a>(&'a [u32]);

impl Program for Embed<'_> {
    type Output = Result<Tensor, Error>;

    fn run<O: Operations>(self, network: &Network<O>) -> Self::Output {
        network.operations().download(&network.embed(self.0)?)
    }
}

struct Predict<'a> {
    ids: &'a [u32],
    known: usize,
}

impl Program for Predict<'_> {
    type Output = Result<(u32, f64), Error>;

    fn run<O: Operations>(self, network: &Network<O>) -> Self::Output {
        let end = network.end(network.embed(self.ids)?)?;
        next(network, &end, self.known)
    }
}

struct Complete<'a> {
    ids: &'a [u32],
    tokens: usize,
    known: usize,
}

impl Program for Complete<'_> {
    type Output = Result<Vec<u32>, Error>;

    fn run<O: Operations>(self, network: &Network<O>) -> Self::Output {
        let (mut reader, mut end) = Reader::begin(network, self.ids)?;
        let mut chosen = Vec::with_capacity(self.tokens);
        for place in 0..self.tokens {
            let (id, _) = next(network, &end, self.known)?;
            chosen.push(id);
            if place + 1 < self.tokens {
                end = reader.step(id)?;
            }
        }
        Ok(chosen)
    }
}

/// The most probable token behind a residual stream `[1, D]`, and its probability.
fn next<O: Operations>(
    network: &Network<O>,
    end: &O::Rows,
    known: usize,
) -> Result<(u32, f64), Error> {
    let logits = network.operations().download(&network.logits(end)?)?;
    let logits: Vec<f64> = logits.to_dtype(candle_core::DType::F64)?.flatten_all()?.to_vec1()?;
    Ok(most_probable(&logits, known))
}

struct Run<'a> {
    embeddings: &'a Tensor,
    tap: &'a mut dyn Tap,
}

impl Program for Run<'_> {
    type Output = Result<Tensor, Error>;

    fn run<O: Operations>(self, network: &Network<O>) -> Self::Output {
        network.run(self.embeddings, self.tap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_never_wins() {
        let (token, p) = most_probable(&[0.0, 1.0, 9.0], 2);
        assert_eq!(token, 1);
        assert!(p < 0.01, "its share counts the padding rows");
    }
}
