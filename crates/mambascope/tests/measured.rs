//! Effects in every metric, raw and normalised: words, figures, intervals and files.

use mambascope::prelude::*;

fn trace() -> Trace {
    let noise = Noise::gaussian(0.5).samples(6);
    Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(noise).restore(..)
}

fn measured() -> Effects {
    trace().foil(3).metrics(Metric::ALL).run().expect("a run")
}

#[test]
fn one_run_has_all_metrics() {
    let (all, alone) = (measured(), trace().run().expect("a run"));
    assert_eq!(all.metrics(), Metric::ALL);
    assert_eq!(alone.metrics(), [Metric::Probability]);
    assert_eq!(all.work(), alone.work(), "no run more");
    for metric in Metric::ALL {
        let effects = all.metric(metric).expect("measured");
        assert_eq!(effects.metrics()[0], metric);
        assert_eq!(effects.samples(2, 1).len(), 6);
        let mean = effects.samples(2, 1).iter().sum::<f64>() / 6.0;
        assert!((effects.score(2, 1).expect("a cell") - mean).abs() < 1e-12, "{metric}");
        let restored = effects.score(3, 3).expect("a cell");
        assert!(
            (restored - effects.high()).abs() < 1e-5,
            "{metric}: {restored}, clean {}",
            effects.high()
        );
        assert_eq!(
            effects.metric(Metric::Probability).expect("measured").score(2, 1),
            all.score(2, 1)
        );
    }
    let error = alone.metric(Metric::Rank).expect_err("not measured").to_string();
    assert!(
        error.contains("rank was not measured, but p") && error.contains("Metric::Rank"),
        "{error}"
    );
}

#[test]
fn words_and_figures_follow_the_metric() {
    let all = measured();
    let of = |metric| all.metric(metric).expect("measured");
    let answer = all.answer().to_owned();
    for (metric, label) in [
        (Metric::Probability, format!("p({answer})")),
        (Metric::LogProbability, format!("log p({answer})")),
        (Metric::LogitDifference, format!("logit({answer}) - logit(#3)")),
        (Metric::Divergence, "KL divergence".to_owned()),
        (Metric::Rank, format!("rank of {answer}")),
    ] {
        let effects = of(metric);
        assert_eq!(effects.label(), label);
        assert!(effects.to_string().starts_with(&label), "{effects}");
        assert!(effects.heatmap().expect("a map").svg().contains(&label), "{metric}");
        assert!(effects.lines().expect("a plot").svg().contains(&label), "{metric}");
        let table = effects.bundle().get("text/html").expect("a table").to_owned();
        assert!(table.contains(&label), "{table}");
    }
    let (_, _, nearest) = of(Metric::Divergence).best().expect("cells");
    assert!(nearest.abs() < 1e-9, "the lowest divergence is the best");
    let error = all.less(&of(Metric::Rank)).expect_err("two metrics").to_string();
    assert!(error.contains("less rank of") && error.contains("help:"), "{error}");
}

#[test]
fn intervals_stay_where_the_metric_can_be() {
    let all = measured();
    for (metric, low, high) in [
        (Metric::Probability, 0.0, 1.0),
        (Metric::LogProbability, f64::NEG_INFINITY, 0.0),
        (Metric::Divergence, 0.0, f64::INFINITY),
        (Metric::Rank, 1.0, f64::INFINITY),
    ] {
        let effects = all.metric(metric).expect("measured");
        for &token in effects.tokens() {
            for &layer in effects.layers() {
                let interval = effects.interval(token, layer).expect("a cell");
                assert!(!(interval.low < low || interval.high > high), "{metric}");
                assert!(!interval.excludes(interval.mean), "{metric}");
                let effect = effects.effect(token, layer).expect("a cell");
                // Of unbounded differences that are all alike nothing can be said.
                assert!(effect.width() >= 0.0 || metric != Metric::Probability, "{metric}");
            }
        }
    }
}

#[test]
fn shares_of_the_way_keep_their_intervals() {
    let all = measured();
    for metric in [Metric::Probability, Metric::LogitDifference, Metric::Divergence] {
        let raw = all.metric(metric).expect("measured");
        let (low, high) = (raw.low(), raw.high());
        for normalisation in [Normalisation::Recovered, Normalisation::Published] {
            let shares = raw.normalised(normalisation).expect("there is a way");
            assert_eq!(shares.normalisation(), normalisation);
            let apply = |score: f64| normalisation.apply(score, low, high);
            let near = |found: f64, expected: f64| (found - expected).abs() < 1e-9;
            let (one, share) =
                (raw.interval(2, 1).expect("a cell"), shares.interval(2, 1).expect("a cell"));
            assert!(near(share.mean, apply(one.mean)), "{metric}");
            // The corrupted run's mean is uncertain too.
            assert!(share.holds(share.mean) || share.low.is_nan(), "{metric}: {share:?}");
            let (one, share) =
                (raw.effect(2, 1).expect("a cell"), shares.effect(2, 1).expect("a cell"));
            assert!(near(share.mean, one.mean / (high - low)), "{metric}");
            assert!(!share.excludes(share.mean), "{metric}: {share:?}");
            assert_eq!(
                shares.best().map(|best| (best.0, best.1)),
                raw.best().map(|best| (best.0, best.1))
            );
            assert_eq!(shares.beyond_chance(0.05), raw.beyond_chance(0.05));
        }
        let shares = raw.normalised(Normalisation::Recovered).expect("there is a way");
        assert!(shares.label().starts_with("recovered "));
        assert!(shares.heatmap().expect("a map").svg().contains("recovered"));
        assert!(matches!(shares.normalised(Normalisation::Published), Err(Error::NormalisedTwice)));
        assert_eq!(raw.normalised(Normalisation::Raw).expect("as it is"), raw);
        // Only the metric in front is changed.
        assert_eq!(
            shares.metric(Metric::Rank).expect("measured").normalisation(),
            Normalisation::Raw
        );
    }
}

#[test]
fn without_a_way_nothing_is_a_share_of_it() {
    let silent =
        Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(1e-300).samples(2));
    let effects = silent.restore(..).run().expect("a run");
    let error = effects.normalised(Normalisation::Recovered).expect_err("no way").to_string();
    assert!(
        error.contains("in the corrupted run") && error.contains("help: read it raw"),
        "{error}"
    );
}

#[test]
fn files_hold_all_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let all = trace().tokens(1..3).foil(3).metrics(Metric::ALL).until(0.7).run().expect("a run");
    let shares = all.normalised(Normalisation::Recovered).expect("there is a way");
    let front = all.metric(Metric::Divergence).expect("measured");
    for (name, effects) in [("all", &all), ("shares", &shares), ("front", &front)] {
        let file = folder.path().join(format!("{name}.npz"));
        effects.save(&file).expect("saved");
        assert_eq!(&Effects::open(&file).expect("effects"), effects, "{name}");
        assert_eq!(
            &Effects::from_json(&effects.to_json().expect("json")).expect("effects"),
            effects
        );
    }
    let npz = all.to_npz().expect("an npz");
    let drawn = all.low_samples().len();
    for metric in ["log_p", "logit_difference", "kl", "rank"] {
        for (key, shape) in [
            ("scores", vec![4, 4]),
            ("sample_scores", vec![drawn, 4, 4]),
            ("low_samples", vec![drawn]),
        ] {
            let array = npz.array(&format!("{key}.{metric}")).expect(metric);
            assert_eq!(array.shape(), shape, "{key}.{metric}");
        }
        assert!(npz.array(&format!("low_score.{metric}")).is_some());
        assert!(npz.array(&format!("high_score.{metric}")).is_some());
    }
}
