//! Results on disk: ROME's own files, and files that are not what they say.

use std::path::{Path, PathBuf};

use mambascope::npz::{Array, Npz};
use mambascope::prelude::*;

fn rome() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/numpy_rome.npz")
}

fn traced() -> Effects {
    let noise = Noise::gaussian(0.5).samples(3);
    let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(noise);
    trace.restore((Site::Gate, 1..3)).window(2).run().expect("a run")
}

#[test]
fn a_file_of_romes_program_is_read() {
    let effects = Effects::open(rome()).expect("effects");
    assert_eq!((effects.low(), effects.high(), effects.subject()), (0.0625, 0.75, 1..4));
    assert_eq!((effects.answer(), effects.site()), (" Paris", Site::Resid));
    assert_eq!(effects.score(3, 2), Some(11.0 / 16.0));
    assert!(effects.samples(3, 2).is_empty() && !effects.warnings().is_empty());
    assert!(effects.heatmap().expect("a map").svg().contains("Paris"));
}

#[test]
fn a_kind_that_nobody_has_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("lstm.npz");
    let mut npz = Npz::default();
    for (name, array) in
        Npz::open(rome()).expect("an npz").iter().filter(|(name, _)| *name != "kind")
    {
        npz.insert(name, array.clone());
    }
    npz.insert("kind", Array::scalar("lstm"));
    npz.save(&file).expect("saved");
    let error = Effects::open(&file).expect_err("refused").to_string();
    assert!(error.contains("`lstm`") && error.contains("help:"), "{error}");
}

#[test]
fn every_form_reads_back_as_it_was() {
    let (folder, effects) = (tempfile::tempdir().expect("a folder"), traced());
    let file = folder.path().join("gate.npz");
    effects.save(&file).expect("saved");
    assert_eq!(Effects::open(&file).expect("effects"), effects);
    assert_eq!(Effects::from_json(&effects.to_json().expect("json")).expect("effects"), effects);
    assert_eq!(effects.score(2, 1), Effects::open(&file).expect("effects").score(2, 1));
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let (folder, effects) = (tempfile::tempdir().expect("a folder"), traced());
    let file = folder.path().join("odd.npz");
    let mut npz = effects.to_npz().expect("an npz");
    npz.insert("scores", Array::new([2, 4], vec![0.0_f64; 8]).expect("fits"));
    npz.save(&file).expect("saved");
    assert!(Effects::open(&file).expect_err("refused").to_string().contains("do not fit"));
    assert!(matches!(Effects::open(folder.path().join("none.npz")), Err(Error::Npz(_))));
    assert!(matches!(effects.save(folder.path().join("map.bmp")), Err(Error::Ending { .. })));
}

#[test]
fn texts_whose_parts_do_not_fit_are_refused() {
    let text = traced().to_json().expect("json");
    let layers = r#""model_layers": 4"#;
    assert!(text.contains(layers));
    for (part, odd) in [
        (layers, r#""model_layers": 1"#),
        (layers, r#""model_layers": 18446744073709551615"#),
        (r#""low_samples": ["#, r#""low_samples": [0.5,"#),
        (r#""scores": ["#, r#""scores": [0.5,"#),
    ] {
        assert!(text.contains(part), "{part}");
        let error = Effects::from_json(&text.replacen(part, odd, 1)).expect_err(odd).to_string();
        assert!(error.contains("do not fit"), "{error}");
    }
}
