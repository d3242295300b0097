//! npz files of numpy's read here, and ours read by numpy.

use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mambascope::npz::{Array, Npz, NpzError, Values};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use zip::ZipArchive;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// What the script says is in a file: `arrays`, `rome` or `versions`.
fn expected(part: &str) -> Value {
    let text = fs::read_to_string(golden("numpy_npz.json")).expect("the golden is committed");
    let mut all: Value = serde_json::from_str(&text).expect("the golden is JSON");
    all[part].take()
}

/// All arrays, as `described.py` describes them.
fn described(npz: &Npz) -> Value {
    let arrays = npz.iter().map(|(name, array)| (name.to_owned(), described_array(array)));
    Value::Object(arrays.collect::<Map<_, _>>())
}

fn described_array(array: &Array) -> Value {
    let bits = |value: f64| format!("{:016x}", value.to_bits());
    let (kind, values) = match array.values() {
        Values::Bool(values) => ("bool", json!(values)),
        Values::I64(values) => ("int64", json!(values)),
        Values::F32(values) => {
            ("float32", values.iter().map(|value| bits(f64::from(*value))).collect())
        }
        Values::F64(values) => ("float64", values.iter().copied().map(bits).collect()),
        Values::Text(values) => ("text", json!(values)),
        _ => return json!({"shape": array.shape(), "kind": "object"}),
    };
    json!({"shape": array.shape(), "kind": kind, "values": values})
}

fn open(name: &str) -> Npz {
    Npz::open(golden(name)).unwrap_or_else(|error| panic!("{error}"))
}

fn written(npz: &Npz) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    npz.write(&mut bytes, "memory.npz").expect("memory takes every byte");
    bytes.into_inner()
}

fn read(bytes: Vec<u8>) -> Result<Npz, NpzError> {
    Npz::read(Cursor::new(bytes), "memory.npz")
}

#[test]
fn numpys_files_are_read() {
    assert_eq!(described(&open("numpy_stored.npz")), expected("arrays"));
    assert_eq!(described(&open("numpy_deflated.npz")), expected("arrays"));
    assert_eq!(described(&open("numpy_versions.npz")), expected("versions"));
}

#[test]
fn a_case_of_romes_is_read_all_but_its_pickle() {
    let rome = open("numpy_rome.npz");
    assert_eq!(described(&rome), expected("rome"));
    assert_eq!(rome.array("kind").map(Array::values), Some(&Values::Object));
    assert_eq!(rome.array("low_score").and_then(Array::to_f64), Some(vec![0.0625]));
    let names: Vec<&str> = rome.iter().map(|(name, _)| name).collect();
    assert_eq!(names[..3], ["scores", "low_score", "high_score"]);
}

/// The arrays that the script calls `own`.
fn own() -> Npz {
    let grid = || 0..24_i64;
    let shape = [2, 3, 4];
    let mut npz = Npz::default();
    npz.insert("bool", Array::vector(vec![true, false, true]));
    npz.insert("int", filled(shape, grid().map(|value| value - 12).collect::<Vec<_>>()));
    npz.insert(
        "float",
        filled(shape, grid().map(|value| (value as f64 / 7.0) as f32).collect::<Vec<_>>()),
    );
    npz.insert("double", filled(shape, grid().map(|value| value as f64 / 7.0).collect::<Vec<_>>()));
    npz.insert("scalar", Array::scalar(0.1));
    npz.insert("answer", Array::scalar(" Par\u{ed}s"));
    npz.insert("tokens", Array::vector(vec!["The", "\u{120}Eiffel", "\u{1f40d}", ""]));
    npz.insert("blank", Array::vector(vec![""]));
    npz.insert("empty", filled([0, 3], Vec::<f32>::new()));
    npz.insert("long", filled([1; 64], vec![0.0_f64]));
    npz.insert("wide", Array::vector(vec![false; 10_007]));
    for ones in 1..40 {
        npz.insert(format!("padded_{ones}"), filled(vec![1; ones], vec![0.0_f32]));
    }
    npz
}

fn filled(shape: impl Into<Vec<usize>>, values: impl Into<Values>) -> Array {
    Array::new(shape, values).expect("the values fill the shape")
}

/// Name and unpacked bytes of every entry.
fn entries(archive: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).expect("a zip archive");
    let count = archive.len();
    let entry = |index| {
        let mut entry = archive.by_index(index).expect("an entry of the list");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("a whole entry");
        (entry.name().expect("a name of ASCII").into_owned(), bytes)
    };
    (0..count).map(entry).collect()
}

#[test]
fn our_arrays_are_numpys_byte_for_byte() {
    let numpys = entries(fs::read(golden("numpy_own.npz")).expect("the golden is committed"));
    let ours = entries(written(&own()));
    assert_eq!(ours.len(), numpys.len());
    for ((our_name, our_bytes), (name, bytes)) in ours.iter().zip(&numpys) {
        assert_eq!(our_name, name);
        assert!(our_bytes == bytes, "{name} differs from numpy's");
    }
}

#[test]
fn numpy_reads_our_files() {
    let numpy = Command::new("python3").args(["-c", "import numpy"]).stderr(Stdio::null()).status();
    if !numpy.is_ok_and(|status| status.success()) {
        #[expect(clippy::print_stderr, reason = "a test that did not run says so")]
        {
            eprintln!("skipped: no `python3` that imports numpy is in the path");
        }
        return;
    }
    let folder = tempfile::tempdir().expect("a folder for the file");
    let path = folder.path().join("ours.npz");
    own().save(&path).expect("the folder is ours");
    let output = Command::new("python3")
        .arg("-B")
        .arg(golden("described.py"))
        .arg(&path)
        .output()
        .expect("python3 ran before");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let numpys: Value = serde_json::from_slice(&output.stdout).expect("the script prints JSON");
    assert_eq!(numpys, described(&own()));
}

#[test]
fn saving_replaces_a_file_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder for the file");
    let path = folder.path().join("trace.npz");
    let mut npz = Npz::default();
    npz.insert("answer", Array::scalar(" Paris"));
    npz.save(&path).expect("the folder is ours");
    npz.insert("answer", Array::scalar(" Rome"));
    npz.save(&path).expect("the folder is ours");
    assert_eq!(Npz::open(&path).expect("what we wrote"), npz);

    let mut objects = npz.clone();
    objects.insert("kind", filled([], Values::Object));
    let error = objects.save(&path).expect_err("objects cannot be written");
    assert!(matches!(error, NpzError::Object { .. }), "{error}");
    assert_eq!(Npz::open(&path).expect("what was there"), npz);
    assert_eq!(fs::read_dir(folder.path()).expect("the folder is ours").count(), 1);
}

#[test]
fn a_missing_folder_is_named() {
    let error = Npz::default().save("no/such/folder/trace.npz").expect_err("no such folder");
    insta::assert_snapshot!(error, @r"
    cannot write `no/such/folder/trace.npz`: there is no folder `no/such/folder`
    help: make the folder first (`mkdir -p`), or name another
    ");
    let error = Npz::open("no/such/trace.npz").expect_err("no such file");
    assert!(matches!(error, NpzError::Open { .. }), "{error}");
}

/// The bits of every value: NaN is not equal to itself, and zero is equal to minus zero.
fn bits(npz: &Npz) -> Vec<u8> {
    described(npz).to_string().into_bytes()
}

fn any_values(count: usize) -> impl Strategy<Value = Values> {
    let text = proptest::collection::vec(any::<char>(), 0..5)
        .prop_map(|letters| letters.into_iter().collect::<String>());
    prop_oneof![
        proptest::collection::vec(any::<bool>(), count).prop_map(Values::Bool),
        proptest::collection::vec(any::<i64>(), count).prop_map(Values::I64),
        proptest::collection::vec(proptest::num::f32::ANY, count).prop_map(Values::F32),
        proptest::collection::vec(proptest::num::f64::ANY, count).prop_map(Values::F64),
        proptest::collection::vec(text, count).prop_map(Values::Text),
    ]
}

fn any_array() -> impl Strategy<Value = Array> {
    proptest::collection::vec(0..4_usize, 0..4).prop_flat_map(|shape| {
        let count = shape.iter().product();
        any_values(count).prop_map(move |values| filled(shape.clone(), values))
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        arrays in proptest::collection::vec(("[a-z_.0-9é]{1,8}", any_array()), 0..5),
    ) {
        let mut npz = Npz::default();
        for (name, array) in arrays {
            npz.insert(name, array);
        }
        let bytes = written(&npz);
        prop_assert_eq!(&bytes, &written(&npz), "equal arrays gave unequal files");
        let back = read(bytes).expect("what we wrote");
        prop_assert_eq!(bits(&back), bits(&npz));
        let names = |npz: &Npz| npz.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
        prop_assert_eq!(names(&back), names(&npz));
    }
}
