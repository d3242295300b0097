//! Curves over columns, with the bands that they may lie in.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::figure::Figure;
use crate::palette::{Color, LINE_COLORS, Palette};
use crate::scale::{LARGEST, Range, Span};

/// One curve: a value for each column, and perhaps a band around it.
///
/// # Example
/// ```
/// use mambascope_figure::Series;
/// let line = Series::new("last subject token", vec![0.2, 0.4]).band(vec![0.1, 0.3], vec![0.3, 0.5]);
/// assert_eq!(line.low, [0.1, 0.3]);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Series {
    /// What the legend calls it.
    pub name: String,
    /// One for each column. NaN is a value that was not computed; the line has a gap there.
    #[serde(with = "crate::values")]
    pub values: Vec<f64>,
    /// The lower end of the band for each column, or nothing.
    #[serde(with = "crate::values", default)]
    pub low: Vec<f64>,
    /// The upper end of the band for each column, or nothing.
    #[serde(with = "crate::values", default)]
    pub high: Vec<f64>,
    /// The palette whose deep colour the line has; without one, the next of seven that the colour-blind tell apart.
    #[serde(default)]
    pub palette: Option<Palette>,
}

impl Series {
    /// A line through these values, without a band.
    pub fn new(name: impl Into<String>, values: Vec<f64>) -> Self {
        Series { name: name.into(), values, low: Vec::new(), high: Vec::new(), palette: None }
    }

    /// With a band from `low` to `high`, for instance the 95 % interval of each value.
    #[must_use]
    pub fn band(&self, low: Vec<f64>, high: Vec<f64>) -> Self {
        Series { low, high, ..self.clone() }
    }

    /// In the deep colour of a palette, so that a line and its heatmap look alike.
    #[must_use]
    pub fn palette(&self, palette: Palette) -> Self {
        Series { palette: Some(palette), ..self.clone() }
    }

    /// The value, and the ends of its band, at a column; NaN where there is none.
    pub(crate) fn point(&self, column: usize) -> (f64, f64, f64) {
        let at = |values: &[f64]| values.get(column).copied().unwrap_or(f64::NAN);
        (at(&self.values), at(&self.low), at(&self.high))
    }

    pub(crate) fn color(&self, index: usize) -> Color {
        match self.palette {
            Some(palette) => palette.stops()[6],
            None => LINE_COLORS[index % LINE_COLORS.len()],
        }
    }
}

/// A value that is the same at every column, drawn as a dashed line: the clean run, the corrupted one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// What the legend calls it.
    pub name: String,
    /// Where it lies.
    #[serde(with = "crate::values::one")]
    pub value: f64,
}

/// Curves over one row of columns, often layers.
///
/// The fields are the whole picture; the methods of the same names return a changed copy.
///
/// # Example
/// ```
/// use mambascope_figure::{Lines, Series};
/// let subject = Series::new("last subject token", vec![0.2, 0.6, 0.4]).band(vec![0.1, 0.5, 0.2], vec![0.3, 0.7, 0.6]);
/// let last = Series::new("last token", vec![0.0, 0.1, 0.8]);
/// let lines = Lines::new(["0", "1", "2"], [subject, last])?;
/// let figure = lines.title("Average indirect effect").column_label("layer").value_label("AIE").figure();
/// assert!(figure.svg().contains("last subject token"));
/// # Ok::<(), mambascope_figure::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Lines {
    /// What is shown, over the picture; long ones wrap.
    pub title: String,
    /// The columns' names, first at the left.
    pub columns: Vec<String>,
    /// The curves, the first in front.
    pub series: Vec<Series>,
    /// Values that are the same at every column.
    pub rules: Vec<Rule>,
    /// What a column is, in words under the picture.
    pub column_label: String,
    /// What one column is called in a tooltip, for instance `layer`.
    pub column_noun: String,
    /// What the height means, in words at the left of the picture.
    pub value_label: String,
    /// Where the height begins and ends. From the values, it has some room, and begins at zero when zero is near.
    pub range: Range,
    /// Small print under it all; may be empty.
    pub caption: String,
}

impl Lines {
    /// A plot of these lines, without title and words.
    ///
    /// # Errors
    /// When a line, or its band, has not one value for each column.
    pub fn new<C>(columns: C, series: impl IntoIterator<Item = Series>) -> Result<Self, Error>
    where
        C: IntoIterator<Item: Into<String>>,
    {
        let columns: Vec<String> = columns.into_iter().map(Into::into).collect();
        let series: Vec<Series> = series.into_iter().collect();
        series.iter().try_for_each(|line| check(line, columns.len()))?;
        Ok(Lines {
            title: String::new(),
            columns,
            series,
            rules: Vec::new(),
            column_label: String::new(),
            column_noun: "column".to_owned(),
            value_label: String::new(),
            range: Range::Values,
            caption: String::new(),
        })
    }

    /// With a title over the picture.
    #[must_use]
    pub fn title(&self, title: impl Into<String>) -> Self {
        Lines { title: title.into(), ..self.clone() }
    }

    /// With words under the columns.
    #[must_use]
    pub fn column_label(&self, label: impl Into<String>) -> Self {
        Lines { column_label: label.into(), ..self.clone() }
    }

    /// With a name for one column, for tooltips.
    #[must_use]
    pub fn column_noun(&self, noun: impl Into<String>) -> Self {
        Lines { column_noun: noun.into(), ..self.clone() }
    }

    /// With words for what the height means.
    #[must_use]
    pub fn value_label(&self, label: impl Into<String>) -> Self {
        Lines { value_label: label.into(), ..self.clone() }
    }

    /// With heights from `low` to `high`, whatever the values; what lies past them is cut off.
    #[must_use]
    pub fn range(&self, low: f64, high: f64) -> Self {
        Lines { range: Range::Fixed { low, high }, ..self.clone() }
    }

    /// With one more dashed line, at one value throughout.
    #[must_use]
    pub fn rule(&self, name: impl Into<String>, value: f64) -> Self {
        let mut rules = self.rules.clone();
        rules.push(Rule { name: name.into(), value });
        Lines { rules, ..self.clone() }
    }

    /// With small print under it all.
    #[must_use]
    pub fn caption(&self, caption: impl Into<String>) -> Self {
        Lines { caption: caption.into(), ..self.clone() }
    }

    /// The picture.
    pub fn figure(&self) -> Figure {
        Figure::from(self.clone())
    }

    /// The heights at which the plot begins and ends; never the same.
    pub(crate) fn span(&self) -> Span {
        let lines = self.series.iter().flat_map(|line| [&line.values, &line.low, &line.high]);
        let values: Vec<f64> =
            lines.flatten().copied().chain(self.rules.iter().map(|rule| rule.value)).collect();
        let span = self.range.span(&values, Palette::Greys);
        match self.range {
            Range::Values => roomy(span),
            Range::Fixed { .. } if span.is_point() => roomy(span),
            Range::Fixed { .. } => span,
        }
    }

    /// The line that is highest anywhere: its number and the column.
    pub(crate) fn highest(&self) -> Option<(usize, usize)> {
        let points = self.series.iter().enumerate().flat_map(|(line, series)| {
            series.values.iter().enumerate().map(move |(column, value)| (line, column, *value))
        });
        let known = points.filter(|(.., value)| !value.is_nan());
        let best = known.reduce(|best, next| if next.2 > best.2 { next } else { best })?;
        Some((best.0, best.1))
    }
}

fn check(line: &Series, columns: usize) -> Result<(), Error> {
    let parts = [(&line.values, "values"), (&line.low, "lower ends"), (&line.high, "upper ends")];
    for (index, (values, part)) in parts.into_iter().enumerate() {
        let without_band = index > 0 && line.low.is_empty() && line.high.is_empty();
        if values.len() != columns && !without_band {
            let (line, values) = (line.name.clone(), values.len());
            return Err(Error::Points { line, part, values, columns });
        }
    }
    Ok(())
}

/// A span with room around what it holds, from zero where zero is near.
fn roomy(span: Span) -> Span {
    let Span { low, high } = span;
    let reach = if span.is_point() { low.abs().max(f64::MIN_POSITIVE) } else { high - low };
    let room = 0.05 * if low == 0.0 && high == 0.0 { 20.0 } else { reach };
    let near_zero = low >= 0.0 && high > 0.0 && low <= 0.35 * high;
    let low = if near_zero { 0.0 } else { low - room };
    let high = high + room;
    if low < high { Span { low, high } } else { Span { low: -LARGEST, high: LARGEST } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(values: Vec<f64>) -> (f64, f64) {
        let names = (0..values.len()).map(|column| column.to_string());
        let Span { low, high } =
            Lines::new(names, [Series::new("a", values)]).expect("one line").span();
        (low, high)
    }

    #[test]
    fn heights_have_room_and_begin_at_zero_when_it_is_near() {
        assert_eq!(span(vec![0.1, 1.0]), (0.0, 1.045));
        assert_eq!(span(vec![8.0, 10.0]), (7.9, 10.1));
        assert_eq!(span(vec![-1.0, 1.0]), (-1.1, 1.1));
        assert_eq!(span(vec![f64::NAN]), (-1.0, 1.0));
        for value in [0.0, 3.0, -3.0, 1e-300, f64::MAX, f64::INFINITY] {
            let (low, high) = span(vec![value, value]);
            assert!(low < high && low.is_finite() && high.is_finite(), "{value}: {low} {high}");
        }
    }
}
