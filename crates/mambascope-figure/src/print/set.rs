//! The texts of a drawing, each piece in a font that has its characters.

use std::fmt::Write as _;
use std::ops::Range;

use resvg::usvg::roxmltree::{Document, Node};

use crate::font;
use crate::number::coordinate;
use crate::print::Print;
use crate::print::runs::runs;

/// A piece of a text in one font and colour.
struct Run {
    face: Option<usize>,
    text: String,
    fill: Option<String>,
    /// In em.
    width: f64,
}

/// The drawing with each text that the bundled font does not have in pieces, beside each other.
///
/// The renderer would look for other fonts by itself, but shapes the whole text in each and puts glyphs together as well as
/// it can: letters that join, or marks that change places, come out wrong.
pub(super) fn set(drawing: &str, print: &Print) -> String {
    let Ok(document) = Document::parse(drawing) else { return drawing.to_owned() };
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    let pieces = texts.filter_map(|node| Some((node.range(), pieces(node, print)?)));
    let pieces: Vec<(Range<usize>, String)> = pieces.collect();
    let mut whole = String::with_capacity(drawing.len() + 200 * pieces.len());
    let mut start = 0;
    for (range, piece) in pieces {
        whole.push_str(&drawing[start..range.start]);
        whole.push_str(&piece);
        start = range.end;
    }
    whole.push_str(&drawing[start..]);
    whole
}

/// The elements in place of a text; none where the bundled font has all of it.
fn pieces(text: Node<'_, '_>, print: &Print) -> Option<String> {
    let of_node = |node: Node<'_, '_>| {
        let fill = node.parent_element().filter(|parent| parent.has_tag_name("tspan"));
        let fill = fill.and_then(|parent| parent.attribute("fill")).map(str::to_owned);
        let of_run = move |(face, text): (Option<usize>, String)| {
            let pieces = if let Some(face) = face {
                print.faces[face].pieces(&text)
            } else {
                let width = font::width(&text, 1.0);
                vec![(text, width)]
            };
            let fill = fill.clone();
            pieces.into_iter().map(move |(text, width)| Run {
                face,
                text,
                fill: fill.clone(),
                width,
            })
        };
        runs(node.text().unwrap_or_default(), print).into_iter().flat_map(of_run)
    };
    let nodes = text.descendants().filter(Node::is_text);
    let runs: Vec<Run> = nodes.flat_map(of_node).collect();
    if runs.iter().all(|run| run.face.is_none()) {
        return None;
    }
    let number = |name: &str| text.attribute(name)?.parse::<f64>().ok();
    let size = number("font-size")?;
    let width: f64 = runs.iter().map(|run| run.width * size).sum();
    let mut x = number("x")? - width * before(text);
    let mut elements = String::new();
    for run in &runs {
        push(&mut elements, text, run, x, print);
        x += run.width * size;
    }
    Some(elements)
}

/// The share of a text's width that lies before its place.
fn before(text: Node<'_, '_>) -> f64 {
    match text.ancestors().find_map(|node| node.attribute("text-anchor")) {
        Some("end") => 1.0,
        Some("middle") => 0.5,
        _ => 0.0,
    }
}

fn push(elements: &mut String, text: Node<'_, '_>, run: &Run, x: f64, print: &Print) {
    let kept = |name: &&str| !["x", "text-anchor", "fill"].contains(name);
    let mut attributes: Vec<(String, String)> = text
        .attributes()
        .filter(|attribute| kept(&attribute.name()))
        .map(|attribute| (attribute.name().to_owned(), attribute.value().to_owned()))
        .collect();
    attributes.push(("x".to_owned(), coordinate(x).to_string()));
    attributes.push(("text-anchor".to_owned(), "start".to_owned()));
    attributes.push(("xml:space".to_owned(), "preserve".to_owned()));
    let fill = run.fill.as_deref().or(text.attribute("fill"));
    attributes.extend(fill.map(|fill| ("fill".to_owned(), fill.to_owned())));
    if let Some(face) = run.face {
        attributes.push(("font-family".to_owned(), format!("'{}'", print.faces[face].family())));
    }
    elements.push_str("<text");
    // Writing to a string cannot fail.
    for (name, value) in &attributes {
        let _ = write!(elements, " {name}=\"{}\"", escaped(value));
    }
    let _ = write!(elements, ">{}</text>", escaped(&run.text));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
