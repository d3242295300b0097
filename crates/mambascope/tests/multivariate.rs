//! ROME's noise rules `m` and `t` against numpy's numbers, and against what they promise.

use mambascope::multivariate::{Moments, Multivariate, student_factors};
use mambascope::random::RandomState;
use proptest::prelude::*;
use serde_json::Value;

/// Two ways to the singular vectors of a small matrix.
const CLOSE: f64 = 1e-9;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("numbers").iter().map(|one| one.as_f64().expect("a number")).collect()
}

fn assert_close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let off = (found - expected).abs();
        assert!(
            off <= CLOSE * expected.abs().max(1.0),
            "{what} {index}: {found} is not {expected}"
        );
    }
}

#[test]
fn noise_is_numpys() {
    let golden: Value =
        serde_json::from_str(include_str!("golden/numpy_multivariate.json")).expect("json");
    for case in golden["cases"].as_array().expect("cases") {
        let whole = |name: &str| case[name].as_u64().expect("a number") as usize;
        let (width, vectors) = (whole("width"), whole("samples") * whole("tokens"));
        let degrees = case["degrees"].as_f64().expect("degrees");
        let mut moments = Moments::new(width);
        // In parts of uneven sizes, as texts are.
        let embeddings = numbers(&case["embeddings"]);
        let (first, rest) = embeddings.split_at(7 * width);
        moments.add(first);
        rest.chunks(4 * width).for_each(|part| moments.add(part));
        assert_eq!(moments.count() * width, embeddings.len());
        assert_close(&moments.mean(), &numbers(&case["mean"]), "mean");
        assert_close(&moments.covariance(), &numbers(&case["covariance"]), "covariance");

        let draws = RandomState::new(1).normals(vectors * width);
        let normal = moments.normal();
        assert_close(&normal.transform(&draws), &numbers(&case["normal"]), "rule m");
        assert_close(&student_factors(degrees, vectors), &numbers(&case["factors"]), "factors");
        let student = normal.transform_student(&draws, degrees);
        assert_close(&student, &numbers(&case["student"]), "rule t");
    }
}

#[test]
fn draws_have_the_mean_and_covariance() {
    const COUNT: usize = 60_000;
    let (mean, covariance) = ([1.0, -2.0, 0.0], [2.0, 0.8, 0.0, 0.8, 1.0, -0.3, 0.0, -0.3, 0.5]);
    let normal = Multivariate::new(&mean, &covariance);
    let mut moments = Moments::new(3);
    moments.add(&normal.transform(&RandomState::new(1).normals(3 * COUNT)));
    let near = |found: Vec<f64>, expected: &[f64]| {
        found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 0.03)
    };
    assert!(near(moments.mean(), &mean), "{:?}", moments.mean());
    assert!(near(moments.covariance(), &covariance), "{:?}", moments.covariance());
}

#[test]
fn student_noise_keeps_the_covariance() {
    const COUNT: usize = 200_000;
    let normal = Multivariate::new(&[0.0], &[4.0]);
    let noise = normal.transform_student(&RandomState::new(1).normals(COUNT), 6.0);
    let variance = noise.iter().map(|value| value * value).sum::<f64>() / COUNT as f64;
    assert!((variance - 4.0).abs() < 0.1, "{variance}");
    assert!(student_factors(2.0, 3).iter().all(|factor| factor.is_nan()));
}

#[test]
fn few_embeddings_give_noise_in_their_directions_alone() {
    let mut moments = Moments::new(3);
    moments.add(&[0.0, 0.0, 5.0, 1.0, 1.0, 5.0, 3.0, 3.0, 5.0]);
    let noise = moments.normal().transform(&RandomState::new(1).normals(30));
    for vector in noise.chunks_exact(3) {
        assert!(
            (vector[0] - vector[1]).abs() < 1e-6 && (vector[2] - 5.0).abs() < 1e-6,
            "{vector:?}"
        );
    }
    let mut one = Moments::new(2);
    one.add(&[1.0, 2.0]);
    assert!(one.normal().transform(&[0.5, 0.5]).iter().all(|value| value.is_nan()));
    assert!(Moments::new(0).normal().transform(&[]).is_empty());
}

proptest! {
    #[test]
    fn parts_do_not_matter(rows in proptest::collection::vec(-3.0..3.0f64, 24..60), part in 1usize..6) {
        let rows = &rows[..rows.len() / 3 * 3];
        let (mut whole, mut parts) = (Moments::new(3), Moments::new(3));
        whole.add(rows);
        rows.chunks(3 * part).for_each(|part| parts.add(part));
        let close = |one: Vec<f64>, other: Vec<f64>| {
            one.iter().zip(&other).all(|(one, other)| (one - other).abs() < 1e-10)
        };
        prop_assert!(close(whole.mean(), parts.mean()) && close(whole.covariance(), parts.covariance()));
    }
}
