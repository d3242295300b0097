//! Values as bars of one to eight eighths of a line: a row reads as a curve over the columns.

use crate::heatmap::Heatmap;
use crate::palette::Color;
use crate::terminal::sheet::{Cell, Ink, SAMPLE};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// A cell that was not computed.
const NOTHING: char = '·';

#[derive(Debug)]
pub(super) struct Plain;

fn bar(share: Option<f64>) -> char {
    let Some(share) = share else { return NOTHING };
    let index = (share * 8.0) as usize;
    BARS.get(index).copied().unwrap_or('█')
}

impl Ink for Plain {
    fn cell(&self, table: usize, terminal: usize) -> Cell {
        Cell::Wide((terminal / table.max(1)).clamp(1, 2))
    }

    fn row(&self, _: &Heatmap, shares: &[Option<f64>], cell: Cell) -> String {
        let wide = match cell {
            Cell::Wide(wide) => wide,
            Cell::Half => 1,
        };
        shares.iter().flat_map(|share| std::iter::repeat_n(bar(*share), wide)).collect()
    }

    fn sample(&self, _: &Heatmap) -> String {
        let wide = SAMPLE / BARS.len();
        BARS.iter().flat_map(|bar| std::iter::repeat_n(*bar, wide)).collect()
    }

    fn label(&self, text: &str) -> String {
        text.to_owned()
    }

    fn stroke(&self, text: &str, _: Color) -> String {
        text.to_owned()
    }

    fn title(&self, text: &str) -> String {
        text.to_owned()
    }
}
