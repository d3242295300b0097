//! The command from outside: files, their names and layouts, exit codes and words.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use mambascope::npz::{Array, Npz, Values};
use mambascope::{Effects, Metric, Plan, Site};

#[path = "command/bos.rs"]
mod bos;
#[path = "command/faults.rs"]
mod faults;
#[path = "command/intervene.rs"]
mod intervene;
#[path = "command/knock_out.rs"]
mod knock_out;
#[path = "command/machine.rs"]
mod machine;
#[path = "command/said.rs"]
mod said;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name)
}

fn mambascope(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mambascope"));
    command.current_dir(folder);
    command
}

/// A trace of ids on a checkpoint without a tokenizer, whose padding rows are known.
fn by_ids(folder: &Path) -> Command {
    let mut command = mambascope(folder);
    command.args([
        "trace",
        "--ids",
        "18,48,10,47,46,32",
        "--subject-tokens",
        "1..3",
        "--noise",
        "0.5",
        "--model",
    ]);
    command.arg(golden("plain_state_spaces"));
    command
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn standard_error(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().expect("it runs");
    (output.status.code(), String::from_utf8(output.stderr).expect("words"))
}

#[test]
fn without_arguments_it_traces_a_fact_it_knows() {
    let folder = folder();
    let output = mambascope(folder.path()).arg("trace").output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let svg = fs::read_to_string(folder.path().join("trace.svg")).expect("a picture");
    assert!(svg.contains("<svg"));
    let words = String::from_utf8(output.stdout).expect("words");
    assert!(words.contains('*') && words.contains("wrote trace.svg"), "{words}");
    assert!(output.stderr.is_empty(), "no bar where there is no terminal");
}

#[test]
fn npz_has_romes_layout() {
    let folder = folder();
    by_ids(folder.path()).args(["--samples", "3", "--out", "ids.npz"]).assert().success();
    let npz = Npz::open(folder.path().join("ids.npz")).expect("an npz");
    let shape = |name: &str| npz.array(name).map(|array| array.shape().to_vec());
    let shapes = [
        ("scores", vec![6, 3]),
        ("asked", vec![6, 3]),
        ("low_score", vec![]),
        ("high_score", vec![]),
        ("input_ids", vec![6]),
        ("input_tokens", vec![6]),
        ("subject_range", vec![2]),
        ("answer", vec![]),
        ("window", vec![]),
        ("correct_prediction", vec![]),
        ("kind", vec![]),
        ("answer_id", vec![]),
        ("site", vec![]),
        ("sample_scores", vec![3, 6, 3]),
        ("plan", vec![]),
    ];
    for (name, expected) in shapes {
        assert_eq!(shape(name), Some(expected), "{name}");
    }
    let values = |name: &str| npz.array(name).map(Array::values).expect("an array").clone();
    assert_eq!(values("input_ids"), Values::I64(vec![18, 48, 10, 47, 46, 32]));
    assert_eq!(values("subject_range"), Values::I64(vec![1, 3]));
    assert_eq!(values("correct_prediction"), Values::Bool(vec![true]));
    assert_eq!(values("kind"), Values::Text(vec!["None".to_owned()]));
    let Values::Text(plan) = values("plan") else { panic!("a text") };
    assert!(Plan::from_json(&plan[0]).is_ok());
}

#[test]
fn what_was_written_reads_back() {
    let folder = folder();
    let outs = ["--out", "a.npz", "--out", "a.json"];
    by_ids(folder.path())
        .args(outs)
        .args(["--tokens", "2..4", "--layers", "1.."])
        .assert()
        .success();
    let npz = Effects::open(folder.path().join("a.npz")).expect("effects");
    let json = fs::read_to_string(folder.path().join("a.json")).expect("a file");
    assert_eq!(npz, Effects::from_json(&json).expect("effects"));
    assert_eq!((npz.tokens(), npz.layers()), (&[2, 3][..], &[1, 2][..]));
}

#[test]
fn several_sites_write_several_files() {
    let folder = folder();
    let sites =
        ["--site", "resid", "--site", "mixer_out", "--site", "hook_ssm_output", "--window", "3"];
    by_ids(folder.path()).args(sites).args(["--out", "m.npz", "--out", "m.svg"]).assert().success();
    for site in [Site::Resid, Site::MixerOut, Site::ScanOut] {
        let effects = Effects::open(folder.path().join(format!("m_{site}.npz"))).expect("effects");
        assert_eq!((effects.site(), effects.window().size), (site, 3));
        assert!(folder.path().join(format!("m_{site}.svg")).is_file());
    }
    let alone = ["--site", "scan_out", "--window", "3", "--out", "alone.npz"];
    by_ids(folder.path()).args(alone).assert().success();
    let arrays = |name: &str| Npz::open(folder.path().join(name)).expect("an npz");
    let (together, alone) = (arrays("m_scan_out.npz"), arrays("alone.npz"));
    for name in ["scores", "sample_scores", "low_samples", "high_score"] {
        let values = |npz: &Npz| npz.array(name).map(Array::values).expect(name).clone();
        assert_eq!(values(&together), values(&alone), "{name}: not a bit differs");
    }
}

#[test]
fn several_sites_cost_their_runs_once() {
    let folder = folder();
    let said = |sites: &[&str]| {
        let output = by_ids(folder.path()).args(sites).arg("--explain").output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("words")
    };
    let shared = said(&["--site", "resid", "--site", "decay", "--site", "gate", "--window", "1"]);
    let lines: Vec<&str> = shared.lines().collect();
    assert_eq!(lines.iter().filter(|line| line.starts_with("trace of")).count(), 3);
    let place = lines.iter().position(|line| line.starts_with("traces 1, 2 and 3 together"));
    let cost = lines[place.expect("all of them share") + 1];
    assert!(cost.contains("54 cells x 10 samples"), "{cost}");
    assert!(!said(&["--site", "resid"]).contains("together"));
    let apart = said(&["--site", "resid", "--site", "gate", "--until", "0.1"]);
    assert!(apart.contains("each of the traces alone"), "{apart}");
}

#[test]
fn all_that_is_wrong_with_several_sites_is_said_at_once() {
    let folder = folder();
    let sites = ["--site", "gate", "--site", "logits", "--layers", "2..9"];
    let (code, said) = standard_error(by_ids(folder.path()).args(sites));
    assert_eq!(code, Some(2));
    assert_eq!(said.matches("layers 2..9 are asked for").count(), 1, "{said}");
    assert!(said.contains("logits is restored"), "{said}");
}

#[test]
fn records_are_named_as_promised() {
    let folder = folder();
    let mut command = mambascope(folder.path());
    command.args([
        "record", "--ids", "18,48,10", "--site", "resid", "--site", "scan_out", "--layers", "1..3",
    ]);
    command.args(["--out", "r.npz", "--out", "r.safetensors", "--model"]).arg(golden("plain"));
    command.assert().success();
    let npz = Npz::open(folder.path().join("r.npz")).expect("an npz");
    let mut names: Vec<&str> = npz.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(names, ["input_ids", "logits", "resid.1", "resid.2", "scan_out.1", "scan_out.2"]);
    assert!(
        matches!(npz.array("input_ids").expect("ids").values(), Values::I64(ids) if ids[..] == [18, 48, 10])
    );
    assert_eq!(npz.array("logits").expect("logits").shape(), [3, 64]);
    assert_eq!(npz.array("scan_out.2").expect("a site").shape(), [3, 64]);
    assert!(folder.path().join("r.safetensors").is_file());
}

#[test]
fn states_are_traced_and_recorded() {
    let folder = folder();
    let state = ["--site", "state", "--timing", "carry-only", "--channels", "0..8", "--dims", "3"];
    let more =
        ["--samples", "2", "--and", "conv_out", "--sever", "gate", "--tokens", "subject-first"];
    let tap = ["--site", "conv_state", "--taps", "2", "--samples", "2", "--out", "t.npz"];
    by_ids(folder.path()).args(tap).assert().success();
    let refused = by_ids(folder.path()).args(state).args(more).args(["--out", "s.npz"]).output();
    let said = String::from_utf8(refused.expect("it runs").stderr).expect("words");
    assert!(said.contains("state dimensions 3 of conv_out, which has none"), "{said}");
    let more = ["--samples", "2", "--sever", "gate", "--tokens", "subject-first", "--out", "s.npz"];
    by_ids(folder.path()).args(state).args(more).assert().success();
    let effects = Effects::open(folder.path().join("s.npz")).expect("effects");
    assert_eq!((effects.site(), effects.tokens()), (Site::State, &[1][..]));
    let swapped = ["--ids", "18,48,10,47", "--subject-tokens", "1..3", "--swap-ids", "7"];
    let mut command = mambascope(folder.path());
    command.arg("trace").args(swapped).args(["--direction", "denoise", "--out", "w.npz"]);
    command.arg("--model").arg(golden("plain")).assert().success();
    let effects = Effects::open(folder.path().join("w.npz")).expect("effects");
    assert_eq!(effects.input_ids(), [18, 7, 47]);
    let original = ["--original", "conv_state", "--samples", "2", "--out", "o.npz"];
    by_ids(folder.path()).args(original).assert().success();
    let npz = Npz::open(folder.path().join("o.npz")).expect("an npz");
    let kind = npz.array("kind").map(Array::values);
    assert_eq!(kind, Some(&Values::Text(vec!["conv_state".to_owned()])));
    let sites = ["--site", "state", "--site", "delta", "--site", "conv_state", "--layers", "2"];
    let mut command = mambascope(folder.path());
    command.args(["record", "--ids", "18,48,10"]).args(sites).args(["--out", "r.npz", "--model"]);
    command.arg(golden("plain")).assert().success();
    let npz = Npz::open(folder.path().join("r.npz")).expect("an npz");
    for (name, shape) in [("state.2", vec![3, 64, 16]), ("delta.2", vec![3, 64])] {
        assert_eq!(npz.array(name).expect(name).shape(), shape);
    }
    let window = npz.array("conv_state.2").expect("a window");
    assert_eq!(window.shape(), [3, 64, 4]);
    assert_eq!(window.to_f64().expect("numbers")[..3], [0.0; 3], "zeros before the prompt");
}

#[test]
fn all_metrics_come_from_one_run() {
    let folder = folder();
    let metrics = ["--metric", "p", "--metric", "log-p", "--metric", "rank", "--foil-id", "9"];
    let outs = ["--samples", "3", "--out", "m.npz", "--out", "m.svg", "--out", "m.json"];
    let output = by_ids(folder.path()).args(metrics).args(outs).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let effects = Effects::open(folder.path().join("m.npz")).expect("effects");
    let all = [Metric::Probability, Metric::LogProbability, Metric::LogitDifference, Metric::Rank];
    assert_eq!(effects.metrics(), all);
    let words = String::from_utf8(output.stdout).expect("words");
    for metric in ["p", "log_p", "rank"] {
        assert!(folder.path().join(format!("m_{metric}.svg")).is_file(), "{metric}");
    }
    assert!(words.contains("log p(") && words.contains("rank of"), "{words}");
    let shares = ["--normalise", "recovered", "--samples", "3", "--out", "s.svg", "--out", "s.npz"];
    let output = by_ids(folder.path()).args(shares).output().expect("it runs");
    let words = String::from_utf8(output.stdout).expect("words");
    assert!(
        words.contains("recovered p(") && words.contains("clean 1.0000, corrupted 0.0000"),
        "{words}"
    );
    let raw = Effects::open(folder.path().join("s.npz")).expect("effects");
    assert_eq!(raw.score(2, 1), effects.score(2, 1), "files hold what was measured");
}

#[test]
fn samples_are_drawn_until_intervals_are_narrow() {
    let folder = folder();
    let until = ["--samples", "4", "--until", "0.0001", "--at-most", "11", "--out", "u.npz"];
    let output = by_ids(folder.path()).args(until).output().expect("it runs");
    let words = String::from_utf8(output.stdout).expect("words");
    assert!(words.contains("; 11 samples, widest interval"), "{words}");
    let drawn = Effects::open(folder.path().join("u.npz")).expect("effects");
    assert!(!drawn.sampling().expect("asked").is_met());
    let at_once = ["--samples", "11", "--out", "o.npz"];
    by_ids(folder.path()).args(at_once).assert().success();
    let at_once = Effects::open(folder.path().join("o.npz")).expect("effects");
    assert_eq!(drawn.low_samples(), at_once.low_samples());
    let explained = by_ids(folder.path()).args(until).arg("--explain").output().expect("it runs");
    let words = String::from_utf8(explained.stdout).expect("words");
    assert!(words.contains("narrower than 0.0001, with at most 11 samples"), "{words}");
    assert!(words.contains("x 4 to 11 samples"), "{words}");
}

#[test]
fn noise_may_have_the_embeddings_covariance() {
    let folder = folder();
    for (noise, words) in [("m", "multivariate normal"), ("t3", "Student's of 3 degrees")] {
        let mut command = mambascope(folder.path());
        command.args([
            "trace",
            "--ids",
            "18,48,10,47",
            "--subject-tokens",
            "1..3",
            "--noise",
            noise,
        ]);
        command.args(["--samples", "2", "--out", "n.npz", "--model"]).arg(golden("plain"));
        let explained = command.arg("--explain").output().expect("it runs");
        let said = String::from_utf8(explained.stdout).expect("words");
        assert!(said.contains(words) && said.contains("of the embedding table"), "{said}");
    }
    let mut command = mambascope(folder.path());
    command.args(["trace", "--ids", "18,48,10,47", "--subject-tokens", "1..3", "--noise", "t2"]);
    let (code, said) = standard_error(command.arg("--model").arg(golden("plain")));
    assert!(code == Some(2) && said.contains("`--noise t3`"), "{said}");
}

#[test]
fn padding_rows_are_no_answer() {
    let folder = folder();
    let mut command = mambascope(folder.path());
    let prompt = [
        "trace",
        "--ids",
        "58,8,25",
        "--subject-tokens",
        "0..1",
        "--noise",
        "0.1",
        "--out",
        "p.npz",
    ];
    command.args(prompt).arg("--model").arg(golden("plain_state_spaces")).assert().success();
    let effects = Effects::open(folder.path().join("p.npz")).expect("effects");
    assert_eq!(effects.answer_id(), 43, "63 is more probable, but no token");
}

#[test]
fn refusals_say_what_to_write() {
    let folder = folder();
    let refused = |arguments: &[&str], words: &[&str]| {
        let (code, said) = standard_error(by_ids(folder.path()).args(arguments));
        assert_eq!(code, Some(2), "{said}");
        for word in words {
            assert!(said.contains(word), "`{word}` is not in: {said}");
        }
    };
    refused(&["--out", "map.bmp"], &["map.bmp", "help:", "`.npz`"]);
    refused(
        &["--layers", "2..9"],
        &["layers 2..9 are asked for", "has 3", "help: `2..3` or `2..`"],
    );
    refused(&["--answer", "Rome", "--layers", "7"], &["2 problems", "no tokenizer", "--answer-id"]);
    refused(&["--site", "mlp"], &["no site is named `mlp`", "`mixer_out`"]);
    let (code, said) =
        standard_error(mambascope(folder.path()).args(["trace", "x", "--noise", "loud"]));
    assert!(code == Some(2) && said.contains("`3s`"), "{said}");
    assert!(
        fs::read_dir(folder.path()).expect("a folder").next().is_none(),
        "nothing is left behind"
    );
}

#[test]
fn sigmas_without_a_tokenizer_get_a_number_to_write() {
    let folder = folder();
    let mut command = mambascope(folder.path());
    command
        .args(["trace", "--ids", "1,2,3", "--subject-tokens", "0..1", "--model"])
        .arg(golden("plain"));
    let (code, said) = standard_error(&mut command);
    assert_eq!(code, Some(2));
    assert!(said.contains("`--noise 0."), "{said}");
}

#[test]
fn a_checkpoint_that_is_not_there_fails() {
    let folder = folder();
    let (code, said) =
        standard_error(mambascope(folder.path()).args(["trace", "x", "--model", "./nowhere"]));
    assert_eq!(code, Some(1));
    assert!(said.contains("nowhere") && said.contains("help:"), "{said}");
}

#[test]
fn files_that_cannot_be_written_are_found_before_the_run() {
    let folder = folder();
    fs::create_dir(folder.path().join("folder.json")).expect("a folder");
    fs::write(folder.path().join("file"), "").expect("a file");
    // The checkpoint is not there: whatever is said of the file is said before it is read.
    let refused = |verb: &str, out: &[&str], words: &str| {
        let mut command = mambascope(folder.path());
        command.args([verb, "x", "--model", "./nowhere"]).args(out);
        if verb == "knock-out" {
            command.args(["--from", "subject", "--to", "last"]);
        }
        let (code, said) = standard_error(&mut command);
        assert!(code == Some(2) && said.contains(words) && said.contains("help: "), "{said}");
        assert_eq!(said.matches("cannot write").count(), 1, "{said}");
    };
    refused("trace", &["--out", "none/t.svg"], "there is no folder `none`");
    refused("trace", &["--out", "t.svg", "--out", "file/t.npz"], "`file` is a file, not a folder");
    refused("trace", &["--out", "folder.json"], "it is a folder");
    refused("trace", &["--out", "folder.json/"], "it is a folder");
    refused("knock-out", &["--out", "none/k.csv"], "there is no folder `none`");
    refused("record", &["--out", "none/r.safetensors"], "there is no folder `none`");
    refused("attention", &["--layer", "0", "--out", "none/a.npz"], "there is no folder `none`");
    let interaction = ["--site", "gate", "--interaction", "resid", "--out", "none/i.npz"];
    refused("trace", &interaction, "there is no folder `none`");
    // The names that several sites and metrics give, not the one that was typed.
    fs::create_dir(folder.path().join("m_gate_rank.svg")).expect("a folder");
    let several = ["--out", "m.svg", "--site", "resid", "--site", "gate", "--metric", "p"];
    let several = [&several[..], &["--metric", "rank"]].concat();
    refused("trace", &several, "cannot write `m_gate_rank.svg`: it is a folder");
    if cfg!(unix) {
        for device in ["/dev/null", "/dev/full"] {
            refused("record", &["--out", device], "it is a device");
            refused("trace", &["--out", device], "it is a device");
        }
        refused("trace", &["--out", &format!("{}.npz", "x".repeat(256))], "the name is too long");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 3, "nothing is left behind");
    let explained = ["--explain", "--out", "none/t.svg", "--samples", "1"];
    by_ids(folder.path()).args(explained).assert().success();
}

#[cfg(unix)]
#[test]
fn every_kind_of_file_has_the_rights_of_a_new_file() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = folder();
    let mode = |name: &str| {
        let about = fs::metadata(folder.path().join(name)).expect(name);
        about.permissions().mode() & 0o777
    };
    fs::write(folder.path().join("plain"), "").expect("a file");
    fs::write(folder.path().join("secret"), "").expect("a file");
    fs::set_permissions(folder.path().join("secret"), fs::Permissions::from_mode(0o600))
        .expect("a mode");
    symlink("secret", folder.path().join("link.json")).expect("a link");
    let outs = ["t.npz", "t.json", "t.svg", "t.png", "t.pdf", "t.txt", "link.json"];
    let mut command = by_ids(folder.path());
    command.args(["--samples", "1"]).args(outs.iter().flat_map(|out| ["--out", out]));
    command.assert().success();
    let knock = ["knock-out", "--ids", "18,48,10,47", "--subject-tokens", "1..3"];
    let mut command = mambascope(folder.path());
    command
        .args(knock)
        .args(["--from", "0..1", "--to", "last", "--out", "k.csv", "--out", "k.json", "--model"]);
    command.arg(golden("plain")).assert().success();
    let record = ["record", "--ids", "18,48,10", "--site", "resid", "--out", "r.safetensors"];
    mambascope(folder.path()).args(record).arg("--model").arg(golden("plain")).assert().success();
    for name in outs[..6].iter().chain(&["k.csv", "k.json", "r.safetensors"]) {
        assert_eq!(mode(name), mode("plain"), "{name}");
    }
    assert_eq!(mode("secret"), 0o600, "kept");
    assert!(folder.path().join("link.json").is_symlink(), "written through");
    assert!(fs::metadata(folder.path().join("secret")).expect("a file").len() > 100);
}
