//! Headers to entries, entries to numbers.

use std::fmt::Display;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use candle_core::{Device, Tensor};
use half::{bf16, f16};
use num_traits::Float;

use super::entry::{Entry, Kind};
use super::names::{EMBEDDING, HEAD};
use super::{check, damaged, naming, safetensors, torch};
use crate::blob::{Blob, Stream};
use crate::config::Config;
use crate::error::{Error, Problem};
use crate::source::{Files, Format};

/// Bytes read at a time: divisible by every size of number.
const CHUNK: usize = 1 << 16;
/// The most tensors in one file: five times what a model of the most layers has.
const TENSORS_LIMIT: usize = 1 << 16;

/// An entry and the file it is in.
pub(super) struct Place<'a> {
    pub(super) blob: &'a Blob,
    /// The file's number among the checkpoint's.
    pub(super) file: usize,
    pub(super) entry: Entry,
}

/// Finds every tensor of the checkpoint by the headers of its files, and checks the headers against the config.
pub(super) fn places<'a>(files: &'a Files, config: &Config) -> Result<Vec<Place<'a>>, Error> {
    let first = files.weights.first().map_or(Path::new(""), Blob::path);
    let places = named(listed(files)?, first)?;
    let found = places.iter().map(|place| check::Found {
        name: &place.entry.name,
        file: place.blob.path(),
        dtype: place.entry.kind.name(),
        floats: place.entry.kind.is_float(),
        shape: &place.entry.shape,
    });
    let mut problems = check::problems(found, config, first);
    if problems.is_empty() {
        problems.extend(overlaps(&places));
        problems.extend(untied(&places, config).err());
    }
    refuse(problems)?;
    Ok(places)
}

/// The tensors under the names of state-spaces/mamba, without those that are inert.
fn named<'a>(mut places: Vec<Place<'a>>, file: &Path) -> Result<Vec<Place<'a>>, Error> {
    places.retain(|place| !naming::is_inert(&place.entry.name));
    let names: Vec<&str> = places.iter().map(|place| place.entry.name.as_str()).collect();
    let names = naming::canonical(&names, file)
        .map_err(|problem| Error::Weights { problems: vec![problem] })?;
    places.iter_mut().zip(names).for_each(|(place, name)| place.entry.name = name);
    Ok(places)
}

/// How many rows the embedding has, where the headers can be read and have one.
pub(super) fn embedding_rows(files: &Files) -> Option<usize> {
    let places = named(listed(files).ok()?, Path::new("")).ok()?;
    let embedding = places.iter().find(|place| place.entry.name == EMBEDDING)?;
    embedding.entry.shape.first().copied()
}

pub(super) fn refuse(problems: Vec<Problem>) -> Result<(), Error> {
    if problems.is_empty() { Ok(()) } else { Err(Error::Weights { problems }) }
}

fn listed(files: &Files) -> Result<Vec<Place<'_>>, Error> {
    let mut places = Vec::new();
    let mut problems = Vec::new();
    for (file, blob) in files.weights.iter().enumerate() {
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
            Ok(entries) => {
                places.extend(entries.into_iter().map(|entry| Place { blob, file, entry }));
            }
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

/// Reads a tensor whose numbers are known to be finite.
pub(super) fn tensor(place: &Place<'_>) -> Result<Tensor, Problem> {
    let Place { blob, entry, .. } = place;
    let failed =
        |error: &dyn Display| damaged(blob.path(), &entry.name, error.to_string(), "numbers");
    let read = |error: io::Error| failed(&error);
    let mut reader = open(place).map_err(read)?;
    let count = entry.bytes as usize / entry.kind.size().max(1);
    let shape = entry.shape.as_slice();
    let tensor = if entry.kind == Kind::F64 {
        let numbers = numbers(&mut reader, count, f64::from_le_bytes).map_err(read)?;
        Tensor::from_vec(numbers, shape, &Device::Cpu)
    } else {
        let numbers = singles(&mut reader, count, &entry.kind).map_err(read)?;
        Tensor::from_vec(numbers, shape, &Device::Cpu)
    };
    tensor.map_err(|error| failed(&error))
}

fn singles(reader: &mut dyn Stream, count: usize, kind: &Kind) -> io::Result<Vec<f32>> {
    match kind {
        Kind::F16 => numbers(reader, count, |bytes| f16::from_le_bytes(bytes).to_f32()),
        Kind::BF16 => numbers(reader, count, |bytes| bf16::from_le_bytes(bytes).to_f32()),
        _ => numbers(reader, count, f32::from_le_bytes),
    }
}

/// Reads `count` numbers of S bytes each.
fn numbers<const S: usize, T>(
    reader: &mut dyn Stream,
    count: usize,
    convert: impl Fn([u8; S]) -> T,
) -> io::Result<Vec<T>> {
    let mut numbers = Vec::with_capacity(count);
    chunks(reader, count * S, |bytes| {
        numbers.extend(bytes.as_chunks::<S>().0.iter().map(|bytes| convert(*bytes)));
    })?;
    Ok(numbers)
}

/// Reads so many bytes, a chunk at a time.
fn chunks(reader: &mut dyn Stream, bytes: usize, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK.min(bytes)];
    let mut rest = bytes;
    while rest > 0 {
        let some = CHUNK.min(rest);
        reader.read_exact(&mut chunk[..some])?;
        take(&chunk[..some]);
        rest -= some;
    }
    Ok(())
}

/// Reads a tensor's numbers, a chunk at a time, as little-endian `f32` or `f64`.
pub(super) fn bytes(place: &Place<'_>, take: &mut dyn FnMut(&[u8])) -> Result<(), Problem> {
    let Place { blob, entry, .. } = place;
    let failed = |error: io::Error| damaged(blob.path(), &entry.name, error.to_string(), "numbers");
    let mut reader = open(place).map_err(failed)?;
    let mut singles: Vec<u8> = Vec::new();
    chunks(&mut reader, entry.bytes as usize, |bytes| {
        let (halves, _) = bytes.as_chunks::<2>();
        let convert: fn([u8; 2]) -> f32 = match entry.kind {
            Kind::F16 => |half| f16::from_le_bytes(half).to_f32(),
            Kind::BF16 => |half| bf16::from_le_bytes(half).to_f32(),
            _ => return take(bytes),
        };
        singles.clear();
        singles.extend(halves.iter().flat_map(|half| convert(*half).to_le_bytes()));
        take(&singles);
    })
    .map_err(failed)
}

/// Reads a tensor and refuses one with a number that is not finite.
pub(super) fn finite(place: &Place<'_>) -> Result<(), Problem> {
    let Place { blob, entry, .. } = place;
    let problem = |found: String| damaged(blob.path(), &entry.name, found, "finite numbers");
    let failed = |error: io::Error| problem(error.to_string());
    let mut reader = open(place).map_err(failed)?;
    let bytes = entry.bytes as usize;
    let found = match &entry.kind {
        Kind::F16 => unfinished(&mut reader, bytes, |b| f32::from(f16::from_le_bytes(b))),
        Kind::BF16 => unfinished(&mut reader, bytes, |b| f32::from(bf16::from_le_bytes(b))),
        Kind::F64 => unfinished(&mut reader, bytes, f64::from_le_bytes),
        _ => unfinished(&mut reader, bytes, f32::from_le_bytes),
    };
    match found.map_err(failed)? {
        Some(found) => Err(problem(found)),
        None => Ok(()),
    }
}

/// The first number that is not finite, and its place, in words.
fn unfinished<const S: usize, T: Float + Display>(
    reader: &mut dyn Stream,
    bytes: usize,
    convert: impl Fn([u8; S]) -> T,
) -> io::Result<Option<String>> {
    let (mut before, mut found) = (0, None);
    chunks(reader, bytes, |bytes| {
        let (numbers, _) = bytes.as_chunks::<S>();
        // All are looked at, without leaving early, so that the loop goes many abreast.
        let all = numbers.iter().fold(true, |all, bytes| all & convert(*bytes).is_finite());
        if !all && found.is_none() {
            let mut converted = numbers.iter().map(|bytes| convert(*bytes));
            let place = converted.position(|number| !number.is_finite());
            let words =
                |place: usize| format!("{} at element {}", convert(numbers[place]), before + place);
            found = place.map(words);
        }
        before += numbers.len();
    })?;
    Ok(found)
}
