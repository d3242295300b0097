//! What is said of the machine: `mambascope bench`, and the variables that choose what work is done on.

use mambascope::bench::{Bench, Kind};

use super::*;

#[test]
fn bench_measures_the_kinds_that_are_named() {
    let folder = folder();
    let output = mambascope(folder.path())
        .args(["bench", "--kind", "tokens", "--threads", "1", "--json", "--model"])
        .arg(golden("plain_state_spaces"))
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json = String::from_utf8(output.stdout).expect("words");
    let bench = Bench::from_json(&json).expect("a bench");
    assert_eq!(bench.rows.iter().map(|row| row.kind).collect::<Vec<_>>(), [Kind::Tokens]);
    assert!(bench.threads == 1 && bench.peak > 0.1 && bench.bandwidth > 0.1, "{json}");
    assert!(bench.rows[0].seconds > 0.0 && bench.rows[0].other > 0.0, "{json}");
}

#[test]
fn plain_loops_have_the_scores_of_the_best_vector_unit() {
    let folder = folder();
    for (unit, out) in [("plain", "plain.npz"), ("", "best.npz")] {
        let mut command = by_ids(folder.path());
        if !unit.is_empty() {
            command.env("MAMBASCOPE_UNIT", unit);
        }
        command.args(["--samples", "3", "--out", out]).assert().success();
    }
    let open = |out: &str| Effects::open(folder.path().join(out)).expect("effects");
    let (plain, best) = (open("plain.npz"), open("best.npz"));
    let cells = best
        .tokens()
        .iter()
        .flat_map(|&token| best.layers().iter().map(move |&layer| (token, layer)));
    for (token, layer) in cells {
        let score = |effects: &Effects| effects.score(token, layer).expect("a cell");
        assert!((score(&plain) - score(&best)).abs() < 4e-6, "token {token}, layer {layer}");
    }
}

#[test]
fn units_and_threads_that_are_none_are_refused_with_those_there_are() {
    let folder = folder();
    for (variable, value, words) in [
        ("MAMBASCOPE_UNIT", "mmx", "there is no vector unit `mmx` here"),
        ("MAMBASCOPE_THREADS", "many", "cannot run on `many` threads"),
    ] {
        let mut command = by_ids(folder.path());
        let (code, said) = standard_error(command.env(variable, value));
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(words) && said.contains("help: "), "{said}");
    }
}
