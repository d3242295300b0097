//! What an interactive figure tells a notebook.

use mambascope_figure::{Figure, Heatmap, Lines, Series};
use serde_json::Value;

fn spec(figure: &Figure) -> Value {
    let bundle = figure.interactive().bundle();
    let (_, spec) = bundle.iter().find(|(mime, _)| mime.contains("vegalite")).expect("a spec");
    serde_json::from_str(spec).expect("JSON")
}

#[test]
fn lines_have_their_bands_and_leave_gaps() {
    let first = Series::new("first", vec![0.1, f64::NAN]).band(vec![0.0, 0.2], vec![0.2, 0.4]);
    let lines = Lines::new(["0", "1"], [first, Series::new("second", vec![0.3, 0.4])]);
    let figure = lines.expect("sound").rule("clean", 0.9).figure();
    let spec = spec(&figure);
    let points = spec["data"]["values"].as_array().expect("points");
    assert_eq!(points.len(), 4);
    assert_eq!(points[0]["band"], "0 to 0.200");
    assert!(points[1].get("value").is_none(), "a value that was not computed");
    let marks: Vec<&str> = spec["layer"]
        .as_array()
        .expect("layers")
        .iter()
        .filter_map(|layer| layer["mark"]["type"].as_str())
        .collect();
    assert_eq!(marks, ["area", "line", "rule"]);
}

#[test]
fn maps_on_one_scale_stand_beside_each_other() {
    let map = |high| Heatmap::new(["a"], ["0", "1"], vec![0.0, high]).expect("sound");
    let spec = spec(&Figure::shared([map(0.5), map(1.0)]));
    let maps = spec["hconcat"].as_array().expect("maps");
    assert_eq!(maps.len(), 2);
    for map in maps {
        assert_eq!(map["encoding"]["color"]["scale"]["domain"], serde_json::json!([0.0, 1.0]));
    }
}

#[test]
fn a_page_for_latex_stands_beside_each_drawing() {
    use base64::Engine as _;
    let figure = Heatmap::new(["a"], ["0", "1"], vec![0.0, 1.0]).expect("sound").figure();
    let mimes = |figure: &Figure| -> Vec<&str> {
        figure.bundle().into_iter().map(|(mime, _)| mime).collect()
    };
    assert_eq!(mimes(&figure), ["text/plain", "application/pdf", "image/svg+xml"]);
    assert_eq!(mimes(&figure.interactive())[..3], mimes(&figure));
    assert_eq!(mimes(&figure.pixels()), ["text/plain", "image/png"]);
    let (_, page) = figure.bundle().swap_remove(1);
    let page = base64::engine::general_purpose::STANDARD.decode(page).expect("base64");
    assert_eq!(page, figure.pdf().expect("a page"));
    assert!(page.starts_with(b"%PDF") && page.len() < 20_000);
}

#[test]
fn marks_and_wide_letters_take_their_columns_of_a_terminal() {
    let rows = ["กรุงเทพ", "นมัสเต", "नमस्ते", "中国", "e\u{301}", "சென்னை", "מַ"];
    let values = vec![1.0; rows.len()];
    let text = Heatmap::new(rows, ["0"], values).expect("sound").figure().text();
    let width = |text: &str| {
        use unicode_width::UnicodeWidthStr as _;
        text.split('█').next().unwrap_or_default().split(['▁', '▄', '▅']).next().map(str::width)
    };
    let widths: Vec<_> = text.lines().take(rows.len()).map(width).collect();
    assert!(widths.iter().all(|one| *one == widths[0]), "{widths:?}\n{text}");
}
