//! Bytes of an npy file to values.

use super::array::Values;
use super::dtype::{Dtype, Endian, Kind};
use super::header::{Header, Order};
use super::{NpzError, Place};

/// The values of `bytes` in C order. There are `count` elements and as many bytes as they need.
pub(super) fn decode(
    bytes: &[u8],
    count: usize,
    header: &Header,
    place: &Place,
) -> Result<Values, NpzError> {
    let endian = header.dtype.endian;
    Ok(match (header.dtype.kind, header.dtype.size) {
        (Kind::Bool, _) => {
            Values::Bool(c_order(bytes.iter().map(|byte| *byte != 0).collect(), header))
        }
        (Kind::Signed, size) => Values::I64(c_order(signed(bytes, size, endian), header)),
        (Kind::Unsigned, size) => {
            Values::I64(c_order(unsigned(bytes, size, endian, place)?, header))
        }
        (Kind::Float, 2) => {
            let bits = numbers(bytes, endian, u16::from_le_bytes, u16::from_be_bytes);
            Values::F32(c_order(bits.into_iter().map(half).collect(), header))
        }
        (Kind::Float, 4) => {
            let values = numbers(bytes, endian, f32::from_le_bytes, f32::from_be_bytes);
            Values::F32(c_order(values, header))
        }
        (Kind::Float, _) => {
            let values = numbers(bytes, endian, f64::from_le_bytes, f64::from_be_bytes);
            Values::F64(c_order(values, header))
        }
        (Kind::Unicode | Kind::Bytes, _) => {
            Values::Text(c_order(texts(bytes, count, header.dtype, place)?, header))
        }
        (Kind::Object, _) => Values::Object,
    })
}

/// Numbers of `N` bytes each, read by the function of their endianness.
fn numbers<const N: usize, T>(
    bytes: &[u8],
    endian: Endian,
    little: fn([u8; N]) -> T,
    big: fn([u8; N]) -> T,
) -> Vec<T> {
    let read = match endian {
        Endian::Little => little,
        Endian::Big => big,
    };
    bytes.as_chunks::<N>().0.iter().map(|chunk| read(*chunk)).collect()
}

/// A number of half precision: a sign, five bits of exponent, ten of fraction.
fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from((bits >> 10) & 0x1f), f32::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2_f32.powi(-24),
        0x1f if fraction == 0.0 => f32::INFINITY,
        0x1f => f32::NAN,
        _ => (1024.0 + fraction) * 2_f32.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

fn signed(bytes: &[u8], size: usize, endian: Endian) -> Vec<i64> {
    match size {
        1 => widened(numbers(bytes, endian, i8::from_le_bytes, i8::from_be_bytes)),
        2 => widened(numbers(bytes, endian, i16::from_le_bytes, i16::from_be_bytes)),
        4 => widened(numbers(bytes, endian, i32::from_le_bytes, i32::from_be_bytes)),
        _ => numbers(bytes, endian, i64::from_le_bytes, i64::from_be_bytes),
    }
}

fn unsigned(
    bytes: &[u8],
    size: usize,
    endian: Endian,
    place: &Place,
) -> Result<Vec<i64>, NpzError> {
    Ok(match size {
        1 => widened(numbers(bytes, endian, u8::from_le_bytes, u8::from_be_bytes)),
        2 => widened(numbers(bytes, endian, u16::from_le_bytes, u16::from_be_bytes)),
        4 => widened(numbers(bytes, endian, u32::from_le_bytes, u32::from_be_bytes)),
        _ => narrowed(&numbers(bytes, endian, u64::from_le_bytes, u64::from_be_bytes), place)?,
    })
}

fn widened<T: Into<i64>>(values: Vec<T>) -> Vec<i64> {
    values.into_iter().map(Into::into).collect()
}

fn narrowed(values: &[u64], place: &Place) -> Result<Vec<i64>, NpzError> {
    let narrow = |(index, found): (usize, &u64)| {
        i64::try_from(*found).map_err(|_| NpzError::Integer {
            place: place.clone(),
            index,
            found: *found,
        })
    };
    values.iter().enumerate().map(narrow).collect()
}

/// Texts without the NULs that pad them. Those of no size have no bytes, only a count.
fn texts(bytes: &[u8], count: usize, dtype: Dtype, place: &Place) -> Result<Vec<String>, NpzError> {
    if dtype.size == 0 {
        return Ok(vec![String::new(); count]);
    }
    let text = |(index, bytes): (usize, &[u8])| {
        let text = match dtype.kind {
            Kind::Bytes => std::str::from_utf8(bytes).ok().map(str::to_owned),
            _ => code_points(bytes, dtype.endian),
        };
        let mut text = text.ok_or_else(|| NpzError::Text { place: place.clone(), index })?;
        text.truncate(text.trim_end_matches('\0').len());
        text.shrink_to_fit();
        Ok(text)
    };
    bytes.chunks_exact(dtype.size).enumerate().map(text).collect()
}

fn code_points(bytes: &[u8], endian: Endian) -> Option<String> {
    let points = numbers(bytes, endian, u32::from_le_bytes, u32::from_be_bytes);
    points.into_iter().map(char::from_u32).collect()
}

/// Turns values that lie in the order of `header` so that the last dimension runs fastest.
fn c_order<T: Clone>(values: Vec<T>, header: &Header) -> Vec<T> {
    if header.order == Order::C || header.shape.len() < 2 || values.is_empty() {
        return values;
    }
    let mut step = 1;
    let steps: Vec<usize> = header
        .shape
        .iter()
        .map(|length| {
            let own = step;
            step *= length;
            own
        })
        .collect();
    let mut place = vec![0; header.shape.len()];
    let mut turned = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        let from: usize = place.iter().zip(&steps).map(|(index, step)| index * step).sum();
        turned.push(values[from].clone());
        advance(&mut place, &header.shape);
    }
    turned
}

/// Goes to the next place of `shape`, the last dimension first; from the last place to the first.
fn advance(place: &mut [usize], shape: &[usize]) {
    for (index, length) in place.iter_mut().zip(shape).rev() {
        *index += 1;
        if *index < *length {
            return;
        }
        *index = 0;
    }
}
