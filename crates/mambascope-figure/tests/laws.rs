//! What holds for every figure, whatever its size, labels and values.

use mambascope_figure::{Figure, Heatmap, Mark, Palette, Peak, RowLabel};
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
        let tree = Tree::from_str(&figure.svg(), &Options::default()).expect("a sound drawing");
        let size = tree.size().to_int_size();
        prop_assert_eq!(size_of(&png), (size.width() * 3, size.height() * 3));
        let pdf = figure.pdf().expect("a small picture");
        prop_assert!(pdf.starts_with(b"%PDF-") && pdf.len() > 1000);
        prop_assert_eq!(&pdf, &figure.pdf().expect("a small picture"));
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
fn figures_travel_between_threads() {
    fn travels<T: Send + Sync + Clone + 'static>() {}
    travels::<Figure>();
    travels::<Heatmap>();
}
