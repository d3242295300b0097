//! Whole runs: a prompt, tokens one after the other, a map with and without what cells have in common.

use std::time::{Duration, Instant};

use mambascope_model::{Error as ModelError, Model, Network, Operations, Pass, Program, Ragged};
use mambascope_model::{MainMemory, Reader, Site, Untapped};

use super::{Against, Kind, Row, median, shortest};
use crate::Error;
use crate::corrupt::Noise;
use crate::trace::{Scope as _, Trace};
use crate::watch::Unwatched;
use crate::wavefront::{self, Work};

/// Tokens of the prompt that is read, and of the text that is written.
const PREFILL: usize = 128;
const DECODED: usize = 24;
/// The maps: where they restore and how many layers, tokens and samples, and the subject.
const SITES: [(Site, usize); 3] = [(Site::Resid, 1), (Site::MixerOut, 10), (Site::ScanOut, 10)];
const TOKENS: usize = 10;
const SAMPLES: usize = 10;
const SUBJECT: std::ops::Range<usize> = 2..5;
const LONG: Duration = Duration::from_secs(4);

/// Tokens that every vocabulary has.
fn ids(model: &Model, count: usize) -> Vec<u32> {
    let known = model.config().known_vocabulary;
    (0..count).map(|token| ((1000 + 37 * token) % known) as u32).collect()
}

fn row(kind: Kind, work: String, work_done: Work, model: &Model, seconds: f64) -> Row {
    let rate = work_done.flops(model.config()) / seconds / 1e9;
    Row { kind, work, seconds, rate, share: 0.0, other: 0.0, against: Against::PlainToken }
}

pub(super) fn prompt(model: &Model) -> Result<Row, Error> {
    let ids = ids(model, PREFILL);
    let seconds = shortest(LONG, || model.predict(&ids))?;
    let steps = PREFILL * model.config().layers;
    let done = Work { base_steps: steps, head_rows: 1, ..Work::default() };
    let rate = PREFILL as f64 / seconds;
    let work = format!("prompt of {PREFILL}, {rate:.0} tokens/s");
    let row = row(Kind::Prompt, work, done, model, seconds);
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

/// A token, and the bytes a second that were read from main memory meanwhile.
pub(super) fn tokens(model: &Model, memory: &MainMemory) -> Result<(Row, f64), Error> {
    let (seconds, bandwidth) = model.with_network(Decode(ids(model, 4), memory))?;
    let config = model.config();
    let done = Work { base_steps: config.layers, head_rows: 1, ..Work::default() };
    let rate = 1.0 / seconds;
    let row = row(Kind::Tokens, format!("next token, {rate:.0} tokens/s"), done, model, seconds);
    let bytes = size_of::<f32>() as f64 * config.weights() as f64;
    let other = bytes / bandwidth;
    Ok((Row { other, against: Against::Bandwidth, ..row }, bandwidth))
}

/// Seconds of one more token, and bytes a second read from main memory, in turns; the median of each.
struct Decode<'a>(Vec<u32>, &'a MainMemory);

impl Program for Decode<'_> {
    type Output = Result<(f64, f64), ModelError>;

    fn run<O: Operations>(self, network: &Network<O>) -> Self::Output {
        let (mut reader, _) = Reader::begin(network, &self.0)?;
        let (mut seconds, mut bandwidths) = (Vec::new(), Vec::new());
        for id in self.0.iter().copied().cycle().take(DECODED) {
            let start = Instant::now();
            network.logits(&reader.step(id)?)?;
            seconds.push(start.elapsed().as_secs_f64());
            bandwidths.push(self.1.bandwidth());
        }
        Ok((median(seconds), median(bandwidths)))
    }
}

pub(super) fn map(model: &Model) -> Result<Row, Error> {
    let work = format!("map of {TOKENS} tokens, {SAMPLES} samples");
    together(model, (Kind::Map, work), &SITES[..1])
}

pub(super) fn maps(model: &Model) -> Result<Row, Error> {
    together(model, (Kind::Maps, format!("{} such maps together", SITES.len())), &SITES)
}

fn together(
    model: &Model,
    (kind, work): (Kind, String),
    sites: &[(Site, usize)],
) -> Result<Row, Error> {
    let noisy = model.trace(ids(model, TOKENS)).subject(SUBJECT).answer(0_u32);
    let noisy = noisy.corrupt(Noise::gaussian(0.1).samples(SAMPLES));
    let plan = |&(site, window): &(Site, usize)| {
        let trace: Trace = noisy.restore(site).window(window);
        trace.resolve()
    };
    let plans: Vec<_> = sites.iter().map(plan).collect::<Result<_, _>>()?;
    let plans: Vec<_> = plans.iter().collect();
    let mut done = Work::default();
    let seconds = shortest(LONG, || -> Result<(), Error> {
        let outcomes = wavefront::run_together(model, &plans, &Unwatched)?;
        done = Work::default();
        for outcome in outcomes {
            done += outcome.work;
        }
        Ok(())
    })?;
    let row = row(kind, work, done, model, seconds);
    let cells = sites.len() * TOKENS * model.config().layers;
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
