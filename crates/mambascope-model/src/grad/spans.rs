//! Where each row of a packed batch lies.

use std::ops::Range;
use std::sync::Arc;

/// The token ranges of the rows of a packed batch: one after the other, without gaps.
///
/// # Example
/// ```
/// use mambascope_model::grad::Spans;
///
/// let spans = Spans::from_lengths(&[3, 2]);
/// assert_eq!(spans.ranges(), [0..3, 3..5]);
/// assert_eq!(spans.tokens(), 5);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spans(Arc<[Range<usize>]>);

impl Spans {
    /// The spans of rows with these numbers of tokens.
    pub fn from_lengths(lengths: &[usize]) -> Self {
        let mut start = 0;
        let ranges = lengths.iter().map(|length| {
            let range = start..start + length;
            start = range.end;
            range
        });
        Self(ranges.collect())
    }

    /// The range of each row, in order.
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.0
    }

    /// The number of tokens of all rows together.
    pub fn tokens(&self) -> usize {
        self.0.last().map_or(0, |range| range.end)
    }

    /// `data`, which has `width` values a token, cut into one slice a row.
    pub(super) fn cut<'a, T>(&self, mut data: &'a mut [T], width: usize) -> Vec<&'a mut [T]> {
        let mut rows = Vec::with_capacity(self.0.len());
        for range in self.0.iter() {
            let (row, rest) = data.split_at_mut(range.len() * width);
            rows.push(row);
            data = rest;
        }
        rows
    }
}
