//! Faults in the numbers, drawn at random: a run ends with an error that names the place, or all that it gives is finite.
//!
//! `MAMBASCOPE_FAULTS` says how many are drawn; 5,000 take some minutes.
#![expect(clippy::print_stdout, reason = "how often each outcome came is worth knowing")]

use std::collections::BTreeMap;

use candle_core::{DType, Tensor};
use mambascope::model::{self, Checkpoint, Config, Spot, Tap, Tensors, random_tensors};
use mambascope::prelude::*;
use mambascope::random::RandomState;

/// Faults that every run of the tests draws.
const FAULTS: usize = 150;

/// A stream of small choices.
struct Dice(RandomState);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        (self.0.uniform(0.0, count as f64, 1)[0] as usize).min(count - 1)
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// What is done to a model, or to its noise.
#[derive(Debug)]
enum Fault {
    Weight { tensor: String, elements: Vec<usize>, value: f64 },
    Factor { tensor: String, factor: f64 },
    Noise(f64),
}

const VALUES: [f64; 10] =
    [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e30, -1e30, 1e18, -3e38, 3e38, 1e300, -1e300];

fn fault(dice: &mut Dice, tensors: &BTreeMap<String, Tensor>) -> Fault {
    let names: Vec<&String> = tensors.keys().collect();
    let tensor = dice.one(&names).clone();
    let count = tensors[&tensor].elem_count();
    match dice.below(5) {
        0 => Fault::Noise(10_f64.powi(20 + dice.below(20) as i32)),
        1 => Fault::Factor { tensor, factor: dice.one(&[1e10, 1e20, 1e30, 1e38, -1e38, 1e200]) },
        2 => Fault::Weight { tensor, elements: (0..count).collect(), value: dice.one(&VALUES) },
        _ => {
            let elements = (0..=dice.below(3)).map(|_| dice.below(count)).collect();
            Fault::Weight { tensor, elements, value: dice.one(&VALUES) }
        }
    }
}

/// The tensors with the fault; f64 where f32 cannot hold it.
fn with(tensors: &BTreeMap<String, Tensor>, fault: &Fault) -> BTreeMap<String, Tensor> {
    let change = |name: &String, change: &dyn Fn(usize, f64) -> f64| {
        let tensor = &tensors[name];
        let flat = tensor.to_dtype(DType::F64).expect("f64").flatten_all().expect("flat");
        let numbers: Vec<f64> = flat.to_vec1().expect("numbers");
        let numbers: Vec<f64> =
            numbers.into_iter().enumerate().map(|(place, value)| change(place, value)).collect();
        let is_wide = numbers.iter().any(|value| value.is_finite() && !(*value as f32).is_finite());
        let dtype = if is_wide { DType::F64 } else { DType::F32 };
        let changed = Tensor::from_vec(numbers, tensor.shape(), tensor.device()).expect("a tensor");
        let mut all = tensors.clone();
        all.insert(name.clone(), changed.to_dtype(dtype).expect("a type"));
        all
    };
    match fault {
        Fault::Noise(_) => tensors.clone(),
        Fault::Factor { tensor, factor } => change(tensor, &|_, value| value * factor),
        Fault::Weight { tensor, elements, value } => {
            change(tensor, &|place, old| if elements.contains(&place) { *value } else { old })
        }
    }
}

/// How a fault came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    RefusedAtLoad,
    Named,
    Finite,
}

/// Whether an error names a place; panics with it, where it does not.
fn named(error: &Error, fault: &Fault, what: &str) -> Outcome {
    let said = error.to_string();
    assert!(said.contains("help:"), "{said}");
    match error {
        Error::Model(model::Error::Weights { .. }) => {
            let (Fault::Weight { tensor, .. } | Fault::Factor { tensor, .. }) = fault else {
                panic!("{fault:?}: {said}");
            };
            assert!(said.contains(tensor.as_str()) && said.contains("element"), "{said}");
            Outcome::RefusedAtLoad
        }
        Error::Model(model::Error::NotFinite(found)) => {
            assert!(said.contains(found.site.name()) && said.contains("token"), "{said}");
            let has_run = found.run.is_some() || what == "record";
            assert!(has_run, "{what} with {fault:?}: {said}");
            Outcome::Named
        }
        Error::MetricNotFinite { .. } | Error::Overflow { .. } => Outcome::Named,
        _ => panic!("{what} with {fault:?}: {said}"),
    }
}

fn all_finite(numbers: impl IntoIterator<Item = f64>) -> bool {
    numbers.into_iter().all(f64::is_finite)
}

fn finite(tensor: &Tensor) -> bool {
    let numbers = tensor.to_dtype(DType::F64).and_then(|tensor| tensor.flatten_all());
    all_finite(numbers.and_then(|flat| flat.to_vec1::<f64>()).expect("numbers"))
}

/// Sites that cells may restore.
fn restorable(dice: &mut Dice) -> Site {
    let sites: Vec<Site> = Site::ALL
        .into_iter()
        .filter(|site| !matches!(site, Site::FinalNorm | Site::Logits | Site::Embed))
        .collect();
    dice.one(&sites)
}

fn trace(model: &Model, ids: &[u32], fault: &Fault, dice: &mut Dice) -> Result<bool, Error> {
    let deviation = if let Fault::Noise(deviation) = fault { *deviation } else { 0.3 };
    let noisy = model.trace(ids).subject(1..3).corrupt(Noise::gaussian(deviation).samples(3));
    let restored = noisy.restore(restorable(dice)).window(1 + dice.below(3));
    let restored = match dice.below(3) {
        0 => restored,
        1 => restored.foil(3).metrics(Metric::ALL),
        _ => restored.direction(Direction::Noise).metrics([Metric::Rank]),
    };
    let effects = restored.answer(5).run()?;
    let mut all = true;
    for metric in effects.metrics() {
        let effects = effects.metric(metric)?;
        all &= all_finite([effects.low(), effects.high()]);
        all &= all_finite(effects.low_samples().iter().copied());
        for &token in effects.tokens() {
            for &layer in effects.layers() {
                all &= all_finite(effects.score(token, layer));
                all &= all_finite(effects.samples(token, layer));
            }
        }
    }
    Ok(all)
}

fn knock_out(model: &Model, ids: &[u32], dice: &mut Dice) -> Result<bool, Error> {
    let trace = model.trace(ids).subject(1..3).answer(5);
    let trace = if dice.below(2) == 0 { trace.foil(3).metrics(Metric::ALL) } else { trace };
    let knocked = trace.knock_out(Subject, Last, ..).window(1 + dice.below(2));
    let knocked = match dice.below(3) {
        0 => knocked,
        1 => knocked.removal(Removal::Write),
        _ => knocked.mean([vec![2_u32, 9, 4]]),
    };
    let knocked = knocked.run()?;
    let finite = |metric| {
        let knocked = knocked.metric(metric)?;
        Ok::<bool, Error>(
            all_finite(knocked.scores().iter().copied()) && knocked.high().is_finite(),
        )
    };
    finite(Metric::Probability)
}

fn record(model: &Model, ids: &[u32], dice: &mut Dice) -> Result<bool, Error> {
    let sites: Vec<At> = (0..3).map(|_| At::from(dice.one(&Site::ALL))).collect();
    let record = model.record_all(ids, &sites)?;
    Ok(finite(record.logits()) && record.iter().all(|(.., tensor)| finite(tensor)))
}

/// Draws one fault and sees how it comes out.
fn one(number: usize) -> Outcome {
    let mut dice = Dice(RandomState::new(number as u32));
    let config = Config { tied_head: dice.below(2) == 0, ..Config::tiny() };
    let drawn = random_tensors(&config, 1 + dice.below(5) as u64);
    let tensors: BTreeMap<String, Tensor> =
        drawn.names().map(|name| (name.to_owned(), drawn.tensor(name).expect("drawn"))).collect();
    let fault = fault(&mut dice, &tensors);
    let compute =
        dice.one(&[Compute::Fast, Compute::Fast, Compute::Reference32, Compute::Reference64]);
    let model = Tensors::new(with(&tensors, &fault), &config)
        .and_then(|tensors| Model::new(Checkpoint::new("faulty", config, tensors), compute));
    let model = match model {
        Ok(model) => model,
        Err(error) => return named(&error.into(), &fault, "load"),
    };
    let ids: Vec<u32> = (0..4 + dice.below(3)).map(|_| dice.below(32) as u32).collect();
    let what = match &fault {
        Fault::Noise(_) => "trace",
        _ => dice.one(&["trace", "knock-out", "record"]),
    };
    let found = match what {
        "trace" => trace(&model, &ids, &fault, &mut dice),
        "knock-out" => knock_out(&model, &ids, &mut dice),
        _ => record(&model, &ids, &mut dice),
    };
    match found {
        Ok(all) => {
            assert!(all, "fault {number}: {what} of {compute:?} with {fault:?} is not finite");
            Outcome::Finite
        }
        Err(error) => named(&error, &fault, what),
    }
}

#[test]
fn faults_are_named_or_come_to_finite_numbers() {
    let asked = std::env::var("MAMBASCOPE_FAULTS").ok();
    let count = asked.and_then(|count| count.parse().ok()).unwrap_or(FAULTS);
    let mut outcomes: BTreeMap<Outcome, usize> = BTreeMap::new();
    for number in 0..count {
        *outcomes.entry(one(number)).or_default() += 1;
    }
    println!("{count} faults: {outcomes:?}");
    assert_eq!(outcomes.len(), 3, "each outcome comes about: {outcomes:?}");
}

/// A tap that makes a number of everything.
#[derive(Clone)]
struct Makes(f64);

impl Tap for Makes {
    fn wants(&self, spot: Spot) -> bool {
        spot.site == Site::Gate
    }

    fn visit(&mut self, _: Spot, value: Tensor) -> Result<Tensor, model::Error> {
        Ok(value.zeros_like()?.affine(0.0, self.0)?)
    }
}

fn noisy() -> Trace {
    Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5).samples(2))
}

#[test]
fn a_tap_that_makes_no_number_is_named() {
    for (value, word) in
        [(f64::NAN, "NaN"), (f64::INFINITY, "infinite"), (f64::NEG_INFINITY, "infinite")]
    {
        let trace = noisy().restore(Site::Gate).window(1).tap("bad", Makes(value));
        let said = trace.run().expect_err("refused").to_string();
        let place = "the tensor that the tap returned for gate of layer 0 at token";
        assert!(said.contains(place) && said.contains(word), "{said}");
        assert!(said.contains("of the run with token") && said.contains("(sample 0)"), "{said}");
        let model = Model::tiny();
        let said = model.run_with(&[1, 2], &mut Makes(value)).expect_err("refused").to_string();
        assert!(said.contains(place) && said.contains("help: return finite numbers"), "{said}");
        let decomposed = noisy().restore(Site::Gate).tap("bad", Makes(value)).run();
        assert!(decomposed.is_err());
    }
}

#[test]
fn a_fill_that_f32_cannot_hold_is_named() {
    let width = Site::Gate.width(Model::tiny().config());
    let fills = [
        Fill::Constant(vec![1e39; width]),
        Fill::Constant(vec![-1e300; width]),
        Fill::Scaled(1e300),
        Fill::Noise { deviation: 1e40, seed: 1 },
        Fill::Noised { deviation: 1e300, seed: 1 },
    ];
    for fill in fills {
        let said =
            noisy().restore(Site::Gate).fill(fill.clone()).run().expect_err("refused").to_string();
        assert!(said.contains("the fill for gate of layer"), "{fill}: {said}");
        assert!(said.contains("--compute reference64"), "{said}");
        let model = Model::tiny().computed(Compute::Reference64).expect("packed");
        let trace = model.trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
        match trace.restore(Site::Gate).fill(fill).run() {
            Ok(effects) => assert!(all_finite([effects.low(), effects.high()])),
            Err(error) => {
                let said = error.to_string();
                assert!(!said.contains("--compute reference64"), "it is f64: {said}");
            }
        }
    }
}

#[test]
fn noise_that_f32_cannot_hold_or_square_is_named() {
    for (deviation, words) in [
        (1e39, "embed with noise at token 1 of corrupted sample 0 is infinite in f32"),
        (1e300, "embed with noise at token 1 of corrupted sample 0 is infinite in f32"),
        (1e25, "the sum of its squares overflows f32"),
    ] {
        let trace = noisy().corrupt(Noise::gaussian(deviation).samples(2)).restore(..);
        let said = trace.run().expect_err("refused").to_string();
        assert!(said.contains(words) && said.contains("help:"), "{deviation}: {said}");
        assert!(
            said.contains("embed") && said.contains("at token 1 of corrupted sample 0"),
            "{said}"
        );
    }
    let model = Model::tiny().computed(Compute::Reference64).expect("packed");
    let trace = model.trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(1e25).samples(2));
    assert!(trace.restore(..).run().is_ok(), "f64 holds it");
    let said = trace.corrupt(Noise::gaussian(1e200).samples(2)).restore(..).run();
    let said = said.expect_err("refused").to_string();
    assert!(said.contains("overflows f64") && !said.contains("reference64"), "{said}");
}

/// The tiny model with one tensor times a factor.
fn scaled(tensor: &str, factor: f64) -> Model {
    let config = Config::tiny();
    let drawn = random_tensors(&config, 1);
    let scale = |name: &str| {
        let own = drawn.tensor(name).expect("drawn");
        let scaled = if name == tensor { own.affine(factor, 0.0).expect("scaled") } else { own };
        (name.to_owned(), scaled)
    };
    let tensors: BTreeMap<String, Tensor> = drawn.names().map(scale).collect();
    let tensors = Tensors::new(tensors, &config).expect("finite");
    Model::new(Checkpoint::new("scaled", config, tensors), Compute::Fast).expect("packed")
}

#[test]
fn the_weight_that_makes_a_run_overflow_is_named() {
    for (tensor, site) in [
        ("backbone.layers.1.norm.weight", "resid of layer 1"),
        ("backbone.layers.2.mixer.out_proj.weight", "resid of layer 2"),
        ("backbone.norm_f.weight", "logits"),
    ] {
        let model = scaled(tensor, 1e38);
        let trace = model.trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
        let errors = [
            trace.restore(..).run().expect_err("refused").to_string(),
            trace.knock_out(Subject, Last, ..).run().expect_err("refused").to_string(),
            model.record([5, 9], Site::Gate).expect_err("refused").to_string(),
            model.predict(&[5, 9]).expect_err("refused").to_string(),
            model.complete(&[5, 9], 3).expect_err("refused").to_string(),
            trace.hidden_attention(2).expect_err("refused").to_string(),
            trace.decompose(2, 1).expect_err("refused").to_string(),
        ];
        for said in errors {
            assert!(said.contains(site) && said.contains(tensor), "{said}");
            assert!(said.contains("the largest weight there is"), "{said}");
        }
    }
}
