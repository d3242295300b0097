//! The wavefront's knock-outs against the reference, and their work against its formula.

use std::ops::Range;

use mambascope_model::{Compute, Config, Model};
use proptest::prelude::*;

use super::*;
use crate::watch::Unwatched;
use crate::wavefront::tests::configs;

/// f64 leaves rounding of about 1e-16 a step, and a few hundred steps.
const EXACT: f64 = 1e-10;
/// f32 on the fast path, scores between 0 and 1.
const FAST: f64 = 1e-5;

/// A grid of knock-outs, drawn.
#[derive(Debug, Clone)]
struct Said {
    config: Config,
    model_seed: u64,
    ids: Vec<u32>,
    pairs: Vec<(Range<usize>, Range<usize>)>,
    each: bool,
    window: Option<usize>,
    first_layer: usize,
    lanes: Lanes,
    removal: Removal,
    channels: Channels,
    rest: Rest,
    mean: bool,
}

fn said() -> impl Strategy<Value = Said> {
    let prompt = (1..8_usize).prop_flat_map(|length| {
        let ends = (0..length, 1..4_usize, 0..length, 1..4_usize);
        (prop::collection::vec(0..32_u32, length), prop::collection::vec(ends, 1..4))
    });
    let how = (0..3_u8, any::<bool>(), 0..5_u8, 0..8_u8);
    let grid = (any::<bool>(), prop::option::of(1..4_usize), 0..4_usize);
    (configs(), any::<u64>(), prompt, grid, how).prop_map(
        |(config, model_seed, (ids, ends), (each, window, first), how)| {
            let length = ids.len();
            let pairs = ends.into_iter().map(|(one, wide, other, broad)| {
                // Whoever comes first is the source, so that someone could see it.
                let (from, to) = (one.min(other), one.max(other));
                (from..length.min(from + wide), to..length.min(to + broad))
            });
            // A pair that is named twice is refused.
            let mut pairs: Vec<(Range<usize>, Range<usize>)> = pairs.collect();
            pairs.sort_by_key(|(from, to)| (from.start, from.end, to.start, to.end));
            pairs.dedup();
            let (lanes, invisible, channels, mean) = how;
            let mean = mean == 0;
            let lanes = [Lanes::Both, Lanes::Scan, Lanes::Convolution][usize::from(lanes)];
            let lanes = if mean { Lanes::Both } else { lanes };
            let cut = lanes.scan() && !mean;
            let removal = if cut && !invisible { Removal::Write } else { Removal::Invisible };
            let (channels, rest) = match channels {
                1 if cut => (Channels::Slowest(0.4), Rest::Whole),
                2 if cut => (Channels::Fastest(0.25), Rest::Whole),
                3 if cut && invisible => (Channels::Slowest(0.5), Rest::Undecayed),
                4 if cut && invisible => (Channels::Fastest(0.3), Rest::Undecayed),
                _ => (Channels::All, Rest::Whole),
            };
            Said {
                first_layer: first % config.layers,
                pairs,
                config,
                model_seed,
                ids,
                each,
                window,
                lanes,
                removal,
                channels,
                rest,
                mean,
            }
        },
    )
}

impl Said {
    fn knock_out(&self, model: &Model, answer: u32) -> KnockOut {
        let trace = model.trace(self.ids.clone()).subject(0..1).answer(answer);
        let (from, to) = self.pairs[0].clone();
        let mut knock = trace
            .knock_out(from, to, self.first_layer..)
            .sources(if self.each { Sources::Each } else { Sources::Together })
            .lanes(self.lanes)
            .removal(self.removal)
            .channels(self.channels)
            .rest(self.rest);
        for (from, to) in self.pairs[1..].iter().cloned() {
            knock = knock.and(from, to);
        }
        if let Some(size) = self.window {
            knock = knock.window(size);
        }
        if self.mean { knock.mean([vec![3_u32, 4], vec![5, 6, 7]]) } else { knock }
    }

    /// A layer-step for each token from the first that reads something else on, in each layer from the lowest cut one up.
    fn steps(&self) -> usize {
        let (layers, tokens) = (self.config.layers, self.ids.len());
        let starts = |centre: usize| {
            self.window.map_or(self.first_layer, |size| centre.saturating_sub(size / 2))
        };
        let columns = if self.window.is_some() { layers - self.first_layer } else { 1 };
        let heights = (self.first_layer..).take(columns).map(|centre| layers - starts(centre));
        let height: usize = heights.sum();
        let singles = |(from, to): &(Range<usize>, Range<usize>)| -> Vec<_> {
            let (from, to) = (from.clone(), to.clone());
            if !self.each {
                return vec![(from, to)];
            }
            let seen = from.filter(|token| *token < to.end);
            seen.map(|token| (token..token + 1, to.clone())).collect()
        };
        let pairs = self.pairs.iter().flat_map(singles);
        pairs
            .map(|(from, to)| height * self.changed(&from, &to).map_or(0, |first| tokens - first))
            .sum()
    }

    /// The first token that reads something else.
    fn changed(&self, from: &Range<usize>, to: &Range<usize>) -> Option<usize> {
        if self.mean {
            return Some(from.start);
        }
        to.clone().find(|&token| {
            from.clone().any(|source| {
                let reach =
                    if self.lanes.scan() { usize::MAX } else { self.config.convolution - 1 };
                source <= token && token - source <= reach
            })
        })
    }
}

fn worst(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_knock_out_is_the_reference(said in said()) {
        let model = Model::random(&said.config, said.model_seed).expect("a sound shape");
        let exact = model.computed(Compute::Reference64).expect("packed");
        let knock_out = said.knock_out(&exact, 7);
        let found = knock_out.run().expect("a run");
        let expected = plain::scores(&knock_out, 7);
        prop_assert!(worst(found.scores(), &expected) < EXACT, "{}", knock_out.explain());
        let fast = said.knock_out(&model, 7).run().expect("a run");
        prop_assert!(worst(fast.scores(), found.scores()) < FAST);
        let (layers, tokens) = (said.config.layers, said.ids.len());
        let work = found.work();
        prop_assert_eq!((work.base_steps, work.layer_steps), (layers * tokens, said.steps()));
        let steps = format!("{} layer-steps", crate::explain::grouped(layers * tokens + said.steps()));
        prop_assert!(knock_out.explain().contains(&steps), "{}", knock_out.explain());
    }
}

#[test]
fn chunks_change_no_bit() {
    let model = Model::tiny();
    let trace = model.trace([3, 14, 15, 9, 26, 5]).subject(1..3);
    let knock = trace.knock_out(0.., 3.., ..).sources(Sources::Each).window(2);
    let settled = check::resolve(&knock).expect("sound");
    let cuts = settled.cuts(&knock, &Unwatched).expect("ranked");
    let run = |budget| {
        let plan = &settled.plan;
        let watch = &crate::watch::Unwatched;
        wavefront::knock_out_within(&model, plan, &cuts, watch, budget).expect("a run").scores
    };
    assert_eq!(run(1), run(1 << 30));
}
