//! The head of an npy file: its magic, version, and a Python dictionary of type, order and shape.
//!
//! # Source
//! NEP 1 and `numpy/lib/_format_impl.py` of numpy 2.4.

use std::io::{self, Read};

use super::array::MOST_DIMENSIONS;
use super::dtype::Dtype;
use super::literal::{Fault, Literal};
use super::{NpzError, Place};

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// The longest dictionary that is read; numpy itself refuses one past 10,000 bytes.
const LONGEST: u32 = 65_535;

/// The whole head is a multiple of this, so that elements can be mapped into memory.
const ALIGNMENT: usize = 64;

/// numpy leaves room for the growing dimension to have as many digits as this.
const ROOM_FOR_DIGITS: usize = 21;

/// In which order the elements lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The last dimension runs fastest.
    C,
    /// The first dimension runs fastest.
    Fortran,
}

/// What the head says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) dtype: Dtype,
    pub(super) order: Order,
    pub(super) shape: Vec<usize>,
    /// Bytes from the magic to the first element.
    pub(super) length: u64,
}

/// Reads the head of `place` from `source`, and no byte after it.
pub(super) fn read(source: &mut impl Read, place: &Place) -> Result<Header, NpzError> {
    let unpack = |source| NpzError::Unpack { place: place.clone(), source };
    let mut start = [0; 8];
    source.read_exact(&mut start).map_err(unpack)?;
    let [magic @ .., major, minor] = start;
    if magic != *MAGIC {
        return Err(NpzError::Magic { place: place.clone() });
    }
    let (width, length) = match (major, minor) {
        (1, 0) => (2, u32::from(u16::from_le_bytes(bytes(source).map_err(unpack)?))),
        (2 | 3, 0) => (4, u32::from_le_bytes(bytes(source).map_err(unpack)?)),
        _ => return Err(NpzError::Version { place: place.clone(), major, minor }),
    };
    let text = dictionary(source, length, place)?;
    let mut header = parse(&text).map_err(|fault| match fault {
        Fault::Dtype(found) => NpzError::Dtype { place: place.clone(), found },
        Fault::Header(expected) => damaged(&text, expected, place),
    })?;
    header.length = 8 + width + u64::from(length);
    Ok(header)
}

fn bytes<const N: usize>(source: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    source.read_exact(&mut bytes).map(|()| bytes)
}

/// The text of the dictionary. What is not Unicode is replaced: no part of it would be understood.
fn dictionary(source: &mut impl Read, length: u32, place: &Place) -> Result<String, NpzError> {
    if length > LONGEST {
        return Err(damaged("", "at most 65535 bytes of it", place));
    }
    let mut text = Vec::new();
    source
        .take(u64::from(length))
        .read_to_end(&mut text)
        .map_err(|source| NpzError::Unpack { place: place.clone(), source })?;
    let text = String::from_utf8_lossy(&text).into_owned();
    if text.ends_with('\n') {
        Ok(text)
    } else {
        Err(damaged(&text, "a new line at its end", place))
    }
}

fn damaged(text: &str, expected: &'static str, place: &Place) -> NpzError {
    NpzError::Header { place: place.clone(), found: shortened(text), expected }
}

/// The first characters of `text`, for an error's one line.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 100;
    let text = text.trim_end();
    let mut short: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        short.push_str("...");
    }
    short
}

/// Reads the dictionary; the head's length is not known here.
fn parse(text: &str) -> Result<Header, Fault> {
    let mut literal = Literal::new(text);
    let (mut dtype, mut order, mut shape) = (None, None, None);
    literal.expect('{', "a dictionary")?;
    while !literal.take('}') {
        let key = literal.string().ok_or(Fault::Header("a key in quotes"))?;
        literal.expect(':', "a colon after each key")?;
        match key {
            "descr" => dtype = Some(description(&mut literal)?),
            "fortran_order" => order = Some(fortran_order(&mut literal)?),
            "shape" => shape = Some(lengths(&mut literal)?),
            _ => return Err(Fault::Header("no key but `descr`, `fortran_order` and `shape`")),
        }
        if !literal.take(',') {
            literal.expect('}', "a comma or the end of the dictionary after each value")?;
            break;
        }
    }
    literal.end()?;
    let missing = Fault::Header("the keys `descr`, `fortran_order` and `shape`");
    match (dtype, order, shape) {
        (Some(dtype), Some(order), Some(shape)) => Ok(Header { dtype, order, shape, length: 0 }),
        _ => Err(missing),
    }
}

/// The type of the elements. That of a structure is a list, which is not read here.
fn description(literal: &mut Literal<'_>) -> Result<Dtype, Fault> {
    let rest = literal.rest();
    let text = literal.string().ok_or_else(|| Fault::Dtype(shortened(rest)))?;
    Dtype::parse(text).ok_or_else(|| Fault::Dtype(shortened(text)))
}

fn fortran_order(literal: &mut Literal<'_>) -> Result<Order, Fault> {
    match literal.word() {
        "True" => Ok(Order::Fortran),
        "False" => Ok(Order::C),
        _ => Err(Fault::Header("`True` or `False` for `fortran_order`")),
    }
}

fn lengths(literal: &mut Literal<'_>) -> Result<Vec<usize>, Fault> {
    let lengths = literal.tuple()?;
    if lengths.len() > MOST_DIMENSIONS {
        return Err(Fault::Header("at most 64 dimensions"));
    }
    Ok(lengths)
}

/// The head of an array of `shape`, in C order: byte for byte what numpy writes.
pub(super) fn write(description: &str, shape: &[usize]) -> Vec<u8> {
    let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
    // A tuple of one needs a comma after it.
    let comma = if shape.len() == 1 { "," } else { "" };
    let shape_text = format!("({}{comma})", lengths.join(", "));
    let mut text =
        format!("{{'descr': '{description}', 'fortran_order': False, 'shape': {shape_text}, }}");
    if let Some(first) = shape.first() {
        let spare = ROOM_FOR_DIGITS.saturating_sub(first.to_string().len());
        text.extend(std::iter::repeat_n(' ', spare));
    }
    // numpy adds 64 spaces, not none, to a head that needs no padding.
    let unpadded = MAGIC.len() + 4 + text.len() + 1;
    text.extend(std::iter::repeat_n(' ', ALIGNMENT - unpadded % ALIGNMENT));
    text.push('\n');
    let length = u16::try_from(text.len()).expect("64 dimensions of 20 digits fit 65,535 bytes");
    let mut head = MAGIC.to_vec();
    head.extend([1, 0]);
    head.extend(length.to_le_bytes());
    head.extend(text.bytes());
    head
}

#[cfg(test)]
mod tests {
    use super::super::dtype::{Endian, Kind};
    use super::{Dtype, Header, Order, parse, read, write};
    use crate::npz::Place;

    fn place() -> Place {
        Place { file: "run.npz".into(), array: "scores".to_owned() }
    }

    #[test]
    fn a_head_is_read_as_it_was_written() {
        for shape in [vec![], vec![0], vec![7], vec![3, 4], vec![1; 64], vec![usize::MAX; 64]] {
            let head = write("<f8", &shape);
            assert_eq!(head.len() % 64, 0);
            let dtype = Dtype { kind: Kind::Float, endian: Endian::Little, size: 8 };
            let expected = Header { dtype, order: Order::C, shape, length: head.len() as u64 };
            assert_eq!(read(&mut head.as_slice(), &place()).expect("what we wrote"), expected);
        }
    }

    #[test]
    fn any_python_spelling_is_read() {
        let numpys = parse("{'descr': '>i4', 'fortran_order': True, 'shape': (2, 3), }\n");
        let other = parse("{ \"shape\":(2L,3L,),\t'fortran_order':True, 'descr': \">i4\"} \n");
        assert_eq!(numpys.expect("numpy's own"), other.expect("the same, otherwise spelled"));
    }

    #[test]
    fn a_wrong_dictionary_is_refused() {
        let wrong = [
            "",
            "[]",
            "{'descr': '<f8', 'fortran_order': False}",
            "{'descr': '<f8', 'fortran_order': 0, 'shape': ()}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (2)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-2,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (2 3,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), 'more': 1}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)} 1",
            "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2,)}",
            "{'descr': '<f16', 'fortran_order': False, 'shape': (2,)}",
            "{'descr': '<f8, 'fortran_order': False, 'shape': (2,)}",
        ];
        for text in wrong {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_error_says_what_to_do() {
        let mut head = write("<c8", &[2]);
        let error = read(&mut head.as_slice(), &place()).expect_err("complex numbers");
        insta::assert_snapshot!(error, @r"
        array `scores` of run.npz holds elements of type <c8, expected bool, int, uint, float16, float32, float64, str or bytes
        help: convert it with `.astype` before `numpy.savez`
        ");
        head[6] = 9;
        let error = read(&mut head.as_slice(), &place()).expect_err("a ninth version");
        insta::assert_snapshot!(error, @r"
        array `scores` of run.npz has npy format 9.0, expected 1.0, 2.0 or 3.0
        help: write it with `numpy.savez`, which takes the oldest format that will do
        ");
    }
}
