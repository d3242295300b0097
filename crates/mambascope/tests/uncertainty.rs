//! Intervals, cells that are beyond chance, and their pictures, from a trace's own samples.

use mambascope::prelude::*;

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
    assert_eq!((zero.mean, zero.low, zero.high), (0.0, 0.0, 0.0));
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
