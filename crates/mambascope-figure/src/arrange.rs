//! Where each panel of a figure goes.

use crate::figure::Content;
use crate::heatmap::Heatmap;
use crate::layout::lines::LinesLayout;
use crate::layout::{Layout, Least, PLOT_WIDTH, Part, Role};
use crate::lines::Lines;

const GAP_BESIDE: f64 = 30.0;
const GAP_ABOVE: f64 = 22.0;
const GAP_SHARED: f64 = 18.0;
/// The width of all plots together that share a scale.
const SHARED_WIDTH: f64 = 780.0;

/// A panel's data and the places of its parts.
#[derive(Debug)]
pub(crate) enum Laid<'a> {
    Heatmap(&'a Heatmap, Box<Layout>),
    Lines(&'a Lines, Box<LinesLayout>),
}

impl Laid<'_> {
    fn size(&self) -> (f64, f64) {
        match self {
            Laid::Heatmap(_, layout) => (layout.width, layout.height),
            Laid::Lines(_, layout) => (layout.width, layout.height),
        }
    }

    /// What the panel needs above its plot and at its left.
    fn need(&self) -> Least {
        match self {
            Laid::Heatmap(_, layout) => Least { head: layout.head, gutter: layout.gutter },
            Laid::Lines(_, layout) => Least { head: layout.head, gutter: layout.gutter },
        }
    }
}

/// A panel, laid out, with its upper left corner.
#[derive(Debug)]
pub(crate) struct Placed<'a> {
    pub(crate) panel: Laid<'a>,
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

    const fn empty() -> Self {
        Arrangement { panels: Vec::new(), width: 0.0, height: 0.0 }
    }

    fn one(panel: Laid<'a>) -> Self {
        let (width, height) = panel.size();
        Arrangement { panels: vec![Placed { panel, x: 0.0, y: 0.0 }], width, height }
    }

    /// Puts another arrangement at the right, or at the left edge of an empty one.
    fn put_beside(&mut self, part: Arrangement<'a>, gap: f64) {
        let x = if self.panels.is_empty() { 0.0 } else { self.width + gap };
        self.put(part, x, 0.0);
    }

    /// Puts another arrangement below.
    fn put_below(&mut self, part: Arrangement<'a>, gap: f64) {
        let y = if self.panels.is_empty() { 0.0 } else { self.height + gap };
        self.put(part, 0.0, y);
    }

    fn put(&mut self, part: Arrangement<'a>, x: f64, y: f64) {
        self.width = self.width.max(x + part.width);
        self.height = self.height.max(y + part.height);
        let moved = part.panels.into_iter();
        self.panels.extend(moved.map(|panel| Placed { x: panel.x + x, y: panel.y + y, ..panel }));
    }
}

fn arrange(content: &Content, least: Least) -> Arrangement<'_> {
    let mut whole = Arrangement::empty();
    match content {
        Content::Heatmap(map) => whole = Arrangement::one(heatmap(map, least, Role::default())),
        Content::Lines(plot) => {
            let layout = Box::new(LinesLayout::new(plot, least));
            whole = Arrangement::one(Laid::Lines(plot, layout));
        }
        Content::Shared(maps) => whole = shared(maps, least),
        Content::Beside(parts) => {
            let least = Least { gutter: 0.0, ..most(parts) };
            for part in parts {
                whole.put_beside(arrange(part, least), GAP_BESIDE);
            }
        }
        Content::Above(parts) => {
            let least = Least { head: 0.0, ..most(parts) };
            for part in parts {
                whole.put_below(arrange(part, least), GAP_ABOVE);
            }
        }
    }
    whole
}

fn heatmap(map: &Heatmap, least: Least, role: Role) -> Laid<'_> {
    Laid::Heatmap(map, Box::new(Layout::new(map, least, role)))
}

/// Maps beside each other: the first names the rows when all have the same, the last draws the scale.
fn shared(maps: &[Heatmap], least: Least) -> Arrangement<'_> {
    let same_rows = maps.iter().all(|map| map.rows == maps[0].rows);
    let plot = (SHARED_WIDTH / maps.len().max(1) as f64).clamp(160.0, PLOT_WIDTH);
    let role = |index: usize| Role {
        names: if index == 0 || !same_rows { Part::Drawn } else { Part::Left },
        bar: if index + 1 == maps.len() { Part::Drawn } else { Part::Left },
        plot,
    };
    let head = maps
        .iter()
        .enumerate()
        .map(|(index, map)| heatmap(map, Least::default(), role(index)).need().head);
    let head = head.fold(least.head, f64::max);
    let mut whole = Arrangement::empty();
    for (index, map) in maps.iter().enumerate() {
        let gutter = if index == 0 { least.gutter } else { 0.0 };
        let part = Arrangement::one(heatmap(map, Least { head, gutter }, role(index)));
        whole.put_beside(part, GAP_SHARED);
    }
    whole
}

/// The most that any panel among these parts needs.
fn most(parts: &[Content]) -> Least {
    let single =
        parts.iter().filter(|part| !matches!(part, Content::Beside(_) | Content::Above(_)));
    let needs = single.flat_map(|part| {
        arrange(part, Least::default()).panels.into_iter().take(1).map(|panel| panel.panel.need())
    });
    needs.fold(Least::default(), |all, one| Least {
        head: all.head.max(one.head),
        gutter: all.gutter.max(one.gutter),
    })
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
        let top = |panel: &Placed<'_>| panel.y + panel.panel.need().head;
        assert_eq!(top(&panels[0]), top(&panels[1]));
        assert!(panels[0].panel.size().0 < panels[1].x && panels[1].x < width);

        let column = long.above(&short);
        let Arrangement { panels, height, .. } = Arrangement::new(&column.content);
        let left = |panel: &Placed<'_>| panel.x + panel.panel.need().gutter;
        assert_eq!(left(&panels[0]), left(&panels[1]));
        assert!(panels[0].panel.size().1 < panels[1].y && panels[1].y < height);
    }
}
