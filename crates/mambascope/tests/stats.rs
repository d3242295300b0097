//! Statistics against scipy's, and against what they promise: how often intervals hold the true value.

use mambascope::random::RandomState;
use mambascope::stats::{
    Bounds, Dependence, Flips, Interval, LEVEL, Method, Resampling, Sequence, Weighting, bootstrap,
    false_discovery, mean, normal_quantile, pool, samples_for, sign_flips, standard_error,
    student_quantile,
};
use proptest::prelude::*;
use serde_json::Value;

/// Both sides round differently; scipy's own quantiles agree with exact ones to about this.
const CLOSE: f64 = 1e-11;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/scipy_stats.json")).expect("json")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("numbers").iter().map(|one| one.as_f64().expect("a number")).collect()
}

fn lists(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().expect("lists").iter().map(numbers).collect()
}

fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    let off = (found - expected).abs();
    assert!(off <= tolerance * expected.abs().max(1.0), "{what}: {found} is not {expected}");
}

fn assert_ends(interval: Interval, ends: &Value, what: &str) {
    let ends = numbers(ends);
    assert_close(interval.low, ends[0], CLOSE, what);
    assert_close(interval.high, ends[1], CLOSE, what);
}

#[test]
fn quantiles_are_scipys() {
    let golden = golden();
    for row in lists(&golden["quantiles"]["student"]) {
        assert_close(student_quantile(row[0], row[1]), row[2], CLOSE, "student");
    }
    for row in lists(&golden["quantiles"]["normal"]) {
        assert_close(normal_quantile(row[0]), row[1], CLOSE, "normal");
    }
    for wrong in [student_quantile(1.5, 3.0), student_quantile(0.5, 0.9), normal_quantile(-0.1)] {
        assert!(wrong.is_nan());
    }
}

#[test]
fn intervals_are_scipys() {
    for case in golden()["intervals"].as_array().expect("cases") {
        let name = case["name"].as_str().expect("a name");
        let (values, level) = (numbers(&case["values"]), case["level"].as_f64().expect("a level"));
        let student = Interval::student(&values, level);
        assert_close(student.mean, case["mean"].as_f64().expect("a mean"), CLOSE, name);
        assert_close(student.error, case["error"].as_f64().expect("an error"), CLOSE, name);
        assert_ends(student, &case["student"], name);
        assert_ends(Interval::skewed(&values, level), &case["skewed"], name);
        assert_ends(Interval::rome(&values), &case["rome"], name);
        let near = |found: Interval, key: &str| {
            let ends = numbers(&case[key]);
            assert!((found.low - ends[0]).abs() < 1e-8, "{name} {key}: {found:?} {ends:?}");
            assert!((found.high - ends[1]).abs() < 1e-8, "{name} {key}: {found:?} {ends:?}");
        };
        near(Interval::probability(&values, level), "probability");
        near(Sequence::up_to(200).interval(&values, (0.0, 1.0), level), "betting");
    }
}

#[test]
fn the_bounded_interval_is_as_published() {
    // Three answers 1, five 2 and two 3 on a scale from 1 to 3: the example of PyPI's `gaffke`.
    let answers = [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 3.0, 3.0];
    let found = Interval::bounded(&answers, (1.0, 3.0), LEVEL);
    assert!((found.low - 1.4276).abs() < 1e-4 && (found.high - 2.4186).abs() < 1e-4, "{found:?}");
}

#[test]
fn pools_bootstraps_and_tests_are_scipys() {
    let golden = golden();
    let part = &golden["pool"];
    let cases = lists(&part["cases"]);
    assert_ends(pool(&cases, Weighting::Rows, Bounds::Unbounded, LEVEL), &part["rows"], "rows");
    assert_ends(
        pool(&cases, Weighting::Cases, Bounds::Unbounded, LEVEL),
        &part["by_case"],
        "cases",
    );

    let part = &golden["bootstrap"];
    let values = numbers(&part["values"]);
    let plain = |cases: &[&f64]| cases.iter().copied().sum::<f64>() / cases.len() as f64;
    let found = bootstrap(&values, plain, Resampling { times: 2000, seed: 3, level: LEVEL });
    for (name, found) in [("low", found.low), ("high", found.high), ("error", found.error)] {
        assert_close(found, part[name].as_f64().expect("a number"), 1e-9, name);
    }
    let more = bootstrap(&values, plain, Resampling { times: 49_999, ..Resampling::default() });
    let scipys = numbers(&part["scipy"]);
    // Of other draws: apart by the noise of resampling.
    assert!(
        (more.low - scipys[0]).abs() < 2e-3 && (more.high - scipys[1]).abs() < 4e-3,
        "{more:?}"
    );

    let part = &golden["flips"];
    let tested = sign_flips(&lists(&part["cells"]), Flips::default());
    for (index, one) in tested.iter().enumerate() {
        assert_close(one.p, numbers(&part["p"])[index], CLOSE, "p");
        assert_close(one.p_of_grid, numbers(&part["p_of_grid"])[index], CLOSE, "p of the grid");
    }

    let part = &golden["discovery"];
    let p = numbers(&part["p"]);
    for (name, dependence) in [("positive", Dependence::Positive), ("any", Dependence::Any)] {
        let found = false_discovery(&p, dependence);
        let pairs = found.iter().zip(numbers(&part[name]));
        pairs.for_each(|(found, expected)| assert_close(*found, expected, CLOSE, name));
    }
}

/// Numbers of known mean.
#[derive(Debug, Clone, Copy)]
enum Law {
    Normal,
    Uniform,
    /// The logistic of a normal number of this mean and deviation: a probability whose logit is noisy.
    Logistic(f64, f64),
    /// Beta of these two shapes.
    Beta(f64, f64),
}

impl Law {
    fn draw(self, random: &mut RandomState, count: usize) -> Vec<f64> {
        match self {
            Law::Normal => random.normals(count),
            Law::Uniform => random.uniform(0.0, 1.0, count),
            Law::Logistic(middle, spread) => random
                .normals(count)
                .into_iter()
                .map(|one| logistic(middle + spread * one))
                .collect(),
            Law::Beta(a, b) => {
                let (up, down) =
                    (random.chi_squares(2.0 * a, count), random.chi_squares(2.0 * b, count));
                up.into_iter().zip(down).map(|(up, down)| up / (up + down)).collect()
            }
        }
    }

    fn mean(self) -> f64 {
        const STEPS: u32 = 20_000;
        match self {
            Law::Normal => 0.0,
            Law::Uniform => 0.5,
            Law::Logistic(middle, spread) => {
                let at = |step: u32| normal_quantile((f64::from(step) + 0.5) / f64::from(STEPS));
                let sum: f64 = (0..STEPS).map(|step| logistic(middle + spread * at(step))).sum();
                sum / f64::from(STEPS)
            }
            Law::Beta(a, b) => a / (a + b),
        }
    }
}

fn logistic(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

const SAMPLES: usize = 10;
const TRIALS: usize = 20_000;

/// The share of intervals of ten samples that hold the true mean.
fn coverage(law: Law, interval: impl Fn(&[f64]) -> Interval) -> f64 {
    let mut random = RandomState::new(7);
    let truth = law.mean();
    let held = (0..TRIALS).filter(|_| interval(&law.draw(&mut random, SAMPLES)).holds(truth));
    held.count() as f64 / TRIALS as f64
}

fn assert_honest(what: &str, share: f64) {
    assert!((0.93..=0.97).contains(&share), "{what}: {share}");
}

#[test]
fn students_interval_covers_even_effects() {
    let laws = [Law::Normal, Law::Uniform, Law::Logistic(0.0, 0.5), Law::Logistic(0.0, 1.5)];
    for law in laws.into_iter().chain([Law::Logistic(-1.0, 0.7), Law::Beta(2.0, 8.0)]) {
        let share = coverage(law, |values| Interval::student(values, LEVEL));
        assert_honest(&format!("student, {law:?}"), share);
    }
}

#[test]
fn the_interval_for_skewed_effects_covers_probabilities_near_the_ends() {
    let laws = [
        Law::Normal,
        Law::Beta(2.0, 8.0),
        Law::Beta(1.0, 19.0),
        Law::Beta(0.5, 5.0),
        Law::Beta(9.0, 1.0),
        Law::Beta(5.0, 0.5),
        Law::Logistic(-3.0, 1.0),
        Law::Logistic(3.0, 0.7),
        Law::Logistic(-1.0, 1.0),
    ];
    for law in laws {
        let share = coverage(law, |values| Interval::skewed(values, LEVEL));
        assert_honest(&format!("skewed, {law:?}"), share);
    }
    let short = coverage(Law::Beta(0.5, 5.0), |values| Interval::student(values, LEVEL));
    assert!(short < 0.91, "student's interval would do: {short}");
    let short = coverage(Law::Normal, Interval::rome);
    assert!(short < 0.92, "rome's interval would do: {short}");
}

#[test]
fn paired_intervals_cover_the_difference_and_are_shorter() {
    let mut random = RandomState::new(5);
    let truth = mean_difference();
    let (mut held, mut paired_width, mut apart_width) = (0_usize, 0.0, 0.0);
    for _ in 0..TRIALS {
        let (first, second) = restored_cells(&mut random);
        let pairs = first.iter().copied().zip(second.iter().copied());
        let paired = Interval::paired(pairs, Bounds::Unbounded, LEVEL);
        held += usize::from(paired.holds(truth));
        paired_width += paired.width();
        let one = Interval::student(&first, LEVEL).width();
        apart_width += one.hypot(Interval::student(&second, LEVEL).width());
    }
    assert_honest("paired", held as f64 / TRIALS as f64);
    assert!(paired_width < 0.6 * apart_width, "{paired_width} {apart_width}");
}

/// Two cells whose logits share most of their noise.
fn restored_cells(random: &mut RandomState) -> (Vec<f64>, Vec<f64>) {
    let shared = random.normals(SAMPLES);
    let mut cell = |middle: f64| {
        let own = random.normals(SAMPLES);
        shared.iter().zip(own).map(|(all, own)| logistic(middle + all + 0.4 * own)).collect()
    };
    (cell(-0.5), cell(-1.2))
}

fn mean_difference() -> f64 {
    let deviation = (1.0_f64 + 0.16).sqrt();
    Law::Logistic(-0.5, deviation).mean() - Law::Logistic(-1.2, deviation).mean()
}

#[test]
fn pools_and_bootstraps_cover() {
    const TRIALS: usize = 2000;
    let mut random = RandomState::new(2);
    let law = Law::Beta(1.0, 6.0);
    let mut held = [0_usize; 6];
    for _ in 0..TRIALS {
        // Rows of a case share its level, and long cases are as others: both means are the law's.
        let levels = law.draw(&mut random, 40);
        let rows = |level: &f64, count: usize| vec![*level; count];
        let cases: Vec<Vec<f64>> =
            levels.iter().enumerate().map(|(index, level)| rows(level, 1 + index % 4)).collect();
        let all: Vec<f64> = cases.iter().flatten().copied().collect();
        let share = |cases: &[&f64]| cases.iter().copied().sum::<f64>() / cases.len() as f64;
        let resampling = Resampling { times: 499, ..Resampling::default() };
        let found = [
            pool(&cases, Weighting::Rows, Bounds::Unbounded, LEVEL),
            pool(&cases, Weighting::Cases, Bounds::Unbounded, LEVEL),
            bootstrap(&levels, share, resampling),
            Interval::rome(&all),
            pool(&cases, Weighting::Rows, Bounds::UNIT, LEVEL),
            pool(&cases, Weighting::Cases, Bounds::UNIT, LEVEL),
        ];
        for (held, interval) in held.iter_mut().zip(found) {
            *held += usize::from(interval.holds(law.mean()));
        }
    }
    let share = held.map(|held| held as f64 / TRIALS as f64);
    assert!(share[..3].iter().all(|share| (0.92..=0.97).contains(share)), "{share:?}");
    assert!(share[3] < 0.85, "rows of one case are not independent: {share:?}");
    assert!(share[4..].iter().all(|share| *share > 0.95), "{share:?}");
}

#[test]
fn null_grids_show_no_more_than_the_nominal_rate() {
    const GRIDS: usize = 500;
    // Few enough that one cell at the least p-value of ten samples is found.
    const CELLS: usize = 20;
    let mut random = RandomState::new(9);
    let (mut alone, mut in_grid, mut by_rate) = (0_usize, 0_usize, 0_usize);
    for _ in 0..GRIDS {
        // Clean and corrupted are names given by chance to two skewed numbers that share their noise.
        let shared = random.normals(SAMPLES);
        let mut half = || -> Vec<f64> {
            let own = random.normals(SAMPLES);
            shared.iter().zip(own).map(|(all, own)| logistic(-2.0 + all + own)).collect()
        };
        let cells: Vec<Vec<f64>> = (0..CELLS)
            .map(|_| half().into_iter().zip(half()).map(|(one, other)| one - other).collect())
            .collect();
        let tested = sign_flips(&cells, Flips::default());
        alone += tested.iter().filter(|one| one.p <= 0.05).count();
        in_grid += usize::from(tested.iter().any(|one| one.p_of_grid <= 0.05));
        let p: Vec<f64> = tested.iter().map(|one| one.p).collect();
        let found = false_discovery(&p, Dependence::Positive);
        by_rate += usize::from(found.iter().any(|rate| *rate <= 0.05));
    }
    let share = |count: usize, of: usize| count as f64 / of as f64;
    let (alone, in_grid) = (share(alone, GRIDS * CELLS), share(in_grid, GRIDS));
    let by_rate = share(by_rate, GRIDS);
    assert!((0.035..=0.055).contains(&alone), "{alone}");
    // Three standard errors of 500 grids above 5 %.
    assert!(in_grid <= 0.08 && by_rate <= 0.08, "{in_grid} {by_rate}");
}

#[test]
fn true_effects_are_found() {
    let mut random = RandomState::new(4);
    let cells: Vec<Vec<f64>> = (0..40)
        .map(|cell| {
            let effect = if cell < 5 { 2.5 } else { 0.0 };
            random.normals(SAMPLES).into_iter().map(|noise| noise + effect).collect()
        })
        .collect();
    let tested = sign_flips(&cells, Flips::default());
    let p: Vec<f64> = tested.iter().map(|one| one.p).collect();
    let found = false_discovery(&p, Dependence::Positive);
    assert!(found[..5].iter().all(|rate| *rate <= 0.05), "{found:?}");
    assert!(found[5..].iter().filter(|rate| **rate <= 0.05).count() <= 1, "{found:?}");
}

#[test]
fn what_cannot_be_known_is_not_a_number() {
    assert!(mean(&[]).is_nan() && standard_error(&[1.0]).is_nan());
    for interval in [Interval::student(&[0.5], LEVEL), Interval::skewed(&[0.5], LEVEL)] {
        assert!(interval.mean == 0.5 && interval.low.is_nan() && !interval.holds(0.5));
        assert!(interval.within(0.0, 1.0).low.is_nan());
    }
    // Ten values that agree leave room for a rare one: the width is Clopper and Pearson's for ten zeros.
    for value in [0.0, 0.25, 1.0] {
        let agreeing = Interval::probability(&[value; 10], LEVEL);
        assert!((agreeing.width() - (1.0 - 0.025_f64.powf(0.1))).abs() < 1e-9, "{agreeing:?}");
        assert!(
            agreeing.low <= value && value <= agreeing.high && agreeing.method == Method::Gaffke
        );
    }
    let nothing = Interval::probability(&[], LEVEL);
    assert_eq!((nothing.low, nothing.high), (0.0, 1.0));
    assert!(Interval::probability(&[0.5, f64::NAN, 0.2], LEVEL).low.is_nan());
    // Of unbounded values that agree nothing is known.
    assert!(Interval::skewed(&[0.25; 4], LEVEL).low.is_nan());
    assert!(Interval::student(&[0.25; 4], LEVEL).high.is_nan());
    assert!(pool::<Vec<f64>>(&[], Weighting::Rows, Bounds::UNIT, LEVEL).mean.is_nan());
    // The clean score is the corrupted one, so that any share may be true.
    let none = Interval::recovered(&[0.4, 0.6, 0.5], &[0.5, 0.4, 0.6], 0.501, Bounds::UNIT, LEVEL);
    assert_eq!((none.low, none.high), (f64::NEG_INFINITY, f64::INFINITY));
    assert_eq!(samples_for(0.1, &[0.5], (0.0, 1.0)), None);
    assert_eq!(samples_for(1e-9, &[0.5, 0.2], (0.0, 1.0)), None);
    let alone = bootstrap(&[1.0], |cases| *cases[0], Resampling::default());
    assert!(alone.mean == 1.0 && alone.low.is_nan());
    let tested = sign_flips(&[vec![1.0, f64::NAN], vec![0.0, 0.0], vec![1.0]], Flips::default());
    assert!(tested[0].p.is_nan() && tested[1].p == 1.0 && tested[2].p.is_nan());
    let rates = false_discovery(&[f64::NAN, 0.02], Dependence::Any);
    assert!(rates[0].is_nan() && rates[1] == 0.02);
    assert!(sign_flips::<Vec<f64>>(&[], Flips::default()).is_empty());
}

proptest! {
    #[test]
    fn intervals_move_and_stretch_with_their_values(
        values in proptest::collection::vec(-1.0..1.0f64, 3..30), move_by in -5.0..5.0f64, times in 0.1..9.0f64,
    ) {
        let moved: Vec<f64> = values.iter().map(|value| value * times + move_by).collect();
        let turned: Vec<f64> = values.iter().map(|value| -value).collect();
        for kind in [Interval::student, Interval::skewed] {
            let (before, after) = (kind(&values, LEVEL), kind(&moved, LEVEL));
            let close = |one: f64, other: f64| (one - other).abs() < 1e-8 * (1.0 + other.abs());
            prop_assert!(close(before.low * times + move_by, after.low), "{before:?} {after:?}");
            prop_assert!(close(before.high * times + move_by, after.high), "{before:?} {after:?}");
            let mirror = kind(&turned, LEVEL);
            prop_assert!(close(-mirror.low, before.high) && close(-mirror.high, before.low));
            prop_assert!(before.low <= before.high);
        }
    }

    #[test]
    fn one_row_a_case_is_students_interval(values in proptest::collection::vec(0.0..1.0f64, 2..20)) {
        let cases: Vec<Vec<f64>> = values.iter().map(|value| vec![*value]).collect();
        let student = Interval::student(&values, LEVEL);
        for weighting in [Weighting::Rows, Weighting::Cases] {
            let pooled = pool(&cases, weighting, Bounds::Unbounded, LEVEL);
            prop_assert!((pooled.low - student.low).abs() < 1e-12 && (pooled.high - student.high).abs() < 1e-12);
        }
    }

    #[test]
    fn flips_are_seeded_and_never_below_their_least(
        cell in proptest::collection::vec(-1.0..1.0f64, 20), seed in any::<u32>(),
    ) {
        let flips = Flips { most: 199, seed };
        let cells = [cell];
        let tested = sign_flips(&cells, flips);
        prop_assert_eq!(&tested, &sign_flips(&cells, flips));
        prop_assert!(tested[0].p >= 1.0 / 200.0 && tested[0].p <= 1.0 && tested[0].p_of_grid >= tested[0].p);
    }

    #[test]
    fn rates_keep_the_order_of_p_values(p in proptest::collection::vec(0.0..1.0f64, 1..40)) {
        let rates = false_discovery(&p, Dependence::Positive);
        for (a, b) in (0..p.len()).flat_map(|a| (0..p.len()).map(move |b| (a, b))) {
            prop_assert!(p[a] > p[b] || rates[a] <= rates[b]);
        }
        prop_assert!(rates.iter().zip(&p).all(|(rate, p)| *rate >= p * (1.0 - 1e-12) && *rate <= 1.0));
    }
}
