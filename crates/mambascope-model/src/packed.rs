//! A row-major matrix in main memory: packed rows, or one number a column for each of several things.

use std::mem;

use candle_core::{DType, Device, Tensor, WithDType};

use crate::Error;
use crate::buffer::{Number, keep, take};

/// A matrix `[rows, columns]` in main memory, row by row.
#[derive(Debug, PartialEq)]
pub struct Packed<T: Number> {
    values: Vec<T>,
    columns: usize,
}

impl<T: Number> Clone for Packed<T> {
    fn clone(&self) -> Self {
        let mut copy = Self::unset(self.rows(), self.columns);
        copy.values.copy_from_slice(&self.values);
        copy
    }
}

impl<T: Number> Drop for Packed<T> {
    fn drop(&mut self) {
        keep(mem::take(&mut self.values));
    }
}

impl<T: Number> Packed<T> {
    /// A matrix of zeros.
    pub fn zeros(rows: usize, columns: usize) -> Self {
        let mut zeros = Self::unset(rows, columns);
        zeros.values.fill(T::default());
        zeros
    }

    /// A matrix of whatever numbers were in memory, to be written over whole.
    pub fn unset(rows: usize, columns: usize) -> Self {
        let mut values = take(rows * columns);
        if cfg!(debug_assertions) {
            values.fill(T::UNSET);
        }
        Self { values, columns }
    }

    /// A matrix of these values, row by row; there must be a whole number of rows.
    pub fn new(values: Vec<T>, columns: usize) -> Self {
        debug_assert_eq!(values.len() % columns.max(1), 0, "a whole number of rows");
        Self { values, columns }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.columns).unwrap_or(0)
    }

    /// Number of columns.
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// One row.
    pub fn row(&self, row: usize) -> &[T] {
        &self.values[row * self.columns..][..self.columns]
    }

    /// One row, to be changed.
    pub fn row_mut(&mut self, row: usize) -> &mut [T] {
        &mut self.values[row * self.columns..][..self.columns]
    }

    /// All values, row by row.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// All values, to be changed.
    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// The rows at these places, in this order.
    #[must_use]
    pub fn gather(&self, rows: &[usize]) -> Self {
        let mut gathered = Self::unset(rows.len(), self.columns);
        for (target, &row) in rows.iter().enumerate() {
            gathered.row_mut(target).copy_from_slice(self.row(row));
        }
        gathered
    }

    /// The columns of this range.
    #[must_use]
    pub fn narrow(&self, columns: std::ops::Range<usize>) -> Self {
        let mut some = Self::unset(self.rows(), columns.len());
        for row in 0..self.rows() {
            some.row_mut(row).copy_from_slice(&self.row(row)[columns.clone()]);
        }
        some
    }

    /// Puts the rows of `other` below these.
    pub fn append(&mut self, other: &Self) {
        debug_assert_eq!(self.columns, other.columns, "equal columns");
        self.values.extend_from_slice(&other.values);
    }
}

impl<T: WithDType + Number> Packed<T> {
    /// Copies a tensor of one or two dimensions.
    ///
    /// # Errors
    /// When the tensor has another rank, or candle fails.
    pub fn from_tensor(tensor: &Tensor) -> Result<Self, Error> {
        let tensor = tensor.to_dtype(T::DTYPE)?.to_device(&Device::Cpu)?;
        let columns = tensor.dims().last().copied().unwrap_or(1);
        Ok(Self { values: tensor.flatten_all()?.to_vec1()?, columns })
    }

    /// The matrix as a tensor, `[rows, columns]`.
    ///
    /// # Errors
    /// When candle fails.
    pub fn to_tensor(&self) -> Result<Tensor, Error> {
        Ok(Tensor::from_slice(&self.values, (self.rows(), self.columns), &Device::Cpu)?)
    }

    /// The type of its numbers.
    pub const fn dtype(&self) -> DType {
        T::DTYPE
    }
}
