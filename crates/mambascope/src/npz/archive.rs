//! The zip archive around the arrays.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::array::{Array, Values, product};
use super::decode::decode;
use super::dtype::Kind;
use super::encode::{Refusal, encode, size};
use super::{NpzError, Place, header};

/// What numpy adds to an array's name.
const SUFFIX: &str = ".npy";

/// Bytes of memory that any file may take.
const ROOM: u64 = 1 << 30;

/// Bytes of memory that a file may take for each of its own, where that is more than [`ROOM`].
///
/// Deflate packs up to a thousandfold; activations and scores stay below a tenth of this, and a
/// stored `int8`, the most that grows honestly, becomes eight bytes.
const ROOM_PER_BYTE: u64 = 64;

/// Entries above this are written with the lengths of zip64; deflate may add a little to them.
const LARGE: u64 = 0xF000_0000;

/// Memory that a file may still take.
#[derive(Debug)]
struct Room {
    limit: u64,
    left: u64,
}

impl Room {
    fn of_file(length: u64) -> Self {
        let limit = length.saturating_mul(ROOM_PER_BYTE).max(ROOM);
        Self { limit, left: limit }
    }

    /// Takes room for `count` elements of `bytes` each.
    fn take(&mut self, count: usize, bytes: usize, place: &Place) -> Result<(), NpzError> {
        let left = (count as u64)
            .checked_mul(bytes as u64)
            .and_then(|wanted| self.left.checked_sub(wanted))
            .ok_or_else(|| NpzError::TooLarge { place: place.clone(), limit: self.limit })?;
        self.left = left;
        Ok(())
    }
}

/// Reads every array of the archive, in the archive's order.
pub(super) fn read(
    mut source: impl Read + Seek,
    file: &Path,
) -> Result<Vec<(String, Array)>, NpzError> {
    let open = |source| NpzError::Open { file: file.to_owned(), source };
    let container = |source| match source {
        ZipError::Io(source) if source.kind() != io::ErrorKind::UnexpectedEof => open(source),
        source => NpzError::Container { file: file.to_owned(), source },
    };
    let mut room = Room::of_file(source.seek(SeekFrom::End(0)).map_err(open)?);
    let mut archive = ZipArchive::new(source).map_err(container)?;
    if archive.has_duplicate_names() {
        return Err(NpzError::Duplicate { file: file.to_owned() });
    }
    let mut arrays = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(container)?;
        let name = entry.name().map_err(container)?.into_owned();
        if let Some(name) = name.strip_suffix(SUFFIX) {
            let place = Place { file: file.to_owned(), array: name.to_owned() };
            let unpacked = entry.size();
            arrays.push((name.to_owned(), array(entry, unpacked, &mut room, &place)?));
        }
    }
    Ok(arrays)
}

/// Reads one npy file of `unpacked` bytes, as the archive says; the bytes must be as many.
fn array(
    mut entry: impl Read,
    unpacked: u64,
    room: &mut Room,
    place: &Place,
) -> Result<Array, NpzError> {
    let header = header::read(&mut entry, place)?;
    if header.dtype.kind == Kind::Object {
        return Array::new(header.shape, Values::Object);
    }
    let wrong = |expected, found| NpzError::Length {
        place: place.clone(),
        shape: header.shape.clone(),
        expected,
        found,
    };
    let said = unpacked.saturating_sub(header.length);
    let count = product(&header.shape).ok_or_else(|| wrong(u64::MAX, said))?;
    let expected = (count as u64).checked_mul(header.dtype.size as u64);
    let expected = expected.ok_or_else(|| wrong(u64::MAX, said))?;
    if said != expected {
        return Err(wrong(expected, said));
    }
    room.take(count, header.dtype.memory(), place)?;
    // One byte more is asked for, so that the end is reached and the checksum compared.
    let mut bytes = Vec::new();
    entry
        .take(expected.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| NpzError::Unpack { place: place.clone(), source })?;
    if bytes.len() as u64 != expected {
        return Err(wrong(expected, bytes.len() as u64));
    }
    let values = decode(&bytes, count, &header, place)?;
    Array::new(header.shape, values)
}

/// Writes `arrays`, in their order. Equal arrays give equal bytes: all times are zip's first.
pub(super) fn write(
    arrays: &[(String, Array)],
    target: impl Write + Seek,
    file: &Path,
) -> Result<(), NpzError> {
    let save = |source| NpzError::Save { file: file.to_owned(), source };
    let mut archive = ZipWriter::new(target);
    for (name, array) in arrays {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::DEFAULT)
            .large_file(size(array) > LARGE);
        archive
            .start_file(format!("{name}{SUFFIX}"), options)
            .map_err(|error| save(error.into()))?;
        encode(array, &mut archive).map_err(|refusal| match refusal {
            Refusal::Target(source) => save(source),
            Refusal::Object => {
                NpzError::Object { place: Place { file: file.to_owned(), array: name.clone() } }
            }
        })?;
    }
    let mut target = archive.finish().map_err(|error| save(error.into()))?;
    target.flush().map_err(save)
}

#[cfg(test)]
mod tests {
    use super::{NpzError, Place, ROOM, Room, array, header};

    fn read(unpacked: usize, npy: &[u8], limit: u64) -> Result<(), NpzError> {
        let place = Place { file: "run.npz".into(), array: "scores".to_owned() };
        array(npy, unpacked as u64, &mut Room { limit, left: limit }, &place).map(drop)
    }

    #[test]
    fn memory_is_bounded_before_it_is_taken() {
        let mut npy = header::write("|i1", &[10]);
        npy.extend([7; 10]);
        assert!(read(npy.len(), &npy, 80).is_ok(), "ten bytes widen to eighty");
        let error = read(npy.len(), &npy, 79).expect_err("one byte too little");
        assert!(matches!(error, NpzError::TooLarge { limit: 79, .. }), "{error}");
    }

    #[test]
    fn an_entry_that_unpacks_to_other_bytes_than_it_says_is_refused() {
        let mut npy = header::write("<f8", &[4]);
        npy.extend([0; 32]);
        let said = npy.len();
        assert!(read(said, &npy, ROOM).is_ok());
        let error = read(said, &npy[..said - 1], ROOM).expect_err("a byte is missing");
        assert!(matches!(error, NpzError::Length { expected: 32, found: 31, .. }), "{error}");
        npy.push(0);
        let error = read(said, &npy, ROOM).expect_err("a byte too many");
        assert!(matches!(error, NpzError::Length { expected: 32, found: 33, .. }), "{error}");
    }

    #[test]
    fn large_files_may_take_more() {
        assert_eq!(Room::of_file(100).limit, ROOM);
        assert_eq!(Room::of_file(ROOM).limit, 64 * ROOM);
        assert_eq!(Room::of_file(u64::MAX).limit, u64::MAX);
    }
}
