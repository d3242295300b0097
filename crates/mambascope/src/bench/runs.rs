//! Whole runs: a prompt, tokens one after the other, a map with and without what cells have in common.

use std::time::{Duration, Instant};

use mambascope_model::{Error as ModelError, Model, Network, Operations, Pass, Program, Ragged};
use mambascope_model::{Reader, Untapped};

use super::{Against, Row, shortest};
use crate::Error;
use crate::corrupt::Noise;
use crate::trace::{Scope as _, Trace};
use crate::watch::Unwatched;
use crate::wavefront::{self, Work};

/// Tokens of the prompt that is read, and of the text that is written.
const PREFILL: usize = 128;
const DECODED: usize = 24;
/// Tokens and samples of the map, and its subject.
const TOKENS: usize = 10;
const SAMPLES: usize = 10;
const SUBJECT: std::ops::Range<usize> = 2..5;
const LONG: Duration = Duration::from_secs(2);

pub(super) fn measure(model: &Model, bandwidth: f64) -> Result<Vec<Row>, Error> {
    Ok(vec![prefill(model)?, decode(model, bandwidth)?, map(model)?])
}

/// Tokens that every vocabulary has.
fn ids(model: &Model, count: usize) -> Vec<u32> {
    let known = model.config().known_vocabulary;
    (0..count).map(|token| ((1000 + 37 * token) % known) as u32).collect()
}

fn row(work: String, work_done: Work, model: &Model, seconds: f64) -> Row {
    let rate = work_done.flops(model.config()) / seconds / 1e9;
    Row { work, seconds, rate, share: 0.0, other: 0.0, against: Against::PlainToken }
}

fn prefill(model: &Model) -> Result<Row, Error> {
    let ids = ids(model, PREFILL);
    let seconds = shortest(LONG, || model.predict(&ids))?;
    let steps = PREFILL * model.config().layers;
    let done = Work { base_steps: steps, head_rows: 1, ..Work::default() };
    let rate = PREFILL as f64 / seconds;
    let row = row(format!("prompt of {PREFILL}, {rate:.0} tokens/s"), done, model, seconds);
    let plain = model.computed(mambascope_model::Compute::Reference32)?;
    let other = shortest(Duration::ZERO, || plain.with_network(OneToken))?;
    Ok(Row { other: other * PREFILL as f64, ..row })
}

/// One token through all layers, without the head.
struct OneToken;

impl Program for OneToken {
    type Output = Result<(), ModelError>;

    fn run<O: Operations>(self, network: &Network<O>) -> Self::Output {
        network.end(network.embed(&[0])?).map(|_| ())
    }
}

fn decode(model: &Model, bandwidth: f64) -> Result<Row, Error> {
    let seconds = model.with_network(Decode(ids(model, 4)))?;
    let config = model.config();
    let done = Work { base_steps: config.layers, head_rows: 1, ..Work::default() };
    let rate = 1.0 / seconds;
    let row = row(format!("next token, {rate:.0} tokens/s"), done, model, seconds);
    let bytes = size_of::<f32>() as f64 * config.weights() as f64;
    Ok(Row { other: bytes / bandwidth, against: Against::Bandwidth, ..row })
}

/// Seconds of one more token, the shortest of several.
struct Decode(Vec<u32>);

impl Program for Decode {
    type Output = Result<f64, ModelError>;

    fn run<O: Operations>(self, network: &Network<O>) -> Self::Output {
        let (mut reader, _) = Reader::begin(network, &self.0)?;
        let mut best = f64::INFINITY;
        for id in self.0.iter().copied().cycle().take(DECODED) {
            let start = Instant::now();
            network.logits(&reader.step(id)?)?;
            best = best.min(start.elapsed().as_secs_f64());
        }
        Ok(best)
    }
}

fn map(model: &Model) -> Result<Row, Error> {
    let noisy = model.trace(ids(model, TOKENS)).subject(SUBJECT).answer(0_u32);
    let trace: Trace = noisy.corrupt(Noise::gaussian(0.1).samples(SAMPLES)).restore(..);
    let plan = trace.resolve()?;
    let start = Instant::now();
    let done = wavefront::run(model, &plan, &Unwatched)?.work;
    let seconds = start.elapsed().as_secs_f64();
    let row = row(format!("map of {TOKENS} tokens, {SAMPLES} samples"), done, model, seconds);
    let cells = TOKENS * model.config().layers;
    let pass = shortest(Duration::ZERO, || model.with_network(Whole(ids(model, TOKENS))))?;
    Ok(Row { other: pass * cells as f64, against: Against::NoReuse, ..row })
}

/// One cell as ROME's program runs it: the clean run and all samples, whole, with the head at every token.
struct Whole(Vec<u32>);

impl Program for Whole {
    type Output = Result<(), ModelError>;

    fn run<O: Operations>(self, network: &Network<O>) -> Self::Output {
        let ragged = Ragged::prompts(&[self.0.len(); SAMPLES + 1]);
        let mut residual = network.embed(&self.0.repeat(SAMPLES + 1))?;
        for layer in 0..network.layers() {
            residual = network.block(layer, &residual, &Pass::over(&ragged), &mut Untapped)?.0;
        }
        network.logits(&residual).map(|_| ())
    }
}
