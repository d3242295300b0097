//! Knock-outs against an independent program in which each target walks window and scan by itself, as if the sources were
//! not there.
#![expect(clippy::print_stdout, reason = "figures for whoever reads the log")]

use std::collections::BTreeSet;
use std::ops::Range;

use mambascope::npz::{Array, Npz, Values};
use mambascope::prelude::*;
use mambascope_tests::golden;

/// Largest difference of a probability in f32.
const SINGLE: f64 = 2e-6;
/// Largest difference of a probability in f64.
const DOUBLE: f64 = 1e-10;

/// What is knocked out of a clean run.
type Ask = fn(&Trace) -> KnockOut;

/// The knock-outs of `knock_out_cases.py`, in the library's words.
const CASES: [(&str, Ask); 34] = [
    ("plain_together", |trace| trace.knock_out(Subject, Last, ..)),
    ("plain_some_layers", |trace| trace.knock_out(Subject, Last, 1..3).and(0, 3..6)),
    ("plain_scan", |trace| {
        let first = trace.knock_out(Subject, Last, ..).and(0, Last).and(3, 5..8);
        first.window(1).lanes(Lanes::Scan)
    }),
    ("plain_convolution", |trace| {
        let near = trace.knock_out(4, 5..8, ..).and(5..8, Last).and(0, 0..4).and(0..2, Last);
        near.window(2).lanes(Lanes::Convolution)
    }),
    ("plain_each", |trace| trace.knock_out(All, Last, ..).sources(Sources::Each).window(1)),
    ("plain_slowest_undecayed", |trace| {
        let some = trace.knock_out(Subject, Last, ..).and(1..3, 2..6).window(1);
        some.channels(Channels::Slowest(0.25)).rest(Rest::Undecayed)
    }),
    ("plain_mean", |trace| mean(&trace.knock_out(Subject, Last, ..).and(0, Last).window(2))),
    ("narrow_both", many),
    ("narrow_scan", |trace| many(trace).lanes(Lanes::Scan)),
    ("narrow_convolution", |trace| many(trace).lanes(Lanes::Convolution)),
    ("narrow_write", |trace| many(trace).removal(Removal::Write)),
    ("narrow_write_scan", |trace| many(trace).removal(Removal::Write).lanes(Lanes::Scan).window(2)),
    ("narrow_two_code", |trace| many(trace).window(2)),
    ("narrow_two_paper", |trace| many(trace).window(Window::paper(2))),
    ("narrow_nine", |trace| many(trace).window(9)),
    ("narrow_fastest_undecayed", |trace| {
        many(trace).channels(Channels::Fastest(2.0 / 3.0)).rest(Rest::Undecayed)
    }),
    ("narrow_fewest_undecayed", |trace| {
        let fewest = many(trace).channels(Channels::Slowest(0.01)).rest(Rest::Undecayed);
        fewest.lanes(Lanes::Scan).window(3)
    }),
    ("narrow_each_to_some", |trace| {
        trace.knock_out(All, 3..6, ..).sources(Sources::Each).window(2).lanes(Lanes::Scan)
    }),
    ("narrow_mean", |trace| mean(&many(trace))),
    ("narrow_mean_each", |trace| {
        mean(&trace.knock_out(All, Last, ..).sources(Sources::Each).window(3))
    }),
    ("wide_slowest", |trace| some_channels(trace).channels(Channels::Slowest(0.25))),
    ("wide_fastest", |trace| {
        some_channels(trace).channels(Channels::Fastest(0.4)).lanes(Lanes::Scan)
    }),
    ("wide_fastest_write", |trace| {
        some_channels(trace).channels(Channels::Fastest(1.0 / 3.0)).removal(Removal::Write)
    }),
    ("wide_all_by_share", |trace| {
        some_channels(trace).channels(Channels::Fastest(1.0)).rest(Rest::Undecayed)
    }),
    ("tokens_ten_code", |trace| trace.knock_out(Subject, Last, ..).and(Relation, Last).window(10)),
    ("tokens_ten_paper", |trace| {
        let from_subject = trace.knock_out(Subject, Last, ..).and(0..2, 4..10);
        from_subject.window(Window::paper(10)).lanes(Lanes::Scan)
    }),
    ("tokens_some_centres", |trace| {
        let from_last = trace.knock_out(SubjectLast, Last, 3..9).and(Subject, Relation);
        from_last.window(4).removal(Removal::Write)
    }),
    ("tokens_undecayed", |trace| {
        let some = trace.knock_out(Subject, Last, ..).and(2..7, 6..9).window(3);
        let some = some.channels(Channels::Fastest(2.0 / 3.0)).rest(Rest::Undecayed);
        some.lanes(Lanes::Scan)
    }),
    ("tokens_mean", |trace| mean(&trace.knock_out(Subject, Last, ..).and(8..10, Last).window(10))),
    ("two_tokens", |trace| trace.knock_out(0, Last, ..).and(1, 1).and(All, All).window(1)),
    ("one_token", |trace| trace.knock_out(0, 0, ..)),
    ("plain_state_spaces", |trace| {
        trace.knock_out(0, Last, ..).and(0, 1..).and(1.., Last).window(1)
    }),
    ("wide_state_spaces", |trace| some_channels(trace).window(Window::paper(5))),
    ("narrow_sharded", |trace| many(trace).window(Window::paper(4)).removal(Removal::Write)),
];

/// Sources first, in the middle, before, among and after targets.
fn many(trace: &Trace) -> KnockOut {
    let first = trace.knock_out(0, Last, ..).and(Subject, Last).and(Subject, 4..);
    first.and(2, 5..7).and(4..6, 2..).and(3..7, 5..8).window(1)
}

fn some_channels(trace: &Trace) -> KnockOut {
    trace.knock_out(Subject, Last, ..).and(0, 3..).and(3..6, 4..).window(2)
}

/// The mean over prompts of unequal lengths in place of the sources.
fn mean(knock_out: &KnockOut) -> KnockOut {
    knock_out.mean([vec![3, 41, 7, 7, 19], vec![48, 22], vec![30, 1, 12]])
}

/// What the other program found of one case.
struct Golden<'a> {
    npz: &'a Npz,
    name: &'a str,
}

impl Golden<'_> {
    fn array(&self, key: &str) -> &Array {
        let name = format!("{}/{key}", self.name);
        self.npz.array(&name).unwrap_or_else(|| panic!("no {name}"))
    }

    fn integers(&self, key: &str) -> Vec<usize> {
        let Values::I64(values) = self.array(key).values() else {
            panic!("{key} of {}", self.name)
        };
        values.iter().map(|&value| value.try_into().expect("a count")).collect()
    }

    fn floats(&self, key: &str) -> Vec<f64> {
        let Values::F64(values) = self.array(key).values() else {
            panic!("{key} of {}", self.name)
        };
        values.clone()
    }

    fn text(&self, key: &str) -> &str {
        let Values::Text(values) = self.array(key).values() else {
            panic!("{key} of {}", self.name)
        };
        &values[0]
    }

    fn ranges(&self, key: &str) -> Vec<Range<usize>> {
        self.integers(key).chunks(2).map(|ends| ends[0]..ends[1]).collect()
    }

    /// The clean run that is knocked out.
    fn trace(&self, compute: Compute) -> Trace {
        let folder = golden().join(self.text("checkpoint"));
        let model = Model::from_dir(folder).compute(compute).load().expect("a golden checkpoint");
        let ids: Vec<u32> = self.integers("ids").into_iter().map(|id| id as u32).collect();
        let subject = self.ranges("subject").remove(0);
        model.trace(ids).subject(subject).corrupt(Corruption::Nothing)
    }
}

/// The largest difference of a probability; that rows and columns are others is a panic.
fn worst(golden: &Golden<'_>, ask: Ask, compute: Compute) -> f64 {
    let knocked = ask(&golden.trace(compute)).run().expect(golden.name);
    assert_eq!(knocked.from(), golden.ranges("from"), "{}", golden.name);
    assert_eq!(knocked.to(), golden.ranges("to"), "{}", golden.name);
    assert_eq!(knocked.layers(), golden.ranges("layers"), "{}", golden.name);
    assert_eq!([knocked.answer_id() as usize][..], golden.integers("answer_id"), "{}", golden.name);
    let found = [&[knocked.high()], knocked.scores()].concat();
    let expected = [golden.floats("high"), golden.floats("scores")].concat();
    assert_eq!(found.len(), expected.len(), "{}", golden.name);
    let differences = found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs());
    // One that is no number counts as the largest.
    differences.max_by(f64::total_cmp).expect("one or more")
}

fn against(compute: Compute, tolerance: f64) {
    let npz = Npz::open(golden().join("knock_out.npz")).expect("a golden");
    let stored = npz.iter().map(|(name, _)| name.split_once('/').expect("a case and a key").0);
    let named = CASES.iter().map(|(name, _)| *name);
    assert_eq!(stored.collect::<BTreeSet<_>>(), named.collect(), "cases stored and named here");
    let mut differences = Vec::new();
    for (name, ask) in CASES {
        let worst = worst(&Golden { npz: &npz, name }, ask, compute);
        println!("{name}, {compute:?}: {worst:.1e}");
        differences.push((name, worst));
    }
    differences.retain(|(_, worst)| worst.total_cmp(&tolerance).is_gt());
    assert!(differences.is_empty(), "past {tolerance:e}: {differences:?}");
}

#[test]
fn the_reference_in_f64_passes_over_the_sources() {
    against(Compute::Reference64, DOUBLE);
}

#[test]
fn the_fast_path_passes_over_the_sources() {
    against(Compute::Fast, SINGLE);
}
