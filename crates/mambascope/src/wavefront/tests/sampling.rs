//! Noise by every rule is what the rules say; samples drawn in parts are those drawn at once.

use super::*;
use crate::corrupt::multivariate::Moments;
use crate::metrics::Metric;
use crate::random::RandomState;
use crate::until::{Sampling, Until};

/// A trace of a small model under this noise, in f64.
fn noisy(noise: &Noise) -> Trace {
    let model = Model::random(&Config::tiny(), 7).expect("a sound shape");
    let exact = model.computed(Compute::Reference64).expect("packed");
    exact
        .trace([3, 1, 4, 1, 5, 9])
        .subject(1..3)
        .corrupt(noise.clone())
        .restore(Site::MixerOut)
        .window(2)
}

/// The embeddings of some tokens, in f64.
fn embedded(model: &Model, ids: &[u32]) -> Vec<f64> {
    let rows = model.embeddings(ids).expect("embedded").to_dtype(DType::F64).expect("f64");
    rows.flatten_all().expect("flat").to_vec1().expect("f64")
}

#[test]
fn traces_are_corrupted_by_the_rules_m_and_t() {
    let width = Config::tiny().width;
    for noise in [Noise::multivariate().samples(4), Noise::student(3.0).samples(4).seed(5)] {
        let trace = noisy(&noise);
        let (plan, ran) = outcome(&trace);
        let model = trace.model();
        // The rule from its parts: the table's moments, all draws at once, one factor for each sample and token.
        let mut moments = Moments::new(width);
        let all: Vec<u32> = (0..model.config().known_vocabulary as u32).collect();
        moments.add(&embedded(model, &all));
        let draws = RandomState::new(noise.seed).normals(4 * 2 * width);
        let draws = match noise.distribution {
            crate::Distribution::Student(degrees) => {
                moments.normal().transform_student(&draws, degrees)
            }
            _ => moments.normal().transform(&draws),
        };
        let clean = embedded(model, &plan.prompt.ids);
        for (sample, draws) in draws.chunks_exact(2 * width).enumerate() {
            let mut rows = clean.clone();
            rows[width..3 * width].iter_mut().zip(draws).for_each(|(value, draw)| *value += draw);
            let shape = (plan.prompt.ids.len(), width);
            let rows = Tensor::from_vec(rows, shape, &candle_core::Device::Cpu).expect("rows");
            let logits = model.run_embeddings(&rows, &mut Nobody).expect("run");
            let expected = probability(&logits, ran.answer);
            assert!((ran.low[sample] - expected).abs() < EXACT, "{noise}, sample {sample}");
        }
        assert!(worst(&ran.scores, &naive(model, &plan, ran.answer)) < EXACT, "{noise}");
    }
}

#[test]
fn samples_in_parts_are_samples_at_once() {
    let noises = [
        Noise::gaussian(0.7).samples(4),
        Noise::uniform(1.0).samples(3).replacing(),
        Noise::multivariate().samples(5).seed(3),
        Noise::student(4.0).samples(2),
    ];
    for noise in noises {
        let trace = noisy(&noise).foil(2).metrics(Metric::ALL).answer(1);
        let first = trace.until(1.0).run().expect("a run").sampling().expect("asked");
        let until = Until::width(first.widest.expect("two samples") / 2.0).most(200);
        let (_, parts) = outcome(&trace.until(until));
        assert!(parts.low.len() > noise.samples, "{noise}: more were needed");
        let (_, whole) = outcome(&trace.corrupt(noise.samples(parts.low.len())));
        assert_eq!(parts.low, whole.low, "{noise}");
        assert_eq!(parts.scores, whole.scores, "{noise}");
        assert_eq!(parts.also, whole.also, "{noise}");
        let first = outcome(&trace).1;
        assert_eq!(parts.scores[..first.scores.len()], first.scores, "{noise}");
        assert_eq!(parts.work.layer_steps, whole.work.layer_steps, "{noise}");
    }
}

#[test]
fn sampling_stops_when_intervals_are_narrow() {
    let trace = noisy(&Noise::gaussian(0.7).samples(5));
    let wide = trace.run().expect("a run");
    let widest = |effects: &crate::Effects| {
        let cells = effects.tokens().iter().flat_map(|&token| {
            effects.layers().iter().map(move |&layer| effects.interval(token, layer))
        });
        cells.map(|interval| interval.expect("a cell").width()).fold(0.0, f64::max)
    };
    let goal = widest(&wide) / 3.0;
    let narrow = trace.until(Until::width(goal).most(1000)).run().expect("a run");
    let sampling = narrow.sampling().expect("asked");
    assert!(sampling.is_met() && sampling.wide == 0);
    assert!(widest(&narrow) < goal && sampling.widest == Some(widest(&narrow)));
    assert_eq!(sampling.samples, narrow.low_samples().len());
    // Three times as narrow takes about nine times as many, and not all that may be taken.
    assert!((15..400).contains(&sampling.samples), "{sampling}");
    let few = trace.until(Until::width(goal).most(12)).run().expect("a run");
    let sampling = few.sampling().expect("asked");
    assert!(!sampling.is_met() && sampling.samples == 12 && sampling.wide > 0, "{sampling}");
    assert!(few.to_string().contains("12 samples") && few.to_string().contains("not narrower"));
    let enough = trace.until(2.0).run().expect("a run");
    assert_eq!(enough.sampling().expect("asked").samples, 5);
    assert_eq!(enough.scores, wide.scores);
    assert_eq!(wide.sampling(), None);
}

#[test]
fn with_nothing_restored_the_corrupted_run_decides() {
    let trace = noisy(&Noise::gaussian(0.7).samples(5));
    let bare =
        trace.model().trace([3, 1, 4]).subject(0..2).corrupt(Noise::gaussian(0.7).samples(5));
    let effects = bare.until(Until::width(0.005).most(500)).run().expect("a run");
    let sampling = effects.sampling().expect("asked");
    assert!(sampling.samples > 5 && sampling.wide <= 1, "{sampling}");
}

#[test]
fn a_watcher_hears_of_samples_and_may_stop_them() {
    #[derive(Default)]
    struct Heard {
        sampled: std::sync::Mutex<Vec<Sampling>>,
        patience: usize,
    }
    impl crate::Watch for Heard {
        fn progress(&self, progress: Progress) {
            assert!(progress.cells_done <= progress.cells);
        }
        fn sampled(&self, sampling: Sampling) {
            self.sampled.lock().expect("held by nobody").push(sampling);
        }
        fn stopped(&self) -> bool {
            self.sampled.lock().expect("held by nobody").len() > self.patience
        }
    }
    let trace = noisy(&Noise::gaussian(0.7).samples(5)).until(Until::width(0.01).most(60));
    let heard = Heard { patience: 100, ..Heard::default() };
    let effects = trace.run_watched(&heard).expect("a run");
    let sampled = heard.sampled.into_inner().expect("held by nobody");
    assert_eq!(sampled.first().expect("heard").samples, 5);
    assert_eq!(sampled.last().copied(), effects.sampling());
    let impatient = Heard::default();
    assert!(matches!(trace.run_watched(&impatient), Err(Error::Stopped)));
}
