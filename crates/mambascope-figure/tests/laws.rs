//! What holds for every figure, whatever its size, labels and values.

use mambascope_figure::{
    ColumnNames, Figure, Heatmap, Lines, Mark, Palette, Peak, RowLabel, Series, Shape,
};
use proptest::prelude::*;
use resvg::usvg::{Options, Tree, roxmltree};

fn palettes() -> impl Strategy<Value = Palette> {
    prop_oneof![Just(Palette::Purples), Just(Palette::Reds), Just(Palette::Diverging)]
}

fn labels(count: usize) -> impl Strategy<Value = Vec<RowLabel>> {
    let label = (any::<String>(), any::<bool>()).prop_map(|(text, marked)| RowLabel {
        text,
        mark: if marked { Mark::Subject } else { Mark::Plain },
    });
    proptest::collection::vec(label, count)
}

prop_compose! {
    fn heatmaps()(rows in 0usize..6, columns in 0usize..20)(
        rows in labels(rows),
        columns in proptest::collection::vec(any::<String>(), columns),
        values in proptest::collection::vec(proptest::num::f64::ANY, rows * columns),
        words in proptest::collection::vec(any::<String>(), 5),
        palette in palettes(),
        ends in proptest::option::of((proptest::num::f64::ANY, proptest::num::f64::ANY)),
    ) -> Heatmap {
        let map = Heatmap::new(rows, columns, values).expect("as many values as cells");
        let map = map
            .title(&words[0])
            .column_label(&words[1])
            .row_label(&words[2])
            .scale_label(&words[3])
            .caption(&words[4])
            .palette(palette)
            .peak(Peak::Outlined);
        ends.map_or(map.clone(), |(low, high)| map.range(low, high))
    }
}

prop_compose! {
    fn lines()(columns in 0usize..20, count in 0usize..4)(
        columns in proptest::collection::vec(any::<String>(), columns),
        values in proptest::collection::vec(proptest::collection::vec(proptest::num::f64::ANY, 3 * columns), count),
        words in proptest::collection::vec(any::<String>(), 6),
        rule in proptest::option::of(proptest::num::f64::ANY),
        ends in proptest::option::of((proptest::num::f64::ANY, proptest::num::f64::ANY)),
    ) -> Lines {
        let count = columns.len();
        let series = values.into_iter().map(|values| {
            let part = |index: usize| values[index * count..(index + 1) * count].to_vec();
            Series::new(&words[0], part(0)).band(part(1), part(2))
        });
        let lines = Lines::new(columns, series).expect("as many values as columns");
        let lines = lines
            .title(&words[1])
            .column_label(&words[2])
            .value_label(&words[3])
            .column_noun(&words[4])
            .caption(&words[5]);
        let lines = rule.map_or(lines.clone(), |value| lines.rule(&words[0], value));
        ends.map_or(lines.clone(), |(low, high)| lines.range(low, high))
    }
}

prop_compose! {
    fn attentions()(count in 0usize..7)(
        tokens in labels(count),
        values in proptest::collection::vec(proptest::num::f64::ANY, count * count),
        palette in palettes(),
    ) -> Heatmap {
        let map = Heatmap::attention(tokens, values).expect("as many values as pairs");
        map.palette(palette).peak(Peak::Outlined)
    }
}

fn size_of(png: &[u8]) -> (u32, u32) {
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
    (number(16), number(20))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_svg_is_sound_and_tells_each_cell(map in heatmaps()) {
        let drawing = map.figure().svg();
        let tree = Tree::from_str(&drawing, &Options::default());
        prop_assert!(tree.is_ok(), "{:?}\n{drawing}", tree.err());
        let document = roxmltree::Document::parse(&drawing).expect("the tree has parsed it");
        let tooltips = document.descendants().filter(|node| node.has_tag_name("title")).count();
        prop_assert_eq!(tooltips, 1 + map.rows.len() * map.columns.len());
        prop_assert!(!drawing.contains("NaN") && !drawing.contains("=\"inf"));
    }

    #[test]
    fn every_line_plot_is_sound(plot in lines()) {
        let figure = plot.figure();
        let drawing = figure.svg();
        let tree = Tree::from_str(&drawing, &Options::default());
        prop_assert!(tree.is_ok(), "{:?}\n{drawing}", tree.err());
let document = roxmltree::Document::parse(&drawing).expect("the tree has parsed it");
        let mut attributes = document.descendants().flat_map(|node| node.attributes());
        let is_number = |text: &str| !text.contains("NaN") && !text.contains("inf");
        prop_assert!(attributes.all(|attribute| is_number(attribute.value())), "{drawing}");
        for text in [figure.text(), figure.ansi().replace("\x1b[", "")] {
            prop_assert!(text.chars().all(|sign| sign == '\n' || !sign.is_control()), "{text:?}");
        }
        let json = serde_json::to_string(&figure).expect("a figure is data");
        let back: Figure = serde_json::from_str(&json).expect("a figure's own json");
        prop_assert_eq!(drawing, back.svg());
    }

    #[test]
    fn attention_has_no_cell_above_the_diagonal(map in attentions()) {
        let drawing = map.figure().svg();
        let document = roxmltree::Document::parse(&drawing).expect("a sound drawing");
        let tooltips = document.descendants().filter(|node| node.has_tag_name("title")).count();
        let count = map.rows.len();
        prop_assert_eq!(tooltips, 1 + count * (count + 1) / 2);
        let mut other = map.clone();
        for row in 0..count {
            for column in row + 1..count {
                other.values[row * count + column] = 7.0;
            }
        }
        prop_assert_eq!(other.figure().svg(), drawing);
        prop_assert_eq!(other.figure().ansi(), map.figure().ansi());
    }

    #[test]
    fn differences_are_white_at_zero(map in heatmaps(), other in proptest::num::f64::NORMAL) {
        let mut shifted = map.clone();
        shifted.values.iter_mut().for_each(|value| *value += other);
        for map in [map.minus(&shifted), shifted.minus(&map)] {
            let (low, high) = map.expect("maps of one size").limits();
            prop_assert_eq!(low, -high);
        }
    }

    #[test]
    fn maps_that_share_a_scale_hold_all_values(maps in proptest::collection::vec(heatmaps(), 1..4)) {
        let figure = Figure::shared(maps.clone());
        prop_assert!(Tree::from_str(&figure.svg(), &Options::default()).is_ok());
        let json = serde_json::to_value(&figure).expect("a figure is data");
        let shared: Vec<Heatmap> = serde_json::from_value(json["shared"].clone()).expect("maps");
        let limits: Vec<(f64, f64)> = shared.iter().map(Heatmap::limits).collect();
        prop_assert!(limits.iter().all(|one| *one == limits[0]));
        for map in maps {
            let is_bare = map.values.iter().all(|value| !value.is_finite());
            let (low, high) = map.limits();
            prop_assert!(is_bare || limits[0].0 <= low && high <= limits[0].1);
        }
    }

    #[test]
    fn terminals_get_no_sign_that_is_not_a_color(map in heatmaps()) {
        let strip = |text: &str| text.replace("\x1b[", "");
        for text in [map.figure().text(), strip(&map.figure().ansi())] {
            prop_assert!(text.chars().all(|sign| sign == '\n' || !sign.is_control()), "{text:?}");
        }
        prop_assert!(map.figure().text().lines().count() > map.rows.len());
    }

    #[test]
    fn json_reads_back_as_the_same_picture(map in heatmaps()) {
        let figure = map.figure().above(&map.figure().beside(&map.figure()));
        let json = serde_json::to_string(&figure).expect("a figure is data");
        let back: Figure = serde_json::from_str(&json).expect("a figure's own json");
        prop_assert_eq!(figure.svg(), back.svg());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn every_png_and_pdf_is_one(map in heatmaps()) {
        let figure = map.figure();
        let png = figure.png().expect("a small picture");
        prop_assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
        let (width, height) = size_of(&png);
        prop_assert!(width % 3 == 0 && height % 3 == 0);
        let pdf = figure.pdf().expect("a small picture");
        prop_assert!(pdf.starts_with(b"%PDF-") && pdf.len() > 1000);
        prop_assert_eq!(&pdf, &figure.pdf().expect("a small picture"));
    }

    // In the bundled font alone, which the browser's drawing is measured in as well.
    #[test]
    fn a_png_is_three_times_the_drawing(map in heatmaps()) {
        let mut map = map;
        map.rows.iter_mut().for_each(|row| row.text = " Tower".to_owned());
        map.columns.iter_mut().for_each(|name| *name = "\u{416}".to_owned());
        for text in [&mut map.title, &mut map.caption, &mut map.column_label, &mut map.row_label, &mut map.scale.label] {
            *text = "p( Paris)".to_owned();
        }
        let figure = map.figure();
        let tree = Tree::from_str(&figure.svg(), &Options::default()).expect("a sound drawing");
        let size = tree.size().to_int_size();
        let png = figure.png().expect("a small picture");
        prop_assert_eq!(size_of(&png), (size.width() * 3, size.height() * 3));
    }
}

#[test]
fn panels_that_disagree_with_their_labels_are_drawn_as_not_computed() {
    let mut map = Heatmap::new(["a"], ["0", "1"], vec![0.0, 1.0]).expect("two values");
    map.values.clear();
    assert!(map.value(0, 1).is_nan() && map.value(7, 7).is_nan());
    assert_eq!(map.figure().svg().matches("not computed").count(), 2);
}

#[test]
fn maps_stored_before_they_had_shapes_are_read() {
    let map = Heatmap::new(["a"], ["0"], vec![1.0]).expect("one value");
    let mut json = serde_json::to_value(&map).expect("a map is data");
    let fields = json.as_object_mut().expect("fields");
    for name in ["column_names", "shape", "dots"] {
        assert!(fields.remove(name).is_some(), "{name}");
    }
    let back: Heatmap = serde_json::from_value(json).expect("a map");
    assert_eq!((back.column_names, back.shape), (ColumnNames::Ticks, Shape::Full));
    assert_eq!(back, map);
}

#[test]
fn nothing_to_draw_is_drawn() {
    let no_lines = Lines::new(Vec::<String>::new(), []).expect("as many values as columns");
    for figure in [Figure::shared([]), no_lines.figure()] {
        assert!(Tree::from_str(&figure.svg(), &Options::default()).is_ok());
        assert!(figure.png().is_ok() && figure.text() == figure.ansi());
    }
}

#[test]
fn figures_travel_between_threads() {
    fn travels<T: Send + Sync + Clone + 'static>() {}
    travels::<Figure>();
    travels::<Heatmap>();
    travels::<Lines>();
}
