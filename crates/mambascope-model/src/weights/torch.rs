//! A `.bin` file: a zip archive with one pickle and a file of numbers for each storage, or of torch before 1.6.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use zip::{CompressionMethod, ZipArchive};

use super::entry::Entry;
use super::opcodes::Fault;
use super::pickle::{self, Described};
use super::{damaged, legacy};
use crate::error::Problem;

/// The most bytes the pickle may have: a model of a thousand layers has under 2 MiB.
pub(super) const PICKLE_LIMIT: u64 = 4 << 20;
/// The most files in the archive.
const PARTS_LIMIT: usize = 1 << 16;
/// The name of the pickle, in the archive's one folder.
const PICKLE: &str = "data.pkl";

/// A run of numbers, stored as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) start: u64,
    pub(super) bytes: u64,
}

/// Reads the archive's directory and its pickle, and checks that each tensor's bytes are there.
pub(super) fn entries(
    mut reader: impl Read + Seek,
    file: &Path,
    length: u64,
) -> Result<Vec<Entry>, Problem> {
    if is_legacy(&mut reader, file)? {
        return legacy::entries(reader, file, length);
    }
    let parts = parts(&mut reader, file, length)?;
    let suffix = format!("/{PICKLE}");
    let named = parts.iter().find_map(|(name, part)| Some((name.strip_suffix(&suffix)?, part)));
    let Some((folder, pickle)) = named else {
        return Err(damaged(file, PICKLE, "nothing", "a pickle"));
    };
    if let Some(order) = parts.get(&format!("{folder}/byteorder")) {
        refuse_big_endian(&mut reader, file, *order)?;
    }
    let bytes = content(&mut reader, file, PICKLE, *pickle, PICKLE_LIMIT)?;
    let tensors = pickle::tensors(&bytes).map_err(|fault| refused(file, PICKLE, fault))?;
    let place_of = |tensor: &Described| {
        let part = parts.get(&format!("{folder}/data/{}", tensor.key));
        place(tensor, part.copied(), file)
    };
    tensors.iter().map(place_of).collect()
}

/// A pickle that is no dictionary of tensors, and how to make one of it.
pub(super) fn refused(file: &Path, item: &str, fault: Fault) -> Problem {
    let name =
        file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let expected = format!(
        "a dictionary of tensors, as state_dict() gives it; of a file that you trust, Python makes one: `import torch; \
         model = torch.load(\"{name}\", map_location=\"cpu\", weights_only=False); \
         torch.save(model.state_dict(), \"{name}\")`"
    );
    damaged(file, &format!("{item}, byte {}", fault.at), fault.found, expected)
}

/// True of a file of torch before 1.6; one that is neither that nor a zip archive is named for what it is.
fn is_legacy(reader: &mut (impl Read + Seek), file: &Path) -> Result<bool, Problem> {
    /// The end of the magic number, the same in all protocols of pickle.
    const MAGIC: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    let failed =
        |error: std::io::Error| damaged(file, "beginning", error.to_string(), "a zip archive");
    let mut head = Vec::new();
    reader.by_ref().take(32).read_to_end(&mut head).map_err(failed)?;
    reader.seek(SeekFrom::Start(0)).map_err(failed)?;
    let found = match head.as_slice() {
        [b'P', b'K', 3, 4, ..] => return Ok(false),
        // From protocol 4 on a frame's length stands before the magic number.
        [0x80, 2..=3, magic @ ..] | [0x80, 4..=5, _, _, _, _, _, _, _, _, _, magic @ ..]
            if magic.starts_with(MAGIC) =>
        {
            return Ok(true);
        }
        [_, _, _, _, _, 0, 0, 0, b'{', ..] => "a safetensors file: call it model.safetensors",
        [] => "an empty file",
        _ => "something else",
    };
    Err(failed_as(file, found))
}

fn failed_as(file: &Path, found: &str) -> Problem {
    damaged(file, "beginning", found, "a zip archive, as torch.save has written since 1.6")
}

fn parts(
    reader: &mut (impl Read + Seek),
    file: &Path,
    length: u64,
) -> Result<BTreeMap<String, Part>, Problem> {
    let directory = |found: String| damaged(file, "zip directory", found, "files stored whole");
    let mut archive = ZipArchive::new(reader).map_err(|error| directory(error.to_string()))?;
    if archive.len() > PARTS_LIMIT || archive.has_duplicate_names() {
        return Err(directory(format!("{} files, or one name twice", archive.len())));
    }
    let mut parts = BTreeMap::new();
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(|error| directory(error.to_string()))?;
        let name = part.name().map_err(|error| directory(error.to_string()))?.into_owned();
        let whole = part.compression() == CompressionMethod::Stored && !part.encrypted();
        let start = part.data_start().filter(|_| whole && part.size() == part.compressed_size());
        let start = start.ok_or_else(|| directory(format!("`{name}` compressed or encrypted")))?;
        if start.checked_add(part.size()).is_none_or(|end| end > length) {
            return Err(directory(format!("`{name}` past the end of the file")));
        }
        parts.insert(name, Part { start, bytes: part.size() });
    }
    Ok(parts)
}

fn refuse_big_endian(
    reader: &mut (impl Read + Seek),
    file: &Path,
    part: Part,
) -> Result<(), Problem> {
    let order = content(reader, file, "byteorder", part, 16)?;
    match order.as_slice() {
        b"little" => Ok(()),
        other => {
            let found = String::from_utf8_lossy(other).into_owned();
            Err(damaged(file, "byteorder", found, "little"))
        }
    }
}

fn content(
    reader: &mut (impl Read + Seek),
    file: &Path,
    name: &str,
    part: Part,
    limit: u64,
) -> Result<Vec<u8>, Problem> {
    if part.bytes > limit {
        let found = format!("{} bytes", part.bytes);
        return Err(damaged(file, name, found, format!("at most {limit}")));
    }
    let mut bytes = vec![0; part.bytes as usize];
    let read = reader.seek(SeekFrom::Start(part.start)).and_then(|_| reader.read_exact(&mut bytes));
    read.map_err(|error| damaged(file, name, error.to_string(), format!("{} bytes", part.bytes)))?;
    Ok(bytes)
}

/// A tensor's bytes in the file, once they are known to lie in its storage.
pub(super) fn place(
    described: &Described,
    part: Option<Part>,
    file: &Path,
) -> Result<Entry, Problem> {
    let Described { name, key, tensor } = described;
    let problem = |found: &str, expected: &str| damaged(file, name, found, expected);
    let size = tensor.storage.kind.size();
    if !described.is_contiguous() {
        return Err(problem("a strided view", "contiguous numbers: save tensor.contiguous()"));
    }
    let part = part.ok_or_else(|| problem("no numbers", &format!("a file data/{key}")))?;
    let bytes = tensor.shape.iter().try_fold(size, |bytes, size| bytes.checked_mul(*size));
    let first = tensor.offset.checked_mul(size as u64);
    let within = bytes.zip(first).filter(|(bytes, first)| {
        first.checked_add(*bytes as u64).is_some_and(|end| end <= part.bytes)
    });
    let Some((bytes, first)) = within else {
        let found = format!("{:?} from {} on", tensor.shape, tensor.offset);
        return Err(problem(&found, &format!("within the {} bytes of data/{key}", part.bytes)));
    };
    Ok(Entry {
        name: name.clone(),
        kind: tensor.storage.kind.clone(),
        shape: tensor.shape.clone(),
        start: part.start + first,
        bytes: bytes as u64,
    })
}
