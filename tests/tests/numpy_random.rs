//! The noise source against numpy's own streams, bit for bit.

use std::collections::BTreeMap;

use mambascope::random::RandomState;
use mambascope_tests::golden;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Golden {
    seeds: BTreeMap<u32, Streams>,
}

#[derive(Debug, Deserialize)]
struct Streams {
    randn: Stream,
    uniform: Stream,
    chisquare_3: Stream,
    #[serde(rename = "chisquare_0.7")]
    chisquare_small: Stream,
}

#[derive(Debug, Deserialize)]
struct Stream {
    first: Vec<String>,
    later: BTreeMap<usize, String>,
}

#[test]
fn streams_are_numpys() {
    let text = std::fs::read_to_string(golden().join("numpy_random.json")).expect("a golden");
    let golden: Golden = serde_json::from_str(&text).expect("json");
    let mut compared = 0;
    for (&seed, streams) in &golden.seeds {
        let source = || RandomState::new(seed);
        compared += compare(&streams.randn, |count| source().normals(count));
        compared += compare(&streams.uniform, |count| source().uniform(-1.0, 1.0, count));
        compared += compare(&streams.chisquare_3, |count| source().chi_squares(3.0, count));
        compared += compare(&streams.chisquare_small, |count| source().chi_squares(0.7, count));
    }
    assert!(compared > 900, "only {compared} draws");
}

/// Compares a stream's stored draws; returns how many there are.
fn compare(stream: &Stream, draw: impl Fn(usize) -> Vec<f64>) -> usize {
    let count = stream.later.keys().last().map_or(0, |last| last + 1).max(stream.first.len());
    let found = draw(count);
    let first = stream.first.iter().enumerate();
    let stored = first.chain(stream.later.iter().map(|(index, bits)| (*index, bits)));
    for (index, bits) in stored {
        let expected = u64::from_str_radix(bits, 16).expect("hex digits");
        assert_eq!(found[index].to_bits(), expected, "draw {index}");
    }
    stream.first.len() + stream.later.len()
}
