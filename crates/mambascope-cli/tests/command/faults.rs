//! Faults in the numbers, through the command: exit 1 and the place named, or files of finite numbers; and numbers that a
//! user may type.

use std::fmt::Write as _;

use mambascope::model::{Config, random_tensors};

use super::*;

/// A checkpoint of the tiny shape in a folder, one of its tensors changed; in f64 where that is asked for.
fn checkpoint(folder: &Path, tensor: &str, wide: bool, change: impl Fn(usize, f64) -> f64) {
    let config = r#"{"d_model": 16, "n_layer": 4, "vocab_size": 32, "ssm_cfg": {"d_state": 4}, "rms_norm": true}"#;
    fs::write(folder.join("config.json"), config).expect("written");
    let drawn = random_tensors(&Config::tiny(), 1);
    let (mut header, mut bytes) = (String::new(), Vec::new());
    for name in drawn.names() {
        let own = drawn.tensor(name).expect("drawn");
        let (shape, start) = (format!("{:?}", own.dims()), bytes.len());
        let numbers: Vec<f32> = own.flatten_all().expect("flat").to_vec1().expect("numbers");
        let is_wide = wide && name == tensor;
        for (place, number) in numbers.into_iter().enumerate() {
            let number = f64::from(number);
            let number = if name == tensor { change(place, number) } else { number };
            if is_wide {
                bytes.extend(number.to_le_bytes());
            } else {
                bytes.extend((number as f32).to_le_bytes());
            }
        }
        let (dtype, comma) =
            (if is_wide { "F64" } else { "F32" }, if start == 0 { "" } else { "," });
        let offsets = format!("[{start},{}]", bytes.len());
        let _ = write!(
            header,
            r#"{comma}"{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}"#
        );
    }
    let header = format!("{{{header}}}");
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.extend(bytes);
    fs::write(folder.join("model.safetensors"), file).expect("written");
}

const VERBS: [&[&str]; 3] = [
    &["trace", "--subject-tokens", "1..3", "--noise", "0.3", "--samples", "2", "--out", "out.npz"],
    &["knock-out", "--subject-tokens", "1..3", "--window", "1", "--out", "out.npz"],
    &["record", "--site", "gate", "--site", "state", "--out", "out.npz"],
];

/// A verb on the checkpoint of a folder.
fn on(folder: &Path, verb: &[&str]) -> Command {
    let mut command = mambascope(folder);
    command.args(verb).args(["--ids", "5,9,2,7", "--model", "."]);
    command
}

/// Whether every number of a file is finite.
fn is_finite(file: &Path) -> bool {
    let npz = Npz::open(file).expect("an npz");
    npz.iter().filter_map(|(_, array)| array.to_f64()).flatten().all(f64::is_finite)
}

#[test]
fn faults_in_weights_are_named_or_come_to_finite_numbers() {
    let faults: [(&str, bool, f64); 8] = [
        ("backbone.layers.1.norm.weight", false, 3e38),
        ("backbone.layers.3.mixer.out_proj.weight", false, 1e38),
        ("backbone.norm_f.weight", false, 3e38),
        ("backbone.layers.0.mixer.A_log", false, 1e30),
        ("backbone.layers.2.mixer.dt_proj.bias", false, -1e30),
        ("backbone.embedding.weight", false, f64::INFINITY),
        ("backbone.layers.1.mixer.D", false, f64::NAN),
        ("backbone.layers.2.mixer.in_proj.weight", true, 1e300),
    ];
    let mut named = 0;
    for (tensor, wide, value) in faults {
        let folder = folder();
        let change = |place: usize, own: f64| if place % 3 == 1 { value } else { own };
        checkpoint(folder.path(), tensor, wide, change);
        for verb in VERBS {
            let output = on(folder.path(), verb).output().expect("it runs");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let out = folder.path().join("out.npz");
            if output.status.success() {
                assert!(is_finite(&out), "{tensor} of {value}: {verb:?}");
                fs::remove_file(out).expect("removed");
                continue;
            }
            named += 1;
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains(tensor) && said.contains("element"), "{verb:?}: {said}");
            assert!(said.contains("help: ") && !out.exists(), "{said}");
            assert!(!value.is_finite() || said.contains("reference64"), "{said}");
        }
    }
    assert!(named >= 18, "{named}");
}

#[test]
fn noise_of_any_size_is_named_or_finite() {
    let folder = folder();
    checkpoint(folder.path(), "", false, |_, own| own);
    for noise in ["1e20", "1e30", "1e39", "u1e38", "u1e300", "1e38s", "1e300"] {
        let verb = ["trace", "--subject-tokens", "1..3", "--out", "out.npz", "--noise", noise];
        let (code, said) = standard_error(&mut on(folder.path(), &verb));
        if noise == "1e38s" {
            assert_ne!(code, Some(0), "{said}");
        } else {
            assert_eq!(code, Some(1), "{noise}: {said}");
            assert!(said.contains("embed") && said.contains("corrupted sample 0"), "{said}");
            assert!(
                said.contains("--compute reference64") && said.contains("--noise 3s"),
                "{said}"
            );
        }
        assert!(!folder.path().join("out.npz").exists(), "nothing is written");
        let exact = [&verb[..], &["--compute", "reference64"]].concat();
        let (code, said) = standard_error(&mut on(folder.path(), &exact));
        let out = folder.path().join("out.npz");
        match code {
            Some(0) => {
                assert!(is_finite(&out), "{noise}");
                fs::remove_file(out).expect("removed");
            }
            _ => assert!(said.contains("f64") || said.contains("subjects"), "{noise}: {said}"),
        }
    }
}

#[test]
fn cells_that_were_not_asked_for_are_told_from_numbers() {
    let folder = folder();
    let grid = ["--samples", "2", "--tokens", "2..4", "--layers", "1..", "--metric", "kl"];
    by_ids(folder.path()).args(grid).args(["--out", "a.npz"]).assert().success();
    let npz = Npz::open(folder.path().join("a.npz")).expect("an npz");
    let Some(Values::Bool(asked)) = npz.array("asked").map(Array::values) else { panic!("a mask") };
    assert_eq!(npz.array("asked").map(Array::shape), npz.array("scores").map(Array::shape));
    assert_eq!(asked.iter().filter(|asked| **asked).count(), 2 * 2);
    for name in ["scores", "scores.kl"] {
        let scores = npz.array(name).and_then(Array::to_f64).expect("numbers");
        assert!(scores.iter().zip(asked).all(|(score, asked)| score.is_finite() == *asked));
    }
    // A file whose asked cell is no number is no result.
    let mut broken = npz.clone();
    let mut scores = npz.array("scores").and_then(Array::to_f64).expect("numbers");
    let cell = asked.iter().position(|asked| *asked).expect("a cell");
    scores[cell] = f64::NAN;
    let shape = npz.array("scores").expect("an array").shape().to_vec();
    broken.insert("scores", Array::new(shape, scores).expect("an array"));
    broken.save(folder.path().join("b.npz")).expect("written");
    let said = Effects::open(folder.path().join("b.npz")).expect_err("refused").to_string();
    assert!(said.contains("token 2 and layer 1 was asked for and is no finite number"), "{said}");
}

#[test]
fn numbers_that_are_typed_are_bounded() {
    let folder = folder();
    let huge = "18446744073709551615";
    let beyond = "99999999999999999999999999";
    let cases: &[&[&str]] = &[
        &["--samples", "0"],
        &["--samples", huge],
        &["--samples", beyond],
        &["--samples=-1"],
        &["--window", "0"],
        &["--window", beyond],
        &["--noise", "nan"],
        &["--noise", "inf"],
        &["--noise=-1"],
        &["--noise", "t2"],
        &["--noise", "t1e999"],
        &["--noise", "1e999"],
        &["--until", "0"],
        &["--until", "nan"],
        &["--until", "inf"],
        &["--until=-0.5"],
        &["--until", "0.1", "--at-most", "1000000000000000"],
        &["--until", "0.1", "--at-most", huge],
        &["--seed", "4294967296"],
        &["--seed=-1"],
        &["--tokens", "3..1"],
        &["--tokens", huge],
        &["--tokens", "2..=18446744073709551615"],
        &["--layers", "3..1"],
        &["--layers", huge],
        &["--layers", beyond],
        &["--site", "state", "--channels", "5..2"],
        &["--site", "state", "--dims", huge],
        &["--site", "conv_state", "--taps", huge],
        &["--answer-id", "4294967295"],
        &["--answer-id", "4294967296"],
        &["--foil-id", "4294967295"],
        &["--swap-drawn=-1"],
    ];
    for case in cases {
        let (code, said) = standard_error(by_ids(folder.path()).args(*case));
        assert!(matches!(code, Some(1 | 2)), "{case:?}: {code:?} {said}");
        assert!(said.contains("help") && !said.contains("panicked"), "{case:?}: {said}");
    }
    let (code, said) =
        standard_error(by_ids(folder.path()).args(["--window", huge, "--samples", "2"]));
    assert_eq!(code, Some(0), "as many layers as there are: {said}");
    for (variable, value) in [
        ("MAMBASCOPE_THREADS", "0"),
        ("MAMBASCOPE_THREADS", "-2"),
        ("MAMBASCOPE_THREADS", "4096"),
        ("MAMBASCOPE_THREADS", "100000"),
        ("MAMBASCOPE_THREADS", huge),
        ("MAMBASCOPE_THREADS", beyond),
        ("RAYON_NUM_THREADS", "100000"),
    ] {
        let (code, said) = standard_error(by_ids(folder.path()).env(variable, value));
        assert_eq!(code, Some(1), "{variable}={value}: {said}");
        let words = format!("cannot run on `{value}` threads");
        assert!(said.contains(&words) && said.contains("help: "), "{said}");
    }
    for threads in ["0", "100000", huge] {
        let mut command = mambascope(folder.path());
        command.args(["bench", "--kind", "tokens", "--threads", threads, "--model"]);
        let (code, said) = standard_error(command.arg(golden("plain_state_spaces")));
        assert!(code == Some(1) && said.contains("help: "), "{said}");
    }
}

/// No stack so large can be had, so that no thread starts, as where the system's limit of processes is reached.
#[cfg(target_os = "linux")]
#[test]
fn a_system_that_gives_no_thread_is_no_panic() {
    let folder = folder();
    for threads in ["", "1", "2"] {
        let mut command = by_ids(folder.path());
        command.env("RUST_MIN_STACK", (1_u64 << 46).to_string());
        if !threads.is_empty() {
            command.env("MAMBASCOPE_THREADS", threads);
        }
        let (code, said) = standard_error(&mut command);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("the system gives no thread") && said.contains("help: "), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}
