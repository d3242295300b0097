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
