//! `mambascope knock-out`: files, words, and what cannot be typed.

use std::fmt::Write as _;

use mambascope::Knocked;

use super::*;

/// A knock-out of ids on a checkpoint without a tokenizer.
fn by_ids(folder: &Path) -> Command {
    let mut command = mambascope(folder);
    command.args(["knock-out", "--ids", "18,48,10,47,46,32", "--subject-tokens", "1..3"]);
    command.arg("--model").arg(golden("plain_state_spaces"));
    command
}

#[test]
fn without_arguments_it_knocks_a_subject_out() {
    let folder = folder();
    let output = mambascope(folder.path()).arg("knock-out").output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let svg = fs::read_to_string(folder.path().join("knock-out.svg")).expect("a picture");
    assert!(svg.contains("subject to last token"), "curves over layers");
    let words = String::from_utf8(output.stdout).expect("words");
    assert!(words.contains("wrote knock-out.svg") && words.contains("lowest"), "{words}");
    assert!(output.stderr.is_empty(), "no bar where there is no terminal");
}

#[test]
fn each_source_meets_each_target() {
    let folder = folder();
    let rows = ["--from", "subject", "--from", "0", "--to", "last", "--to", "4..", "--window", "1"];
    let outs = ["--out", "k.npz", "--out", "k.csv", "--out", "k.json"];
    by_ids(folder.path()).args(rows).args(outs).assert().success();
    let npz = Npz::open(folder.path().join("k.npz")).expect("an npz");
    let shape = |name: &str| npz.array(name).map(|array| array.shape().to_vec());
    let shapes = [
        ("scores", vec![4, 3]),
        ("relative", vec![4, 3]),
        ("from", vec![4, 2]),
        ("to", vec![4, 2]),
        ("layers", vec![3, 2]),
        ("centres", vec![3]),
        ("high_score", vec![]),
        ("input_ids", vec![6]),
        ("answer_id", vec![]),
    ];
    for (name, expected) in shapes {
        assert_eq!(shape(name), Some(expected), "{name}");
    }
    let knocked = Knocked::open(folder.path().join("k.npz")).expect("a knock-out");
    assert_eq!(knocked.rows()[3], "token 0 to tokens 4..");
    let csv = fs::read_to_string(folder.path().join("k.csv")).expect("a file");
    assert_eq!(csv.lines().count(), 1 + 4 * 3);
    let json = fs::read_to_string(folder.path().join("k.json")).expect("a file");
    assert_eq!(Knocked::from_json(&json).expect("a knock-out"), knocked);
}

#[test]
fn every_metric_is_of_the_same_runs() {
    let folder = folder();
    let metrics = ["--metric", "p", "--metric", "kl", "--foil-id", "4", "--metric", "rank"];
    let outs = ["--out", "k.npz", "--out", "k.csv", "--out", "k.svg"];
    by_ids(folder.path()).args(metrics).args(outs).assert().success();
    let csv = fs::read_to_string(folder.path().join("k.csv")).expect("a file");
    let head = csv.lines().next().expect("a line");
    assert!(head.ends_with(",p,relative,logit_difference,kl,rank"), "{head}");
    let npz = Npz::open(folder.path().join("k.npz")).expect("an npz");
    assert!(npz.array("scores.kl").is_some() && npz.array("high_score.rank").is_some());
    for picture in ["k_p.svg", "k_kl.svg", "k_rank.svg"] {
        assert!(fs::metadata(folder.path().join(picture)).expect(picture).len() > 200);
    }
}

#[test]
fn what_is_cut_is_as_it_was_typed() {
    let folder = folder();
    let explained = |arguments: &[&str]| {
        let output = by_ids(folder.path()).args(arguments).arg("--explain").output();
        String::from_utf8(output.expect("it runs").stdout).expect("words")
    };
    let some = ["--lane", "scan", "--channels", "slow:25%", "--rest", "undecayed", "--each"];
    let mut words = explained(&some);
    words += &explained(&["--mode", "write", "--channels", "fast:0.5", "--together"]);
    words += &explained(&[
        "--lane",
        "conv",
        "--layers",
        "1..",
        "--window",
        "2",
        "--convention",
        "paper",
    ]);
    insta::assert_snapshot!(words);
    assert!(fs::read_dir(folder.path()).expect("a folder").next().is_none(), "nothing was run");
}

#[test]
fn its_help_says_what_can_be_typed() {
    let output = mambascope(folder().path()).args(["knock-out", "--help"]).output();
    let words = String::from_utf8(output.expect("it runs").stdout).expect("words");
    insta::assert_snapshot!(words);
}

#[test]
fn what_cannot_be_typed_says_what_can() {
    let folder = folder();
    let mut text = String::new();
    for arguments in [
        &["--from", "object"][..],
        &["--from", "last", "--to", "subject"],
        &["--to", "4..9"],
        &["--layers", "2..9"],
        &["--window", "0"],
        &["--window", "3", "--together"],
        &["--mode", "zero"],
        &["--lane", "gate"],
        &["--channels", "slow"],
        &["--channels", "fast:150%"],
        &["--lane", "conv", "--channels", "slow:25%"],
        &["--lane", "conv", "--mode", "write"],
        &["--rest", "undecayed"],
        &["--mean", "Rome is", "--lane", "scan"],
        &["--mean", "Rome is"],
        &["--out", "knock.bmp"],
    ] {
        let (code, said) = standard_error(by_ids(folder.path()).args(arguments));
        assert_eq!(code, Some(2), "{said}");
        writeln!(text, "{}\n{said}", arguments.join(" ")).expect("a string takes all");
    }
    insta::assert_snapshot!(text);
    assert!(fs::read_dir(folder.path()).expect("a folder").next().is_none(), "nothing is left");
}

#[test]
fn one_swap_is_asked_for() {
    let folder = folder();
    let mut command = mambascope(folder.path());
    command.args(["trace", "--swap", "Rome", "--swap", "Oslo"]);
    let (code, said) = standard_error(&mut command);
    assert_eq!(code, Some(2));
    assert!(said.contains("'--swap <SUBJECT>' cannot be used multiple times"), "{said}");
}
