//! Maps from tokens to tokens of one prompt.

use crate::error::Error;
use crate::heatmap::{ColumnNames, Heatmap, Shape};
use crate::row_label::RowLabel;

impl Heatmap {
    /// A map from the tokens of a prompt (columns) to its tokens (rows): how much each takes from those before it.
    ///
    /// Both axes carry the tokens, and all of them, however many; cells are square. What lies above the diagonal, where a
    /// token would read from a later one, is not drawn and its values do not count.
    ///
    /// # Shapes
    /// `values` is T x T, row after row: `values[to * T + from]`.
    ///
    /// # Errors
    /// When there are not T times T values.
    ///
    /// # Example
    /// ```
    /// use mambascope_figure::{Heatmap, RowLabel};
    /// let tokens = [RowLabel::subject("The"), RowLabel::subject(" Louvre"), RowLabel::plain(" is")];
    /// let map = Heatmap::attention(tokens, vec![1.0, 0.0, 0.0, 0.3, 0.7, 0.0, 0.1, 0.6, 0.3])?;
    /// assert!(map.title("Hidden attention of layer 7").figure().svg().contains("Louvre"));
    /// # Ok::<(), mambascope_figure::Error>(())
    /// ```
    pub fn attention<T>(tokens: T, values: Vec<f64>) -> Result<Self, Error>
    where
        T: IntoIterator<Item: Into<RowLabel>>,
    {
        let tokens: Vec<RowLabel> = tokens.into_iter().map(Into::into).collect();
        let columns: Vec<String> = tokens.iter().map(|token| token.text.clone()).collect();
        let map = Heatmap::new(tokens, columns, values)?;
        let map = map.nouns("to token", "from token").column_names(ColumnNames::Tokens);
        Ok(Heatmap { shape: Shape::LowerTriangle, ..map })
    }
}
