//! safetensors files, whole, in shards, and wrong in every way.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use half::{bf16, f16};
use insta::assert_snapshot;
use mambascope_model::{Checkpoint, Config, Format, Tensors, random_tensors};
use safetensors::tensor::Dtype;

use crate::files::{Parts, memory, parts, safetensors, transformers};

const EMBEDDING: &str = "backbone.embedding.weight";
const D: &str = "backbone.layers.0.mixer.D";

fn open(config: &Config, parts: &Parts) -> Result<Checkpoint, mambascope_model::Error> {
    Checkpoint::read(memory(transformers(config), safetensors(parts), Format::Safetensors))
}

fn refused(parts: &Parts) -> String {
    open(&Config::tiny(), parts).map(drop).expect_err("weights that must be refused").to_string()
}

fn floats(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn same(one: &Tensors, other: &Tensors) {
    assert!(one.names().eq(other.names()));
    for name in one.names() {
        let (one, other) = (one.tensor(name).unwrap(), other.tensor(name).unwrap());
        assert_eq!(one.dims(), other.dims(), "{name}");
        assert_eq!(floats(&one), floats(&other), "{name}");
    }
}

#[test]
fn what_was_written_is_read() {
    let shapes = [
        Config::tiny(),
        Config { projection_bias: true, convolution_bias: false, ..Config::tiny() },
        Config { tied_head: false, state: 8, convolution: 3, rank: 3, ..Config::tiny() },
    ];
    for config in shapes {
        let checkpoint = open(&config, &parts(&config)).unwrap();
        assert_eq!(checkpoint.config, config);
        same(&checkpoint.tensors, &random_tensors(&config, 7));
        assert!(checkpoint.tensors.tensor("lm_head.weight").is_ok());
        assert!(checkpoint.tensors.tensor("lm_head.bias").is_err());
    }
}

#[test]
fn the_embedding_of_transformers_gets_its_name() {
    let config = Config::tiny();
    let mut parts = parts(&config);
    let embedding = parts.remove(EMBEDDING).unwrap();
    parts.insert("backbone.embeddings.weight".to_owned(), embedding);
    same(&open(&config, &parts).unwrap().tensors, &random_tensors(&config, 7));
}

#[test]
fn half_becomes_single_and_double_stays() {
    let config = Config::tiny();
    let mut parts = parts(&config);
    let values = [1.5f32, -0.25, 0.0, 65504.0].repeat(8);
    let half = values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect();
    let brain = values.iter().flat_map(|v| bf16::from_f32(*v).to_le_bytes()).collect();
    let double = values.iter().flat_map(|v| (f64::from(*v) / 3.0).to_le_bytes()).collect();
    parts.insert(D.to_owned(), (Dtype::F16, vec![32], half));
    parts.insert(D.replace('0', "1"), (Dtype::BF16, vec![32], brain));
    parts.insert(D.replace('0', "2"), (Dtype::F64, vec![32], double));
    let tensors = open(&config, &parts).unwrap().tensors;
    assert_eq!(floats(&tensors.tensor(D).unwrap()), values);
    let brain = floats(&tensors.tensor(&D.replace('0', "1")).unwrap());
    assert_eq!(brain[..4], [1.5, -0.25, 0.0, 65536.0]);
    let double = tensors.tensor(&D.replace('0', "2")).unwrap();
    assert_eq!(double.dtype(), DType::F64);
    assert_eq!(double.to_vec1::<f64>().unwrap()[0], 0.5);
}

#[test]
fn a_tied_head_may_be_stored_but_not_differ() {
    let config = Config::tiny();
    let mut parts = parts(&config);
    let mut head = parts[EMBEDDING].clone();
    parts.insert("lm_head.weight".to_owned(), head.clone());
    same(&open(&config, &parts).unwrap().tensors, &random_tensors(&config, 7));
    head.2[17] ^= 1;
    parts.insert("lm_head.weight".to_owned(), head);
    assert_snapshot!(refused(&parts), @r#"
        the weights cannot be used: model.safetensors: lm_head.weight: found other numbers, expected the embedding: the config ties them (tie_word_embeddings, tie_embeddings)
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
}

#[test]
fn every_problem_is_named_at_once() {
    let mut parts = parts(&Config::tiny());
    parts.remove("backbone.norm_f.weight");
    parts.insert("rotary.inverse".to_owned(), (Dtype::F32, vec![1], vec![0; 4]));
    parts.insert(D.to_owned(), (Dtype::F32, vec![8, 4], vec![0; 128]));
    let bias = "backbone.layers.3.mixer.conv1d.bias".to_owned();
    parts.insert(bias, (Dtype::I32, vec![32], vec![0; 128]));
    assert_snapshot!(refused(&parts), @r#"
        the weights cannot be used: 4 problems
          model.safetensors: backbone.layers.0.mixer.D: found f32 [8, 4], expected floats [32]
          model.safetensors: rotary.inverse: found f32 [1], expected no such tensor
          model.safetensors: backbone.layers.3.mixer.conv1d.bias: found i32 [32], expected floats [32]
          model.safetensors: backbone.norm_f.weight: found nothing, expected floats [16]
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
}

#[test]
fn numbers_that_are_not_finite_are_named() {
    let mut parts = parts(&Config::tiny());
    let mut broken = |name: &str, place: usize, number: f32| {
        let bytes = &mut parts.get_mut(name).unwrap().2;
        bytes[4 * place..4 * place + 4].copy_from_slice(&number.to_le_bytes());
    };
    broken(D, 5, f32::NAN);
    broken(EMBEDDING, 511, f32::NEG_INFINITY);
    assert_snapshot!(refused(&parts), @r#"
        the weights cannot be used: 2 problems
          model.safetensors: backbone.embedding.weight: found -inf at element 511, expected finite numbers
          model.safetensors: backbone.layers.0.mixer.D: found NaN at element 5, expected finite numbers
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
}

#[test]
fn damaged_files_are_refused() {
    let config = Config::tiny();
    let whole = safetensors(&parts(&config));
    let refused = |bytes: &[u8]| {
        let files = memory(transformers(&config), bytes.to_vec(), Format::Safetensors);
        Checkpoint::read(files).map(drop).expect_err("a file that must be refused").to_string()
    };
    assert_snapshot!(refused(&[]), @r#"
        the weights cannot be used: model.safetensors: header: found a file of 0 bytes, expected a safetensors file
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    assert_snapshot!(refused(&whole[..whole.len() - 4]), @r#"
        the weights cannot be used: model.safetensors: data: found 37696 bytes of tensors in a file of 41732, expected tensors that fill the file
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    assert_snapshot!(refused(&whole[..100]), @r#"
        the weights cannot be used: model.safetensors: header: found a length of 4032 in a file of 100 bytes, expected a safetensors file
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
    assert_snapshot!(refused(b"version https://git-lfs.github.com/spec/v1\n"), @r#"
        model.safetensors is a Git LFS pointer, which stands for a file that was not fetched
        help: run `git lfs pull` in that folder, or fetch the file itself from the hub
        "#);
    let mut huge = whole;
    huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_snapshot!(refused(&huge), @r#"
        the weights cannot be used: model.safetensors: header: found a length of 18446744073709551615, expected at most 16777216 bytes
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
}

#[test]
fn tensors_in_memory_are_checked_too() {
    let config = Config::tiny();
    let tensors = random_tensors(&config, 1);
    let mut by_name: BTreeMap<String, Tensor> =
        tensors.names().map(|name| (name.to_owned(), tensors.tensor(name).unwrap())).collect();
    let doubled = by_name[D].to_dtype(DType::F64).unwrap();
    by_name.insert(D.to_owned(), doubled);
    let read = Tensors::new(by_name.clone(), &config).unwrap();
    assert_eq!(read.tensor(D).unwrap().dtype(), DType::F64);
    by_name.insert(D.to_owned(), Tensor::zeros(3, DType::F32, &Device::Cpu).unwrap());
    assert_snapshot!(Tensors::new(by_name, &config).unwrap_err(), @r#"
        the weights cannot be used: tensors in memory: backbone.layers.0.mixer.D: found f32 [3], expected floats [32]
        help: check that config and weights belong together, and fetch again what was cut short
        "#);
}

#[test]
fn the_digest_is_of_the_model_and_not_of_its_files() {
    let config = Config::tiny();
    let mut parts = parts(&config);
    let first = open(&config, &parts).unwrap();
    let digest = first.digest().unwrap();
    assert_eq!(digest.len(), 64);
    assert_eq!(first.digest().unwrap(), digest);
    let memory = Checkpoint::new("memory", config.clone(), random_tensors(&config, 7));
    assert_eq!(memory.digest().unwrap(), digest);
    let other = Checkpoint::new("memory", config.clone(), random_tensors(&config, 8));
    assert_ne!(other.digest().unwrap(), digest);
    parts.get_mut(D).unwrap().2[0] ^= 1;
    assert_ne!(open(&config, &parts).unwrap().digest().unwrap(), digest);
    let config = Config { epsilon: 2e-5, ..config };
    let other = Checkpoint::new("memory", config.clone(), random_tensors(&config, 7));
    assert_ne!(other.digest().unwrap(), digest);
}
