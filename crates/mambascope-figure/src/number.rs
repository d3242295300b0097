//! Numbers as labels.

/// A value with about three figures, for a tooltip or a scale's end.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        "not computed".to_owned()
    } else if size == 0.0 {
        "0".to_owned()
    } else if size.is_infinite() || !(0.001..100_000.0).contains(&size) {
        format!("{value:.2e}")
    } else if size < 0.1 {
        format!("{value:.4}")
    } else if size < 10.0 {
        format!("{value:.3}")
    } else if size < 100.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.1}")
    }
}

/// A coordinate to a hundredth of a pixel, which is what an eye and a snapshot can tell apart.
pub(crate) fn coordinate(value: f64) -> f64 {
    // Adding zero turns -0 into 0.
    (value * 100.0).round() / 100.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_figures() {
        let values = [0.0, 0.7342, -0.0341, 12.345, 123.45, 1.5e-5, 3e7, f64::NAN, f64::INFINITY];
        let labels: Vec<String> = values.into_iter().map(short).collect();
        insta::assert_snapshot!(labels.join("  "), @"0  0.734  -0.0341  12.35  123.5  1.50e-5  3.00e7  not computed  inf");
    }
}
