//! How often intervals hold the true value: a short form of the table that `examples/coverage` prints, and a search for a distribution that
//! they do not cover.

#[path = "../examples/coverage/judge.rs"]
mod judge;
#[path = "../examples/coverage/laws.rs"]
mod laws;

use judge::{of_effect, of_mean, of_share, of_stopping};
use laws::{Cells, Law};
use mambascope::prelude::*;
use mambascope::random::RandomState;
use mambascope::stats::{Interval, LEVEL};
use rayon::prelude::*;

const TRIALS: usize = 1500;
/// Four standard errors of a share of 0.95 below the promised one; the table's 4,000 trials and the exact search are sharper.
const LEAST: f64 = 0.95 - 4.0 * 0.0057;

/// The share of samples of a distribution of three values whose interval holds the mean, by summing over all samples.
fn exact_coverage(values: [f64; 3], chances: [f64; 3], count: usize) -> f64 {
    let truth: f64 = values.iter().zip(chances).map(|(value, chance)| value * chance).sum();
    let factorial = |number: usize| (1..=number).map(|factor| factor as f64).product::<f64>();
    let mut held = 0.0;
    for first in 0..=count {
        for second in 0..=count - first {
            let counts = [first, second, count - first - second];
            let sample: Vec<f64> =
                values.iter().zip(counts).flat_map(|(value, count)| vec![*value; count]).collect();
            let interval = Interval::probability(&sample, LEVEL);
            if interval.low <= truth + 1e-9 && interval.high >= truth - 1e-9 {
                let ways = factorial(count) / counts.map(factorial).iter().product::<f64>();
                let chance: f64 = counts
                    .iter()
                    .zip(chances)
                    .map(|(count, chance)| chance.powi(*count as i32))
                    .product();
                held += ways * chance;
            }
        }
    }
    held
}

#[test]
fn no_distribution_of_three_values_is_covered_too_rarely() {
    let mut random = RandomState::new(77);
    let cases: Vec<([f64; 3], [f64; 3], usize)> = (0..4000)
        .map(|index| {
            let mut values = <[f64; 3]>::try_from(random.uniform(0.0, 1.0, 3)).expect("three");
            // The ends are where bounds are tight.
            if index % 2 == 0 {
                values[0] = 0.0;
            }
            if index % 3 == 0 {
                values[2] = 1.0;
            }
            let mut weights = <[f64; 3]>::try_from(random.uniform(0.0, 1.0, 3))
                .expect("three")
                .map(|draw| -draw.ln());
            if index % 7 < 3 {
                weights[index % 3] *= 0.05;
            }
            let sum: f64 = weights.iter().sum();
            (values, weights.map(|weight| weight / sum), [1, 2, 3, 5, 8][index % 5])
        })
        .collect();
    let worst = cases
        .into_par_iter()
        .map(|(values, chances, count)| exact_coverage(values, chances, count));
    let worst = worst.reduce(|| 1.0, f64::min);
    assert!(worst >= 0.95, "{worst}");
}

#[test]
fn means_are_covered_whatever_their_distribution() {
    let seeds: Vec<(usize, Law)> = Law::all().into_iter().enumerate().collect();
    seeds.par_iter().for_each(|(seed, law)| {
        for count in [1, 2, 5, 10, 30, 100] {
            let share = of_mean(law, count, TRIALS, *seed as u32).coverage;
            assert!(share >= LEAST, "{}, {count} samples: {share}", law.name());
        }
    });
}

#[test]
fn cells_effects_and_shares_of_the_default_trace_are_covered() {
    let trace = Cells::of_default_trace(3.0, 1000).expect("a trace");
    let cells: Vec<usize> = (0..trace.grid.len()).step_by(7).collect();
    cells.par_iter().for_each(|&cell| {
        let (name, samples) = &trace.grid[cell];
        let law = Law::Pool(name.clone(), samples.clone());
        for count in [5, 10, 30] {
            let seed = (cell * 100 + count) as u32;
            for (what, judged) in [
                ("mean", of_mean(&law, count, 500, seed)),
                ("effect", of_effect(&trace, cell, count, 500, seed)),
                ("share", of_share(&trace, cell, count, 300, seed)),
            ] {
                assert!(judged.coverage >= 0.93, "{what} of {name}, {count} samples: {judged:?}");
            }
        }
    });
}

#[test]
fn intervals_at_which_drawing_stopped_cover() {
    let until = Until::width(0.3).most(1000);
    let laws = [
        Law::Bernoulli(0.03),
        Law::Bernoulli(0.5),
        Law::Beta(0.5, 5.0),
        Law::Two(0.02, 0.98, 0.03),
    ];
    for law in &laws {
        let stopped = of_stopping(std::slice::from_ref(law), until, 400, 5);
        assert!(stopped.coverage >= 0.94, "{}: {stopped:?}", law.name());
        assert!(stopped.samples > 10, "{}: {stopped:?}", law.name());
    }
    let together = of_stopping(&laws, until, 200, 6);
    assert!(together.coverage >= 0.94, "{together:?}");
}
