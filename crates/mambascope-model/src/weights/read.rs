//! Headers to entries, entries to tensors.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use candle_core::{Device, Tensor};
use half::{bf16, f16};
use rayon::prelude::*;

use super::entry::{Entry, Kind};
use super::names::{EMBEDDING, HEAD};
use super::{check, damaged, safetensors, torch};
use crate::blob::{Blob, Stream};
use crate::config::Config;
use crate::error::{Error, Problem};
use crate::reading::Meter;
use crate::source::{Files, Format};

/// Bytes read at a time: divisible by every size of number.
const CHUNK: usize = 1 << 16;
/// The most tensors in one file: five times what a model of the most layers has.
const TENSORS_LIMIT: usize = 1 << 16;

/// An entry and the file it is in.
struct Place<'a> {
    blob: &'a Blob,
    entry: Entry,
}

/// Reads every tensor of the checkpoint, the head left out where it is tied.
pub(super) fn tensors(
    files: &Files,
    config: &Config,
    meter: &Meter,
) -> Result<BTreeMap<String, Tensor>, Error> {
    let mut places = places(files)?;
    let found = places.iter().map(|place| check::Found {
        name: &place.entry.name,
        file: place.blob.path(),
        dtype: place.entry.kind.name(),
        floats: place.entry.kind.is_float(),
        shape: &place.entry.shape,
    });
    let first = files.weights.first().map_or(Path::new(""), Blob::path);
    let mut problems = check::problems(found, config, first);
    if problems.is_empty() {
        problems.extend(overlaps(&places));
        problems.extend(untied(&places, config).err());
    }
    refuse(problems)?;
    places.retain(|place| !(config.tied_head && place.entry.name == HEAD));
    let all = places.iter().map(|place| place.entry.bytes).sum();
    let one = |place: &Place<'_>| {
        meter.check()?;
        let tensor = tensor(place);
        meter.add(place.entry.bytes, all);
        Ok(tensor)
    };
    let read = places.par_iter().map(one).collect::<Result<Vec<_>, Error>>()?;
    let mut tensors = BTreeMap::new();
    let mut problems = Vec::new();
    for (place, tensor) in places.into_iter().zip(read) {
        match tensor {
            Ok(tensor) => drop(tensors.insert(place.entry.name, tensor)),
            Err(problem) => problems.push(problem),
        }
    }
    refuse(problems)?;
    Ok(tensors)
}

fn refuse(problems: Vec<Problem>) -> Result<(), Error> {
    if problems.is_empty() { Ok(()) } else { Err(Error::Weights { problems }) }
}

fn places(files: &Files) -> Result<Vec<Place<'_>>, Error> {
    let mut places = Vec::new();
    let mut problems = Vec::new();
    for blob in &files.weights {
        let (path, length) = (blob.path(), blob.length()?);
        let entries = match files.format {
            Format::Safetensors => safetensors::entries(blob.open()?, path, length),
            Format::Torch => torch::entries(blob.open()?, path, length),
        };
        match entries {
            Ok(entries) if entries.len() > TENSORS_LIMIT => {
                let found = format!("{} tensors", entries.len());
                problems.push(damaged(path, "header", found, format!("at most {TENSORS_LIMIT}")));
            }
            Ok(entries) => places.extend(entries.into_iter().map(|entry| Place { blob, entry })),
            Err(problem) => problems.push(problem),
        }
    }
    refuse(problems)?;
    Ok(places)
}

/// Tensors that share bytes: a small file could otherwise ask for any amount of memory.
fn overlaps(places: &[Place<'_>]) -> Vec<Problem> {
    let mut tensors: Vec<_> = places.iter().filter(|place| place.entry.name != HEAD).collect();
    tensors.sort_by_key(|place| (place.blob.path(), place.entry.start));
    let reaches = |one: &Place<'_>, next: &Place<'_>| {
        let end = one.entry.start.saturating_add(one.entry.bytes);
        one.blob.path() == next.blob.path() && end > next.entry.start
    };
    let pairs = tensors.windows(2).filter(|pair| reaches(pair[0], pair[1]));
    let problem = |pair: &[&Place<'_>]| {
        let found = format!("bytes of {}", pair[0].entry.name);
        damaged(pair[1].blob.path(), &pair[1].entry.name, found, "bytes of its own")
    };
    pairs.map(problem).collect()
}

/// A tied head may be stored, but must then be the embedding.
fn untied(places: &[Place<'_>], config: &Config) -> Result<(), Problem> {
    let named = |name: &str| places.iter().find(|place| place.entry.name == name);
    let (Some(head), Some(embedding), true) = (named(HEAD), named(EMBEDDING), config.tied_head)
    else {
        return Ok(());
    };
    let same_place =
        head.blob.path() == embedding.blob.path() && head.entry.start == embedding.entry.start;
    if same_place && head.entry.kind == embedding.entry.kind {
        return Ok(());
    }
    let file = head.blob.path();
    match same_bytes(head, embedding) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let expected =
                "the embedding: the config ties them (tie_word_embeddings, tie_embeddings)";
            Err(damaged(file, HEAD, "other numbers", expected))
        }
        Err(error) => Err(damaged(file, HEAD, error.to_string(), "numbers")),
    }
}

fn same_bytes(one: &Place<'_>, other: &Place<'_>) -> io::Result<bool> {
    if one.entry.kind != other.entry.kind {
        return Ok(false);
    }
    let (mut first, mut second) = (open(one)?, open(other)?);
    let (mut here, mut there) = (vec![0; CHUNK], vec![0; CHUNK]);
    let mut rest = one.entry.bytes;
    while rest > 0 {
        let count = rest.min(CHUNK as u64) as usize;
        first.read_exact(&mut here[..count])?;
        second.read_exact(&mut there[..count])?;
        if here[..count] != there[..count] {
            return Ok(false);
        }
        rest -= count as u64;
    }
    Ok(true)
}

fn open<'a>(place: &Place<'a>) -> io::Result<Box<dyn Stream + 'a>> {
    let mut reader = place.blob.open().map_err(io::Error::other)?;
    reader.seek(SeekFrom::Start(place.entry.start))?;
    Ok(reader)
}

fn tensor(place: &Place<'_>) -> Result<Tensor, Problem> {
    let Place { blob, entry } = place;
    let problem = |found: String| damaged(blob.path(), &entry.name, found, "finite numbers");
    let failed = |error: io::Error| problem(error.to_string());
    let mut reader = open(place).map_err(failed)?;
    let count = entry.bytes as usize / entry.kind.size().max(1);
    let shape = entry.shape.as_slice();
    let tensor = if entry.kind == Kind::F64 {
        let numbers = numbers(&mut reader, count, f64::from_le_bytes).map_err(failed)?;
        finite(&numbers, |number| number.is_finite()).map_err(problem)?;
        Tensor::from_vec(numbers, shape, &Device::Cpu)
    } else {
        let numbers = singles(&mut reader, count, &entry.kind).map_err(failed)?;
        finite(&numbers, |number| number.is_finite()).map_err(problem)?;
        Tensor::from_vec(numbers, shape, &Device::Cpu)
    };
    tensor.map_err(|error| problem(error.to_string()))
}

fn singles(reader: &mut dyn Stream, count: usize, kind: &Kind) -> io::Result<Vec<f32>> {
    match kind {
        Kind::F16 => numbers(reader, count, |bytes| f16::from_le_bytes(bytes).to_f32()),
        Kind::BF16 => numbers(reader, count, |bytes| bf16::from_le_bytes(bytes).to_f32()),
        _ => numbers(reader, count, f32::from_le_bytes),
    }
}

/// Reads `count` numbers of S bytes each, a chunk at a time.
fn numbers<const S: usize, T>(
    reader: &mut dyn Stream,
    count: usize,
    convert: impl Fn([u8; S]) -> T,
) -> io::Result<Vec<T>> {
    let mut numbers = Vec::with_capacity(count);
    let mut chunk = vec![0; CHUNK.min(count * S)];
    while numbers.len() < count {
        let bytes = CHUNK.min((count - numbers.len()) * S);
        reader.read_exact(&mut chunk[..bytes])?;
        let (whole, _) = chunk[..bytes].as_chunks::<S>();
        numbers.extend(whole.iter().map(|bytes| convert(*bytes)));
    }
    Ok(numbers)
}

fn finite<T: std::fmt::Display>(
    numbers: &[T],
    is_finite: impl Fn(&T) -> bool,
) -> Result<(), String> {
    match numbers.iter().position(|number| !is_finite(number)) {
        Some(place) => Err(format!("{} at element {place}", numbers[place])),
        None => Ok(()),
    }
}
