//! Room for everything: no text lies on another or on a shape, and nothing leaves the page, whatever the size.

use std::sync::Arc;

use mambascope_figure::{Figure, Heatmap, Lines, Palette, RowLabel, Series};
use proptest::prelude::*;
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Group, Node, Options, Rect, TextChunk, Tree};

/// Pixels that boxes may share: ascenders and descenders of a box that no letter fills.
const SLACK: f32 = 1.5;

#[derive(Debug, Default)]
struct Boxes {
    texts: Vec<(String, Rect)>,
    shapes: Vec<Rect>,
}

impl Boxes {
    fn of(figure: &Figure) -> (Self, Rect) {
        let mut fonts = Database::new();
        fonts.load_font_data(include_bytes!("../font/DejaVuSans-subset.ttf").to_vec());
        let options = Options {
            fontdb: Arc::new(fonts),
            font_family: "DejaVu Sans".to_owned(),
            ..Options::default()
        };
        let tree = Tree::from_str(&figure.svg(), &options).expect("a sound drawing");
        let mut boxes = Boxes::default();
        boxes.collect(tree.root());
        // The ground is the first shape.
        boxes.shapes.remove(0);
        let size = tree.size();
        (boxes, Rect::from_xywh(0.0, 0.0, size.width(), size.height()).expect("a page"))
    }

    fn collect(&mut self, group: &Group) {
        for node in group.children() {
            match node {
                Node::Group(group) => self.collect(group),
                Node::Text(text) => {
                    let words = text.chunks().iter().map(TextChunk::text).collect();
                    self.texts.push((words, text.abs_bounding_box()));
                }
                other => self.shapes.push(other.abs_bounding_box()),
            }
        }
    }

    /// What is wrong with the picture, in words.
    fn faults(&self, page: Rect) -> Vec<String> {
        let mut faults = Vec::new();
        let all = self.texts.iter().map(|(words, area)| (words.as_str(), area));
        for (words, area) in all.clone().chain(self.shapes.iter().map(|area| ("a shape", area))) {
            if !holds(page, *area) {
                faults.push(format!("`{words}` leaves the page: {area:?}"));
            }
        }
        for (index, (words, area)) in all.clone().enumerate() {
            for (others, other) in all.clone().skip(index + 1) {
                if meet(*area, *other) {
                    faults.push(format!("`{words}` lies on `{others}`: {area:?}, {other:?}"));
                }
            }
            faults.extend(
                self.shapes
                    .iter()
                    .filter(|shape| meet(*area, **shape))
                    .map(|shape| format!("`{words}` lies on a shape: {area:?}, {shape:?}")),
            );
        }
        faults
    }
}

fn holds(page: Rect, area: Rect) -> bool {
    area.left() >= page.left()
        && area.top() >= page.top()
        && area.right() <= page.right()
        && area.bottom() <= page.bottom()
}

fn meet(one: Rect, other: Rect) -> bool {
    let across = one.right().min(other.right()) - one.left().max(other.left());
    let down = one.bottom().min(other.bottom()) - one.top().max(other.top());
    across > SLACK && down > SLACK
}

fn check(name: &str, figure: &Figure) -> Result<(), TestCaseError> {
    let (boxes, page) = Boxes::of(figure);
    let faults = boxes.faults(page);
    prop_assert!(faults.is_empty(), "{name}: {:#?}", &faults[..faults.len().min(5)]);
    Ok(())
}

/// Words in letters that the font has.
fn words() -> impl Strategy<Value = String> {
    "[A-Za-z0-9 .,()*'ΔЖé\n]{0,60}"
}

/// Sizes from nothing to the largest prompt and the deepest model.
fn rows() -> impl Strategy<Value = usize> {
    prop_oneof![0usize..4, 4usize..30, Just(200)]
}

fn columns() -> impl Strategy<Value = usize> {
    prop_oneof![0usize..4, Just(24), Just(48), Just(64), Just(130)]
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        0.0..1.0f64,
        Just(0.25),
        -1e-7..1e-7f64,
        -1e9..1e9f64,
    ]
}

/// Values all of one kind, so that scales of every length are met.
fn values(count: usize) -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![
        proptest::collection::vec(value(), count),
        proptest::collection::vec(0.0..1.0f64, count),
        value().prop_map(move |one| vec![one; count]),
    ]
}

fn labels(count: usize) -> impl Strategy<Value = Vec<RowLabel>> {
    let label = (words(), any::<bool>()).prop_map(|(text, marked)| {
        if marked { RowLabel::subject(text) } else { RowLabel::plain(text) }
    });
    proptest::collection::vec(label, count)
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|column| column.to_string()).collect()
}

prop_compose! {
    fn heatmaps()(size in (rows(), columns()))(
        labels in labels(size.0),
        values in values(size.0 * size.1),
        words in proptest::collection::vec(words(), 5),
        diverging in any::<bool>(),
        columns in Just(size.1),
    ) -> Heatmap {
        let map = Heatmap::new(labels, numbers(columns), values).expect("as many values as cells");
        let palette = if diverging { Palette::Diverging } else { Palette::Purples };
        let map = map.title(&words[0]).column_label(&words[1]).row_label(&words[2]);
        map.scale_label(&words[3]).caption(&words[4]).palette(palette)
    }
}

prop_compose! {
    fn attentions(largest: usize)(count in prop_oneof![0usize..6, 6usize..largest])(
        tokens in labels(count),
        values in values(count * count),
        words in proptest::collection::vec(words(), 4),
    ) -> Heatmap {
        let map = Heatmap::attention(tokens, values).expect("as many values as pairs");
        map.title(&words[0]).column_label(&words[1]).row_label(&words[2]).scale_label(&words[3])
    }
}

prop_compose! {
    fn lines()(columns in columns(), count in 0usize..9)(
        names in proptest::collection::vec(words(), count),
        values in values(3 * count * columns),
        words in proptest::collection::vec(words(), 5),
        columns in Just(columns),
    ) -> Lines {
        let series = names.iter().enumerate().map(|(index, name)| {
            let part = |part: usize| {
                let first = (3 * index + part) * columns;
                values[first..first + columns].to_vec()
            };
            Series::new(name, part(0)).band(part(1), part(2))
        });
        let lines = Lines::new(numbers(columns), series).expect("as many values as columns");
        let lines = lines.title(&words[0]).column_label(&words[1]).value_label(&words[2]);
        lines.caption(&words[3]).rule(&words[4], 0.5)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn heatmaps_have_room(map in heatmaps()) {
        check("heatmap", &map.figure())?;
    }

    #[test]
    fn line_plots_have_room(plot in lines()) {
        check("lines", &plot.figure())?;
    }

    #[test]
    fn attention_maps_have_room(map in attentions(40)) {
        check("attention", &map.figure())?;
    }

    #[test]
    fn panels_have_room(first in heatmaps(), second in heatmaps(), plot in lines(), map in attentions(12)) {
        check("shared", &Figure::shared([first.clone(), second.clone(), map.clone()]))?;
        check("beside", &plot.figure().beside(&map.figure()))?;
        check("above", &plot.figure().above(&second.figure()).beside(&first.figure()))?;
        check("with shared", &Figure::shared([map.clone(), map]).above(&plot.figure()))?;
    }
}

#[test]
fn the_longest_prompts_have_room() {
    for count in [1, 2, 100, 200, 300] {
        let tokens = (0..count).map(|index| RowLabel::subject(format!(" token{index}")));
        let values = (0..count * count).map(f64::from).collect();
        let map = Heatmap::attention(tokens, values).expect("as many values as pairs");
        check("attention", &map.scale_label("weight").figure()).expect("room");
    }
}

#[test]
fn every_token_of_a_long_prompt_is_named_on_both_axes() {
    let tokens = (0..200).map(|index| format!("token{index}"));
    let map = Heatmap::attention(tokens, vec![0.5; 40_000]).expect("as many values as pairs");
    let (boxes, _) = Boxes::of(&map.figure());
    for index in 0..200 {
        let name = format!("token{index}");
        assert_eq!(boxes.texts.iter().filter(|(words, _)| *words == name).count(), 2, "{name}");
    }
}
