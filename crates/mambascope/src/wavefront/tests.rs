//! Laws of the wavefront on random small models: every cell against the program that runs it alone.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::{DType, Tensor};
use mambascope_model::{Activations, Compute, Config, Model, Site, Spot, Tap};
use proptest::prelude::*;

mod bits;
mod draws;
mod fills;
mod laws;
mod metrics;
mod patches;
mod sampling;
mod severed;
mod taps;
mod together;

use super::*;
use crate::at::{Convention, Window};
use crate::check::Corrupted;
use crate::corrupt::{Noise, Noisy};
use crate::trace::{Scope as _, Trace};
use crate::watch::{Progress, Unwatched};

/// f64 leaves rounding of about 1e-16 a step, and a few hundred steps.
const EXACT: f64 = 1e-10;
/// f32 on the fast path, scores between 0 and 1.
const FAST: f64 = 1e-5;

/// All sites but the two behind which there is only the answer.
const RESTORABLE: usize = Site::ALL.len() - 2;

/// A small model and a trace of it.
#[derive(Debug, Clone)]
struct Case {
    config: Config,
    model_seed: u64,
    ids: Vec<u32>,
    subject: Range<usize>,
    site: Site,
    window: Window,
    samples: usize,
    noise_seed: u32,
}

impl Case {
    fn model(&self) -> Model {
        Model::random(&self.config, self.model_seed).expect("a sound shape")
    }

    fn trace(&self, model: &Model) -> Trace {
        let noise = Noise::gaussian(0.7).samples(self.samples).seed(self.noise_seed);
        let trace = model.trace(self.ids.clone()).subject(self.subject.clone()).corrupt(noise);
        trace.restore(self.site).window(self.window)
    }
}

pub(crate) fn configs() -> impl Strategy<Value = Config> {
    (1..5_usize, 1..3_usize, 1..4_usize, 1..5_usize, 1..3_usize, any::<[bool; 3]>()).prop_map(
        |(layers, expand, state, convolution, rank, [biased, convolution_bias, tied])| Config {
            layers,
            inner: 12 * expand,
            state,
            convolution,
            rank,
            projection_bias: biased,
            convolution_bias,
            tied_head: tied,
            width: 12,
            ..Config::tiny()
        },
    )
}

fn cases() -> impl Strategy<Value = Case> {
    let prompt = (1..7_usize)
        .prop_flat_map(|length| (prop::collection::vec(0..32_u32, length), 0..length, 1..4_usize));
    let window = (1..6_usize, any::<bool>());
    (configs(), any::<u64>(), prompt, 0..RESTORABLE, window, 1..4_usize, any::<u32>()).prop_map(
        |(config, model_seed, (ids, start, width), site, (size, paper), samples, noise_seed)| {
            let site = Site::ALL[site];
            let convention = if paper { Convention::Paper } else { Convention::Code };
            let size = if site == Site::Embed { 1 } else { size };
            let subject = start..ids.len().min(start + width);
            let window = Window { size, convention };
            Case { config, model_seed, ids, subject, site, window, samples, noise_seed }
        },
    )
}

/// Bytes for a run's rows: for one cell at a time, for some, for all.
fn budgets() -> impl Strategy<Value = usize> {
    prop_oneof![1..2000_usize, 2000..40_000_usize, 40_000..400_000_usize]
}

/// Puts recorded rows over those of one token in some layers.
struct Put<'a> {
    clean: &'a Activations,
    token: usize,
    site: Site,
    layers: Range<usize>,
}

impl Tap for Put<'_> {
    fn wants(&self, spot: Spot) -> bool {
        spot.site == self.site && self.layers.contains(&spot.layer)
    }

    fn visit(&mut self, spot: Spot, now: Tensor) -> Result<Tensor, mambascope_model::Error> {
        let clean = self.clean.at(spot.site, spot.layer).expect("recorded");
        let rows = (0..now.dim(0)?)
            .map(|row| if row == self.token { clean.get(row) } else { now.get(row) });
        Ok(Tensor::stack(&rows.collect::<Result<Vec<_>, _>>()?, 0)?)
    }

    fn step(
        &mut self,
        spot: Spot,
        token: usize,
        now: Tensor,
    ) -> Result<Tensor, mambascope_model::Error> {
        let clean = self.clean.at(spot.site, spot.layer).expect("recorded");
        Ok(if token == self.token { clean.narrow(0, token, 1)? } else { now })
    }
}

/// A tap that looks at nothing.
struct Nobody;

impl Tap for Nobody {
    fn wants(&self, _: Spot) -> bool {
        false
    }

    fn visit(&mut self, _: Spot, now: Tensor) -> Result<Tensor, mambascope_model::Error> {
        Ok(now)
    }
}

/// ROME's program: p(answer) by sample, token, layer.
fn naive(model: &Model, plan: &Resolved, answer: u32) -> Vec<f64> {
    naive_rows(model, plan).iter().map(|row| share(row, answer)).collect()
}

/// One whole forward pass for each cell and sample: the last row of logits, by sample, token, layer.
fn naive_rows(model: &Model, plan: &Resolved) -> Vec<Vec<f64>> {
    let grid = plan.grid.as_ref().expect("a grid");
    let layers = model.config().layers;
    let spots = |layer| Spot { site: grid.site, layer };
    let all: Vec<Spot> = (0..grid.site.layers(model.config())).map(spots).collect();
    let clean = model.activations(&plan.prompt.ids, &all).expect("recorded");
    let embeddings = model.embeddings(&plan.prompt.ids).expect("embedded");
    let mut scores = Vec::new();
    let Corrupted::Noise { noise, factor, .. } = &plan.corrupted else { panic!("noise") };
    let subject = &plan.prompt.subject;
    let mut noisy = Noisy::new(model, noise, *factor, &embeddings, std::slice::from_ref(subject))
        .expect("fitted");
    for sample in noisy.draw(noise.samples, &Unwatched).expect("drawn") {
        for &token in &grid.tokens {
            for &centre in &grid.layers {
                let restored = grid.window.layers(centre, layers);
                let mut put = Put { clean: &clean, token, site: grid.site, layers: restored };
                let logits = model.run_embeddings(&sample, &mut put).expect("run");
                scores.push(last_row(&logits));
            }
        }
    }
    scores
}

fn last_row(logits: &Tensor) -> Vec<f64> {
    let last = logits.get(logits.dim(0).expect("rows") - 1).expect("a row");
    last.to_dtype(DType::F64).expect("cast").to_vec1().expect("a row")
}

fn probability(logits: &Tensor, answer: u32) -> f64 {
    share(&last_row(logits), answer)
}

fn share(values: &[f64], answer: u32) -> f64 {
    let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (values[answer as usize] - top).exp()
        / values.iter().map(|value| (value - top).exp()).sum::<f64>()
}

fn outcome(trace: &Trace) -> (Resolved, Outcome) {
    let plan = trace.resolve().expect("a sound plan");
    let outcome = run(trace.model(), &plan, &Unwatched).expect("a run");
    (plan, outcome)
}

fn worst(left: &[f64], right: &[f64]) -> f64 {
    assert_eq!(left.len(), right.len());
    left.iter().zip(right).map(|(left, right)| (left - right).abs()).fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_cell_is_the_one_cell_program(case in cases()) {
        let fast = case.model();
        let exact = fast.computed(Compute::Reference64).expect("packed");
        let (plan, ran) = outcome(&case.trace(&exact));
        prop_assert!(worst(&ran.scores, &naive(&exact, &plan, ran.answer)) < EXACT);
        let (plan, ran) = outcome(&case.trace(&fast).answer(ran.answer));
        prop_assert!(worst(&ran.scores, &naive(&fast, &plan, ran.answer)) < FAST);
        prop_assert_eq!(ran.work, planned(&plan, case.config.layers));
    }

    #[test]
    fn restoring_nothing_is_the_corrupted_run(case in cases()) {
        let exact = case.model().computed(Compute::Reference64).expect("packed");
        let noise = Noise::gaussian(0.7).samples(case.samples).seed(case.noise_seed);
        let bare = exact.trace(case.ids.clone()).subject(case.subject.clone()).corrupt(noise);
        let (plan, ran) = outcome(&bare);
        let Corrupted::Noise { noise, factor, .. } = &plan.corrupted else { panic!("noise") };
        let embeddings = exact.embeddings(&case.ids).expect("embedded");
        let mut noisy = Noisy::new(&exact, noise, *factor, &embeddings, std::slice::from_ref(&case.subject)).expect("fitted");
        let samples = noisy.draw(noise.samples, &Unwatched).expect("drawn");
        let alone = samples.iter().map(|sample| {
            let logits = exact.run_embeddings(sample, &mut Nobody).expect("run");
            probability(&logits, ran.answer)
        });
        prop_assert!(worst(&ran.low, &alone.collect::<Vec<_>>()) < EXACT);
        prop_assert!(ran.scores.is_empty());
        prop_assert_eq!(ran.low, outcome(&case.trace(&exact)).1.low);
    }

    #[test]
    fn the_last_residual_of_the_last_token_is_the_clean_run(case in cases()) {
        let model = case.model();
        let trace = case.trace(&model).restore(case.config.layers - 1).window(1);
        let (_, ran) = outcome(&trace.tokens(crate::TokenSet::Last));
        prop_assert!(ran.scores.iter().all(|score| *score == ran.high));
    }

    #[test]
    fn without_noise_nothing_changes(case in cases()) {
        let model = case.model();
        // Noise of size 0 is refused; this one rounds away.
        let silent = case.trace(&model).corrupt(Noise::gaussian(1e-300).samples(2));
        let (_, ran) = outcome(&silent);
        prop_assert!(ran.low.iter().all(|low| *low == ran.high));
        // Inside the scan the first token of a cell is computed step by step: the same sums, rounded elsewhere.
        let allowed = if Entry::of_site(case.site) == Entry::Block { FAST } else { 0.0 };
        prop_assert!(worst(&ran.scores, &vec![ran.high; ran.scores.len()]) <= allowed);
    }

    #[test]
    fn chunks_change_no_bit(case in cases(), budget in budgets()) {
        let model = case.model();
        let (plan, whole) = outcome(&case.trace(&model));
        let parts = run_within(&model, &plan, &Unwatched, budget).expect("a run");
        prop_assert_eq!(whole.scores, parts.scores);
        prop_assert_eq!(whole.low, parts.low);
        prop_assert_eq!(whole.high.to_bits(), parts.high.to_bits());
    }

    #[test]
    fn later_tokens_change_no_earlier_ones(config in configs(), seed in any::<u64>(), ids in prop::collection::vec(0..32_u32, 2..8)) {
        let model = Model::random(&config, seed).expect("a sound shape");
        let shorter = model.logits(&ids[..ids.len() - 1]).expect("run").to_vec2::<f32>().expect("rows");
        let longer = model.logits(&ids).expect("run").to_vec2::<f32>().expect("rows");
        prop_assert_eq!(&shorter[..], &longer[..ids.len() - 1]);
    }
}

#[test]
fn a_sweep_leaves_the_clean_run_as_it_was() {
    let model = Model::random(&Config::tiny(), 5).expect("a sound shape");
    let ids = [3, 1, 4, 1, 5];
    let spots: Vec<Spot> = (0..4).map(|layer| Spot { site: Site::Resid, layer }).collect();
    let values = || -> Vec<Vec<Vec<f32>>> {
        let acts = model.activations(&ids, &spots).expect("recorded");
        acts.iter().map(|(_, tensor)| tensor.to_vec2().expect("rows")).collect()
    };
    let before = values();
    let trace = model.trace(ids).subject(1..3).corrupt(Noise::gaussian(1.0)).restore(Site::ScanOut);
    let first = outcome(&trace).1.scores;
    assert_eq!(before, values());
    assert_eq!(first, outcome(&trace).1.scores);
}

#[test]
fn residual_steps_follow_the_published_formula() {
    let model = Model::random(&Config { layers: 6, ..Config::tiny() }, 2).expect("a sound shape");
    let (tokens, layers, samples, subject) = (7, 6, 3, 2);
    let ids: Vec<u32> = (0..tokens as u32).collect();
    let noise = Noise::gaussian(0.3).samples(samples);
    let (_, ran) = outcome(&model.trace(ids).subject(subject..4).corrupt(noise).restore(..));
    let suffixes: usize = (subject..tokens).map(|token| tokens - token).sum();
    assert_eq!(ran.work.layer_steps, samples * suffixes * layers * (layers - 1) / 2);
    assert_eq!(ran.work.base_steps, layers * tokens * (samples + 1));
}

#[test]
fn a_watcher_can_stop_a_run() {
    struct Stop;
    impl crate::Watch for Stop {
        fn progress(&self, _: Progress) {}
        fn stopped(&self) -> bool {
            true
        }
    }
    let trace =
        Model::tiny().trace([1, 2, 3]).subject(0..1).corrupt(Noise::gaussian(0.1)).restore(..);
    assert!(matches!(trace.run_watched(&Stop), Err(Error::Stopped)));
}

/// Stops at the twenty-first time it is asked.
#[derive(Default)]
struct Asked {
    times: AtomicUsize,
}

impl Watch for Asked {
    fn progress(&self, _: Progress) {}

    fn stopped(&self) -> bool {
        self.times.fetch_add(1, Ordering::Relaxed) == 20
    }
}

#[test]
fn a_run_stops_while_its_noise_is_drawn() {
    let model = Model::tiny();
    let noise = crate::corrupt::Noise::gaussian(0.5).samples(1000);
    let plan = model.trace([5, 9, 2, 7]).subject(1..3).corrupt(noise).resolve().expect("sound");
    let watch = Asked::default();
    let clean = model.embeddings(&plan.prompt.ids).expect("embedded");
    let stopped = corrupted_runs(&model, &plan, &clean, &watch);
    assert!(matches!(stopped, Err(Error::Stopped)));
    assert_eq!(watch.times.into_inner(), 21, "asked before each sample");
}
