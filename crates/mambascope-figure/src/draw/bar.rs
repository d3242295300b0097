//! The colour bar: what the colours mean.

use svg::node::element::{Group, Path, Rectangle};

use crate::draw::shape::{line, place, text};
use crate::draw::{LINE, SOFT_INK};
use crate::heatmap::Heatmap;
use crate::layout::{
    BAR_LABEL_GAP, BAR_WIDTH, LABEL_SIZE, Layout, SCALE_LABEL_RISE, TICK_LENGTH, TICK_SIZE,
};
use crate::number::coordinate;

/// The bar at the right of the plot, its numbers beside it and its name over it.
pub(super) fn bar(heatmap: &Heatmap, layout: &Layout) -> Group {
    let span = heatmap.span();
    let mut group =
        Group::new().set("transform", place(layout.bar(), layout.head)).add(strip(heatmap, layout));
    if !layout.scale_label.is_empty() {
        group = group.add(text(&layout.scale_label, 0.0, -SCALE_LABEL_RISE, LABEL_SIZE));
    }
    let mut numbers = Group::new().set("fill", SOFT_INK);
    for tick in &layout.bar_ticks {
        let share = span.share(tick.value).unwrap_or(0.5);
        let y = layout.bar_height * (1.0 - share);
        numbers = numbers
            .add(line((BAR_WIDTH + 0.5, y), (BAR_WIDTH + 0.5 + TICK_LENGTH, y)))
            .add(text(&tick.label, BAR_WIDTH + BAR_LABEL_GAP, y, TICK_SIZE));
    }
    group.add(numbers)
}

/// The colours, from the highest at the top to the lowest at the bottom, in a frame.
fn strip(heatmap: &Heatmap, layout: &Layout) -> Group {
    let height = coordinate(layout.bar_height);
    let frame = Rectangle::new()
        .set("x", -0.5)
        .set("y", -0.5)
        .set("width", BAR_WIDTH + 1.0)
        .set("height", layout.bar_height + 1.0)
        .set("stroke", LINE);
    if heatmap.span().is_point() {
        return Group::new().add(frame.set("fill", heatmap.palette.color(0.5).to_string()));
    }
    // Each step reaches down to the end, under those that follow, so that no seam is seen between two of them.
    let steps = (0..STEPS).fold(Group::new(), |steps, step| {
        let y = coordinate(layout.bar_height * f64::from(step) / f64::from(STEPS));
        let share = 1.0 - (f64::from(step) + 0.5) / f64::from(STEPS);
        let path = Path::new().set("d", format!("M0 {y}H{BAR_WIDTH}V{height}H0Z"));
        steps.add(path.set("fill", heatmap.palette.color(share).to_string()))
    });
    steps.add(frame.set("fill", "none"))
}

/// Colours of a bar, as many as look like no steps; a gradient would need an identifier.
const STEPS: u32 = 96;
