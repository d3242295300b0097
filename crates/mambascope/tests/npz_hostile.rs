//! npz files that lie, or are damaged: each gives an array or an error, never a panic or a flood.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use mambascope::npz::{Npz, NpzError};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Mutated archives, and as many archives that are whole around a mutated array.
const MUTATIONS: usize = 4000;

/// Bytes of memory that this whole test may ever have taken; the files have twelve thousand.
#[cfg(target_os = "linux")]
const MOST_MEMORY: u64 = 256 << 20;

/// A stream of evenly spread words (splitmix64, Steele and others 2014).
struct Words(u64);

impl Words {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    fs::read(folder.join(name)).expect("the golden is committed")
}

/// Changes one to three places of `bytes`.
fn mutate(bytes: &mut Vec<u8>, words: &mut Words) {
    for _ in 0..=words.below(3) {
        let place = words.below(bytes.len());
        let word = words.next().to_le_bytes();
        match words.below(6) {
            0 => bytes.truncate(place),
            1 => drop(bytes.splice(place..place, word)),
            2 => overwrite(bytes, place, &[0xFF; 8][..words.below(9)]),
            3 => overwrite(bytes, place, &[0; 8][..words.below(9)]),
            4 => overwrite(bytes, place, &word[..1]),
            _ => overwrite(bytes, place, b"9'(,)LU<"[words.below(8)..].get(..1).unwrap_or(b"9")),
        }
    }
}

fn overwrite(bytes: &mut [u8], place: usize, by: &[u8]) {
    for (byte, new) in bytes.iter_mut().skip(place).zip(by) {
        *byte = *new;
    }
}

fn read(bytes: Vec<u8>) -> Result<Npz, NpzError> {
    Npz::read(Cursor::new(bytes), "hostile.npz")
}

fn archive(npy: &[u8], method: CompressionMethod) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    archive.start_file("scores.npy", options).expect("a name of ASCII");
    archive.write_all(npy).expect("memory takes every byte");
    archive.finish().expect("memory takes every byte").into_inner()
}

/// The unpacked entries of a golden.
fn arrays(name: &str) -> Vec<Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(golden(name))).expect("a zip archive");
    let count = archive.len();
    let entry = |index| {
        let mut entry = archive.by_index(index).expect("an entry of the list");
        let mut bytes = Vec::new();
        std::io::copy(&mut entry, &mut bytes).expect("a whole entry");
        bytes
    };
    (0..count).map(entry).collect()
}

/// Reads everything that `hostile` makes, and sees that some of it was refused and some was not.
fn assert_survives(mut hostile: impl FnMut(&mut Words) -> Vec<u8>) {
    let mut words = Words(2);
    let (mut read_well, mut refused) = (0, 0);
    for _ in 0..MUTATIONS {
        match read(hostile(&mut words)) {
            Ok(_) => read_well += 1,
            Err(error) => {
                assert!(error.to_string().contains("\nhelp: "), "{error}");
                refused += 1;
            }
        }
    }
    assert!(read_well > MUTATIONS / 100, "only {read_well} were read: the mutations are too wild");
    assert!(refused > MUTATIONS / 10, "only {refused} were refused: the mutations are too tame");
    assert_little_memory();
}

#[cfg(target_os = "linux")]
fn assert_little_memory() {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells");
    let kibibytes: u64 = peak.trim().trim_end_matches(" kB").parse().expect("Linux counts");
    assert!(kibibytes * 1024 < MOST_MEMORY, "{kibibytes} KiB were taken");
}

#[cfg(not(target_os = "linux"))]
fn assert_little_memory() {}

#[test]
fn mutated_archives_are_survived() {
    let files = ["numpy_stored.npz", "numpy_deflated.npz", "numpy_rome.npz", "numpy_versions.npz"];
    let files = files.map(golden);
    assert_survives(|words| {
        let mut bytes = files[words.below(files.len())].clone();
        mutate(&mut bytes, words);
        bytes
    });
}

#[test]
fn mutated_arrays_are_survived() {
    let arrays = arrays("numpy_stored.npz");
    assert_survives(|words| {
        let mut npy = arrays[words.below(arrays.len())].clone();
        mutate(&mut npy, words);
        archive(&npy, CompressionMethod::Stored)
    });
}

/// An npy file of this dictionary and `bytes`.
fn npy(dictionary: &str, bytes: &[u8]) -> Vec<u8> {
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((dictionary.len() as u16 + 1).to_le_bytes());
    npy.extend(dictionary.bytes());
    npy.push(b'\n');
    npy.extend(bytes);
    npy
}

fn refused(dictionary: &str, bytes: &[u8]) -> NpzError {
    let archive = archive(&npy(dictionary, bytes), CompressionMethod::Deflated);
    read(archive).expect_err("a hostile file")
}

#[test]
fn a_shape_must_have_its_bytes() {
    let shapes = [
        ("<f8", "(4,)"),
        ("<f8", "(2,)"),
        ("<f8", "()"),
        ("<f8", "(18446744073709551615,)"),
        ("<f8", "(4294967296, 4294967296)"),
        ("<f8", "(4294967296, 4294967297, 2)"),
        ("<U4", "(3,)"),
        ("<U4611686018427387903", "(8,)"),
    ];
    for (description, shape) in shapes {
        let dictionary =
            format!("{{'descr': '{description}', 'fortran_order': False, 'shape': {shape}}}");
        let error = refused(&dictionary, &[0; 24]);
        assert!(matches!(error, NpzError::Length { .. }), "{description} {shape}: {error}");
    }
    let error = refused("{'descr': '<f8', 'fortran_order': False, 'shape': (4,)}", &[0; 24]);
    insta::assert_snapshot!(error, @r"
    array `scores` of hostile.npz has 24 bytes of elements, expected 32 for its shape [4]
    help: the file is damaged or was cut short; fetch or write it again
    ");
}

#[test]
fn what_takes_no_bytes_cannot_take_memory() {
    let dictionary = "{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000000,)}";
    let error = refused(dictionary, &[]);
    assert!(matches!(error, NpzError::TooLarge { .. }), "{error}");
}

#[test]
fn values_that_cannot_be_held_are_refused() {
    let error = refused("{'descr': '<u8', 'fortran_order': False, 'shape': ()}", &[0xFF; 8]);
    assert!(matches!(error, NpzError::Integer { index: 0, found: u64::MAX, .. }), "{error}");
    let text = "{'descr': '<U1', 'fortran_order': False, 'shape': (1,)}";
    let error = refused(text, &0xD800_u32.to_le_bytes());
    assert!(matches!(error, NpzError::Text { index: 0, .. }), "{error}");
    let error = refused("{'descr': '|S1', 'fortran_order': False, 'shape': (1,)}", &[0xFF]);
    assert!(matches!(error, NpzError::Text { index: 0, .. }), "{error}");
}

#[test]
fn too_many_dimensions_are_refused() {
    let shape = format!("({})", "1,".repeat(65));
    let dictionary = format!("{{'descr': '|b1', 'fortran_order': False, 'shape': {shape}}}");
    let error = refused(&dictionary, &[1]);
    assert!(matches!(error, NpzError::Header { expected: "at most 64 dimensions", .. }), "{error}");
}

#[test]
fn what_is_no_archive_is_refused() {
    for bytes in [&b""[..], b"PK\x05\x06", b"not a zip archive at all, but some text"] {
        let error = read(bytes.to_vec()).expect_err("no archive");
        assert!(matches!(error, NpzError::Container { .. }), "{error}");
    }
    let error = read(archive(b"", CompressionMethod::Stored)).expect_err("no array");
    assert!(matches!(error, NpzError::Unpack { .. }), "{error}");
}
