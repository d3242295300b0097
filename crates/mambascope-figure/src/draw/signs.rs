//! The signs that stand for points of a line, each line with its own.

use svg::node::element::Path;

use crate::clip::Point;
use crate::number::coordinate;

/// Outlines in units of the sign's radius, of about equal area: disc, square, triangle, diamond, cross, triangle down, star.
const COUNT: usize = 7;

/// A sign of the line number `index`, its middle at a point.
pub(super) fn sign(index: usize, (x, y): Point, radius: f64) -> Path {
    let path = match index % COUNT {
        0 => disc((x, y), radius),
        1 => polygon(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)], (x, y), radius),
        2 => polygon(&[(0.0, -1.25), (1.15, 0.85), (-1.15, 0.85)], (x, y), radius),
        3 => polygon(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)], (x, y), radius),
        4 => polygon(&CROSS, (x, y), radius),
        5 => polygon(&[(0.0, 1.25), (1.15, -0.85), (-1.15, -0.85)], (x, y), radius),
        _ => polygon(&HEXAGON, (x, y), radius),
    };
    Path::new().set("d", path)
}

const CROSS: [Point; 12] = [
    (-0.45, -1.25),
    (0.45, -1.25),
    (0.45, -0.45),
    (1.25, -0.45),
    (1.25, 0.45),
    (0.45, 0.45),
    (0.45, 1.25),
    (-0.45, 1.25),
    (-0.45, 0.45),
    (-1.25, 0.45),
    (-1.25, -0.45),
    (-0.45, -0.45),
];
const HEXAGON: [Point; 6] =
    [(0.0, -1.1), (0.95, -0.55), (0.95, 0.55), (0.0, 1.1), (-0.95, 0.55), (-0.95, -0.55)];

fn disc((x, y): Point, radius: f64) -> String {
    let (left, y, r) = (coordinate(x - radius), coordinate(y), coordinate(radius));
    let wide = coordinate(2.0 * radius);
    format!("M{left} {y}a{r} {r} 0 1 0 {wide} 0a{r} {r} 0 1 0 -{wide} 0Z")
}

fn polygon(corners: &[Point], (x, y): Point, radius: f64) -> String {
    let corners = corners.iter().map(|corner| {
        format!("{} {}", coordinate(x + corner.0 * radius), coordinate(y + corner.1 * radius))
    });
    format!("M{}Z", corners.collect::<Vec<_>>().join("L"))
}
