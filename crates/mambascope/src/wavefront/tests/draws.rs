//! Noise that is filled in: each place has draws of its own, whatever else is asked for.

use mambascope_model::{Error as ModelError, Timing};

use super::*;
use crate::Corruption;
use crate::fill::Fill;
use crate::random::RandomState;
use crate::until::Until;

/// One cell of one sample: a whole run in which the token's values in some layers are drawn, by the rule in the docs.
struct Noised {
    site: Site,
    sample: u32,
    token: usize,
    layers: Range<usize>,
    seed: u32,
    is_added: bool,
}

impl Noised {
    fn becomes(&self, layer: usize, now: &Tensor) -> Tensor {
        let mut words = vec![self.seed, self.sample, layer as u32, self.token as u32];
        words.extend(self.site.name().bytes().map(u32::from));
        let draws = RandomState::of_words(&words).normals(now.elem_count());
        let draws = draws.into_iter().map(|draw| 0.3 * draw).collect();
        let draws = Tensor::from_vec(draws, now.shape(), now.device()).expect("a row");
        let draws = draws.to_dtype(now.dtype()).expect("cast");
        if self.is_added { (now + draws).expect("sums") } else { draws }
    }
}

impl Tap for Noised {
    fn wants(&self, spot: Spot) -> bool {
        spot.site == self.site && (spot.site == Site::Embed || self.layers.contains(&spot.layer))
    }

    fn visit(&mut self, spot: Spot, now: Tensor) -> Result<Tensor, ModelError> {
        let row = |row| {
            let value = now.get(row).expect("a row");
            if row == self.token { self.becomes(spot.layer, &value) } else { value }
        };
        Ok(Tensor::stack(&(0..now.dim(0)?).map(row).collect::<Vec<_>>(), 0)?)
    }

    fn step(&mut self, spot: Spot, token: usize, now: Tensor) -> Result<Tensor, ModelError> {
        if token == self.token { Ok(self.becomes(spot.layer, &now)) } else { Ok(now) }
    }

    fn timing(&self, _: Spot) -> Timing {
        Timing::ReadThrough
    }
}

fn fill(is_added: bool, seed: u32) -> Fill {
    if is_added {
        Fill::Noised { deviation: 0.3, seed }
    } else {
        Fill::Noise { deviation: 0.3, seed }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn drawn_values_are_the_one_cell_programs(case in cases(), is_added in any::<bool>(), seed in any::<u32>(), bare in any::<bool>(), budget in budgets()) {
        let model = case.model().computed(Compute::Reference64).expect("packed");
        let trace = case.trace(&model).fill(fill(is_added, seed));
        let trace = if bare { trace.corrupt(Corruption::Nothing) } else { trace };
        let (plan, ran) = outcome(&trace);
        let clean = model.embeddings(&case.ids).expect("embedded");
        let runs = corrupted_runs(&model, &plan, &clean, &Unwatched).expect("drawn");
        let runs = if bare { vec![clean] } else { runs };
        let grid = plan.grid.as_ref().expect("a grid");
        let mut scores = Vec::new();
        for (sample, run) in (0..).zip(&runs) {
            for &token in &grid.tokens {
                for &centre in &grid.layers {
                    let layers = grid.window.layers(centre, case.config.layers);
                    let mut tap = Noised { site: case.site, sample, token, layers, seed, is_added };
                    let logits = model.run_embeddings(run, &mut tap).expect("a run");
                    scores.push(probability(&logits, ran.answer));
                }
            }
        }
        prop_assert!(worst(&ran.scores, &scores) < EXACT, "{}", trace.explain());
        let parts = run_within(&model, &plan, &Unwatched, budget).expect("a run");
        prop_assert_eq!(parts.scores, ran.scores);
    }
}

#[test]
fn every_place_has_draws_of_its_own() {
    let draws = |site, layer, sample, token, seed| {
        let model = Model::tiny();
        let trace = model.trace([3, 1, 4]).subject(1..2).corrupt(Noise::gaussian(1.0));
        let plan = trace.restore(Site::Gate).fill(fill(false, seed)).resolve().expect("sound");
        let Fills::Drawn(draws) = prepare(&model, &plan, &Unwatched).expect("ready") else {
            panic!("noise is drawn")
        };
        draws.of((site, layer), Whose { sample, token }, 5)
    };
    let all = [
        draws(Site::Gate, 0, 0, 0, 1),
        draws(Site::ScanOut, 0, 0, 0, 1),
        draws(Site::Gate, 1, 0, 0, 1),
        draws(Site::Gate, 0, 1, 0, 1),
        draws(Site::Gate, 0, 0, 1, 1),
        draws(Site::Gate, 0, 0, 0, 2),
    ];
    for (index, one) in all.iter().enumerate() {
        assert!(
            all[..index].iter().all(|other| other[0] != one[0] && other[4] != one[4]),
            "{index}"
        );
    }
    assert_eq!(all[0], draws(Site::Gate, 0, 0, 0, 1));
}

#[test]
fn parts_and_further_samples_have_the_draws_of_all() {
    let model = Model::random(&Config::tiny(), 3).expect("a sound shape");
    let noise = |samples| Noise::gaussian(0.7).samples(samples);
    let noisy = |samples| model.trace([3, 1, 4, 1, 5]).subject(1..3).corrupt(noise(samples));
    let filled = |samples| noisy(samples).restore(Site::MixerOut).window(3).fill(fill(true, 7));
    let whole = filled(9).run().expect("a run");
    let part = filled(9).restore((Site::MixerOut, 1..3)).tokens(2..4).run().expect("a run");
    assert_eq!(part.samples(3, 2), whole.samples(3, 2));
    let drawn = filled(4).until(Until::width(1e-9).most(9)).run().expect("a run");
    assert_eq!(drawn.samples(3, 2), whole.samples(3, 2), "nine samples in two rounds");
    let distinct = whole.samples(3, 2);
    assert!(distinct.windows(2).all(|pair| pair[0] != pair[1]));
}
