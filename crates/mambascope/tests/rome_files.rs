//! ROME's own files, which its algorithm made, open and are drawn; and ours open in what draws them there.

use std::path::{Path, PathBuf};
use std::process::Command;

use mambascope::npz::{Array, Npz, Values};
use mambascope::prelude::*;
use mambascope::{Module, Stream};
use serde_json::Value;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name)
}

fn open(name: &str) -> Effects {
    Effects::open(golden(&format!("rome_files/{name}.npz"))).expect(name)
}

/// Scores of a map of ROME's algorithm, token by token.
fn scores(name: &str) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(golden(&format!("rome/{name}.json"))).expect("a golden");
    let case: Value = serde_json::from_str(&text).expect("json");
    serde_json::from_value(case["f32"]["scores"].clone()).expect("a matrix")
}

#[test]
fn every_kind_opens_and_is_drawn() {
    let (whole, mixer) = ("Impact of restoring state", "ten_mixer_out_w10_code");
    for (name, map, module, title) in [
        ("state", "ten_resid", None, "residual"),
        ("state_old", "ten_resid", None, "residual"),
        ("state_half", "ten_resid", None, "residual"),
        ("mlp", mixer, Some(Module::Mlp), "Impact of restoring MLP after corrupted input"),
        ("attn", "ten_gate_w10_code", Some(Module::Attention), "Impact of restoring Attn"),
    ] {
        let (effects, expected) = (open(name), scores(map));
        assert_eq!((effects.module(), effects.tokens().len()), (module, expected.len()), "{name}");
        let allowed = if name == "state_half" { 1e-3 } else { 1e-7 };
        for (token, row) in expected.iter().enumerate() {
            for (layer, score) in row.iter().enumerate() {
                let found = effects.score(token, layer).expect("a cell");
                assert!((found - score).abs() < allowed, "{name}: {found} is not {score}");
            }
        }
        let svg = effects.heatmap().expect("a map").svg();
        assert!(svg.contains(title) || svg.contains(whole), "{name}");
        let window = if module.is_some() { 10 } else { 1 };
        assert_eq!(effects.window().size, window, "{name}: single states have no window");
        assert!(effects.correct_prediction());
    }
    let label = open("mlp").heatmap().expect("a map").text();
    assert!(label.contains("center of interval of 10 restored MLP layers"), "{label}");
    assert!(open("mlp").warnings().iter().any(|warning| warning.contains("mixer_out")));
}

#[test]
fn files_of_one_token_are_of_the_subjects_last() {
    for (name, map) in
        [("mlp_subject_last", "ten_mixer_out_w10_code"), ("state_severed", "ten_resid")]
    {
        let (effects, expected) = (open(name), scores(map));
        let last = effects.subject().end - 1;
        assert_eq!(effects.tokens(), [last]);
        let found = effects.score(last, 3).expect("a cell");
        assert!((found - expected[last][3]).abs() < 1e-7);
        assert!(effects.heatmap().expect("a map").svg().contains("<svg"));
        assert!(effects.warnings().iter().any(|warning| warning.contains("one token")), "{name}");
        assert!(effects.to_string().contains("best"));
    }
}

#[test]
fn a_stub_opens_and_says_that_nothing_was_traced() {
    let folder = tempfile::tempdir().expect("a folder");
    let stub = open("stub");
    assert!(stub.is_stub() && !stub.correct_prediction() && stub.best().is_none());
    assert!(stub.to_string().contains("nothing traced"), "{stub}");
    let refused = stub.heatmap().expect_err("nothing to draw").to_string();
    assert!(refused.contains("not the expected one") && refused.contains("help:"), "{refused}");
    let file = folder.path().join("again.npz");
    stub.save(&file).expect("saved");
    assert_eq!(Npz::open(&file).expect("an npz").iter().count(), 1);
    assert!(Effects::open(&file).expect("a stub").is_stub());
}

/// A file of ROME's with other arrays under some names.
fn odd(folder: &Path, changes: &[(&str, Option<Array>)]) -> Result<Effects, Error> {
    let mut npz = Npz::default();
    for (name, array) in Npz::open(golden("rome_files/mlp.npz")).expect("an npz").iter() {
        match changes.iter().find(|(changed, _)| *changed == name) {
            None => npz.insert(name, array.clone()),
            Some((_, Some(array))) => npz.insert(name, array.clone()),
            Some((_, None)) => {}
        }
    }
    let file = folder.join("odd.npz");
    npz.save(&file).expect("saved");
    Effects::open(file)
}

#[test]
fn odd_files_are_refused_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = |text: &str| Some(Array::scalar(text));
    let scores = |rows: usize| Some(Array::new([rows, 12], vec![0.5; rows * 12]).expect("fits"));
    for (changes, word) in [
        (vec![("kind", text("lstm"))], "`lstm`"),
        (vec![("kind", None)], "`kind`"),
        (vec![("scores", scores(2))], "2 rows"),
        (vec![("scores", None)], "`scores`"),
        (vec![("subject_range", Some(Array::vector(vec![3_i64, 3])))], "`subject_range`"),
        (vec![("input_tokens", Some(Array::vector(vec!["a", "b"])))], "`input_tokens`"),
    ] {
        let refused = odd(folder.path(), &changes).expect_err(word).to_string();
        assert!(refused.contains(word) && refused.contains("help:"), "{refused}");
    }
    assert!(odd(folder.path(), &[("kind", text("None"))]).expect("a state").module().is_none());
    let state = odd(folder.path(), &[("kind", text("ssm_state"))]).expect("the original project's");
    assert_eq!((state.site(), state.window().size), (Site::State, 10));
    let row = odd(folder.path(), &[("scores", scores(1)), ("correct_prediction", None)]);
    assert_eq!(row.expect("one row").tokens().len(), 1);
}

#[test]
fn a_kind_of_romes_goes_into_our_files_and_back() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["state", "mlp", "attn", "mlp_subject_last"] {
        let (effects, file) = (open(name), folder.path().join(format!("{name}.npz")));
        effects.save(&file).expect("saved");
        assert_eq!(Effects::open(&file).expect("effects"), effects);
        let kind =
            Npz::open(&file).expect("an npz").array("kind").expect("a kind").values().clone();
        let expected = effects.module().map_or("None", Module::kind);
        assert_eq!(kind, Values::Text(vec![expected.to_owned()]));
    }
}

/// Files of every site, some with less than the whole grid.
fn ours(folder: &Path) -> Vec<(Site, PathBuf)> {
    let model = Model::bundled().expect("the bundled model");
    let noisy = model
        .trace("The capital of Fiji is")
        .subject("Fiji")
        .corrupt(Noise::sigmas(3.0).samples(2));
    let some = noisy.tokens(Last);
    let sites =
        Site::ALL.into_iter().filter(|site| !matches!(site, Site::FinalNorm | Site::Logits));
    let mut files = Vec::new();
    let mut save = |trace: Trace, name: String| {
        let effects = trace.run().expect("a run");
        let file = folder.join(format!("{name}.npz"));
        effects.save(&file).expect("saved");
        files.push((effects.site(), file));
    };
    for site in sites {
        save(some.restore(site).window(1), site.name().to_owned());
    }
    save(noisy.restore(3..5).tokens(1..4), "part".to_owned());
    save(noisy.severed_modules().stream(Stream::Rome), "severed".to_owned());
    save(noisy.restore(..).metrics(Metric::ALL).foil("Paris"), "metrics".to_owned());
    files
}

#[test]
fn files_of_the_residual_stream_open_in_romes_plot() {
    let has_numpy = Command::new("python3").args(["-c", "import numpy"]).output();
    if !has_numpy.is_ok_and(|output| output.status.success()) {
        #[expect(clippy::print_stderr, reason = "a test that did not run says so")]
        {
            eprintln!("skipped: no `python3` that imports numpy is in the path");
        }
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let files = ours(folder.path());
    let output = Command::new("python3")
        .arg(golden("rome_plot.py"))
        .args(files.iter().map(|(_, file)| file))
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).expect("words");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), files.len());
    for ((site, file), line) in files.iter().zip(lines) {
        let name = file.display();
        let expected = match site {
            Site::Resid => format!("{name}: None"),
            _ => format!("{name}: KeyError '{site}'"),
        };
        assert_eq!(line, expected);
    }
}

#[test]
fn tokens_are_written_raw_and_labels_apart() {
    let model = Model::bundled().expect("the bundled model");
    let trace = model.trace("Rome\nis in\tItaly, Zoë").subject("Rome").corrupt(0.5);
    let effects = trace.restore(..).run().expect("a run");
    assert_eq!(effects.decoded().concat().replace('\u{fffd}', ""), "Rome\nis in\tItaly, Zo");
    let npz = effects.to_npz().expect("an npz");
    let texts = |name: &str| match npz.array(name).expect(name).values() {
        Values::Text(texts) => texts.clone(),
        _ => panic!("texts"),
    };
    assert_eq!(texts("input_tokens"), effects.decoded());
    assert_eq!(texts("labels"), effects.input_tokens());
    assert_ne!(texts("labels"), texts("input_tokens"), "a line end has a sign of its own");
}

#[test]
fn older_files_of_ours_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
    let effects = trace.restore(1..3).run().expect("a run");
    let mut npz = Npz::default();
    for (name, array) in effects.to_npz().expect("an npz").iter() {
        let array = match (name, array.values()) {
            ("labels", _) => continue,
            ("result", Values::Text(texts)) => {
                let mut result: Value = serde_json::from_str(&texts[0]).expect("json");
                result.as_object_mut().expect("an object").remove("decoded").expect("it was there");
                Array::scalar(result.to_string().as_str())
            }
            _ => array.clone(),
        };
        npz.insert(name, array);
    }
    let file = folder.path().join("older.npz");
    npz.save(&file).expect("saved");
    let read = Effects::open(file).expect("effects");
    assert_eq!(
        (read.score(2, 1), read.input_tokens()),
        (effects.score(2, 1), effects.input_tokens())
    );
    assert_eq!(read.decoded(), effects.input_tokens());
}
