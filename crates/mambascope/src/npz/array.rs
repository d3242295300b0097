//! One named array's shape and values.

use super::NpzError;

/// The most dimensions an array may have; numpy 2 has no more.
pub(super) const MOST_DIMENSIONS: usize = 64;

/// The elements of an [`Array`], in C order.
///
/// Integers of every width are read into 64 bits, 32-bit and 64-bit floats each stay what they are.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Values {
    /// numpy's `bool`.
    Bool(Vec<bool>),
    /// numpy's `int64`; read from any integer.
    I64(Vec<i64>),
    /// numpy's `float32`; read from `float16` too.
    F32(Vec<f32>),
    /// numpy's `float64`.
    F64(Vec<f64>),
    /// numpy's `str`, as wide as the longest element; `bytes` are read into it too.
    Text(Vec<String>),
    /// Pickled Python objects. They are known to be there, never read, and cannot be written.
    Object,
}

impl Values {
    /// Number of elements; nothing for objects, which are not counted.
    fn count(&self) -> Option<usize> {
        match self {
            Self::Bool(values) => Some(values.len()),
            Self::I64(values) => Some(values.len()),
            Self::F32(values) => Some(values.len()),
            Self::F64(values) => Some(values.len()),
            Self::Text(values) => Some(values.len()),
            Self::Object => None,
        }
    }

    /// Drops the NULs at the end of each text, which numpy does not keep either.
    fn trimmed(mut self) -> Self {
        if let Self::Text(values) = &mut self {
            for value in values {
                value.truncate(value.trim_end_matches('\0').len());
            }
        }
        self
    }
}

macro_rules! values_from {
    ($($element:ty => $variant:ident),*) => {$(
        impl From<Vec<$element>> for Values {
            fn from(values: Vec<$element>) -> Self {
                Self::$variant(values)
            }
        }
    )*};
}

values_from!(bool => Bool, i64 => I64, f32 => F32, f64 => F64, String => Text);

impl From<Vec<&str>> for Values {
    fn from(values: Vec<&str>) -> Self {
        Self::Text(values.into_iter().map(str::to_owned).collect())
    }
}

/// A shape and the values that fill it.
///
/// # Example
/// ```
/// use mambascope::npz::{Array, Values};
///
/// let scores = Array::new([2, 3], vec![0.0_f32; 6])?;
/// assert_eq!(scores.shape(), [2, 3]);
/// let answer = Array::scalar(" Paris");
/// assert_eq!(answer.values(), &Values::Text(vec![" Paris".to_owned()]));
/// # Ok::<(), mambascope::npz::NpzError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    shape: Vec<usize>,
    values: Values,
}

impl Array {
    /// Fills `shape` with `values`, the last dimension running fastest.
    ///
    /// NULs at the end of a text are dropped: numpy pads text with them and cannot tell the two
    /// apart.
    ///
    /// # Errors
    /// When the values are not as many as the shape's product, or the dimensions are more than 64.
    pub fn new(shape: impl Into<Vec<usize>>, values: impl Into<Values>) -> Result<Self, NpzError> {
        let (shape, values) = (shape.into(), values.into());
        if shape.len() > MOST_DIMENSIONS {
            return Err(NpzError::Dimensions { found: shape.len(), limit: MOST_DIMENSIONS });
        }
        match values.count() {
            Some(found) if product(&shape) != Some(found) => Err(NpzError::Shape { shape, found }),
            _ => Ok(Self { shape, values: values.trimmed() }),
        }
    }

    /// An array of one dimension.
    pub fn vector<T>(values: Vec<T>) -> Self
    where
        Values: From<Vec<T>>,
    {
        Self { shape: vec![values.len()], values: Values::from(values).trimmed() }
    }

    /// An array of no dimension: one value.
    pub fn scalar<T>(value: T) -> Self
    where
        Values: From<Vec<T>>,
    {
        Self { shape: Vec::new(), values: Values::from(vec![value]).trimmed() }
    }

    /// Length of each dimension; empty for a scalar.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements, in C order.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The elements as doubles, if they are numbers.
    ///
    /// Integers beyond 2^53 are rounded.
    pub fn to_f64(&self) -> Option<Vec<f64>> {
        match &self.values {
            Values::I64(values) => Some(values.iter().map(|value| *value as f64).collect()),
            Values::F32(values) => Some(values.iter().map(|value| f64::from(*value)).collect()),
            Values::F64(values) => Some(values.clone()),
            Values::Bool(_) | Values::Text(_) | Values::Object => None,
        }
    }
}

/// Number of elements in `shape`, where it can be counted.
pub(super) fn product(shape: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1_usize, |count, length| count.checked_mul(*length))
}

#[cfg(test)]
mod tests {
    use super::{Array, Values, product};

    #[test]
    fn values_must_fill_the_shape() {
        let error = Array::new([2, 2], vec![1_i64, 2, 3]).expect_err("three values, four places");
        insta::assert_snapshot!(error, @r"
        3 values cannot fill the shape [2, 2]
        help: give as many values as the shape's product
        ");
        assert!(Array::new([1; 65], vec![true]).is_err());
        assert!(Array::new([1; 64], vec![true]).is_ok());
    }

    #[test]
    fn text_ends_before_its_last_nuls() {
        let array = Array::vector(vec!["\0", "a\0b\0\0", ""]);
        assert_eq!(array.values(), &Values::from(vec!["", "a\0b", ""]));
    }

    #[test]
    fn an_empty_dimension_empties_the_shape() {
        assert_eq!(product(&[usize::MAX, 2, 0]), Some(0));
        assert_eq!(product(&[usize::MAX, 2]), None);
        assert_eq!(product(&[]), Some(1));
    }
}
