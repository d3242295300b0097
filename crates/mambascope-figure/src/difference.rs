//! One map less another.

use crate::error::Error;
use crate::heatmap::Heatmap;
use crate::palette::Palette;
use crate::scale::{Range, Scale};

impl Heatmap {
    /// This map less another, cell by cell, in colours that are white at zero and as deep on both sides of it.
    ///
    /// Where either map has no value, neither has the difference. Names, words and shape are this map's; a dot or a range
    /// is not taken over.
    ///
    /// # Errors
    /// When the maps have not the same numbers of rows and columns.
    ///
    /// # Example
    /// ```
    /// use mambascope_figure::Heatmap;
    /// let state = Heatmap::new(["a"], ["0", "1"], vec![0.5, 0.1])?.title("State");
    /// let gate = Heatmap::new(["a"], ["0", "1"], vec![0.2, 0.2])?.title("Gate");
    /// let map = state.minus(&gate)?;
    /// assert_eq!((map.value(0, 0), map.limits()), (0.3, (-0.3, 0.3)));
    /// # Ok::<(), mambascope_figure::Error>(())
    /// ```
    pub fn minus(&self, other: &Heatmap) -> Result<Heatmap, Error> {
        let (left, right) = (self.size(), other.size());
        if left != right {
            return Err(Error::Sizes { left, right });
        }
        let values = (0..left.0).flat_map(|row| (0..left.1).map(move |column| (row, column)));
        let values = values.map(|(row, column)| self.value(row, column) - other.value(row, column));
        let title = match (self.title.as_str(), other.title.as_str()) {
            ("", _) | (_, "") => self.title.clone(),
            (first, second) => format!("{first} \u{2212} {second}"),
        };
        let label = match self.scale.label.as_str() {
            "" => String::new(),
            label => format!("Δ {label}"),
        };
        Ok(Heatmap {
            title,
            values: values.collect(),
            scale: Scale { range: Range::Values, label },
            palette: Palette::Diverging,
            dots: Vec::new(),
            hatched: Vec::new(),
            ..self.clone()
        })
    }

    fn size(&self) -> (usize, usize) {
        (self.rows.len(), self.columns.len())
    }
}
