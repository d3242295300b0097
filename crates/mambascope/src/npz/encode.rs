//! An array to the npy file that numpy would write of it.

use std::io::{self, Write};

use super::array::{Array, Values};
use super::header;

/// How many elements are turned to bytes at a time.
const CHUNK: usize = 4096;

/// Why an array was not written.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Its elements are Python objects.
    Object,
    /// The target said no.
    Target(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Target(error)
    }
}

/// Writes the head and the elements of `array`.
pub(super) fn encode(array: &Array, target: &mut impl Write) -> Result<(), Refusal> {
    let width = text_width(array.values());
    let description = match array.values() {
        Values::Bool(_) => "|b1".to_owned(),
        Values::I64(_) => "<i8".to_owned(),
        Values::F32(_) => "<f4".to_owned(),
        Values::F64(_) => "<f8".to_owned(),
        Values::Text(_) => format!("<U{width}"),
        Values::Object => return Err(Refusal::Object),
    };
    target.write_all(&header::write(&description, array.shape()))?;
    match array.values() {
        Values::Bool(values) => chunks(values, target, |value| [u8::from(*value)]),
        Values::I64(values) => chunks(values, target, |value| value.to_le_bytes()),
        Values::F32(values) => chunks(values, target, |value| value.to_le_bytes()),
        Values::F64(values) => chunks(values, target, |value| value.to_le_bytes()),
        Values::Text(values) => texts(values, width, target),
        Values::Object => Ok(()),
    }?;
    Ok(())
}

/// Bytes that [`encode`] writes after the head.
pub(super) fn size(array: &Array) -> u64 {
    let bytes = match array.values() {
        Values::Bool(values) => values.len(),
        Values::I64(values) => values.len() * 8,
        Values::F32(values) => values.len() * 4,
        Values::F64(values) => values.len() * 8,
        Values::Text(values) => values.len().saturating_mul(4 * text_width(array.values())),
        Values::Object => 0,
    };
    bytes as u64
}

/// Characters of the longest text; one where all are empty, since numpy has no narrower text.
fn text_width(values: &Values) -> usize {
    let Values::Text(texts) = values else { return 1 };
    texts.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1)
}

fn chunks<T, const N: usize>(
    values: &[T],
    target: &mut impl Write,
    bytes: fn(&T) -> [u8; N],
) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(N * CHUNK);
    for chunk in values.chunks(CHUNK) {
        buffer.clear();
        buffer.extend(chunk.iter().flat_map(bytes));
        target.write_all(&buffer)?;
    }
    Ok(())
}

fn texts(values: &[String], width: usize, target: &mut impl Write) -> io::Result<()> {
    let mut buffer = Vec::new();
    for text in values {
        buffer.clear();
        buffer.extend(text.chars().flat_map(|letter| u32::from(letter).to_le_bytes()));
        buffer.resize(4 * width, 0);
        target.write_all(&buffer)?;
    }
    Ok(())
}
