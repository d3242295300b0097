//! The memory that a plan says it takes is what its run takes, within 15 %.

#![cfg(target_os = "linux")]

use mambascope::model::Config;
use mambascope::prelude::*;

/// The most bytes of main memory that this process has had.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    let kibibytes = line.trim().strip_suffix("kB").expect("kilobytes").trim();
    1024.0 * kibibytes.parse::<f64>().expect("a number")
}

/// The only test of its process, so that nothing else is in its peak.
#[test]
fn a_run_takes_the_memory_that_its_plan_says() {
    let config = Config {
        width: 512,
        inner: 1024,
        layers: 12,
        state: 16,
        rank: 32,
        vocabulary: 50_000,
        known_vocabulary: 50_000,
        ..Config::tiny()
    };
    let model = Model::random(&config, 1).expect("a sound shape").threads(2).expect("threads");
    let trace = model.trace([5, 900, 33, 2100, 7, 64]).subject(1..3);
    let trace = trace.corrupt(Noise::gaussian(0.7).samples(6)).restore(..);
    let planned = trace.memory().expect("a sound plan");
    trace.run().expect("a run");
    let ratio = peak() / planned;
    assert!(
        (0.85..1.15).contains(&ratio),
        "{planned:.0} bytes were planned, {ratio:.2} times that taken"
    );
}
