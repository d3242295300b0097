//! Small pieces that all parts of a drawing are made of.

use svg::node::element::{Element, Group, Line, TSpan};
use svg::node::{Node, Text};

use crate::draw::{FAINT_INK, LINE};
use crate::number::coordinate;
use crate::readable::{SPACE, printable};

/// A `transform` that moves the origin.
pub(super) fn place(x: f64, y: f64) -> String {
    format!("translate({} {})", coordinate(x), coordinate(y))
}

/// One line of text with its middle at `y`.
pub(super) fn text(content: &str, x: f64, y: f64, size: f64) -> Element {
    // DejaVu's capitals are 0.73 em high.
    let baseline = y + 0.365 * size;
    let mut element = Element::new("text");
    element.assign("x", coordinate(x));
    element.assign("y", coordinate(baseline));
    element.assign("font-size", size);
    element.append(Text::new(content));
    element
}

/// A token's text with its middle at `y`, ending at `x`; the signs for spaces at its beginning are faint.
pub(super) fn token(content: &str, x: f64, y: f64, size: f64) -> Element {
    let letters = content.trim_start_matches(SPACE);
    if letters.is_empty() || letters.len() == content.len() {
        return text(content, x, y, size);
    }
    let spaces = &content[..content.len() - letters.len()];
    let mut element = text("", x, y, size);
    element.get_children_mut().clear();
    element.append(TSpan::new(spaces).set("fill", FAINT_INK));
    element.append(Text::new(letters));
    element
}

/// Lines of text under each other, the first at the top of the group.
pub(super) fn paragraph(lines: &[String], size: f64, line_height: f64) -> Group {
    lines.iter().enumerate().fold(Group::new(), |group, (index, line)| {
        group.add(text(line, 0.0, (index as f64 + 0.5) * line_height, size))
    })
}

/// A thin straight line, sharp because it runs through the middle of its pixels.
pub(super) fn line(from: (f64, f64), to: (f64, f64)) -> Line {
    Line::new()
        .set("x1", coordinate(from.0))
        .set("y1", coordinate(from.1))
        .set("x2", coordinate(to.0))
        .set("y2", coordinate(to.1))
        .set("stroke", LINE)
}

/// Prose on one line.
pub(super) fn one_line(prose: &str) -> String {
    printable(prose).split_whitespace().collect::<Vec<_>>().join(" ")
}
