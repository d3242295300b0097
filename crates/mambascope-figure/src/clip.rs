//! Curves and bands cut at the edges of a plot, so that no drawing leaves it.

/// A place in a plot: right and down in pixels.
pub(crate) type Point = (f64, f64);

/// A curve's pieces between heights 0 and `height`; a point without height ends a piece.
pub(crate) fn pieces(curve: &[Point], height: f64) -> Vec<Vec<Point>> {
    let mut pieces: Vec<Vec<Point>> = Vec::new();
    for pair in curve.windows(2) {
        let Some((from, to)) = segment(pair[0], pair[1], height) else { continue };
        match pieces.last_mut() {
            Some(piece) if piece.last() == Some(&from) => piece.push(to),
            _ => pieces.push(vec![from, to]),
        }
    }
    pieces
}

/// The part of a straight line between heights 0 and `height`.
fn segment(from: Point, to: Point, height: f64) -> Option<(Point, Point)> {
    let outside = |a: f64, b: f64| a.is_nan() || b.is_nan() || a.max(b) < 0.0 || a.min(b) > height;
    if outside(from.1, to.1) {
        return None;
    }
    Some((onto(from, to, height), onto(to, from, height)))
}

/// A point moved along the line to `other` until it is between heights 0 and `height`.
fn onto(point: Point, other: Point, height: f64) -> Point {
    let edge = point.1.clamp(0.0, height);
    if edge == point.1 {
        return point;
    }
    let share = (edge - point.1) / (other.1 - point.1);
    (point.0 + (other.0 - point.0) * share, edge)
}

/// The runs of columns that have both ends of a band, as outlines: along the upper ends and back along the lower ones.
pub(crate) fn outlines(upper: &[Point], lower: &[Point], height: f64) -> Vec<Vec<Point>> {
    let mut runs: Vec<(Vec<Point>, Vec<Point>)> = vec![(Vec::new(), Vec::new())];
    for (up, low) in upper.iter().zip(lower) {
        if up.1.is_nan() || low.1.is_nan() {
            runs.push((Vec::new(), Vec::new()));
        } else if let Some((ups, lows)) = runs.last_mut() {
            ups.push(*up);
            lows.push(*low);
        }
    }
    let whole = runs.into_iter().filter(|(ups, _)| ups.len() > 1);
    whole
        .filter_map(|(ups, lows)| {
            let mut outline = flattened(&ups, height);
            outline.extend(flattened(&lows, height).into_iter().rev());
            let area = outline.iter().any(|point| point.1 != outline[0].1);
            area.then_some(outline)
        })
        .collect()
}

/// A curve that follows an edge of the plot where it would leave it.
fn flattened(curve: &[Point], height: f64) -> Vec<Point> {
    let mut points = Vec::with_capacity(curve.len());
    for pair in curve.windows(2) {
        points.push((pair[0].0, pair[0].1.clamp(0.0, height)));
        let mut crossings: Vec<Point> =
            [0.0, height].into_iter().filter_map(|edge| crossing(pair[0], pair[1], edge)).collect();
        crossings.sort_by(|a, b| a.0.total_cmp(&b.0));
        points.extend(crossings);
    }
    points.extend(curve.last().map(|point| (point.0, point.1.clamp(0.0, height))));
    points
}

/// Where a line from left to right crosses a height between its ends.
fn crossing(from: Point, to: Point, edge: f64) -> Option<Point> {
    let is_between = (from.1 < edge && edge < to.1) || (to.1 < edge && edge < from.1);
    let share = (edge - from.1) / (to.1 - from.1);
    is_between.then_some((from.0 + (to.0 - from.0) * share, edge))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn curves_end_at_edges_and_gaps() {
        let curve = [(0.0, 5.0), (1.0, 15.0), (2.0, 5.0), (3.0, f64::NAN), (4.0, 1.0), (5.0, 2.0)];
        let expected = vec![
            vec![(0.0, 5.0), (0.5, 10.0)],
            vec![(1.5, 10.0), (2.0, 5.0)],
            vec![(4.0, 1.0), (5.0, 2.0)],
        ];
        assert_eq!(pieces(&curve, 10.0), expected);
    }

    #[test]
    fn bands_follow_edges() {
        let upper = [(0.0, -5.0), (1.0, 5.0)];
        let lower = [(0.0, 5.0), (1.0, 8.0)];
        let expected = vec![vec![(0.0, 0.0), (0.5, 0.0), (1.0, 5.0), (1.0, 8.0), (0.0, 5.0)]];
        assert_eq!(outlines(&upper, &lower, 10.0), expected);
        assert!(
            outlines(&[(0.0, 11.0), (1.0, 12.0)], &[(0.0, 13.0), (1.0, 14.0)], 10.0).is_empty()
        );
    }

    proptest! {
        #[test]
        fn nothing_leaves_the_plot(heights in proptest::collection::vec(-50.0f64..150.0, 2..12)) {
            let curve: Vec<Point> = heights.iter().enumerate().map(|(x, y)| (x as f64, *y)).collect();
            let lower: Vec<Point> = curve.iter().map(|(x, y)| (*x, y + 20.0)).collect();
            let all = pieces(&curve, 100.0).into_iter().chain(outlines(&curve, &lower, 100.0));
            for (x, y) in all.flatten() {
                prop_assert!((0.0..=100.0).contains(&y) && (0.0..=12.0).contains(&x));
            }
        }
    }
}
