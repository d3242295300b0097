//! Severed modules with ROME's stream of noise, against its algorithm: one generator for two passes, a forward pass a cell.

use mambascope_model::Error as ModelError;

use super::*;
use crate::TokenSet;
use crate::random::RandomState;
use crate::sever::Stream;

/// The second pass of a cell: the residual stream restored at one token of one layer, a site held there in all layers.
struct SecondPass<'a> {
    clean: &'a Activations,
    first_pass: &'a Activations,
    severed: Site,
    token: usize,
    layers: Range<usize>,
}

impl Tap for SecondPass<'_> {
    fn wants(&self, spot: Spot) -> bool {
        spot.site == self.severed || (spot.site == Site::Resid && self.layers.contains(&spot.layer))
    }

    fn visit(&mut self, spot: Spot, now: Tensor) -> Result<Tensor, ModelError> {
        let from = if spot.site == self.severed { self.first_pass } else { self.clean };
        let from = from.at(spot.site, spot.layer).expect("recorded");
        let row = |row| if row == self.token { from.get(row) } else { now.get(row) };
        let rows = (0..now.dim(0)?).map(row).collect::<Result<Vec<_>, _>>()?;
        Ok(Tensor::stack(&rows, 0)?)
    }
}

/// The noise that the program adds.
#[derive(Debug, Clone, Copy)]
enum Drawn {
    Gaussian,
    Uniform,
}

/// ROME's program: the scores by sample, token of the grid and layer, and the low score of each sample.
fn program(
    model: &Model,
    case: &Case,
    (severed, drawn): (Site, Drawn),
    (tokens, window, answer): (Range<usize>, Window, u32),
) -> (Vec<f64>, Vec<f64>) {
    let embeddings =
        model.embeddings(&case.ids).expect("embedded").to_dtype(DType::F64).expect("f64");
    let clean_rows: Vec<Vec<f64>> = embeddings.to_vec2().expect("rows");
    let (width, range, layers) = (case.config.width, case.subject.clone(), case.config.layers);
    let mut generator = RandomState::new(case.noise_seed);
    let numbers = case.samples * range.len() * width;
    let mut pass = || -> Vec<Tensor> {
        let draws = match drawn {
            Drawn::Gaussian => generator.normals(numbers),
            Drawn::Uniform => generator.uniform(-1.0, 1.0, numbers),
        };
        let sample = |draws: &[f64]| {
            let mut rows = clean_rows.clone();
            for (row, draws) in rows[range.clone()].iter_mut().zip(draws.chunks(width)) {
                row.iter_mut().zip(draws).for_each(|(value, draw)| *value += 0.7 * draw);
            }
            Tensor::new(rows, embeddings.device()).expect("rows")
        };
        draws.chunks(range.len() * width).map(sample).collect()
    };
    let (first, second) = (pass(), pass());
    let all: Vec<Spot> = (0..layers)
        .flat_map(|layer| [Site::Resid, severed].map(|site| Spot { site, layer }))
        .collect();
    let clean = model.activations(&case.ids, &all).expect("recorded");
    let mut scores = Vec::new();
    for (first, second) in first.iter().zip(&second) {
        let first_pass = model.activations_of(first, &all).expect("recorded");
        for token in tokens.clone() {
            for centre in 0..layers {
                let layers = window.layers(centre, layers);
                let (clean, first_pass) = (&clean, &first_pass);
                let mut tap = SecondPass { clean, first_pass, severed, token, layers };
                let logits = model.run_embeddings(second, &mut tap).expect("a run");
                scores.push(probability(&logits, answer));
            }
        }
    }
    let low =
        |run: &Tensor| probability(&model.run_embeddings(run, &mut Nobody).expect("a run"), answer);
    (scores, first.iter().map(low).collect())
}

fn severable() -> impl Strategy<Value = Site> {
    prop_oneof![
        Just(Site::MixerOut),
        Just(Site::MixerOut),
        Just(Site::ScanOut),
        Just(Site::Gate),
        Just(Site::NormOut),
        Just(Site::ConvIn)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn romes_stream_is_its_algorithm(case in cases(), severed in severable(), uniform in any::<bool>(), whole in any::<bool>(), size in 1..3_usize, budget in budgets()) {
        let model = case.model().computed(Compute::Reference64).expect("packed");
        let drawn = if uniform { Drawn::Uniform } else { Drawn::Gaussian };
        let noise = if uniform { Noise::uniform(0.7) } else { Noise::gaussian(0.7) };
        let noise = noise.samples(case.samples).seed(case.noise_seed);
        let trace = model.trace(case.ids.clone()).subject(case.subject.clone()).corrupt(noise);
        let last = case.subject.end - 1;
        let (trace, tokens) = if whole {
            (trace.path_blocking(severed).tokens(TokenSet::All), 0..case.ids.len())
        } else {
            (trace.path_blocking(severed).tokens(TokenSet::SubjectLast), last..last + 1)
        };
        let window = Window::from(size);
        let (plan, ran) = outcome(&trace.window(window).stream(Stream::Rome));
        let (scores, low) = program(&model, &case, (severed, drawn), (tokens, window, ran.answer));
        prop_assert!(worst(&ran.scores, &scores) < EXACT, "{}", trace.explain());
        prop_assert!(worst(&ran.low, &low) < EXACT);
        prop_assert_eq!(ran.work, planned(&plan, case.config.layers));
        let parts = run_within(&model, &plan, &Unwatched, budget).expect("a run");
        prop_assert_eq!((parts.scores, parts.low), (ran.scores, ran.low));
    }
}

#[test]
fn severed_modules_are_ours_unless_romes_are_asked_for() {
    let model = Model::random(&Config::tiny(), 3).expect("a sound shape");
    let noise = Noise::gaussian(1.0).samples(3);
    let noisy = model.trace([3, 1, 4, 1, 5]).subject(1..3).corrupt(noise);
    let ours = noisy.severed_modules();
    assert_eq!(ours.plan(), ours.stream(Stream::Same).plan());
    assert!(
        !ours.plan().to_json().expect("json").contains("stream"),
        "old plans have the same text"
    );
    let rome = ours.stream(Stream::Rome);
    assert!(rome.explain().contains("ROME's"), "{rome}");
    assert_eq!(
        crate::Plan::from_json(&rome.plan().to_json().expect("json")).expect("a plan"),
        *rome.plan()
    );
    let (ours, rome) = (outcome(&ours).1, outcome(&rome).1);
    assert!(worst(&ours.scores, &rome.scores) > 1e-4);
    assert_eq!((ours.low, ours.high), (rome.low, rome.high));
}

#[test]
fn romes_stream_needs_romes_plan() {
    let model = Model::tiny();
    let noisy = model.trace([3, 1, 4, 1, 5]).subject(1..3).corrupt(Noise::gaussian(1.0));
    let rome = noisy.severed_modules().stream(Stream::Rome);
    assert!(rome.check().is_ok());
    for wrong in [
        noisy.restore(..).stream(Stream::Rome),
        noisy.restore(..).sever_at(Site::Gate, TokenSet::Last).stream(Stream::Rome),
        rome.direction(crate::Direction::Noise),
        rome.until(0.1),
        rome.corrupt(Noise::multivariate()),
        rome.corrupt(Noise::student(3.0)),
        rome.corrupt(Noise::gaussian(1.0).replacing()),
        rome.corrupt(crate::swap([7])),
    ] {
        let said = wrong.check().expect_err("refused").to_string();
        assert!(said.contains("ROME's stream") && said.contains("help:"), "{said}");
    }
}
