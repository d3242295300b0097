//! Who is knocked out has no influence at all; who is not, has.

use candle_core::Tensor;
use mambascope_model::{Compute, Config, Error as ModelError, Model, Site, Spot, Tap, Timing};

mod fast;
mod plain;

use self::plain::Cut;
use super::*;
use crate::corrupt::{Corruption, Noise};
use crate::metrics::{Measure, Metric};
use crate::trace::Scope as _;

const IDS: [u32; 6] = [3, 14, 15, 9, 26, 5];

fn model(layers: usize) -> Model {
    let model = Model::random(&Config { layers, ..Config::tiny() }, 11).expect("a sound shape");
    model.computed(Compute::Reference64).expect("packed")
}

fn cut(knock: &KnockOut) -> Cut {
    let settled = check::resolve(knock).expect("a sound knock-out");
    let unseen = check::unseen(knock.trace.model(), &knock.knock).expect("ranked");
    Cut::new(settled.rows[0].sight.clone(), settled.windows[0].1.clone(), unseen)
}

/// The largest change of the last logits when the embedding of one token changes.
fn influence(knock: &KnockOut, token: usize) -> f64 {
    let model = knock.trace.model();
    let ids = check::resolve(knock).expect("a sound knock-out").plan.prompt.ids;
    let embeddings = model.embeddings(&ids).expect("embedded");
    let last = |embeddings: &Tensor| -> Vec<f64> {
        let logits = model.run_embeddings(embeddings, &mut cut(knock)).expect("a run");
        logits.get(ids.len() - 1).expect("a row").to_vec1().expect("f64")
    };
    let (before, after) = (last(&embeddings), last(&moved(&embeddings, token)));
    distance(&before, &after)
}

/// Embeddings with one token's moved.
fn moved(embeddings: &Tensor, token: usize) -> Tensor {
    let mut values: Vec<Vec<f64>> = embeddings.to_vec2().expect("f64");
    for value in &mut values[token] {
        *value += 0.5;
    }
    Tensor::new(values, embeddings.device()).expect("rows")
}

fn distance(before: &[f64], after: &[f64]) -> f64 {
    before.iter().zip(after).map(|(before, after)| (before - after).abs()).fold(0.0, f64::max)
}

fn trace(layers: usize) -> Trace {
    model(layers).trace(IDS).subject(1..3).corrupt(Corruption::Nothing)
}

#[test]
fn with_all_lanes_cut_the_influence_is_zero_to_the_bit() {
    // Whoever comes after the source is a target: nobody relays.
    let knock = trace(4).knock_out(2, 3.., ..);
    assert_eq!(influence(&knock, 2), 0.0);
    assert_eq!(influence(&knock.channels(Channels::Fastest(1.0)), 2), 0.0, "all, by their share");
    assert!(influence(&knock, 1) > 1e-6, "others are still seen");
    for lanes in [Lanes::Scan, Lanes::Convolution] {
        assert!(influence(&knock.lanes(lanes), 2) > 1e-9, "one lane is left: {lanes:?}");
    }
    assert!(influence(&trace(4).knock_out(2, 3.., 1..), 2) > 1e-9, "one layer is left");
    assert!(influence(&trace(4).knock_out(2, TokenSet::Last, ..), 2) > 1e-9, "others relay");
    for channels in [Channels::Slowest(0.5), Channels::Fastest(0.5)] {
        for rest in [Rest::Whole, Rest::Undecayed] {
            let some = knock.channels(channels).rest(rest);
            assert!(influence(&some, 2) > 1e-9, "channels are left: {channels:?}, {rest:?}");
        }
    }
}

/// p(answer) with one token knocked out, whatever that token is.
fn with_other_source(token: u32, knock: impl Fn(&Trace) -> KnockOut) -> f64 {
    let mut ids = IDS;
    ids[2] = token;
    let trace = model(4).trace(ids).subject(1..3).answer(7);
    knock(&trace).run().expect("a run").scores()[0]
}

#[test]
fn the_wavefront_has_no_influence_either() {
    let score = |token, lanes, removal| {
        with_other_source(token, |trace| trace.knock_out(2, 3.., ..).lanes(lanes).removal(removal))
    };
    let same = |lanes, removal| score(15, lanes, removal) == score(8, lanes, removal);
    assert!(same(Lanes::Both, Removal::Invisible), "to the bit");
    assert!(
        !same(Lanes::Scan, Removal::Invisible) && !same(Lanes::Convolution, Removal::Invisible)
    );
    assert!(!same(Lanes::Both, Removal::Write), "what came before decays by its time step");
    let some = |token| {
        with_other_source(token, |trace| {
            trace.knock_out(2, 3.., ..).channels(Channels::Slowest(0.5))
        })
    };
    assert_ne!(some(15), some(8), "channels are left");
}

/// One layer whose convolution sees the token alone, so that no other token relays.
fn alone() -> Trace {
    let config = Config { layers: 1, convolution: 1, ..Config::tiny() };
    let model = Model::random(&config, 11).expect("a sound shape");
    let model = model.computed(Compute::Reference64).expect("packed");
    model.trace(IDS).subject(1..3).corrupt(Corruption::Nothing)
}

#[test]
fn in_one_layer_nobody_relays() {
    assert_eq!(influence(&alone().knock_out(2, TokenSet::Last, ..), 2), 0.0);
    // The last window still holds this one, so the convolution is a lane of its own.
    let near = trace(1).knock_out(4, TokenSet::Last, ..);
    assert!(influence(&near.lanes(Lanes::Scan), 4) > 1e-9);
    assert!(influence(&near.lanes(Lanes::Convolution), 4) > 1e-9);
    assert_eq!(influence(&near, 4), 0.0);
}

#[test]
fn a_removed_write_still_decays() {
    let cut = alone().knock_out(2, TokenSet::Last, ..).removal(Removal::Write);
    assert!(influence(&cut, 2) > 0.0, "what came before the source decays by its time step");
    let first = alone().knock_out(0, TokenSet::Last, ..).removal(Removal::Write);
    assert_eq!(influence(&first, 0), 0.0, "nothing came before the first token");
}

#[test]
fn out_of_reach_is_no_change() {
    // The windows of the last token hold three tokens before it.
    let knock = trace(3).knock_out(0..2, TokenSet::Last, ..).lanes(Lanes::Convolution).window(1);
    let knocked = knock.run().expect("a run");
    assert_eq!(knocked.relative(), [0.0; 3]);
    assert_eq!(knocked.work().layer_steps, 0);
}

/// A cut that also keeps what the last token reads.
struct Reads(Cut, Vec<f64>);

impl Tap for Reads {
    fn wants(&self, spot: Spot) -> bool {
        self.0.wants(spot)
            || (spot.site == Site::ScanRead && self.0.wants(Spot { site: Site::State, ..spot }))
    }

    fn timing(&self, spot: Spot) -> Timing {
        self.0.timing(spot)
    }

    fn visit(&mut self, spot: Spot, now: Tensor) -> Result<Tensor, ModelError> {
        if spot.site == Site::ScanRead {
            self.1 = now.get(now.dim(0)? - 1)?.to_vec1()?;
            return Ok(now);
        }
        self.0.visit(spot, now)
    }

    fn step(&mut self, spot: Spot, token: usize, now: Tensor) -> Result<Tensor, ModelError> {
        self.0.step(spot, token, now)
    }
}

/// What the last token reads of each channel under a knock-out.
fn read(knock: &KnockOut, embeddings: &Tensor) -> Vec<f64> {
    let mut reads = Reads(cut(knock), Vec::new());
    knock.trace.model().run_embeddings(embeddings, &mut reads).expect("a run");
    reads.1
}

#[test]
fn channels_that_are_cut_see_nothing_and_the_others_do() {
    let embeddings = alone().model().embeddings(&IDS).expect("embedded");
    let moved = moved(&embeddings, 2);
    for channels in [Channels::Slowest(0.25), Channels::Fastest(0.25)] {
        for rest in [Rest::Whole, Rest::Undecayed] {
            let knock = alone().knock_out(2, TokenSet::Last, ..).channels(channels).rest(rest);
            let cut = channels.of(knock.trace.model(), 0).expect("ranked").expect("some");
            assert_eq!(cut.len(), 8, "a quarter of 32");
            let (before, after) = (read(&knock, &embeddings), read(&knock, &moved));
            for channel in 0..32 {
                let change = (before[channel] - after[channel]).abs();
                assert_eq!(
                    change == 0.0,
                    cut.contains(&channel),
                    "{channels:?}, {rest:?}, {channel}"
                );
            }
        }
    }
}

/// What the last token of layer 1 reads of a channel by the published recurrence: a loop over tokens and numbers.
struct Published {
    decay: Vec<f64>,
    write: Vec<f64>,
    c: Vec<f64>,
    size: usize,
    width: usize,
}

impl Published {
    fn of(model: &Model) -> Self {
        let spots = [Site::Decay, Site::Write, Site::C].map(|site| Spot { site, layer: 1 });
        let acts = model.activations(&IDS, &spots).expect("a run");
        let values = |site| -> Vec<f64> {
            acts.at(site, 1).expect("kept").flatten_all().expect("flat").to_vec1().expect("f64")
        };
        let size = model.config().state;
        let (decay, write, c) = (values(Site::Decay), values(Site::Write), values(Site::C));
        Self { decay, write, c, size, width: model.config().inner * size }
    }

    /// `ko = ko` or `ko = Abar ko` at a source, and `ko += mask Bx` where a channel keeps its write.
    fn read(&self, removal: Removal, keeps: impl Fn(usize) -> bool) -> Vec<f64> {
        let mut state = vec![0.0; self.width];
        for token in 0..IDS.len() {
            let source = (1..3).contains(&token);
            for (place, state) in state.iter_mut().enumerate() {
                let at = token * self.width + place;
                if !(source && removal == Removal::Invisible) {
                    *state *= self.decay[at];
                }
                if !source || keeps(place / self.size) {
                    *state += self.write[at];
                }
            }
        }
        let c = &self.c[(IDS.len() - 1) * self.size..];
        let read = |channel: &[f64]| channel.iter().zip(c).map(|(state, c)| state * c).sum();
        state.chunks(self.size).map(read).collect()
    }
}

#[test]
fn the_state_without_the_sources_is_the_published_recurrence() {
    let knock = trace(2).knock_out(1..3, TokenSet::Last, 1..2).lanes(Lanes::Scan);
    let model = knock.trace.model();
    let published = Published::of(model);
    let embeddings = model.embeddings(&IDS).expect("embedded");
    let third = Channels::Fastest(2.0 / 3.0);
    let cut = third.of(model, 1).expect("ranked").expect("some");
    let kept = |channel: usize| !cut.contains(&channel);
    let cases = [
        (knock.removal(Removal::Invisible), published.read(Removal::Invisible, |_| false)),
        (knock.removal(Removal::Write), published.read(Removal::Write, |_| false)),
        (knock.removal(Removal::Write).channels(third), published.read(Removal::Write, kept)),
        (knock.channels(third).rest(Rest::Undecayed), published.read(Removal::Invisible, kept)),
    ];
    for (knock, expected) in cases {
        let found = read(&knock, &embeddings);
        assert_eq!(found.len(), model.config().inner);
        assert!(distance(&found, &expected) < 1e-12, "{}", knock.explain());
    }
}

#[test]
fn the_ranking_is_by_what_a_channel_keeps() {
    let model = Model::tiny();
    let name = "backbone.layers.2.mixer.A_log";
    let a_log: Vec<Vec<f32>> =
        model.tensors().tensor(name).expect("a tensor").to_vec2().expect("rows");
    let kept = |channel: usize| -> f64 {
        a_log[channel].iter().map(|value| (-f64::from(*value).exp()).exp()).sum()
    };
    let slow = Channels::Slowest(0.25).of(&model, 2).expect("ranked").expect("some");
    let least = slow.iter().map(|&channel| kept(channel)).fold(f64::INFINITY, f64::min);
    let others = (0..32).filter(|channel| !slow.contains(channel));
    assert!(others.map(kept).all(|kept| kept <= least));
}

#[test]
fn what_is_written_reads_back() {
    let measured = trace(3).metrics([Metric::Rank]);
    let knock = measured.knock_out(1..3, TokenSet::Last, ..).and(0, 3..).window(1);
    let knocked = knock.run().expect("a run");
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    for name in ["k.npz", "k.json", "k.csv", "k.svg"] {
        knocked.save(file(name)).expect(name);
    }
    assert_eq!(Knocked::open(file("k.npz")).expect("read"), knocked);
    let json = std::fs::read_to_string(file("k.json")).expect("a file");
    assert_eq!(Knocked::from_json(&json).expect("read"), knocked);
    assert!(Knocked::from_json(&json.replacen("\"rows\": [", "\"rows\": [\"more\",", 1)).is_err());
    let csv = std::fs::read_to_string(file("k.csv")).expect("a file");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 1 + 2 * 3);
    assert!(lines[0].ends_with(",p,relative,rank"), "{}", lines[0]);
    assert!(lines[6].starts_with("token 0 to tokens 3..,0,1,3,6,2,2,3,"), "{}", lines[6]);
    assert!(knocked.save(file("k.safetensors")).is_err());
    assert!(knocked.heatmap().expect("a map").svg().contains("token 0 to tokens 3.."));
}

/// Every metric of the last row of logits under a knock-out's tap, by a pass of its own.
#[test]
fn all_metrics_are_of_the_same_runs() {
    let measured = alone().foil(3).metrics(Metric::ALL);
    let knock = measured.knock_out(1..3, TokenSet::Last, ..);
    let (model, knocked) = (knock.trace.model(), knock.run().expect("a run"));
    let last = |logits: Tensor| -> Vec<f64> {
        logits.get(IDS.len() - 1).expect("a row").to_vec1().expect("f64")
    };
    let clean = last(model.logits(&IDS).expect("a run"));
    let known = model.config().known_vocabulary;
    let measure = Measure::new(&clean, known, knocked.answer_id()).expect("finite").foil(3);
    let row = measure.of(&last(model.run_with(&IDS, &mut cut(&knock)).expect("a run")));
    assert_eq!(knocked.metrics(), Metric::ALL);
    for metric in Metric::ALL {
        let front = knocked.metric(metric).expect("measured");
        let off = (front.scores()[0] - metric.of(&row)).abs();
        assert!(off < 1e-10, "{metric}: {off}");
        let clean = metric.of(&measure.of(&clean));
        assert!((front.high() - clean).abs() < 1e-10, "{metric} of the clean run");
        assert_eq!(front.metric(Metric::Probability).expect("measured").scores(), knocked.scores());
    }
    assert!(
        alone()
            .knock_out(1..3, TokenSet::Last, ..)
            .run()
            .expect("a run")
            .metric(Metric::Rank)
            .is_err()
    );
    let divergence = knocked.metric(Metric::Divergence).expect("measured");
    assert!(
        divergence.to_string().starts_with("KL divergence clean 0.0000, highest"),
        "{divergence}"
    );
}

#[test]
fn a_trace_is_no_knock_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("trace.npz");
    let noisy = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
    noisy.restore(Site::Gate).run().expect("a run").save(&file).expect("written");
    let error = Knocked::open(&file).expect_err("a trace");
    assert!(error.to_string().ends_with("help: name an npz that `knock-out` wrote"), "{error}");
}
