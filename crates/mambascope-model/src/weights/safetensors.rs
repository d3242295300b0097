//! The header of a safetensors file.

use std::io::Read;
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::damaged;
use super::entry::{Entry, Kind};
use crate::error::Problem;

/// The most bytes a header may have: a model of a thousand layers has under 2 MiB.
const HEADER_LIMIT: u64 = 16 << 20;
/// Bytes that hold the header's length.
const PREFIX: u64 = 8;

/// Reads the header alone and checks that the tensors fill the file's `length` exactly.
pub(super) fn entries(
    mut reader: impl Read,
    file: &Path,
    length: u64,
) -> Result<Vec<Entry>, Problem> {
    let header = header(&mut reader, file, length)?;
    let metadata: Metadata = serde_json::from_slice(&header)
        .map_err(|error| damaged(file, "header", error.to_string(), "a safetensors header"))?;
    let first = PREFIX + header.len() as u64;
    let end = (metadata.data_len() as u64).checked_add(first);
    if end != Some(length) {
        let found = format!("{} bytes of tensors in a file of {length}", metadata.data_len());
        return Err(damaged(file, "data", found, "tensors that fill the file"));
    }
    let names = metadata.offset_keys();
    let infos = names.iter().filter_map(|name| Some((name, metadata.info(name)?)));
    Ok(infos.map(|(name, info)| entry(name, info, first)).collect())
}

fn header(reader: &mut impl Read, file: &Path, length: u64) -> Result<Vec<u8>, Problem> {
    let expected = "a safetensors file";
    let mut prefix = [0; PREFIX as usize];
    reader
        .read_exact(&mut prefix)
        .map_err(|_| damaged(file, "header", format!("a file of {length} bytes"), expected))?;
    let bytes = u64::from_le_bytes(prefix);
    if bytes > HEADER_LIMIT {
        let found = match prefix.as_slice() {
            [b'P', b'K', 3, 4, ..] => "a file of torch.save: call it pytorch_model.bin".to_owned(),
            [0x80, 2..=5, ..] => "a pickle: call it pytorch_model.bin".to_owned(),
            _ => format!("a length of {bytes}"),
        };
        return Err(damaged(file, "header", found, format!("at most {HEADER_LIMIT} bytes")));
    }
    if bytes > length.saturating_sub(PREFIX) {
        let found = format!("a length of {bytes} in a file of {length} bytes");
        return Err(damaged(file, "header", found, expected));
    }
    let mut header = vec![0; bytes as usize];
    reader
        .read_exact(&mut header)
        .map_err(|error| damaged(file, "header", error.to_string(), expected))?;
    Ok(header)
}

fn entry(name: &str, info: &TensorInfo, first: u64) -> Entry {
    let (start, end) = info.data_offsets;
    Entry {
        name: name.to_owned(),
        kind: kind(info.dtype),
        shape: info.shape.clone(),
        start: first + start as u64,
        bytes: (end - start) as u64,
    }
}

fn kind(dtype: Dtype) -> Kind {
    match dtype {
        Dtype::F16 => Kind::F16,
        Dtype::BF16 => Kind::BF16,
        Dtype::F32 => Kind::F32,
        Dtype::F64 => Kind::F64,
        other => Kind::Other(format!("{other:?}").to_lowercase()),
    }
}
