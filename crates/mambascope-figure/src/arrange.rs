//! Where each panel of a figure goes.

use crate::figure::Content;
use crate::heatmap::Heatmap;
use crate::layout::{Layout, Least};

const GAP_BESIDE: f64 = 30.0;
const GAP_ABOVE: f64 = 22.0;

/// A panel, laid out, with its upper left corner.
#[derive(Debug)]
pub(crate) struct Placed<'a> {
    pub(crate) heatmap: &'a Heatmap,
    pub(crate) layout: Layout,
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// All panels with their places, and how much room they take.
#[derive(Debug)]
pub(crate) struct Arrangement<'a> {
    pub(crate) panels: Vec<Placed<'a>>,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl<'a> Arrangement<'a> {
    pub(crate) fn new(content: &'a Content) -> Self {
        arrange(content, Least::default())
    }

    /// Puts another arrangement at this corner.
    fn put(&mut self, part: Arrangement<'a>, x: f64, y: f64) {
        self.width = self.width.max(x + part.width);
        self.height = self.height.max(y + part.height);
        let moved = part.panels.into_iter();
        self.panels.extend(moved.map(|panel| Placed { x: panel.x + x, y: panel.y + y, ..panel }));
    }
}

fn arrange(content: &Content, least: Least) -> Arrangement<'_> {
    let mut whole = Arrangement { panels: Vec::new(), width: 0.0, height: 0.0 };
    match content {
        Content::Heatmap(heatmap) => {
            let layout = Layout::new(heatmap, least);
            (whole.width, whole.height) = (layout.width, layout.height);
            whole.panels.push(Placed { heatmap: heatmap.as_ref(), layout, x: 0.0, y: 0.0 });
        }
        Content::Beside(parts) => {
            let least = Least { head: most(parts, |layout| layout.head), gutter: 0.0 };
            for part in parts {
                let x = if whole.panels.is_empty() { 0.0 } else { whole.width + GAP_BESIDE };
                whole.put(arrange(part, least), x, 0.0);
            }
        }
        Content::Above(parts) => {
            let least = Least { head: 0.0, gutter: most(parts, |layout| layout.gutter) };
            for part in parts {
                let y = if whole.panels.is_empty() { 0.0 } else { whole.height + GAP_ABOVE };
                whole.put(arrange(part, least), 0.0, y);
            }
        }
    }
    whole
}

/// The most that any panel among these parts needs.
fn most(parts: &[Content], need: impl Fn(&Layout) -> f64) -> f64 {
    let alone = |part: &Content| match part {
        Content::Heatmap(heatmap) => need(&Layout::new(heatmap, Least::default())),
        Content::Beside(_) | Content::Above(_) => 0.0,
    };
    parts.iter().map(alone).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Figure;

    fn figure(title: &str, row: &str) -> Figure {
        let map = Heatmap::new([row], ["0", "1"], vec![0.0, 1.0]).expect("two values");
        map.title(title).figure()
    }

    #[test]
    fn plots_line_up() {
        let short = figure("short", "a");
        let long = figure(&"a long title ".repeat(12), "a much longer row label");
        let row = short.beside(&long);
        let Arrangement { panels, width, .. } = Arrangement::new(&row.content);
        let top = |panel: &Placed<'_>| panel.y + panel.layout.head;
        assert_eq!(top(&panels[0]), top(&panels[1]));
        assert!(panels[0].layout.width < panels[1].x && panels[1].x < width);

        let column = long.above(&short);
        let Arrangement { panels, height, .. } = Arrangement::new(&column.content);
        let left = |panel: &Placed<'_>| panel.x + panel.layout.gutter;
        assert_eq!(left(&panels[0]), left(&panels[1]));
        assert!(panels[0].layout.height < panels[1].y && panels[1].y < height);
    }
}
