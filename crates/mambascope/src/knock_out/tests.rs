//! Who is knocked out has no influence at all; who is not, has.

use mambascope_model::{Compute, Config, Model};

use super::*;
use crate::corrupt::Corruption;
use crate::trace::Scope as _;

const IDS: [u32; 6] = [3, 14, 15, 9, 26, 5];

fn model(layers: usize) -> Model {
    let model = Model::random(&Config { layers, ..Config::tiny() }, 11).expect("a sound shape");
    model.computed(Compute::Reference64).expect("packed")
}

/// The largest change of the last logits when the embedding of one token changes.
fn influence(knock: &KnockOut, token: usize) -> f64 {
    let model = knock.trace.model();
    let (ids, _, tap) = knock.resolve().expect("a sound knock-out");
    let layers = knock.runs_of_layers().expect("layers").remove(0);
    let embeddings = model.embeddings(&ids).expect("embedded");
    let last = |embeddings: &Tensor| -> Vec<f64> {
        let mut tap = Cut { layers: layers.clone(), ..tap.clone() };
        let logits = model.run_embeddings(embeddings, &mut tap).expect("a run");
        logits.get(ids.len() - 1).expect("a row").to_vec1().expect("f64")
    };
    let mut values: Vec<Vec<f64>> = embeddings.to_vec2().expect("f64");
    for value in &mut values[token] {
        *value += 0.5;
    }
    let moved = Tensor::new(values, embeddings.device()).expect("rows");
    let (before, after) = (last(&embeddings), last(&moved));
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
    assert!(influence(&knock, 1) > 1e-6, "others are still seen");
    for lanes in [Lanes::Scan, Lanes::Convolution] {
        assert!(influence(&knock.lanes(lanes), 2) > 1e-9, "one lane is left: {lanes:?}");
    }
    assert!(influence(&trace(4).knock_out(2, 3.., 1..), 2) > 1e-9, "one layer is left");
    assert!(influence(&trace(4).knock_out(2, TokenSet::Last, ..), 2) > 1e-9, "others relay");
    assert!(influence(&knock.channels(Channels::Slowest(0.5)), 2) > 1e-9, "channels are left");
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
fn no_source_is_no_change() {
    let model = model(3);
    let trace = model.trace(IDS).subject(1..3).corrupt(Corruption::Nothing);
    // Sources before targets that are not in the window of any: the scan of no channel sees a difference.
    let knocked = trace.knock_out(0..1, 0..1, ..).lanes(Lanes::Convolution).window(1).run();
    let knocked = knocked.expect("a run");
    assert_eq!(knocked.scores().len(), 3);
    assert!(knocked.relative().iter().all(|change| change.is_finite()));
}

/// A cut that also keeps what the last token reads.
struct Reads(Cut, Vec<f64>);

impl Tap for Reads {
    fn wants(&self, spot: Spot) -> bool {
        self.0.wants(spot) || (spot.site == Site::ScanRead && spot.layer == 1)
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

#[test]
fn the_state_without_the_sources_is_the_published_recurrence() {
    let knock = trace(2).knock_out(1..3, TokenSet::Last, 1..2).lanes(Lanes::Scan);
    for removal in [Removal::Invisible, Removal::Write] {
        let knock = knock.removal(removal);
        let model = knock.trace.model();
        let spots = [Site::Decay, Site::Write, Site::C, Site::ScanRead, Site::ScanOut];
        let spots = spots.map(|site| Spot { site, layer: 1 });
        let acts = model.activations(&IDS, &spots).expect("a run");
        let values = |site| -> Vec<f64> {
            acts.at(site, 1).expect("kept").flatten_all().expect("flat").to_vec1().expect("f64")
        };
        let (decay, write, c) = (values(Site::Decay), values(Site::Write), values(Site::C));
        let size = model.config().state;
        let width = model.config().inner * size;
        let mut state = vec![0.0; width];
        for token in 0..IDS.len() {
            let source = (1..3).contains(&token);
            for place in 0..width {
                let at = token * width + place;
                let decay = if source && removal == Removal::Invisible { 1.0 } else { decay[at] };
                state[place] = decay * state[place] + if source { 0.0 } else { write[at] };
            }
        }
        let read = |channel: usize| -> f64 {
            (0..size).map(|n| state[channel * size + n] * c[(IDS.len() - 1) * size + n]).sum()
        };
        let (_, _, tap) = knock.resolve().expect("sound");
        let mut reads = Reads(Cut { layers: 1..2, ..tap }, Vec::new());
        model.run_with(&IDS, &mut reads).expect("a run");
        assert_eq!(reads.1.len(), model.config().inner);
        for (channel, found) in reads.1.iter().enumerate() {
            assert!((found - read(channel)).abs() < 1e-12, "{removal:?}, channel {channel}");
        }
    }
}
