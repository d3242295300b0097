//! What a tap, a mean or another place puts in place, against a program that runs each cell as a forward pass and finds
//! the values itself.

use mambascope_model::{Error as ModelError, Timing};

use super::*;
use crate::elsewhere::{Elsewhere, Run};
use crate::fill::Fill;
use crate::plan::Direction;
use crate::swap::swap;
use crate::{Corruption, TokenSet};

/// What is put in place, as the naive program is told it.
#[derive(Debug, Clone, Copy)]
enum Said {
    Tap,
    Scaled(f64),
    Mean,
    Elsewhere { run: Run, token: Option<usize>, layer: Option<usize> },
}

/// Half of the square, and a little that grows with token and layer.
fn made(spot: Spot, token: usize, now: &Tensor) -> Tensor {
    let shift = 0.01 * token as f64 + 0.1 * spot.layer as f64;
    (now.sqr().expect("squares") * 0.5).and_then(|half| half + shift).expect("sums")
}

/// A tap that would show, by its count, if values shared one.
#[derive(Clone)]
struct Made {
    seen: usize,
}

impl Tap for Made {
    fn wants(&self, _: Spot) -> bool {
        true
    }

    fn visit(&mut self, _: Spot, _: Tensor) -> Result<Tensor, ModelError> {
        unreachable!("a trace's tap steps")
    }

    fn step(&mut self, spot: Spot, token: usize, now: Tensor) -> Result<Tensor, ModelError> {
        self.seen += 1;
        assert_eq!((self.seen, now.dims()[0]), (1, 1), "a fresh tap for every value");
        Ok(made(spot, token, &now))
    }
}

const PROMPTS: [&[u32]; 3] = [&[3, 4], &[5], &[6, 7, 8, 3]];

#[derive(Debug, Clone)]
struct Filled {
    case: Case,
    said: Said,
    timing: u8,
    noising: bool,
    swapped: Option<Vec<u32>>,
}

fn filled() -> impl Strategy<Value = Filled> {
    let place = (any::<bool>(), prop::option::of(0..16_usize), prop::option::of(0..8_usize));
    let said = (0..6_u8, place, -2.0..2.0_f64);
    let swapped = prop::option::of(prop::collection::vec(0..32_u32, 1..4));
    (cases(), said, 0..3_u8, any::<bool>(), swapped).prop_map(
        |(case, (kind, (clean, token, layer), factor), timing, noising, swapped)| {
            let run = if clean { Run::Clean } else { Run::Patched };
            let layer = layer.filter(|_| case.site != Site::Embed);
            let named = token.or_else(|| layer.is_none().then_some(0));
            let said = match kind {
                0 | 1 => Said::Tap,
                2 => Said::Mean,
                3 => Said::Scaled(factor),
                _ => Said::Elsewhere {
                    run,
                    token: named,
                    layer: layer.map(|layer| layer % case.config.layers),
                },
            };
            Filled { case, said, timing, noising, swapped }
        },
    )
}

impl Filled {
    fn timing(&self) -> Timing {
        match (self.case.site, self.timing) {
            (Site::State | Site::ConvState, 1) => Timing::CarryOnly,
            (Site::State | Site::ConvState, 2) => Timing::ReadOnly,
            _ => Timing::ReadThrough,
        }
    }

    /// The named token, within the run that is named.
    fn token(&self, plan: &Resolved) -> Option<usize> {
        let Said::Elsewhere { run, token, .. } = self.said else { return None };
        let prompt = if run == Run::Clean { &plan.prompt } else { plan.patched() };
        token.map(|token| token % prompt.ids.len())
    }

    fn trace(&self, model: &Model) -> Trace {
        let trace = self.case.trace(model).timing(self.timing());
        let direction = if self.noising { Direction::Noise } else { Direction::Denoise };
        let corruption = match &self.swapped {
            // The subject in its own place is refused.
            Some(ids) if ids[..] != self.case.ids[self.case.subject.clone()] => {
                Corruption::from(swap(ids.clone()))
            }
            _ => trace.plan().corrupt.clone(),
        };
        let trace = trace.direction(direction).corrupt(corruption);
        let plan = trace.resolve().expect("a sound plan");
        match self.said {
            Said::Tap => trace.tap("made", Made { seen: 0 }),
            Said::Scaled(factor) => trace.fill(Fill::Scaled(factor)),
            Said::Mean => trace.fill(Fill::mean(PROMPTS)),
            Said::Elsewhere { run, layer, .. } => {
                let token = self.token(&plan).map(TokenSet::from);
                trace.fill(Elsewhere { run, token, layer })
            }
        }
    }
}

/// Whether what is put in place is what is there, which is refused.
fn is_its_own(trace: &Trace) -> bool {
    trace.explain().contains("which is what is there already")
}

/// The rows of a site of a layer of a run, each flat.
fn rows(run: &Activations, spot: Spot) -> Vec<Vec<f64>> {
    let tensor = run.at(spot.site, spot.layer).expect("kept").to_dtype(DType::F64).expect("cast");
    let row = |token| tensor.get(token)?.flatten_all()?.to_vec1();
    (0..tensor.dim(0).expect("rows")).map(|token| row(token).expect("numbers")).collect()
}

/// The mean over all tokens of the prompts, by single runs.
fn mean(model: &Model, spot: Spot) -> Vec<f64> {
    let runs = PROMPTS.map(|ids| model.activations(ids, &[spot]).expect("a run"));
    let rows: Vec<Vec<f64>> = runs.iter().flat_map(|run| rows(run, spot)).collect();
    let column = |place: usize| rows.iter().map(|row| row[place]).sum::<f64>() / rows.len() as f64;
    (0..rows[0].len()).map(column).collect()
}

/// One cell: a whole run in which one token's values are replaced.
struct OneCell<'a> {
    filled: &'a Filled,
    plan: &'a Resolved,
    model: &'a Model,
    token: usize,
    layers: Range<usize>,
    clean: &'a Activations,
    patched: &'a Activations,
}

impl OneCell<'_> {
    fn becomes(&self, spot: Spot, now: &Tensor) -> Tensor {
        let put = |row: Vec<f64>| {
            let row = Tensor::from_vec(row, now.shape(), now.device()).expect("a row");
            row.to_dtype(now.dtype()).expect("cast")
        };
        match self.filled.said {
            Said::Tap => made(spot, self.token, now),
            Said::Scaled(factor) => (now * factor).expect("scaled"),
            Said::Mean => put(mean(self.model, spot)),
            Said::Elsewhere { run, layer, .. } => {
                let spot = Spot { layer: layer.unwrap_or(spot.layer), ..spot };
                let same = if self.plan.direction == Direction::Denoise && run == Run::Clean {
                    self.plan.align[self.token]
                } else {
                    self.token
                };
                let token = self.filled.token(self.plan).unwrap_or(same);
                let run = if run == Run::Clean { self.clean } else { self.patched };
                put(rows(run, spot)[token].clone())
            }
        }
    }
}

impl Tap for OneCell<'_> {
    fn wants(&self, spot: Spot) -> bool {
        let here = spot.site == Site::Embed || self.layers.contains(&spot.layer);
        spot.site == self.filled.case.site && here
    }

    fn timing(&self, _: Spot) -> Timing {
        self.filled.timing()
    }

    fn visit(&mut self, spot: Spot, now: Tensor) -> Result<Tensor, ModelError> {
        let row = |token| {
            let now = now.get(token).expect("a row");
            if token == self.token { self.becomes(spot, &now) } else { now }
        };
        Ok(Tensor::stack(&(0..now.dim(0)?).map(row).collect::<Vec<_>>(), 0)?)
    }

    fn step(&mut self, spot: Spot, token: usize, now: Tensor) -> Result<Tensor, ModelError> {
        if token != self.token {
            return Ok(now);
        }
        Ok(self.becomes(spot, &now.get(0)?).unsqueeze(0)?)
    }
}

/// The scores of a plan: one forward pass a cell and sample.
fn one_by_one(filled: &Filled, model: &Model, plan: &Resolved, answer: u32) -> Vec<f64> {
    let clean = model.embeddings(&plan.prompt.ids).expect("embedded");
    let site = filled.case.site;
    let spots: Vec<Spot> =
        (0..site.layers(model.config())).map(|layer| Spot { site, layer }).collect();
    let record = |embeddings| model.activations_of(embeddings, &spots).expect("a run");
    let grid = plan.grid.as_ref().expect("a grid");
    let mut scores = Vec::new();
    for sample in &corrupted_runs(model, plan, &clean, &Unwatched).expect("drawn") {
        let run = if plan.direction == Direction::Denoise { sample } else { &clean };
        let (was_clean, was) = (record(&clean), record(run));
        for &token in &grid.tokens {
            for &centre in &grid.layers {
                let layers = grid.window.layers(centre, model.config().layers);
                let (clean, patched) = (&was_clean, &was);
                let mut cell = OneCell { filled, plan, model, token, layers, clean, patched };
                let logits = model.run_embeddings(run, &mut cell).expect("a run");
                scores.push(probability(&logits, answer));
            }
        }
    }
    scores
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_filled_in_is_the_one_cell_program(filled in filled()) {
        let fast = filled.case.model();
        let exact = fast.computed(Compute::Reference64).expect("packed");
        prop_assume!(!is_its_own(&filled.trace(&fast)));
        let (plan, ran) = outcome(&filled.trace(&exact));
        let expected = one_by_one(&filled, &exact, &plan, ran.answer);
        prop_assert!(worst(&ran.scores, &expected) < EXACT, "{}", filled.trace(&exact).explain());
        let (plan, ran) = outcome(&filled.trace(&fast).answer(ran.answer));
        let expected = one_by_one(&filled, &fast, &plan, ran.answer);
        prop_assert!(worst(&ran.scores, &expected) < FAST, "{}", filled.trace(&fast).explain());
        prop_assert_eq!(ran.work, planned(&plan, filled.case.config.layers));
    }

    #[test]
    fn chunks_change_no_bit_of_what_is_filled_in(filled in filled(), budget in budgets()) {
        let model = filled.case.model();
        prop_assume!(!is_its_own(&filled.trace(&model)));
        let (plan, whole) = outcome(&filled.trace(&model));
        let parts = run_within(&model, &plan, &Unwatched, budget).expect("a run");
        prop_assert_eq!(whole.scores, parts.scores);
    }

    #[test]
    fn a_value_of_its_own_place_changes_nothing(case in cases()) {
        let exact = case.model().computed(Compute::Reference64).expect("packed");
        let (own, place) = (case.trace(&exact).window(1), Elsewhere::patched().token(TokenSet::Last));
        let last = case.config.layers - 1;
        let own = match case.site {
            Site::Embed => own.fill(place),
            site => own.restore((site, last)).fill(place.layer(last)),
        };
        // The last token alone would be refused; beside others its row says the same.
        prop_assume!(case.ids.len() > 1);
        let (_, ran) = outcome(&own.tokens(TokenSet::All));
        let rows = ran.scores.chunks(case.ids.len());
        let last: Vec<f64> = rows.filter_map(|sample| sample.last().copied()).collect();
        prop_assert!(worst(&last, &ran.low) < EXACT);
    }
}
