//! Ragged rows: many token sequences packed into one matrix, none padded.
//!
//! A sequence may start in the middle of a prompt. All that the tokens before it can tell it is one scan state and the
//! last K-1 inputs of the convolution, and both are found at one row of an earlier pack: the row of the token before.

/// One sequence among packed rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Number of tokens, at least one.
    pub length: usize,
    /// Position of the first token in its prompt.
    pub token: usize,
    /// Row of the token before the first in the pack that supplies the past; `None` at the start of a prompt.
    pub past: Option<usize>,
}

/// The spans of a packed matrix `[rows, columns]`, in order, without gaps.
///
/// # Example
/// ```
/// use mambascope_model::{Ragged, Span};
/// let two = Ragged::prompts(&[3, 2]);
/// assert_eq!(two.rows(), 5);
/// assert_eq!(two.last_rows(), vec![2, 4]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ragged {
    spans: Vec<Span>,
    starts: Vec<usize>,
    rows: usize,
}

impl Ragged {
    /// Packs these spans, in this order.
    pub fn new(spans: Vec<Span>) -> Self {
        let mut rows = 0;
        let starts = spans
            .iter()
            .map(|span| {
                rows += span.length;
                rows - span.length
            })
            .collect();
        Self { spans, starts, rows }
    }

    /// Packs whole prompts of these lengths.
    pub fn prompts(lengths: &[usize]) -> Self {
        Self::new(lengths.iter().map(|&length| Span { length, token: 0, past: None }).collect())
    }

    /// Number of packed rows.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// The spans, each with its first row.
    pub fn spans(&self) -> impl ExactSizeIterator<Item = (usize, Span)> {
        self.starts.iter().copied().zip(self.spans.iter().copied())
    }

    /// The row of each span's last token.
    pub fn last_rows(&self) -> Vec<usize> {
        self.spans().map(|(start, span)| start + span.length - 1).collect()
    }
}
