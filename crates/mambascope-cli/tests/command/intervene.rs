//! What the library's verbs do, by their options: the same numbers, bit by bit.

use std::fs;

use mambascope::npz::{Npz, Values};
use mambascope::prelude::*;
use mambascope::{Ends, Stream};

use super::{by_ids, folder, golden, mambascope, standard_error};

const IDS: [u32; 6] = [18, 48, 10, 47, 46, 32];

fn model() -> Model {
    Model::from_dir(golden("plain_state_spaces")).load().expect("a checkpoint")
}

fn noisy(model: &Model) -> Trace {
    model.trace(IDS).subject(1..3).corrupt(Noise::gaussian(0.5).samples(3))
}

/// The numbers of a trace, to the last bit.
fn numbers(effects: &Effects) -> (Vec<u64>, Vec<u64>, Site) {
    let cells = effects
        .tokens()
        .iter()
        .flat_map(|&token| effects.layers().iter().map(move |&layer| (token, layer)));
    let scores = cells.flat_map(|(token, layer)| effects.samples(token, layer));
    let low = effects.low_samples().iter().map(|low| low.to_bits()).collect();
    (scores.map(f64::to_bits).collect(), low, effects.site())
}

/// What the command makes of options, beside what the library makes of verbs.
fn same(options: &[&str], trace: &Trace) {
    let folder = folder();
    let output = by_ids(folder.path())
        .args(["--samples", "3"])
        .args(options)
        .args(["--out", "o.npz"])
        .output();
    let output = output.expect("it runs");
    assert!(output.status.success(), "{options:?}: {}", String::from_utf8_lossy(&output.stderr));
    let typed = Effects::open(folder.path().join("o.npz")).expect("effects");
    let said = trace.run().expect("a run");
    assert_eq!(typed.plan(), said.plan(), "{options:?}");
    assert_eq!(numbers(&typed), numbers(&said), "{options:?}");
}

#[test]
fn every_verb_has_an_option() {
    let model = model();
    let noisy = noisy(&model);
    let (gate, mixer) =
        (noisy.restore(Site::Gate).window(10), noisy.restore(Site::MixerOut).window(2));
    let fill = |fill: Fill| gate.fill(fill);
    let width = Site::Gate.width(model.config());
    same(
        &["--replace"],
        &noisy.corrupt(Noise::gaussian(0.5).samples(3).replacing()).restore(..).window(1),
    );
    same(&["--site", "gate", "--fill", "zero"], &fill(Fill::Zero));
    same(&["--site", "gate", "--fill", "scaled:0.5"], &fill(Fill::Scaled(0.5)));
    same(&["--site", "gate", "--fill", "constant:0.1"], &fill(Fill::Constant(vec![0.1; width])));
    same(
        &["--site", "gate", "--fill", "noise:0.3"],
        &fill(Fill::Noise { deviation: 0.3, seed: 1 }),
    );
    same(
        &["--site", "gate", "--fill", "noised:0.3:7"],
        &fill(Fill::Noised { deviation: 0.3, seed: 7 }),
    );
    same(
        &["--site", "gate", "--fill", "clean:subject-last"],
        &gate.fill(Elsewhere::clean().token(SubjectLast)),
    );
    same(
        &["--site", "gate", "--fill", "patched:3:1"],
        &gate.fill(Elsewhere::patched().token(3).layer(1)),
    );
    same(
        &[
            "--site",
            "mixer_out",
            "--window",
            "2",
            "--sever-at",
            "gate:subject:1..",
            "--sever-at",
            "scan_out:2",
        ],
        &mixer.sever_at((Site::Gate, 1..), Subject).sever_at(Site::ScanOut, 2),
    );
    same(&["--pairs", "3:4,5:5"], &noisy.restore(..).window(1).pairs(&[(3, 4), (5, 5)]));
    same(&["--direction", "noise"], &noisy.restore(..).window(1).direction(Direction::Noise));
    same(&["--path-blocking", "scan_out"], &noisy.path_blocking(Site::ScanOut));
    same(&["--severed-modules"], &noisy.severed_modules());
    same(&["--severed-modules", "--stream", "rome"], &noisy.severed_modules().stream(Stream::Rome));
    same(
        &["--path-blocking", "gate", "--stream", "rome", "--layers", "1.."],
        &noisy.path_blocking(Site::Gate).restore(1..).stream(Stream::Rome),
    );
    same(&["--memory-boundary"], &noisy.memory_boundary());
}

/// A trace by ids without noise.
fn bare(options: &[&str]) -> (Option<i32>, String, Option<Effects>) {
    let folder = folder();
    let mut command = mambascope(folder.path());
    command.args([
        "trace",
        "--ids",
        "18,48,10,47,46,32",
        "--subject-tokens",
        "1..3",
        "--out",
        "o.npz",
    ]);
    command.args(options).arg("--model").arg(golden("plain_state_spaces"));
    let (code, said) = standard_error(&mut command);
    (code, said, Effects::open(folder.path().join("o.npz")).ok())
}

#[test]
fn other_prompts_and_clean_runs_have_options() {
    let model = model();
    let prompt = model.trace(IDS).subject(1..3);
    let patched =
        ["--other-ids", "18,7,10,47,3", "--other-subject-tokens", "1..2", "--direction", "noise"];
    let (_, said, effects) = bare(&patched);
    let expected = prompt
        .patch(.., Other::new([18, 7, 10, 47, 3]).subject(1..2))
        .window(1)
        .run()
        .expect("a run");
    assert_eq!(numbers(&effects.expect(&said)), numbers(&expected));
    let (_, said, effects) =
        bare(&["--uncorrupted", "--fill", "zero", "--site", "gate", "--window", "1"]);
    let clean = prompt.corrupt(Corruption::Nothing).restore(Site::Gate).window(1).fill(Fill::Zero);
    assert_eq!(numbers(&effects.expect(&said)), numbers(&clean.run().expect("a run")));
    for (options, word) in [
        (&["--uncorrupted"][..], "--fill"),
        (&["--noise", "0.5", "--fill", "loud"], "cannot parse `loud` as a fill"),
        (&["--noise", "0.5", "--stream", "rome"], "nothing is severed"),
        (&["--noise", "0.5", "--severed-modules", "--stream", "rome", "--replace"], "--replace"),
        (&["--noise", "0.5", "--severed-modules", "--site", "gate"], "--site"),
        (&["--swap-ids", "7", "--replace"], "--replace"),
        (&["--noise", "0.5", "--pairs", "3-4"], "no pair"),
        (&["--noise", "0.5", "--fill", "constant:1,2"], "a constant of 2 numbers"),
        (&["--noise", "0.5", "--sever-at", "gate"], "a site and its tokens"),
    ] {
        let (code, said, effects) = bare(options);
        assert!(code == Some(2) && said.contains(word) && effects.is_none(), "{options:?}: {said}");
    }
}

#[test]
fn noise_is_typed_as_rome_types_it() {
    for (text, noise) in [
        ("s", Noise::sigmas(1.0)),
        ("s3", Noise::sigmas(3.0)),
        ("3s", Noise::sigmas(3.0)),
        ("u0.2", Noise::uniform(0.2)),
        ("0.13", Noise::gaussian(0.13)),
        ("t3", Noise::student(3.0)),
        ("m", Noise::multivariate()),
    ] {
        assert_eq!(text.parse::<Noise>().expect(text), noise);
    }
}

#[test]
fn windows_at_the_ends_are_clipped_or_fit() {
    let folder = folder();
    let knocked = |options: &[&str]| {
        let mut command = mambascope(folder.path());
        command.args([
            "knock-out",
            "--ids",
            "18,48,10,47,46,32",
            "--subject-tokens",
            "1..3",
            "--window",
            "2",
        ]);
        command.args(options).args(["--out", "k.npz", "--model"]).arg(golden("plain_state_spaces"));
        let (code, said) = standard_error(&mut command);
        (code, said, Knocked::open(folder.path().join("k.npz")).ok())
    };
    let model = model();
    let knock = model.trace(IDS).subject(1..3).knock_out(Subject, Last, ..).window(2);
    let (_, _, clipped) = knocked(&[]);
    assert_eq!(clipped.expect("scores").scores(), knock.run().expect("a run").scores());
    let (_, _, fitting) = knocked(&["--ends", "fitting"]);
    let fitting = fitting.expect("scores");
    assert_eq!(fitting.scores(), knock.ends(Ends::Fitting).run().expect("a run").scores());
    assert_eq!(fitting.scores().len(), 2, "three layers, two windows of two");
    let (code, said, _) = knocked(&["--ends", "fitting", "--layers", "0"]);
    assert!(
        code == Some(2) && said.contains("no window of 2 layers") && said.contains("help:"),
        "{said}"
    );
    let (code, said, _) = knocked(&["--ends", "fitting", "--together"]);
    assert!(code == Some(2) && said.contains("--together"), "{said}");
}

#[test]
fn records_in_f64_are_written_in_f64() {
    let folder = folder();
    let record = |compute: &str, name: &str| {
        let mut command = mambascope(folder.path());
        command.args([
            "record",
            "--ids",
            "18,48,10",
            "--site",
            "resid",
            "--site",
            "state",
            "--compute",
            compute,
        ]);
        command.args([
            "--out",
            &format!("{name}.npz"),
            "--out",
            &format!("{name}.safetensors"),
            "--model",
        ]);
        command.arg(golden("plain")).assert().success();
        Npz::open(folder.path().join(format!("{name}.npz"))).expect("an npz")
    };
    let exact = record("reference64", "exact");
    let model = Model::from_dir(golden("plain"))
        .compute(Compute::Reference64)
        .load()
        .expect("a checkpoint");
    let expected = model.record([18, 48, 10], Site::Resid).expect("a run");
    let values = exact.array("resid.2").expect("a site").values().clone();
    let expected: Vec<f64> = expected
        .at(Site::Resid, 2)
        .expect("kept")
        .flatten_all()
        .expect("flat")
        .to_vec1()
        .expect("f64");
    assert_eq!(values, Values::F64(expected));
    for name in ["logits", "state.0"] {
        assert!(matches!(exact.array(name).expect(name).values(), Values::F64(_)), "{name}");
    }
    let header = |name: &str| {
        let bytes = fs::read(folder.path().join(format!("{name}.safetensors"))).expect("a file");
        let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        String::from_utf8(bytes[8..8 + length].to_vec()).expect("json")
    };
    assert!(header("exact").contains("\"F64\"") && !header("exact").contains("\"F32\""));
    for compute in ["fast", "reference32"] {
        let single = record(compute, "single");
        assert!(matches!(single.array("state.0").expect("a site").values(), Values::F32(_)));
        assert!(header("single").contains("\"F32\"") && !header("single").contains("\"F64\""));
    }
}

#[test]
fn what_two_sites_bring_back_together_is_drawn_and_written() {
    let folder = folder();
    let typed = ["--samples", "3", "--site", "scan_out", "--interaction", "gate", "--window", "1"];
    let outs = ["--out", "i.npz", "--out", "i.svg"];
    let output = by_ids(folder.path()).args(typed).args(outs).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let model = model();
    let joint = noisy(&model).window(1).interaction(Site::ScanOut, Site::Gate).expect("three runs");
    let npz = Npz::open(folder.path().join("i.npz")).expect("an npz");
    let term = npz.array("term").expect("terms");
    assert_eq!(term.shape(), [6, 3]);
    assert_eq!(term.to_f64().expect("numbers")[5 * 3 + 1], joint.term(5, 1).expect("a cell"));
    assert!(fs::read_to_string(folder.path().join("i.svg")).expect("a picture").contains("<svg"));
    let (code, said) = standard_error(by_ids(folder.path()).args(typed).args(["--out", "i.json"]));
    assert!(code == Some(2) && said.contains("`.npz`"), "{said}");
    let several = ["--site", "gate", "--site", "resid", "--interaction", "scan_out"];
    let (code, said) = standard_error(by_ids(folder.path()).args(several));
    assert!(code == Some(2) && said.contains("one --site"), "{said}");
}

#[test]
fn a_state_is_taken_apart() {
    let folder = folder();
    let place = ["--layers", "1", "--tokens", "subject-last"];
    let output =
        by_ids(folder.path()).args(["--samples", "3", "--decompose", "2"]).args(place).output();
    let output = output.expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let words = String::from_utf8(output.stdout).expect("words");
    let model = model();
    let confirmed =
        noisy(&model).decompose(1, 2).expect("taken apart").confirm(2).expect("two runs");
    let lines: Vec<&str> = words.lines().collect();
    assert_eq!(lines.len(), 4, "{words}");
    for (line, found) in lines[2..].iter().zip(confirmed) {
        let cell = found.cell;
        let expected =
            format!("{}\t{}\t{:.6}\t{:.6}", cell.channel, cell.dim, cell.size, found.score);
        assert_eq!(*line, expected);
    }
    for place in
        [&["--layers", "1"][..], &["--tokens", "last"], &["--layers", "1", "--tokens", "0..2"]]
    {
        let (code, said) =
            standard_error(by_ids(folder.path()).args(["--decompose", "2"]).args(place));
        assert!(code == Some(2) && said.contains("one layer after one token"), "{said}");
    }
}

#[test]
fn hidden_attention_is_drawn_and_written() {
    let folder = folder();
    let attention = |options: &[&str]| {
        let mut command = mambascope(folder.path());
        command.args([
            "attention",
            "--ids",
            "18,48,10,47,46,32",
            "--out",
            "a.npz",
            "--out",
            "a.svg",
        ]);
        command.args(options).arg("--model").arg(golden("plain_state_spaces"));
        let (code, said) = standard_error(&mut command);
        (code, said, Npz::open(folder.path().join("a.npz")).ok())
    };
    let (_, said, npz) = attention(&["--layer", "1", "--through", "block"]);
    let map = npz.expect(&said).array("attention").expect("a map").to_f64().expect("numbers");
    let model = model();
    let expected =
        model.trace(IDS).subject(1..3).hidden_attention(1).expect("a run").mean(Through::Block);
    let expected: Vec<f64> =
        expected.expect("a map").flatten_all().expect("flat").to_vec1().expect("f64");
    assert_eq!(map, expected);
    let (_, _, npz) = attention(&["--layer", "1", "--channel", "3"]);
    assert_eq!(npz.expect("a file").array("attention").expect("a map").shape(), [6, 6]);
    for options in [&["--layer", "9"][..], &["--layer", "1", "--channel", "9999"]] {
        let (code, said, _) = attention(options);
        assert!(code.is_some_and(|code| code != 0) && said.contains("help:"), "{said}");
    }
}
