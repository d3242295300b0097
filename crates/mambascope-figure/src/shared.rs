//! Several maps beside each other on one scale.

use crate::bundle::Look;
use crate::figure::{Content, Figure};
use crate::heatmap::Heatmap;
use crate::scale::{Range, Scale};

impl Figure {
    /// Maps from left to right on one scale, with one colour bar at the right.
    ///
    /// The scale's ends are the lowest and the highest of the maps' own; colours and the scale's name are the first map's.
    /// Rows are named once, at the left, when all maps have the same; so is a caption that they share.
    ///
    /// # Example
    /// ```
    /// use mambascope_figure::{Figure, Heatmap};
    /// let state = Heatmap::new(["a"], ["0", "1"], vec![0.1, 0.9])?.title("State");
    /// let gate = Heatmap::new(["a"], ["0", "1"], vec![0.0, 0.2])?.title("Gate");
    /// let figure = Figure::shared([state, gate]);
    /// assert_eq!(figure.svg().matches("Gate").count(), 2, "in the panel and in the picture's name");
    /// # Ok::<(), mambascope_figure::Error>(())
    /// ```
    pub fn shared(maps: impl IntoIterator<Item = Heatmap>) -> Figure {
        let mut maps: Vec<Heatmap> = maps.into_iter().collect();
        if let Some((palette, label)) =
            maps.first().map(|map| (map.palette, map.scale.label.clone()))
        {
            let limits: Vec<f64> = maps.iter().flat_map(known_limits).collect();
            let span = Range::Values.span(&limits, palette);
            let range = Range::Fixed { low: span.low, high: span.high };
            let one_caption = maps.iter().all(|map| map.caption == maps[0].caption);
            if one_caption {
                maps.iter_mut().skip(1).for_each(|map| map.caption.clear());
            }
            for map in &mut maps {
                map.palette = palette;
                map.scale = Scale { range, label: label.clone() };
            }
        }
        Figure { content: Content::Shared(maps), look: Look::default() }
    }
}

/// The ends of a map's scale; none where it has no value and asks for no range.
fn known_limits(map: &Heatmap) -> Vec<f64> {
    let is_known = |(row, column)| map.value(row, column).is_finite();
    if map.scale.range == Range::Values && !map.cells().any(is_known) {
        return Vec::new();
    }
    let (low, high) = map.limits();
    vec![low, high]
}
