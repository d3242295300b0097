//! What a generation of the library is named by.

use super::snapshot::Sources;
use crate::{Result, Toolchain};
use sha2::{Digest, Sha256};

/// Features that the library is built with; part of its name.
const FEATURES: &str = "bundled,hub";

/// How a generation is laid out; part of its name, and another number where the folders change.
const LAYOUT: u8 = 2;

/// The name of the generation for these sources and this compiler: 16 hexadecimal digits.
pub(super) fn key(sources: &Sources, toolchain: &Toolchain) -> Result<String> {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    add(toolchain.version().as_bytes());
    add(env!("CARGO_PKG_VERSION").as_bytes());
    add(FEATURES.as_bytes());
    add(&[LAYOUT]);
    for file in sources.files()? {
        add(file.to_string_lossy().as_bytes());
        add(&sources.content(&file)?);
    }
    let mut start = [0; 8];
    start.copy_from_slice(&hash.finalize()[..8]);
    Ok(format!("{:016x}", u64::from_be_bytes(start)))
}
