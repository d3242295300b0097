//! Traces that go up the layers together, against each of them alone: not a bit differs, and the shared work is done once.

use std::sync::Mutex;

use super::patches::{Said, said};
use super::*;
use crate::elsewhere::Elsewhere;
use crate::metrics::Metric;
use crate::plan::Direction;
use crate::swap::swap;
use crate::{Effects, TokenSet, Work, together};

/// Some traces of one model that have the same runs; each has its own number as its answer or measures more.
fn traces(said: &[Said], model: &Model) -> Vec<Trace> {
    let trace = |(index, one): (usize, &Said)| {
        let trace = match one.of_runs(&said[0]).trace(model) {
            trace if index == 1 && !one.sites.contains(&Site::State) => {
                trace.sever_at((Site::State, ..), TokenSet::Subject)
            }
            trace => trace,
        };
        match index % 3 {
            0 => trace,
            1 => trace.answer(index as u32),
            _ => trace.foil(30).answer(2).metrics(Metric::ALL),
        }
    };
    said.iter().enumerate().map(trace).collect()
}

/// All that was measured, to the last bit, and no work.
fn measured(effects: &Effects) -> String {
    let effects = Effects { work: Work::default(), ..effects.clone() };
    serde_json::to_string(&effects).expect("json")
}

fn resolved(traces: &[Trace]) -> Vec<Resolved> {
    traces.iter().map(|trace| trace.resolve().expect("a sound plan")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_has_the_bits_that_it_has_alone(said in prop::collection::vec(said(), 2..5)) {
        let model = Model::random(&said[0].config, said[0].model_seed).expect("a sound shape");
        let (traces, layers) = (traces(&said, &model), said[0].config.layers);
        let ran = together(traces.clone()).run().expect("a run");
        for (trace, ran) in traces.iter().zip(&ran) {
            prop_assert_eq!(measured(ran), measured(&trace.run().expect("a run")));
        }
        let mut in_order = ran.iter().map(Effects::work).collect::<Vec<_>>();
        for walk in together(traces).walks().expect("sound plans") {
            let plans = resolved(walk.traces());
            for planned in planned_together(&plans.iter().collect::<Vec<_>>(), layers) {
                let place = in_order.iter().position(|work| *work == planned);
                prop_assert!(place.is_some(), "{planned:?} is not in {in_order:?}");
                in_order.remove(place.expect("a place"));
            }
        }
        prop_assert!(in_order.is_empty());
    }

    #[test]
    fn chunks_change_no_bit_of_several(said in prop::collection::vec(said(), 2..4), budget in budgets()) {
        let model = Model::random(&said[0].config, said[0].model_seed).expect("a sound shape");
        for walk in together(traces(&said, &model)).walks().expect("sound plans") {
            let plans = resolved(walk.traces());
            let some: Vec<&Resolved> = plans.iter().collect();
            let parts = run_together_within(&model, &some, &Unwatched, budget).expect("a run");
            for (plan, parts) in some.iter().zip(parts) {
                let whole = run(&model, plan, &Unwatched).expect("a run");
                prop_assert_eq!(whole.scores, parts.scores);
                prop_assert_eq!((whole.low, whole.high.to_bits()), (parts.low, parts.high.to_bits()));
                prop_assert_eq!(format!("{:?}", whole.also), format!("{:?}", parts.also));
            }
        }
    }
}

/// A trace whose subject is noised, nothing restored yet.
fn noisy() -> Trace {
    let model = Model::random(&Config::tiny(), 3).expect("a sound shape");
    let noise = Noise::gaussian(0.4).samples(3);
    model.trace([3, 1, 4, 1, 5, 9, 2]).subject(2..4).corrupt(noise)
}

#[test]
fn all_sites_share_one_walk() {
    let noisy = noisy();
    let sites = Site::ALL[..RESTORABLE].iter();
    let traces: Vec<Trace> = sites.map(|&site| noisy.restore(site).window(1)).collect();
    let all = together(traces.clone());
    assert_eq!(all.walks().expect("sound plans").len(), 1);
    let ran = all.run().expect("a run");
    let (layers, tokens, samples) = (Config::tiny().layers, 7, 3);
    let base: usize = ran.iter().map(|effects| effects.work().base_steps).sum();
    assert_eq!(base, layers * tokens * (samples + 1), "once for all");
    assert_eq!(ran[0].work().base_steps, base);
    for (trace, ran) in traces.iter().zip(&ran) {
        let alone = trace.run().expect("a run");
        assert_eq!(measured(ran), measured(&alone));
        assert_eq!(ran.work().layer_steps, alone.work().layer_steps);
    }
    let rows = |effects: &Effects| effects.work().head_rows;
    assert_eq!(rows(&traces[1].run().expect("a run")) - rows(&ran[1]), 1 + samples);
}

#[test]
fn runs_to_another_layer_are_those_of_the_trace_that_asks() {
    let noisy = noisy();
    let one = noisy.restore((Site::Gate, 2..4)).window(1);
    let other = one.fill(Elsewhere::clean().layer(1));
    let ran = together([one, other.clone(), noisy]).run().expect("a run");
    let steps: Vec<usize> = ran.iter().map(|effects| effects.work().base_steps).collect();
    assert_eq!(steps, [4 * 7 * 4, 2 * 7 * 4, 0]);
    assert_eq!(measured(&ran[1]), measured(&other.run().expect("a run")));
    assert!(ran[2].heatmap().is_err(), "nothing is restored");
}

#[test]
fn what_is_kept_for_all_counts_in_the_budget() {
    let (noisy, config) = (noisy(), Config::tiny());
    let plans = |sites: &[Site]| -> Vec<Resolved> {
        let traces = sites.iter().map(|&site| noisy.restore(site).window(1));
        resolved(&traces.collect::<Vec<_>>())
    };
    let besides =
        |sites: &[Site]| chunks::kept_besides(&config, &plans(sites).iter().collect::<Vec<_>>());
    assert_eq!(besides(&[Site::Gate, Site::ScanOut, Site::MixerOut]), 0, "the last keeps them all");
    assert_eq!(besides(&[Site::ConvIn, Site::Delta, Site::C]), config.inner + config.state);
    let plans = plans(&[Site::ConvIn, Site::Gate]);
    let some: Vec<&Resolved> = plans.iter().collect();
    let walked = |budget| {
        let ran = run_together_within(noisy.model(), &some, &Unwatched, budget).expect("a run");
        assert_eq!(ran[1].work.base_steps, 0);
        ran[0].work.base_steps
    };
    let (layers, tokens, samples) = (config.layers, 7, 3);
    assert_eq!(walked(BUDGET), layers * tokens * (samples + 1));
    // A sample and a token of a map at a time, each with the clean run.
    let families = plans.iter().map(|plan| cells::that_matter(plan, layers).len()).sum::<usize>();
    assert_eq!(walked(1), families * layers * tokens * samples * 2);
}

#[test]
fn other_runs_go_alone() {
    let noisy = noisy();
    let one = noisy.restore(..);
    let apart = [
        one.until(0.3),
        one.direction(Direction::Noise),
        one.subject(2..3),
        one.corrupt(Noise::gaussian(0.4).samples(4)),
        one.corrupt(Noise::gaussian(0.4).samples(3).seed(2)),
        one.corrupt(swap([7])),
        one.pairs(&[(0, 1)]),
        Model::random(&Config::tiny(), 3).expect("a sound shape").trace([3, 1, 4, 1, 5, 9, 2]),
    ];
    for other in apart {
        let other = if other.plan().restore.is_some() {
            other
        } else {
            other.subject(2..4).corrupt(Noise::gaussian(0.4).samples(3)).restore(..)
        };
        let traces = [one.clone(), other.clone(), one.restore(Site::Gate)];
        let walks = together(traces).walks().expect("sound plans");
        let counts: Vec<usize> = walks.iter().map(|walk| walk.traces().len()).collect();
        assert_eq!(counts, [2, 1], "{other}");
    }
    let bare = noisy.corrupt(swap([7]));
    let ends = [bare.restore(..), one.until(0.3), bare.restore(Site::Gate), one];
    let ran = together(ends.clone()).run().expect("a run");
    for (trace, ran) in ends.iter().zip(&ran) {
        assert_eq!(measured(ran), measured(&trace.run().expect("a run")), "in the order given");
    }
    assert!(together([]).run().expect("nothing to do").is_empty());
}

#[test]
fn all_that_is_wrong_with_any_is_said_once() {
    let wrong = noisy().subject(5..9);
    let all = together([wrong.restore((Site::Gate, 9..)), wrong.restore(Site::Logits), noisy()]);
    let Err(Error::Plan { problems }) = all.run() else { panic!("plans that cannot run") };
    let said = |words: &str| problems.iter().filter(|problem| problem.what.contains(words)).count();
    assert_eq!((said("subject"), said("layers 9.."), said("logits is restored")), (1, 1, 1));
    assert!(all.check().is_err() && all.walks().is_err() && all.memory().is_err());
    assert!(all.explain().contains("layers 9.."), "{all}");
}

/// Notes how far it is told that runs are; stops them when it was asked so often.
struct Noting {
    told: Mutex<Vec<Progress>>,
    asked: AtomicUsize,
    patience: usize,
}

impl Watch for Noting {
    fn progress(&self, progress: Progress) {
        self.told.lock().expect("whole").push(progress);
    }

    fn stopped(&self) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed) >= self.patience
    }
}

#[test]
fn a_watcher_hears_of_all_and_may_stop_all() {
    let noisy = noisy();
    let apart = noisy.restore(..).direction(Direction::Noise);
    let all = together([noisy.restore(..), apart, noisy.restore(Site::Gate)]);
    let watch = |patience| Noting { told: Mutex::default(), asked: AtomicUsize::new(0), patience };
    let patient = watch(usize::MAX);
    all.run_watched(&patient).expect("a run");
    let (told, asked) = (patient.told.into_inner().expect("whole"), patient.asked.into_inner());
    let cells = 3 * 7 * 4;
    assert!(told.iter().all(|progress| progress.cells == cells && progress.cells_done <= cells));
    assert_eq!(told.last().map(|progress| progress.cells_done), Some(cells));
    let halfway = told.iter().position(|progress| progress.cells_done == 2 * 7 * 4);
    assert!(halfway.is_some_and(|place| place + 1 < told.len()), "two maps, then the third");
    for patience in [0, asked / 3, asked - 1] {
        let stopped = all.run_watched(&watch(patience));
        assert!(matches!(stopped, Err(Error::Stopped)), "after {patience} of {asked}");
    }
}
