//! The draws against numpy's own: the committed golden, and the values that the field's other
//! programs are known by.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::RandomState;

const GOLDEN: &str = include_str!("../../tests/golden/numpy_random.json");

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    mixed: Vec<Mixed>,
}

#[derive(Deserialize)]
struct Case {
    seed: u32,
    draw: Draw,
    arguments: Vec<f64>,
    count: usize,
    first: Vec<String>,
    last: Vec<String>,
    sha256: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Draw {
    Normals,
    Uniform,
    ChiSquares,
}

#[derive(Deserialize)]
struct Mixed {
    seed: u32,
    normals_3: Vec<String>,
    uniform_2: Vec<String>,
    normals_4: Vec<String>,
    chi_squares_5: Vec<String>,
    normals_1: Vec<String>,
}

impl Case {
    fn values(&self) -> Vec<f64> {
        let mut state = RandomState::new(self.seed);
        match self.draw {
            Draw::Normals => state.normals(self.count),
            Draw::Uniform => state.uniform(self.arguments[0], self.arguments[1], self.count),
            Draw::ChiSquares => state.chi_squares(self.arguments[0], self.count),
        }
    }
}

fn golden() -> Golden {
    serde_json::from_str(GOLDEN).expect("the golden is the script's JSON")
}

/// The golden was made with Linux's mathematical library; another may round otherwise, by one
/// place.
fn assert_same(found: f64, expected: f64, what: &str) {
    let distance = found.to_bits().abs_diff(expected.to_bits());
    let near = if cfg!(target_os = "linux") { distance == 0 } else { distance <= 1 };
    assert!(near, "{what}: {found} is {distance} last places from {expected}");
}

fn assert_bits(found: &[f64], expected: &[String], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (value, bits) in found.iter().zip(expected) {
        let bits = u64::from_str_radix(bits, 16).expect("the golden holds hexadecimal words");
        assert_same(*value, f64::from_bits(bits), what);
    }
}

fn sha256(values: &[f64]) -> String {
    let mut digest = Sha256::new();
    for value in values {
        digest.update(value.to_le_bytes());
    }
    digest.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[test]
fn draws_equal_numpys() {
    for case in golden().cases {
        let what = format!("{:?}({:?}) of seed {}", case.draw, case.arguments, case.seed);
        let values = case.values();
        assert_bits(&values[..case.first.len()], &case.first, &what);
        // A rejection that falls the other way by one last place would shift all that follows: only
        // Linux is held to the end.
        if cfg!(target_os = "linux") {
            assert_bits(&values[values.len() - case.last.len()..], &case.last, &what);
            assert_eq!(sha256(&values), case.sha256, "{what}");
        }
    }
}

#[test]
fn the_kept_normal_survives_other_draws() {
    for mixed in golden().mixed {
        let mut state = RandomState::new(mixed.seed);
        assert_bits(&state.normals(3), &mixed.normals_3, "three normals");
        assert_bits(&state.uniform(-1.0, 1.0, 2), &mixed.uniform_2, "two uniforms");
        assert_bits(&state.normals(4), &mixed.normals_4, "four normals");
        assert_bits(&state.chi_squares(5.0, 5), &mixed.chi_squares_5, "five chi-squares");
        assert_bits(&state.normals(1), &mixed.normals_1, "one normal");
    }
}

/// `RandomState(1).randn(10, tokens, width)` at ROME's shapes, by some of its elements and its sum.
struct Noise {
    tokens: usize,
    width: usize,
    elements: &'static [([usize; 3], f64)],
    sum: f64,
}

const ROME: [Noise; 3] = [
    Noise {
        tokens: 4,
        width: 1600,
        elements: &[
            ([0, 0, 0], 1.624_345_363_663_241_7),
            ([0, 0, 1], -0.611_756_413_650_075_4),
            ([0, 0, 2], -0.528_171_752_263_455_7),
            ([0, 0, 3], -1.072_968_622_156_170_5),
            ([0, 0, 4], 0.865_407_629_324_678_5),
            ([1, 0, 0], 2.045_616_024_165_348_7),
            ([9, 3, 1599], -0.705_673_007_531_124_4),
        ],
        sum: 204.103_376_489_488_03,
    },
    Noise {
        tokens: 3,
        width: 2048,
        elements: &[
            ([1, 0, 0], 0.131_306_970_908_513_12),
            ([9, 2, 2047], -0.896_043_847_541_223_6),
        ],
        sum: 257.524_788_706_915_84,
    },
    Noise {
        tokens: 4,
        width: 2560,
        elements: &[([1, 0, 0], 0.533_533_979_927_925_3), ([9, 3, 2559], 0.931_463_102_879_005_2)],
        sum: 477.294_779_667_874_1,
    },
];

/// What the order of summation may change in a sum of 100,000 normals.
const SUM_TOLERANCE: f64 = 1e-9;

fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= SUM_TOLERANCE, "{found} is not {expected}");
}

#[test]
fn noise_equals_romes() {
    for noise in ROME {
        let values = RandomState::new(1).normals(10 * noise.tokens * noise.width);
        for ([sample, token, channel], expected) in noise.elements {
            let found = values[(sample * noise.tokens + token) * noise.width + channel];
            assert_same(found, *expected, "noise");
        }
        assert_near(values.iter().sum(), noise.sum);
    }
}

#[test]
fn noise_of_gpt2_xl_has_numpys_sum_of_squares() {
    let squares: f64 =
        RandomState::new(1).normals(10 * 4 * 1600).iter().map(|value| value * value).sum();
    assert_near(squares, 64_082.583_657_713_26);
}

#[test]
fn other_noise_rules_equal_romes() {
    let uniform = RandomState::new(1).uniform(-1.0, 1.0, 6);
    let expected = [
        -0.165_955_990_594_852,
        0.440_648_986_884_316_2,
        -0.999_771_250_365_310_2,
        -0.395_334_854_736_320_46,
        -0.706_488_218_365_773_9,
        -0.815_322_810_462_404_4,
    ];
    assert_eq!(uniform, expected);
    let chi_squares = RandomState::new(2).chi_squares(3.0, 1000);
    let expected = [
        1.543_860_745_904_647_8,
        2.213_881_514_912_094_5,
        0.207_749_357_833_829_83,
        0.946_408_885_291_564_3,
        0.712_864_059_319_429_4,
    ];
    for (found, expected) in chi_squares.iter().zip(expected) {
        assert_same(*found, expected, "chi-square");
    }
}

#[test]
fn a_distribution_that_does_not_exist_is_nan_and_draws_nothing() {
    for degrees in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let mut state = RandomState::new(5);
        assert!(state.chi_squares(degrees, 3).iter().all(|value| value.is_nan()), "{degrees}");
        assert_eq!(state, RandomState::new(5));
    }
}

#[test]
fn a_seed_of_several_words_is_numpys() {
    let near = |found: Vec<f64>, expected: &[f64]| {
        let off = found.iter().zip(expected).map(|(found, expected)| (found - expected).abs());
        found.len() == expected.len() && off.fold(0.0, f64::max) < 1e-15
    };
    let found = RandomState::of_words(&[1, 0, 7]).normals(2);
    assert!(near(found, &[-0.311_412_275_523_956, 0.648_302_038_873_215_4]));
    let words: Vec<u32> = [7, 2, 1, 3].into_iter().chain(b"mixer_out".map(u32::from)).collect();
    let found = RandomState::of_words(&words).normals(3);
    let expected = [0.414_778_832_343_323_74, -1.669_543_970_077_037, -0.263_681_275_832_145_73];
    assert!(near(found, &expected));
}
