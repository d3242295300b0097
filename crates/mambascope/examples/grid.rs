//! How long whole grids take at the shape of mamba-130m, with random weights or those of a checkpoint's folder: three
//! maps in one walk up the layers, or each in one of its own.
//!
//! ```sh
//! cargo run --release -p mambascope --example grid -- 10 [FOLDER [alone]]
//! ```
//!
//! The bits of all scores are the same together and alone, and on any number of threads.

#![expect(clippy::print_stdout, reason = "it is a report")]

use std::time::Instant;

use mambascope::model::Config;
use mambascope::prelude::*;

fn main() -> Result<(), Error> {
    let tokens: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10);
    let start = Instant::now();
    let model = match std::env::args().nth(2) {
        Some(folder) => Model::from_dir(folder).load()?,
        None => Model::random(&Config::mamba_130m(), 1)?,
    };
    println!("made in {:.2} s", start.elapsed().as_secs_f64());
    let ids: Vec<u32> = (0..tokens as u32).map(|token| 1000 + 37 * token).collect();
    let noisy =
        model.trace(ids).subject(2..5).answer(777_u32).corrupt(Noise::gaussian(0.1).samples(10));
    let traces = [
        noisy.restore(Site::Resid),
        noisy.restore(Site::MixerOut).window(10),
        noisy.restore(Site::ScanOut).window(10),
    ];
    let walks = if std::env::args().nth(3).is_some_and(|word| word == "alone") {
        traces.map(|trace| together([trace])).to_vec()
    } else {
        vec![together(traces)]
    };
    let (mut whole, mut planned) = (0.0, 0.0_f64);
    for walk in walks {
        planned = planned.max(walk.memory()?);
        let start = Instant::now();
        let maps = walk.run()?;
        let seconds = start.elapsed().as_secs_f64();
        whole += seconds;
        println!("{walk}");
        let flops: f64 = maps.iter().map(|map| map.work().flops(model.config())).sum();
        println!("{seconds:.2} s, {:.0} GFLOP/s", flops / seconds / 1e9);
        for map in &maps {
            println!("{}: {map}; bits of all scores: {:016x}", map.site(), digits(map));
        }
    }
    println!("whole grid: {whole:.2} s");
    if let Some(peak) = peak() {
        println!("peak memory: {:.0} MB, {:.2} times what was planned", peak / 1e6, peak / planned);
        assert!((0.85..1.15).contains(&(peak / planned)), "the plan says something else");
    }
    Ok(())
}

/// Digits in which every bit of every score counts.
fn digits(map: &Effects) -> u64 {
    let layers = map.layers().iter();
    let cells = layers.flat_map(|&layer| map.tokens().iter().map(move |&token| (token, layer)));
    let scores = cells.flat_map(|(token, layer)| map.samples(token, layer));
    scores.fold(0_u64, |digits, score| digits.rotate_left(7) ^ score.to_bits())
}

/// The most bytes of main memory that this process has had, where the system says so.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024.0 * kibibytes)
}
