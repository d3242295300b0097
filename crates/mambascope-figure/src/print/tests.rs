//! Labels of scripts that the bundled font lacks, with no other font and with those of this machine.
#![expect(clippy::print_stderr, reason = "a test that did not run says so")]

use resvg::usvg::{Group, Node, TextChunk};

use super::*;
use crate::tree::parse;
use crate::{Heatmap, RowLabel};

/// One label a script: what is not joined or reordered, what is, both directions, and what is beside letters.
const LABELS: [(&str, &str); 12] = [
    ("Han", " 中国"),
    ("Katakana", "カタカナ"),
    ("Hangul", " 한국어"),
    ("Arabic", " القاهرة"),
    ("Hebrew", "שלום עולם"),
    ("Devanagari", "क्षत्रिय चार"),
    ("Thai", "กรุงเทพ ทั้งหมด"),
    ("Tamil", " தமிழ்"),
    ("Georgian", "თბილისი"),
    ("Ethiopic", "አዲስ አበባ"),
    ("Khmer", "ភ្នំពេញ"),
    ("emoji", "👩‍👩‍👧🙂"),
];

fn figure(labels: &[&str]) -> Figure {
    let values = (0..labels.len() * 2).map(|value| value as f64).collect();
    let rows = labels.iter().map(|&label| RowLabel::subject(label));
    let map = Heatmap::new(rows, ["0", "二"], values).expect("two values a row");
    let (first, last) = (labels[0], labels[labels.len() - 1]);
    map.title(format!("p({first}) = 0.5, p({last}) = 0.7"))
        .caption(format!("`{last}` (p = 0.7) and `{first}`"))
        .scale_label(format!("p({first})"))
        .figure()
}

fn all() -> Figure {
    figure(&LABELS.map(|(_, label)| label))
}

/// The texts of a drawing and how wide they are drawn.
fn drawn(print: &Print, figure: &Figure) -> Vec<(String, f64)> {
    fn collect(group: &Group, texts: &mut Vec<(String, f64)>) {
        for node in group.children() {
            match node {
                Node::Group(group) => collect(group, texts),
                Node::Text(text) => {
                    let words = text.chunks().iter().map(TextChunk::text).collect();
                    texts.push((words, f64::from(text.bounding_box().width())));
                }
                _ => {}
            }
        }
    }
    let tree = parse(&print.drawing(figure), print.database()).expect("a sound drawing");
    let mut texts = Vec::new();
    collect(tree.root(), &mut texts);
    texts
}

#[test]
fn what_the_bundled_font_has_asks_for_no_other() {
    let figure = figure(&[" Paris", "Москва", "Ελλάδα", "e\u{301}", "\u{7}\u{200b}\u{202e}"]);
    let wanted = Print::of(&figure, || None);
    assert_eq!(wanted.lacking, BTreeSet::from(['二']), "the column's name alone");
    let plain = Heatmap::new([" Paris", "\u{202e}x"], ["0"], vec![0.0, 1.0]).expect("two values");
    let plain = plain.title("ñ → Ж").figure();
    let print = Print::of(&plain, || unreachable!("nothing is lacking"));
    assert!(print.warnings().is_empty());
    assert_eq!(print.drawing(&plain), plain.svg());
}

#[test]
fn without_a_font_characters_are_numbers_and_one_sentence_says_so() {
    let print = Print::of(&all(), || None);
    let texts = drawn(&print, &all());
    for (words, width) in &texts {
        assert!(words.chars().all(font::has), "{words}");
        let measured: f64 = words.chars().map(font::advance).sum();
        assert!(measured == 0.0 || *width > 0.0, "{words}");
    }
    let words: String = texts.iter().map(|(words, _)| words.as_str()).collect();
    for number in ["<U+4E2D><U+56FD>", "·<U+4E2D><U+56FD>", "p( <U+4E2D>", "<U+30AB>…*"] {
        assert!(words.contains(number), "{number}: {words}");
    }
    let warnings = print.warnings();
    let [warning] = warnings.as_slice() else { panic!("one sentence: {warnings:?}") };
    for (script, _) in LABELS {
        assert!(warning.contains(script), "{script}: {warning}");
    }
    let packages = "apt install fonts-noto-cjk fonts-noto-color-emoji fonts-noto-core";
    assert!(warning.contains(packages) && warning.contains("\nhelp: "), "{warning}");
    // The browser's drawing is the same, whatever fonts there are.
    assert!(all().svg().contains("中国") && !all().svg().contains("U+4E2D"));
}

#[test]
fn a_font_that_lacks_it_too_is_no_font() {
    let mut database = Database::new();
    database.load_font_data(BYTES.to_vec());
    let faces = Arc::new(Faces::of(database));
    let print = Print::of(&all(), || Some(faces));
    assert!(print.faces.is_empty());
    assert_eq!(print.drawing(&all()), Print::of(&all(), || None).drawing(&all()));
}

#[test]
fn with_a_font_each_text_is_as_wide_as_it_was_reckoned() {
    for (script, label) in LABELS {
        let figure = figure(&[label]);
        let print = Print::of(&figure, Faces::system);
        if label.chars().any(|sign| print.lacking.contains(&sign)) {
            eprintln!("no font here has {script}; its widths are not tested");
            continue;
        }
        let readable = crate::readable(label);
        let mut pieces = Vec::new();
        for (face, text) in runs::runs(&readable, &print) {
            match face {
                Some(face) => pieces.extend(print.faces[face].pieces(&text)),
                None => pieces.push((text.clone(), font::width(&text, 1.0))),
            }
        }
        let joined: String = pieces.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(joined, readable, "{script}: nothing is lost");
        // The layout's sum of single letters leaves room for what the renderer draws.
        let sum = font::set_in(print.setting(), || font::width(&readable, 1.0));
        let width: f64 = pieces.iter().map(|(_, width)| width).sum();
        assert!(width <= sum + 0.35, "{script}: {width} in {sum}");
        let texts = drawn(&print, &figure);
        for (text, width) in &pieces {
            // 12 is the size of a row's label. A colour picture's box is its own.
            let found = texts.iter().filter(|(words, _)| words == text);
            let near = |drawn: f64| (drawn - width * 12.0).abs() <= 0.02 * drawn + 0.1;
            let last_is_wide = pieces.len() > 1;
            assert!(
                found.clone().any(|(_, drawn)| near(*drawn)) || last_is_wide || script == "emoji",
                "{script} `{text}`: {width} {:?}",
                found.collect::<Vec<_>>()
            );
        }
    }
}

#[test]
fn words_from_right_to_left_stay_together() {
    let figure = figure(&["שלום עולם", "سلام 5 عالم"]);
    let print = Print::of(&figure, Faces::system);
    if !print.lacking.is_disjoint(&"שסע".chars().collect()) {
        eprintln!("no font here has Hebrew and Arabic; their order is not tested");
        return;
    }
    let pieces = |text: &str| -> Vec<String> {
        runs::runs(text, &print).into_iter().map(|(_, text)| text).collect()
    };
    assert_eq!(pieces("p(שלום עולם) = 0.5"), ["p(", "שלום עולם", ") = 0.5"]);
    assert_eq!(pieces("·سلام"), ["·", "سلام"]);
    assert_eq!(pieces("`سلام`, `שלום`"), ["`", "سلام", "`, `", "שלום", "`"]);
}
