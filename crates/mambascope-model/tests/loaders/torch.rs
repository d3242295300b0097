//! `.bin` files: those of torch itself (`golden/torch_bin.py`), and what is refused.

use std::io::{Cursor, Write};

use candle_core::Tensor;
use insta::assert_snapshot;
use mambascope_model::{Checkpoint, Config, Error, Format, random_tensors};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::files::{memory, transformers};

const SINGLE: &[u8] = include_bytes!("../golden/torch.bin");
const HALF: &[u8] = include_bytes!("../golden/torch_half.bin");
const LEGACY: &[u8] = include_bytes!("../golden/torch_legacy.bin");
const CONFIG: &[u8] =
    br#"{"d_model": 4, "n_layer": 1, "vocab_size": 12, "ssm_cfg": {"d_state": 2}}"#;

/// The tensors in the order in which the script numbers them.
const NAMES: [&str; 12] = [
    "backbone.embedding.weight",
    "backbone.layers.0.norm.weight",
    "backbone.layers.0.mixer.in_proj.weight",
    "backbone.layers.0.mixer.conv1d.weight",
    "backbone.layers.0.mixer.conv1d.bias",
    "backbone.layers.0.mixer.x_proj.weight",
    "backbone.layers.0.mixer.dt_proj.weight",
    "backbone.layers.0.mixer.dt_proj.bias",
    "backbone.layers.0.mixer.A_log",
    "backbone.layers.0.mixer.D",
    "backbone.layers.0.mixer.out_proj.weight",
    "backbone.norm_f.weight",
];

fn open(bytes: &[u8]) -> Result<Checkpoint, Error> {
    Checkpoint::read(memory(CONFIG.to_vec(), bytes.to_vec(), Format::Torch))
}

fn refused(bytes: &[u8]) -> String {
    open(bytes).map(drop).expect_err("a file that must be refused").to_string()
}

/// The golden file with its parts changed.
fn rewritten(change: impl Fn(&str, Vec<u8>) -> Vec<u8>, method: CompressionMethod) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(SINGLE)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        std::io::copy(&mut part, &mut bytes).unwrap();
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(&name, options).unwrap();
        writer.write_all(&change(&name, bytes)).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn with_pickle(pickle: &[u8]) -> Vec<u8> {
    let change =
        |name: &str, bytes| if name.ends_with("data.pkl") { pickle.to_vec() } else { bytes };
    rewritten(change, CompressionMethod::Stored)
}

#[test]
fn a_state_dict_of_torch_is_read() {
    for bytes in [SINGLE, HALF, LEGACY] {
        let tensors = open(bytes).unwrap().tensors;
        assert_eq!(tensors.names().count(), NAMES.len());
        for (place, name) in NAMES.iter().enumerate() {
            let read = tensors.tensor(name).unwrap().flatten_all().unwrap();
            let read = read.to_vec1::<f32>().unwrap();
            let number = |i| ((7 * i + 13 * place) % 31) as f32 / 16.0 - 15.0 / 16.0;
            assert_eq!(read, (0..read.len()).map(number).collect::<Vec<_>>(), "{name}");
        }
    }
}

#[test]
fn the_digest_does_not_depend_on_the_kind_of_file() {
    let digest = |bytes| open(bytes).unwrap().digest().unwrap();
    assert_eq!(digest(SINGLE), digest(HALF));
    assert_eq!(digest(SINGLE), digest(LEGACY));
}

#[test]
fn rewriting_changes_nothing() {
    let same = rewritten(|_, bytes| bytes, CompressionMethod::Stored);
    assert_eq!(open(&same).unwrap().digest().unwrap(), open(SINGLE).unwrap().digest().unwrap());
}

#[test]
fn files_of_other_kinds_are_named() {
    assert_snapshot!(refused(b"version https://git-lfs.github.com/spec/v1\n"), @r#"
        pytorch_model.bin is a Git LFS pointer, which stands for a file that was not fetched
        help: run `git lfs pull` in that folder, or fetch the file itself from the hub
        "#);
    assert_snapshot!(refused(b"\x40\0\0\0\0\0\0\0{\"a\": 1}"), @r#"
        the weights cannot be used: pytorch_model.bin: beginning: found a safetensors file: call it model.safetensors, expected a zip archive, as torch.save has written since 1.6
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    assert_snapshot!(refused(b"<html>"), @r#"
        pytorch_model.bin is a web page
        help: fetch the file itself, for example with `huggingface-cli download`; a page comes in its place where the address is wrong or the model needs a token
        "#);
    assert_snapshot!(refused(b""), @r#"
        the weights cannot be used: pytorch_model.bin: beginning: found an empty file, expected a zip archive, as torch.save has written since 1.6
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    assert_snapshot!(refused(&SINGLE[..SINGLE.len() / 2]), @r#"
        the weights cannot be used: pytorch_model.bin: zip directory: found invalid Zip archive: Could not find EOCD, expected files stored whole
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
}

#[test]
fn compressed_parts_are_refused() {
    assert_snapshot!(refused(&rewritten(|_, bytes| bytes, CompressionMethod::Deflated)), @r#"
        the weights cannot be used: pytorch_model.bin: zip directory: found `torch/data.pkl` compressed or encrypted, expected files stored whole
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
}

#[test]
fn numbers_must_lie_in_their_storage() {
    let cut = |name: &str, mut bytes: Vec<u8>| {
        bytes.truncate(if name.ends_with("data/2") { 8 } else { bytes.len() });
        bytes
    };
    assert_snapshot!(refused(&rewritten(cut, CompressionMethod::Stored)), @r#"
        the weights cannot be used: pytorch_model.bin: backbone.layers.0.mixer.in_proj.weight: found [16, 4] from 0 on, expected within the 8 bytes of data/2
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
}

#[test]
fn a_pickle_can_call_nothing() {
    assert_snapshot!(refused(&with_pickle(b"\x80\x02cos\nsystem\nX\x02\0\0\0ls\x85R.")), @r#"
        the weights cannot be used: pytorch_model.bin: data.pkl, byte 13: found the name os.system, expected a dictionary of tensors, as state_dict() gives it; of a file that you trust, Python makes one: `import torch; model = torch.load("pytorch_model.bin", map_location="cpu", weights_only=False); torch.save(model.state_dict(), "pytorch_model.bin")`
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
}

#[test]
fn a_pickle_of_something_else_is_refused() {
    assert_snapshot!(refused(&with_pickle(b"\x80\x02K\x01.")), @r#"
        the weights cannot be used: pytorch_model.bin: data.pkl, byte 5: found something else than a dictionary, expected a dictionary of tensors, as state_dict() gives it; of a file that you trust, Python makes one: `import torch; model = torch.load("pytorch_model.bin", map_location="cpu", weights_only=False); torch.save(model.state_dict(), "pytorch_model.bin")`
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    assert_snapshot!(refused(&with_pickle(b"\x80\x02}X\x05\0\0\0modelq\0}s.")), @r#"
        the weights cannot be used: pytorch_model.bin: data.pkl, byte 18: found a dictionary within, named `model`, expected a dictionary of tensors, as state_dict() gives it; of a file that you trust, Python makes one: `import torch; model = torch.load("pytorch_model.bin", map_location="cpu", weights_only=False); torch.save(model.state_dict(), "pytorch_model.bin")`
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    assert_snapshot!(refused(&with_pickle(b"\x80\x02}X\x02\0\0\0lrG\0\0\0\0\0\0\0\0s.")), @r#"
        the weights cannot be used: pytorch_model.bin: data.pkl, byte 21: found `lr`, which is no tensor, expected a dictionary of tensors, as state_dict() gives it; of a file that you trust, Python makes one: `import torch; model = torch.load("pytorch_model.bin", map_location="cpu", weights_only=False); torch.save(model.state_dict(), "pytorch_model.bin")`
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    assert_snapshot!(refused(&with_pickle(b"\x80\x02")), @r#"
        the weights cannot be used: pytorch_model.bin: data.pkl, byte 2: found its end, expected a dictionary of tensors, as state_dict() gives it; of a file that you trust, Python makes one: `import torch; model = torch.load("pytorch_model.bin", map_location="cpu", weights_only=False); torch.save(model.state_dict(), "pytorch_model.bin")`
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    assert_snapshot!(refused(&with_pickle(b"X\xff\xff\xff\xff.")), @r#"
        the weights cannot be used: pytorch_model.bin: data.pkl, byte 5: found its end, expected a dictionary of tensors, as state_dict() gives it; of a file that you trust, Python makes one: `import torch; model = torch.load("pytorch_model.bin", map_location="cpu", weights_only=False); torch.save(model.state_dict(), "pytorch_model.bin")`
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    refused(&with_pickle(b"."));
    refused(&with_pickle(b"}t."));
}

#[test]
fn a_pickle_can_neither_nest_nor_multiply_without_bound() {
    let mut nested = b"\x80\x02)".to_vec();
    nested.extend(std::iter::repeat_n(0x85, 2_000_000));
    nested.push(b'.');
    assert_snapshot!(refused(&with_pickle(&nested)), @r#"
        the weights cannot be used: pytorch_model.bin: data.pkl, byte 1048579: found more than 1048576 values, expected a dictionary of tensors, as state_dict() gives it; of a file that you trust, Python makes one: `import torch; model = torch.load("pytorch_model.bin", map_location="cpu", weights_only=False); torch.save(model.state_dict(), "pytorch_model.bin")`
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    let mut doubled = b"\x80\x02)q\0".to_vec();
    doubled.extend(b"h\0h\0\x86q\0".repeat(60));
    doubled.push(b'.');
    refused(&with_pickle(&doubled));
}

#[test]
fn a_list_of_pairs_cannot_be_multiplied_without_bound() {
    // A list of a thousand pairs, of which Python 2 would make a dictionary, made into ten thousand of them.
    let mut pickle = b"\x80\x02ccollections\nOrderedDict\nq\0](".to_vec();
    pickle.extend(b"))\x86".repeat(1_000));
    pickle.extend(b"eq\x01");
    pickle.extend(b"h\0h\x01\x85R".repeat(10_000));
    pickle.push(b'.');
    assert!(refused(&with_pickle(&pickle)).contains("more than 1048576 pairs"));
}

#[test]
fn two_models_in_one_file_are_named() {
    let tensor = |name: &str| sharing(&[(name.to_owned(), vec![2, 2])]);
    let inside = |name: &str| {
        let pickle = tensor("backbone.embedding.weight");
        let text = [b"X", &(name.len() as u32).to_le_bytes()[..], name.as_bytes()].concat();
        [text, pickle[2..pickle.len() - 1].to_vec(), b"s".to_vec()].concat()
    };
    let two =
        [b"\x80\x02}".to_vec(), inside("model"), inside("state_dict"), b".".to_vec()].concat();
    let said = refused(&with_pickle(&two));
    assert!(said.contains("two dictionaries, `state_dict` and `model`"), "{said}");
    let one = [b"\x80\x02}".to_vec(), inside("model"), inside("optimizer"), b".".to_vec()].concat();
    let said = refused(&with_pickle(&one));
    assert!(said.contains("backbone.embedding.weight: found"), "the one is read: {said}");
}

/// A pickled dictionary in which every tensor lies in the storage `0`.
fn sharing(shapes: &[(String, Vec<u8>)]) -> Vec<u8> {
    let text =
        |text: &str| [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
    let mut pickle = b"\x80\x02}(".to_vec();
    for (name, shape) in shapes {
        pickle.extend(text(name));
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        pickle.extend(text("storage"));
        pickle.extend(b"ctorch\nFloatStorage\n");
        pickle.extend([text("0"), text("cpu"), b"K\x40tQK\0(".to_vec()].concat());
        pickle.extend(shape.iter().flat_map(|size| [b'K', *size]));
        pickle.extend(b"t(");
        let stride = |place: usize| shape[place + 1..].iter().product();
        pickle.extend((0..shape.len()).flat_map(|place| [b'K', stride(place)]));
        pickle.extend(b"t\x89}tR");
    }
    pickle.extend(b"u.");
    pickle
}

#[test]
fn tensors_may_not_share_bytes_to_seem_many() {
    let config = Config {
        width: 4,
        layers: 40,
        vocabulary: 16,
        known_vocabulary: 16,
        inner: 8,
        state: 2,
        ..Config::tiny()
    };
    let tensors = random_tensors(&config, 1);
    let small = |tensor: &Tensor| tensor.dims().iter().map(|size| *size as u8).collect();
    let shapes: Vec<_> = tensors
        .names()
        .map(|name| (name.to_owned(), small(&tensors.tensor(name).unwrap())))
        .collect();
    let files = memory(transformers(&config), with_pickle(&sharing(&shapes)), Format::Torch);
    let message = Checkpoint::read(files).map(drop).expect_err("a refusal").to_string();
    assert!(message.contains("bytes of its own") && message.contains("and "), "{message}");
}
