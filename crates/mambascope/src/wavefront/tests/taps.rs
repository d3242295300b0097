//! Single taps of a convolution's window, against a program that knows of no window: what comes back is, in each later
//! output that still holds the input, the convolution's weight times what changed.

use mambascope_model::{Error as ModelError, Timing};

use super::*;

/// A run in which one input of a layer's convolution is another to some tokens.
struct Replaced<'a> {
    layer: usize,
    /// The input's token.
    input: usize,
    /// Who reads it anew.
    readers: Range<usize>,
    /// What it changes by, `[E]`.
    change: &'a Tensor,
    /// The convolution's weights, `[E, K]`, the token's own last.
    weight: &'a Tensor,
}

impl Tap for Replaced<'_> {
    fn wants(&self, spot: Spot) -> bool {
        spot == Spot { site: Site::ConvOut, layer: self.layer }
    }

    fn visit(&mut self, _: Spot, now: Tensor) -> Result<Tensor, ModelError> {
        let width = self.weight.dim(1)?;
        let row = |token: usize| {
            let now = now.get(token)?;
            if !self.readers.contains(&token) || token - self.input >= width {
                return Ok(now);
            }
            let weight = self.weight.narrow(1, width - 1 - (token - self.input), 1)?.squeeze(1)?;
            now + (weight * self.change)?
        };
        let rows = (0..now.dim(0)?).map(row).collect::<candle_core::Result<Vec<_>>>()?;
        Ok(Tensor::stack(&rows, 0)?)
    }
}

/// The scores of a trace that restores one tap, cell by cell.
fn one_by_one(trace: &Trace, plan: &Resolved, answer: u32, tap: usize, timing: Timing) -> Vec<f64> {
    let (model, config) = (trace.model(), trace.model().config());
    let clean = model.embeddings(&plan.prompt.ids).expect("embedded");
    let spots = (0..config.layers).map(|layer| Spot { site: Site::ConvIn, layer });
    let spots: Vec<Spot> = spots.collect();
    let was = model.activations_of(&clean, &spots).expect("a run");
    let mut scores = Vec::new();
    for run in corrupted_runs(model, plan, &clean, &Unwatched).expect("drawn") {
        let is = model.activations_of(&run, &spots).expect("a run");
        for token in 0..plan.prompt.ids.len() {
            for layer in 0..config.layers {
                let Some(input) = (token + tap + 1).checked_sub(config.convolution) else {
                    scores.push(probability(
                        &model.run_embeddings(&run, &mut Nobody).expect("a run"),
                        answer,
                    ));
                    continue;
                };
                let of = |run: &Activations| {
                    run.at(Site::ConvIn, layer).expect("kept").get(input).expect("a row")
                };
                let name = format!("backbone.layers.{layer}.mixer.conv1d.weight");
                let weight = model.tensors().tensor(&name).expect("a tensor").squeeze(1);
                let weight = weight.and_then(|weight| weight.to_dtype(DType::F64)).expect("f64");
                let readers = match timing {
                    Timing::ReadOnly => token..token + 1,
                    Timing::CarryOnly => token + 1..plan.prompt.ids.len(),
                    _ => token..plan.prompt.ids.len(),
                };
                let change = (of(&was) - of(&is)).expect("a difference");
                let (change, weight) = (&change, &weight);
                let mut tap = Replaced { layer, input, readers, change, weight };
                scores.push(probability(
                    &model.run_embeddings(&run, &mut tap).expect("a run"),
                    answer,
                ));
            }
        }
    }
    scores
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restored_tap_is_its_weight_times_what_changed(case in cases(), tap in 0..4_usize, time in 0..3_u8) {
        let model = case.model();
        let exact = model.computed(Compute::Reference64).expect("packed");
        let tap = tap % case.config.convolution;
        let timing = [Timing::ReadThrough, Timing::CarryOnly, Timing::ReadOnly][usize::from(time)];
        let said = |model: &Model| {
            case.trace(model).restore(Site::ConvState).window(1).taps(tap).timing(timing)
        };
        let (plan, ran) = outcome(&said(&exact));
        let expected = one_by_one(&said(&exact), &plan, ran.answer, tap, timing);
        prop_assert!(worst(&ran.scores, &expected) < EXACT);
        let fast = outcome(&said(&model).answer(ran.answer)).1;
        prop_assert!(worst(&fast.scores, &expected) < 10.0 * FAST);
    }
}
