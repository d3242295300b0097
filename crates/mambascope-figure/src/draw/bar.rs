//! The colour bar: what the colours mean.

use svg::node::element::{Group, Rectangle};

use crate::draw::shape::{line, place, text};
use crate::draw::{LINE, SOFT_INK, gradient_name};
use crate::heatmap::Heatmap;
use crate::layout::{
    BAR_LABEL_GAP, BAR_WIDTH, LABEL_SIZE, Layout, SCALE_LABEL_RISE, TICK_LENGTH, TICK_SIZE,
};

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

fn strip(heatmap: &Heatmap, layout: &Layout) -> Rectangle {
    let fill = if heatmap.span().is_point() {
        heatmap.palette.color(0.5).to_string()
    } else {
        format!("url(#{})", gradient_name(heatmap.palette))
    };
    Rectangle::new()
        .set("x", -0.5)
        .set("y", -0.5)
        .set("width", BAR_WIDTH + 1.0)
        .set("height", layout.bar_height + 1.0)
        .set("fill", fill)
        .set("stroke", LINE)
}
