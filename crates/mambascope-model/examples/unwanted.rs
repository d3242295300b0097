//! What a site costs that is looked at, and one that is not: `cargo run --release --example unwanted`.
//!
//! Times whole prompts on a random model of a quarter of mamba-130m's width, in turns, so that a busy machine slows all
//! alike; prints the fastest of each.
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::time::{Duration, Instant};

use candle_core::Tensor;
use mambascope_model::{Config, Error, Model, Site, Spot, Tap};

const TURNS: usize = 400;

/// Looks at one site of layer 3, if at all.
struct Looks(Option<Site>);

impl Tap for Looks {
    fn wants(&self, spot: Spot) -> bool {
        Some(spot.site) == self.0 && spot.layer == 3
    }

    fn visit(&mut self, _: Spot, now: Tensor) -> Result<Tensor, Error> {
        Ok(now)
    }
}

fn main() -> Result<(), Error> {
    let config = Config {
        width: 192,
        inner: 384,
        state: 16,
        rank: 12,
        layers: 12,
        vocabulary: 1024,
        known_vocabulary: 1024,
        ..Config::tiny()
    };
    let model = Model::random(&config, 1)?;
    let ids: Vec<u32> = (0..32).map(|token| token * 17 % 1024).collect();
    let taps = [
        ("no tap", None),
        ("a tap that wants nothing", Some(None)),
        ("scan_out of one layer", Some(Some(Site::ScanOut))),
        ("state of one layer", Some(Some(Site::State))),
    ];
    let mut fastest = [Duration::MAX; 4];
    for turn in 0..TURNS {
        // Each comes after each other one equally often.
        for index in (0..taps.len()).map(|index| (index + turn) % taps.len()) {
            let start = Instant::now();
            match &taps[index].1 {
                None => model.logits(&ids)?,
                Some(site) => model.run_with(&ids, &mut Looks(*site))?,
            };
            fastest[index] = start.elapsed().min(fastest[index]);
        }
    }
    for ((name, _), time) in taps.iter().zip(fastest) {
        println!("{name:<26}{:8.2} ms", 1e3 * time.as_secs_f64());
    }
    Ok(())
}
