//! Intervals, cells that are beyond chance, and their pictures, from a trace's own samples.

use mambascope::prelude::*;
use mambascope::stats::Interval;

fn noisy(samples: usize) -> Trace {
    let noise = Noise::gaussian(0.5).samples(samples);
    Model::tiny().trace([5, 9, 2, 7, 11, 3]).subject(1..3).corrupt(noise)
}

fn effects(site: Site) -> Effects {
    noisy(12).restore(site).window(1).run().expect("a run")
}

#[test]
fn intervals_are_of_the_cells_samples() {
    let effects = effects(Site::Resid);
    for (token, layer) in [(1, 0), (2, 3), (5, 2)] {
        let interval = effects.interval(token, layer).expect("a cell");
        assert_eq!(Some(interval.mean), effects.score(token, layer));
        assert!(interval.low < interval.mean && interval.mean < interval.high, "{interval:?}");
        assert!(interval.low >= 0.0 && interval.high <= 1.0);
        let effect = effects.effect(token, layer).expect("a cell");
        assert!((effect.mean - (interval.mean - effects.low())).abs() < 1e-15);
        assert!(effect.holds(effect.mean));
    }
    assert!(effects.interval(9, 0).is_none() && effects.effect(0, 99).is_none());
}

#[test]
fn where_nothing_is_restored_nothing_is_found() {
    let effects = effects(Site::Resid);
    let zero = effects.effect(0, 1).expect("a cell");
    // Twelve samples that agree on no effect leave room for a rare one, either way.
    assert!(zero.mean == 0.0 && zero.low < -0.2 && zero.high > 0.2, "{zero:?}");
    let found = effects.beyond_chance(0.05);
    assert!(found.iter().all(|(token, _)| *token > 0), "{found:?}");
    let last = effects.layers().len() - 1;
    // The last residual of the last token is the clean run, which no sample of noise reaches by itself.
    let always =
        effects.samples(5, last).iter().zip(effects.low_samples()).all(|(up, low)| up > low);
    assert_eq!(found.contains(&(5, last)), always, "{found:?}");
    assert_eq!(effects.beyond_chance(1.0).len(), effects.tokens().len() * effects.layers().len());
}

#[test]
fn curves_have_bands_and_rules() {
    let effects = effects(Site::Gate);
    let drawing = effects.lines().expect("a plot").svg();
    for words in
        ["first subject token", "last subject token", "last token", "clean run", "12 samples"]
    {
        assert!(drawing.contains(words), "{words}");
    }
    let all = noisy(12).restore(..).tokens(1..3).run().expect("a run").lines().expect("a plot");
    assert!(all.text().contains("first subject token") && !all.text().contains("last token #"));
    let nothing = noisy(2).run().expect("a run");
    assert!(matches!(nothing.lines(), Err(Error::NothingRestored)));
}

#[test]
fn differences_are_paired() {
    let (gate, scan) = (effects(Site::Gate), effects(Site::ScanOut));
    let map = gate.less(&scan).expect("a map").svg();
    assert!(map.contains("gate less scan") || map.contains(" less "), "{map}");
    assert!(map.contains("false discovery rate"));
    // The same less itself: no cell differs, none has a dot.
    let same = gate.less(&gate).expect("a map").svg();
    assert!(!same.contains("<circle"));
    let other = noisy(12).restore((Site::Gate, 0..2)).window(1).run().expect("a run");
    let error = gate.less(&other).expect_err("other layers").to_string();
    assert!(error.contains("help:"), "{error}");
}

#[test]
fn results_without_samples_have_no_bands() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/numpy_rome.npz");
    let effects = Effects::open(file).expect("effects");
    let interval = effects.interval(3, 2).expect("a cell");
    assert!(interval.mean == 11.0 / 16.0 && interval.low.is_nan());
    assert!(effects.beyond_chance(0.05).is_empty());
    assert!(!effects.lines().expect("a plot").svg().contains("Bands"));
}

#[test]
fn differences_of_rounding_are_not_beyond_chance() {
    let mut json: serde_json::Value =
        serde_json::from_str(&effects(Site::Resid).to_json().expect("json")).expect("json");
    // Every cell a hair above the corrupted run in every sample, as cells that cannot act are after sums in another order.
    let low: Vec<f64> = serde_json::from_value(json["low_samples"].clone()).expect("numbers");
    let cells = json["scores"].as_array().expect("scores").len();
    let above =
        |hair: f64| low.iter().flat_map(|low| vec![low + hair; cells]).collect::<Vec<f64>>();
    for (hair, count) in [(1e-8, 0), (1e-6, 0), (1e-3, cells)] {
        json["sample_scores"] = serde_json::json!(above(hair));
        let effects = Effects::from_json(&json.to_string()).expect("effects");
        assert_eq!(effects.beyond_chance(0.05).len(), count, "{hair}");
    }
}

#[test]
fn files_hold_the_intervals_that_cells_have() {
    let effects = noisy(12)
        .restore((Site::Resid, 1..3))
        .tokens(1..5)
        .metrics([Metric::LogProbability])
        .run()
        .expect("a run");
    let npz = effects.to_npz().expect("an npz");
    let text = |key: &str| format!("{:?}", npz.array(key).expect(key).values());
    assert!(text("interval_method").contains("gaffke") && text("interval_level").contains("0.95"));
    assert!(text("interval_method.log_p").contains("skewed"));
    let json: serde_json::Value =
        serde_json::from_str(&effects.to_json().expect("json")).expect("json");
    assert_eq!(
        (json["interval_method"].as_str(), json["interval_level"].as_f64()),
        (Some("gaffke"), Some(0.95))
    );
    for (end, of) in [("low", (|one| one.low) as fn(Interval) -> f64), ("high", |one| one.high)] {
        let whole = npz.array(&format!("interval_{end}")).expect("a matrix");
        assert_eq!(whole.shape(), npz.array("scores").expect("scores").shape());
        let (whole, layers) = (whole.to_f64().expect("numbers"), whole.shape()[1]);
        for (token, layer) in (0..6).flat_map(|token| (0..layers).map(move |layer| (token, layer)))
        {
            let expected = effects.interval(token, layer).map_or(f64::NAN, of);
            let found = whole[token * layers + layer];
            assert!(found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan()));
        }
        let first = of(effects.interval(1, 1).expect("a cell"));
        assert_eq!(json[format!("interval_{end}")][0].as_f64(), Some(first));
    }
    // A swap draws nothing, so there is nothing that other draws would change.
    let swapped = Model::tiny()
        .trace([5, 9, 2, 7])
        .subject(1..3)
        .corrupt(swap([4, 8]))
        .restore(..)
        .run()
        .expect("a run");
    assert!(swapped.to_npz().expect("an npz").array("interval_low").is_none());
    assert!(swapped.interval(2, 1).expect("a cell").low.is_nan() && swapped.precision().is_none());
}

#[test]
fn figures_say_what_few_samples_are_worth() {
    let map = noisy(3).restore(..).run().expect("a run").heatmap().expect("a map");
    let svg = map.svg();
    assert!(svg.contains("3 noise samples"), "{svg}");
    assert!(svg.contains("95 % interval 0"), "tooltips tell the interval: {svg}");
    // Three samples exclude no effect, so each coloured cell is hatched.
    assert!(svg.contains("Hatched:"), "{svg}");
}

#[test]
fn normalised_intervals_reckon_with_the_corrupted_run() {
    let effects = noisy(40).restore(Site::Resid).run().expect("a run");
    let shares = effects.normalised(Normalisation::Recovered).expect("a way");
    let last = effects.layers().len() - 1;
    let whole = shares.interval(5, last).expect("a cell");
    // The score is the clean one in every sample; the way to it is not known well, since the corrupted run is drawn.
    assert!((whole.mean - 1.0).abs() < 1e-6 && whole.holds(1.0), "{whole:?}");
    let raw =
        effects.interval(5, last).expect("a cell").width() / (effects.high() - effects.low()).abs();
    assert!(whole.width() > raw, "{whole:?} {raw}");
    let none = shares.effect(0, 1).expect("a cell");
    assert!(none.mean == 0.0 && none.holds(0.0), "{none:?}");
}
