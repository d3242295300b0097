//! Numbers in rows and columns, with all that a reader needs to know what they are.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::figure::Figure;
use crate::intervals::Intervals;
use crate::palette::Palette;
use crate::row_label::RowLabel;
use crate::scale::{Range, Scale, Span};

/// Whether the cell of the highest value stands out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peak {
    /// As any other.
    #[default]
    Plain,
    /// With a dark outline.
    Outlined,
}

/// How columns are named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnNames {
    /// Upright, some of them where there are many: layers and other numbers.
    #[default]
    Ticks,
    /// Turned by a quarter, each of them, as [`readable`](crate::readable) shows it: tokens. A column with the text of the
    /// row of the same number has that row's mark.
    Tokens,
}

/// Which cells there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// All.
    #[default]
    Full,
    /// Those whose column is not past their row; the others are not drawn, whatever their values.
    LowerTriangle,
}

/// A table of values to be drawn as colours: rows down, the first at the top; columns across.
///
/// The fields are the whole picture; the methods of the same names return a changed copy.
///
/// # Example
/// ```
/// use mambascope_figure::{Heatmap, RowLabel};
/// let map = Heatmap::new(["a", "b"], ["0", "1", "2"], vec![0.0, 0.1, 0.2, 0.3, 0.4, f64::NAN])?;
/// let map = map.title("Two rows").scale_label("p").range(0.0, 1.0);
/// assert_eq!(map.value(1, 0), 0.3);
/// # Ok::<(), mambascope_figure::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Heatmap {
    /// What is shown, over the picture; long ones wrap.
    pub title: String,
    /// The rows' names, first at the top.
    pub rows: Vec<RowLabel>,
    /// The columns' names, first at the left.
    pub columns: Vec<String>,
    /// Row after row. NaN is a cell that was not computed; it is hatched.
    #[serde(with = "crate::values")]
    pub values: Vec<f64>,
    /// What a column is, in words under the picture.
    pub column_label: String,
    /// What a row is, in words at the left of the picture.
    pub row_label: String,
    /// What one column is called in a tooltip, for instance `layer`.
    pub column_noun: String,
    /// What one row is called in a tooltip, for instance `token`.
    pub row_noun: String,
    /// What the colours mean.
    pub scale: Scale,
    /// Which colours.
    pub palette: Palette,
    /// Whether the highest value stands out.
    pub peak: Peak,
    /// How columns are named.
    #[serde(default)]
    pub column_names: ColumnNames,
    /// Which cells there are.
    #[serde(default)]
    pub shape: Shape,
    /// Cells with a dot, by row and column, for instance those that differ from zero beyond doubt.
    #[serde(default)]
    pub dots: Vec<(usize, usize)>,
    /// Cells with thin lines across their colour, by row and column, for instance those that may not differ from zero.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hatched: Vec<(usize, usize)>,
    /// Small print under it all; may be empty.
    pub caption: String,
    /// Where each value may lie, for tooltips of interactive pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intervals: Option<Intervals>,
}

impl Heatmap {
    /// A heatmap of these values, row after row, without title, in purple, its colours from the lowest value to the highest.
    ///
    /// # Errors
    /// When there are not rows times columns values.
    pub fn new<R, C>(rows: R, columns: C, values: Vec<f64>) -> Result<Self, Error>
    where
        R: IntoIterator<Item: Into<RowLabel>>,
        C: IntoIterator<Item: Into<String>>,
    {
        let rows: Vec<RowLabel> = rows.into_iter().map(Into::into).collect();
        let columns: Vec<String> = columns.into_iter().map(Into::into).collect();
        if rows.len().checked_mul(columns.len()) != Some(values.len()) {
            let (rows, columns, values) = (rows.len(), columns.len(), values.len());
            return Err(Error::Count { rows, columns, values });
        }
        Ok(Heatmap {
            title: String::new(),
            rows,
            columns,
            values,
            column_label: String::new(),
            row_label: String::new(),
            column_noun: "column".to_owned(),
            row_noun: "row".to_owned(),
            scale: Scale::default(),
            palette: Palette::default(),
            peak: Peak::default(),
            column_names: ColumnNames::default(),
            shape: Shape::default(),
            dots: Vec::new(),
            hatched: Vec::new(),
            caption: String::new(),
            intervals: None,
        })
    }

    /// With a title over the picture.
    #[must_use]
    pub fn title(&self, title: impl Into<String>) -> Self {
        Heatmap { title: title.into(), ..self.clone() }
    }

    /// With words under the columns.
    #[must_use]
    pub fn column_label(&self, label: impl Into<String>) -> Self {
        Heatmap { column_label: label.into(), ..self.clone() }
    }

    /// With words at the left of the rows.
    #[must_use]
    pub fn row_label(&self, label: impl Into<String>) -> Self {
        Heatmap { row_label: label.into(), ..self.clone() }
    }

    /// With names for one row and one column, for tooltips: `map.nouns("token", "layer")`.
    #[must_use]
    pub fn nouns(&self, row: impl Into<String>, column: impl Into<String>) -> Self {
        Heatmap { row_noun: row.into(), column_noun: column.into(), ..self.clone() }
    }

    /// With words over the colour bar: what is measured.
    #[must_use]
    pub fn scale_label(&self, label: impl Into<String>) -> Self {
        let scale = Scale { label: label.into(), ..self.scale.clone() };
        Heatmap { scale, ..self.clone() }
    }

    /// With colours from `low` to `high`, whatever the values; several figures on one range can be compared.
    #[must_use]
    pub fn range(&self, low: f64, high: f64) -> Self {
        let scale = Scale { range: Range::Fixed { low, high }, ..self.scale.clone() };
        Heatmap { scale, ..self.clone() }
    }

    /// With other colours.
    #[must_use]
    pub fn palette(&self, palette: Palette) -> Self {
        Heatmap { palette, ..self.clone() }
    }

    /// With the highest value standing out, or not.
    #[must_use]
    pub fn peak(&self, peak: Peak) -> Self {
        Heatmap { peak, ..self.clone() }
    }

    /// With columns named this way.
    #[must_use]
    pub fn column_names(&self, names: ColumnNames) -> Self {
        Heatmap { column_names: names, ..self.clone() }
    }

    /// With a dot in each of these cells, by row and column, and in no other; say in the caption what a dot means.
    #[must_use]
    pub fn dotted(&self, cells: impl IntoIterator<Item = (usize, usize)>) -> Self {
        Heatmap { dots: cells.into_iter().collect(), ..self.clone() }
    }

    /// With thin lines across these cells, by row and column, and no others; say in the caption what they mean.
    #[must_use]
    pub fn hatched(&self, cells: impl IntoIterator<Item = (usize, usize)>) -> Self {
        Heatmap { hatched: cells.into_iter().collect(), ..self.clone() }
    }

    /// With small print under it all.
    #[must_use]
    pub fn caption(&self, caption: impl Into<String>) -> Self {
        Heatmap { caption: caption.into(), ..self.clone() }
    }

    /// With intervals around the values, which a tooltip shows beside the value.
    ///
    /// # Errors
    /// When there are not as many lower and upper ends as values.
    pub fn intervals(&self, intervals: Intervals) -> Result<Self, Error> {
        let (rows, columns) = (self.rows.len(), self.columns.len());
        for ends in [&intervals.low, &intervals.high] {
            if ends.len() != self.values.len() {
                return Err(Error::Count { rows, columns, values: ends.len() });
            }
        }
        Ok(Heatmap { intervals: Some(intervals), ..self.clone() })
    }

    /// The picture.
    pub fn figure(&self) -> Figure {
        Figure::from(self.clone())
    }

    /// The value of a cell; NaN for one that was not computed or does not exist.
    pub fn value(&self, row: usize, column: usize) -> f64 {
        let inside = row < self.rows.len() && column < self.columns.len();
        let index = row.saturating_mul(self.columns.len()).saturating_add(column);
        self.values.get(index).copied().filter(|_| inside).unwrap_or(f64::NAN)
    }

    /// The values at which the colours begin and end.
    pub fn limits(&self) -> (f64, f64) {
        let span = self.span();
        (span.low, span.high)
    }

    pub(crate) fn span(&self) -> Span {
        let shown: Vec<f64> = self.cells().map(|(row, column)| self.value(row, column)).collect();
        self.scale.range.span(&shown, self.palette)
    }

    /// How many cells of a row there are, from the first column on.
    pub(crate) fn cells_of(&self, row: usize) -> usize {
        match self.shape {
            Shape::Full => self.columns.len(),
            Shape::LowerTriangle => self.columns.len().min(row + 1),
        }
    }

    /// Row and column of each cell that there is.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.rows.len())
            .flat_map(|row| (0..self.cells_of(row)).map(move |column| (row, column)))
    }

    /// Row and column of the highest value, the first of equals.
    pub(crate) fn highest(&self) -> Option<(usize, usize)> {
        let known = self.cells().filter(|(row, column)| !self.value(*row, *column).is_nan());
        known.reduce(|best, next| {
            if self.value(next.0, next.1) > self.value(best.0, best.1) { next } else { best }
        })
    }
}
