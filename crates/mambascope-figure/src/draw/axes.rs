//! The names of rows and columns around a plot.

use svg::node::element::{Element, Group};

use crate::draw::shape::{line, paragraph, place, text, token};
use crate::draw::{INK, SOFT_INK};
use crate::layout::{
    ColumnTick, LABEL_GAP, LABEL_LINE, LABEL_SIZE, Layout, Row, TICK_LENGTH, TICK_SIZE,
};
use crate::row_label::Mark;

/// Ticks and names under the columns, and what they are; the origin is the plot's upper left corner.
pub(super) fn axes(layout: &Layout) -> Group {
    let base = layout.plot_height + 1.0;
    let middle = |column: usize| (column as f64 + 0.5) * layout.cell_width;
    Group::new()
        .add(column_ticks(&layout.column_ticks, base, middle))
        .add(turned_names(layout))
        .add(column_label(&layout.column_label, layout.plot_width / 2.0, base + layout.foot))
        .add(upright_label(&layout.row_label, layout.gutter, layout.plot_height))
}

/// Ticks and names of columns, under `base`.
pub(super) fn column_ticks(
    ticks: &[ColumnTick],
    base: f64,
    middle: impl Fn(usize) -> f64,
) -> Group {
    let names = Group::new().set("fill", SOFT_INK).set("text-anchor", "middle");
    ticks.iter().fold(names, |names, tick| {
        let x = middle(tick.column);
        let name = text(&tick.text, x, base + TICK_LENGTH + 8.0, TICK_SIZE);
        names.add(line((x, base), (x, base + TICK_LENGTH))).add(name)
    })
}

/// What the columns are, in lines under `top`.
pub(super) fn column_label(lines: &[String], middle: f64, top: f64) -> Group {
    paragraph(lines, LABEL_SIZE, LABEL_LINE)
        .set("text-anchor", "middle")
        .set("transform", place(middle, top))
}

/// Names of columns, turned so that they end at the plot as those of rows do.
fn turned_names(layout: &Layout) -> Group {
    let turn = format!("{} rotate(-90)", place(0.0, layout.plot_height));
    let names = layout.turned.iter().flat_map(|row| row_label(row, layout.cell_width, layout));
    let group = Group::new().set("text-anchor", "end").set("transform", turn);
    names.fold(group, Group::add)
}

/// What the height means, upright at the left edge of a panel whose plot begins at `gutter`.
pub(super) fn upright_label(label: &str, gutter: f64, plot_height: f64) -> Group {
    if label.is_empty() {
        return Group::new();
    }
    let x = -gutter + LABEL_LINE / 2.0;
    let turn = format!("{} rotate(-90)", place(x, plot_height / 2.0));
    let group = Group::new().set("text-anchor", "middle").set("transform", turn);
    group.add(text(label, 0.0, 0.0, LABEL_SIZE))
}

/// The rows' names, ending at the plot, with a `*` in a column of its own after those of the subject.
pub(super) fn row_labels(layout: &Layout) -> Group {
    let labels = layout.rows.iter().flat_map(|row| row_label(row, layout.cell_height, layout));
    labels.fold(Group::new().set("text-anchor", "end"), Group::add)
}

fn row_label(row: &Row, step: f64, layout: &Layout) -> Vec<Element> {
    let y = (row.index as f64 + 0.5) * step;
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
