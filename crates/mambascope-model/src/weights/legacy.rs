//! A `.bin` file of torch before 1.6: five pickles one after the other, then the numbers.
//!
//! The pickles are a magic number, the version, the machine, the dictionary itself, and the keys of its storages in the
//! order in which they follow: each its count of numbers in eight bytes, then the numbers.
//!
//! # Source
//! `_legacy_load` and `_legacy_save` in `torch/serialization.py`, `THPStorage_readFileRaw` in
//! `torch/csrc/serialization.cpp` of PyTorch.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::damaged;
use super::entry::{Entry, Kind};
use super::opcodes::{Fault, Unpickled, Value, unpickle};
use super::pickle::{Described, described};
use super::torch::{PICKLE_LIMIT, Part, place, refused};
use crate::error::Problem;

/// Reads the pickles, and checks that each tensor's bytes are there.
pub(super) fn entries(
    mut reader: impl Read + Seek,
    file: &Path,
    length: u64,
) -> Result<Vec<Entry>, Problem> {
    let failed = |error: std::io::Error| damaged(file, "beginning", error.to_string(), "pickles");
    let mut head = Vec::new();
    reader.seek(SeekFrom::Start(0)).map_err(failed)?;
    reader.by_ref().take(PICKLE_LIMIT).read_to_end(&mut head).map_err(failed)?;
    let refused = |fault: Fault| refused(file, "pickles", fault);
    let mut at = 0;
    let mut next = || {
        let pickle = unpickle(&head, at)?;
        at = pickle.end;
        Ok(pickle)
    };
    let (_magic, _version) = (next().map_err(refused)?, next().map_err(refused)?);
    let machine = next().map_err(refused)?;
    if !is_little_endian(&machine, &head) {
        return Err(damaged(file, "byte order", "big", "little"));
    }
    let whole = next().map_err(refused)?;
    let keys = next().map_err(refused)?;
    let tensors = described(&head, &whole).map_err(refused)?;
    let keys = texts(&keys, &head).ok_or_else(|| {
        damaged(file, "storages", "no list of their names", "as torch.save wrote it before 1.6")
    })?;
    let parts = parts(&mut reader, file, length, at as u64, &keys, &sizes(&whole, &head))?;
    let place_of = |tensor: &Described| place(tensor, parts.get(&*tensor.key).copied(), file);
    tensors.iter().map(place_of).collect()
}

/// True where the machine that wrote a file kept the low bytes of numbers first, by its own word.
fn is_little_endian(machine: &Unpickled, bytes: &[u8]) -> bool {
    let Value::Dictionary(entries) = &machine.values[machine.result] else { return false };
    entries.iter().any(|(key, value)| {
        let is_order = matches!(&machine.values[*key], Value::Text(name) if bytes[name.clone()] == *b"little_endian");
        is_order && matches!(machine.values[*value], Value::Boolean(true))
    })
}

/// The texts of a list.
fn texts<'a>(pickle: &Unpickled, bytes: &'a [u8]) -> Option<Vec<&'a str>> {
    let Value::List(items) = &pickle.values[pickle.result] else { return None };
    let text = |id: &usize| match &pickle.values[*id] {
        Value::Text(range) => std::str::from_utf8(&bytes[range.clone()]).ok(),
        _ => None,
    };
    items.iter().map(text).collect()
}

/// Bytes of a number in each storage; 0 where its kind is not known.
fn sizes<'a>(pickle: &Unpickled, bytes: &'a [u8]) -> BTreeMap<&'a str, u64> {
    let size = |kind: &Kind| match kind {
        Kind::Other(name) => match name.as_str() {
            "LongStorage" | "ComplexFloatStorage" => 8,
            "IntStorage" => 4,
            "ShortStorage" => 2,
            "ByteStorage" | "CharStorage" | "BoolStorage" => 1,
            _ => 0,
        },
        kind => kind.size() as u64,
    };
    let storages = pickle.values.iter().filter_map(|value| match value {
        Value::Storage(storage) => {
            let key = std::str::from_utf8(&bytes[storage.key.clone()]).ok()?;
            Some((key, size(&storage.kind)))
        }
        _ => None,
    });
    storages.collect()
}

/// Where each storage lies: they follow each other without a gap.
fn parts<'a>(
    reader: &mut (impl Read + Seek),
    file: &Path,
    length: u64,
    mut at: u64,
    keys: &[&'a str],
    sizes: &BTreeMap<&str, u64>,
) -> Result<BTreeMap<&'a str, Part>, Problem> {
    let mut parts = BTreeMap::new();
    for key in keys {
        let problem = |found: String| {
            damaged(file, &format!("storage {key}"), found, "numbers within the file")
        };
        let size = sizes.get(key).copied().filter(|size| *size > 0);
        let size = size.ok_or_else(|| problem("a kind of number that is not known".to_owned()))?;
        let mut count = [0; 8];
        let read = reader.seek(SeekFrom::Start(at)).and_then(|_| reader.read_exact(&mut count));
        read.map_err(|error| problem(error.to_string()))?;
        let (start, bytes) = (at + 8, u64::from_le_bytes(count).checked_mul(size));
        let end = bytes.and_then(|bytes| start.checked_add(bytes)).filter(|end| *end <= length);
        at = end.ok_or_else(|| problem(format!("{} of them", u64::from_le_bytes(count))))?;
        parts.insert(*key, Part { start, bytes: at - start });
    }
    Ok(parts)
}
