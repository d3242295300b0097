//! The names of rows and columns around a plot.

use svg::node::element::{Element, Group};

use crate::draw::shape::{line, paragraph, place, text, token};
use crate::draw::{INK, SOFT_INK};
use crate::layout::{LABEL_GAP, LABEL_LINE, LABEL_SIZE, Layout, Row, TICK_LENGTH, TICK_SIZE};
use crate::row_label::Mark;

/// Ticks and names under the columns, and what they are; the origin is the plot's upper left corner.
pub(super) fn axes(layout: &Layout) -> Group {
    let base = layout.plot_height + 1.0;
    let mut names = Group::new().set("fill", SOFT_INK).set("text-anchor", "middle");
    for tick in &layout.column_ticks {
        let x = (tick.column as f64 + 0.5) * layout.cell_width;
        names = names.add(line((x, base), (x, base + TICK_LENGTH))).add(text(
            &tick.text,
            x,
            base + TICK_LENGTH + 8.0,
            TICK_SIZE,
        ));
    }
    let label = paragraph(&layout.column_label, LABEL_SIZE, LABEL_LINE)
        .set("text-anchor", "middle")
        .set("transform", place(layout.plot_width / 2.0, base + 18.0));
    Group::new().add(names).add(label).add(row_axis_label(layout))
}

/// What the rows are, upright at the left edge.
fn row_axis_label(layout: &Layout) -> Group {
    if layout.row_label.is_empty() {
        return Group::new();
    }
    let x = -layout.gutter + LABEL_LINE / 2.0;
    let turn = format!("{} rotate(-90)", place(x, layout.plot_height / 2.0));
    Group::new().set("text-anchor", "middle").set("transform", turn).add(text(
        &layout.row_label,
        0.0,
        0.0,
        LABEL_SIZE,
    ))
}

/// The rows' names, ending at the plot, with a `*` in a column of its own after those of the subject.
pub(super) fn row_labels(layout: &Layout) -> Group {
    let mut labels = Group::new().set("text-anchor", "end");
    for (index, row) in layout.rows.iter().enumerate() {
        for element in row_label(row, index, layout) {
            labels = labels.add(element);
        }
    }
    labels
}

fn row_label(row: &Row, index: usize, layout: &Layout) -> Vec<Element> {
    let y = (index as f64 + 0.5) * layout.cell_height;
    let end = -LABEL_GAP;
    let name = token(&row.text, end - layout.star, y, layout.row_size);
    match row.mark {
        Mark::Plain => vec![colored(name, SOFT_INK)],
        // The star hangs high in its line; a little lower it stands in the middle.
        Mark::Subject => vec![colored(name, INK), text("*", end, y + 1.5, layout.row_size)],
    }
}

fn colored(mut element: Element, color: &str) -> Element {
    element.get_attributes_mut().insert("fill".into(), color.into());
    element
}
