//! How long whole grids take at the shape of mamba-130m, with random weights.
//!
//! ```sh
//! cargo run --release -p mambascope --example grid -- 10
//! ```

#![expect(clippy::print_stdout, reason = "it is a report")]

use std::time::Instant;

use mambascope::model::Config;
use mambascope::prelude::*;

fn main() -> Result<(), Error> {
    let tokens: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10);
    let config = Config {
        layers: 24,
        width: 768,
        inner: 1536,
        state: 16,
        convolution: 4,
        rank: 48,
        vocabulary: 50280,
        known_vocabulary: 50277,
        ..Config::tiny()
    };
    let start = Instant::now();
    let model = Model::random(&config, 1)?;
    println!("made in {:.2} s", start.elapsed().as_secs_f64());
    let ids: Vec<u32> = (0..tokens as u32).map(|token| 1000 + 37 * token).collect();
    let noisy = model.trace(ids).subject(2..5).corrupt(Noise::gaussian(0.1).samples(10));
    let mut whole = 0.0;
    for trace in [
        noisy.restore(Site::Resid),
        noisy.restore(Site::MixerOut).window(10),
        noisy.restore(Site::ScanOut).window(10),
    ] {
        let start = Instant::now();
        let effects = trace.run()?;
        let seconds = start.elapsed().as_secs_f64();
        whole += seconds;
        println!("{}: {seconds:.2} s; {effects}", effects.site());
    }
    println!("whole grid: {whole:.2} s");
    Ok(())
}
