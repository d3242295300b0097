//! How long whole grids take at the shape of mamba-130m, with random weights or those of a checkpoint's folder.
//!
//! ```sh
//! cargo run --release -p mambascope --example grid -- 10 [FOLDER]
//! ```
//!
//! The bits of all scores are the same on any number of threads.

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
    let (mut whole, mut planned) = (0.0, 0.0_f64);
    for trace in [
        noisy.restore(Site::Resid),
        noisy.restore(Site::MixerOut).window(10),
        noisy.restore(Site::ScanOut).window(10),
    ] {
        planned = planned.max(trace.memory()?);
        let start = Instant::now();
        let effects = trace.run()?;
        let seconds = start.elapsed().as_secs_f64();
        whole += seconds;
        let (work, config) = (effects.work(), trace.model().config());
        let rate = work.flops(config) / seconds / 1e9;
        println!("{trace}");
        println!("{seconds:.2} s, {rate:.0} GFLOP/s; {effects}");
        let layers = effects.layers().iter();
        let cells = layers.flat_map(|&l| effects.tokens().iter().map(move |&token| (token, l)));
        let scores = cells.flat_map(|(token, layer)| effects.samples(token, layer));
        let digits = scores.fold(0_u64, |digits, score| digits.rotate_left(7) ^ score.to_bits());
        println!("bits of all scores: {digits:016x}");
    }
    println!("whole grid: {whole:.2} s");
    if let Some(peak) = peak() {
        println!("peak memory: {:.0} MB, {:.2} times what was planned", peak / 1e6, peak / planned);
        assert!((0.85..1.15).contains(&(peak / planned)), "the plan says something else");
    }
    Ok(())
}

/// The most bytes of main memory that this process has had, where the system says so.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024.0 * kibibytes)
}
