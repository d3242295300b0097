//! Every number that a user can give: huge, zero, negative, NaN or reversed, it is refused with a sentence or does no harm.

use std::time::{Duration, Instant};

use mambascope::model::{Config, Threads};
use mambascope::prelude::*;
use mambascope::random::RandomState;

/// How long a refusal may take, on a machine with other work.
const SOON: Duration = Duration::from_secs(20);

const HUGE: usize = usize::MAX;

fn noise() -> Noise {
    Noise::gaussian(0.3).samples(2)
}

fn trace() -> Trace {
    Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(noise())
}

#[expect(clippy::reversed_empty_ranges, reason = "reversed ranges are what is refused")]
fn refused_traces() -> Vec<(&'static str, Trace)> {
    let state = trace().restore(Site::State);
    let taps = trace().restore(Site::ConvState);
    let corrupt = |noise: Noise| trace().corrupt(noise).restore(..);
    let fill = |fill: Fill| trace().restore(Site::Gate).fill(fill);
    vec![
        ("samples 0", corrupt(noise().samples(0))),
        ("samples huge", corrupt(noise().samples(HUGE))),
        ("samples above the limit", corrupt(noise().samples(100_001))),
        ("sigmas NaN", corrupt(Noise::sigmas(f64::NAN))),
        ("sigmas infinite", corrupt(Noise::sigmas(f64::INFINITY))),
        ("deviation negative", corrupt(Noise::gaussian(-1.0))),
        ("uniform negative", corrupt(Noise::uniform(f64::NEG_INFINITY))),
        ("degrees 2", corrupt(Noise::student(2.0))),
        ("degrees negative", corrupt(Noise::student(-3.0))),
        ("degrees NaN", corrupt(Noise::student(f64::NAN))),
        ("degrees infinite", corrupt(Noise::student(f64::INFINITY))),
        ("window 0", state.window(0)),
        ("channels reversed", state.channels(9..3)),
        ("channels empty", state.channels(3..3)),
        ("channels huge", state.channels(HUGE)),
        ("channels past the end", state.channels(..HUGE)),
        ("dims huge", state.dims(HUGE - 1..HUGE)),
        ("dims reversed", state.dims(2..1)),
        ("taps huge", taps.taps(HUGE)),
        ("taps reversed", taps.taps(3..0)),
        ("layers huge", trace().restore(HUGE)),
        ("layers reversed", trace().restore(3..1)),
        ("layers to the last number", trace().restore(0..=HUGE)),
        ("tokens huge", state.tokens(HUGE)),
        ("tokens reversed", state.tokens(3..1)),
        ("tokens past the end", state.tokens(2..HUGE)),
        ("subject huge", trace().subject(1..HUGE).restore(..)),
        ("subject reversed", trace().subject(3..1).restore(..)),
        ("subject empty", trace().subject(1..1).restore(..)),
        ("answer huge", trace().answer(u32::MAX).restore(..)),
        ("foil huge", trace().foil(u32::MAX).restore(..)),
        ("ids huge", Model::tiny().trace([5, u32::MAX, 7]).subject(1..2).restore(..)),
        ("swap ids huge", trace().corrupt(swap([u32::MAX])).restore(..)),
        ("pairs huge", state.pairs(&[(HUGE, 0), (0, HUGE)])),
        ("sever layers huge", state.sever((Site::Gate, HUGE))),
        ("sever tokens reversed", state.sever_at(Site::Gate, 3..1)),
        ("until 0", state.until(0.0)),
        ("until negative", state.until(-0.1)),
        ("until NaN", state.until(f64::NAN)),
        ("until infinite", state.until(f64::INFINITY)),
        ("until at most 0", state.until(Until::width(0.1).most(0))),
        ("until at most 10^15", state.until(Until::width(0.1).most(1_000_000_000_000_000))),
        ("until at most huge", state.until(Until::width(0.1).most(HUGE))),
        ("scaled NaN", fill(Fill::Scaled(f64::NAN))),
        ("scaled infinite", fill(Fill::Scaled(f64::NEG_INFINITY))),
        ("constant too short", fill(Fill::Constant(vec![1.0]))),
        ("constant NaN", fill(Fill::Constant(vec![f64::NAN; 32]))),
        ("fill noise negative", fill(Fill::Noise { deviation: -1.0, seed: 1 })),
        ("fill noised NaN", fill(Fill::Noised { deviation: f64::NAN, seed: 1 })),
        ("mean of huge ids", fill(Fill::mean([vec![u32::MAX]]))),
        ("elsewhere token huge", state.fill(Elsewhere::clean().token(HUGE))),
        ("elsewhere layer huge", state.fill(Elsewhere::clean().layer(HUGE))),
    ]
}

#[test]
fn a_trace_refuses_numbers_that_are_out_of_bounds() {
    for (what, trace) in refused_traces() {
        let start = Instant::now();
        let said = match trace.run() {
            Ok(effects) => panic!("{what}: {effects}"),
            Err(error) => error.to_string(),
        };
        assert!(said.contains("help:"), "{what}: {said}");
        assert!(trace.explain().contains("help:"), "{what}: {}", trace.explain());
        assert!(start.elapsed() < SOON, "{what} took {:?}", start.elapsed());
    }
}

#[test]
fn numbers_that_are_large_and_have_a_meaning_are_handled() -> Result<(), Error> {
    let whole = trace().restore(Site::Gate).window(4).run()?;
    for size in [5, 1_000_000_000_000, HUGE - 1, HUGE] {
        for window in [Window::from(size), Window::paper(size)] {
            let trace = trace().restore(Site::Gate).window(window);
            assert!(!trace.explain().contains("help:"), "{}", trace.explain());
            let effects = trace.run()?;
            assert_eq!(effects.layers(), whole.layers());
            assert!(effects.score(3, 3).is_some_and(f64::is_finite));
        }
        for window in [Window::from(size), Window::paper(size)] {
            assert!(!window.layers(HUGE, HUGE).is_empty(), "nothing wraps");
        }
    }
    // A range of layers to the end of the numbers is printed as it is.
    assert!(trace().restore(HUGE).explain().contains(&HUGE.to_string()));
    let student = trace().corrupt(Noise::student(1e300).samples(2)).restore(..).run()?;
    assert!(student.low().is_finite());
    let seeds = trace().corrupt(noise().seed(u32::MAX)).restore(..).run()?;
    assert!(seeds.low().is_finite());
    Ok(())
}

#[test]
fn a_knock_out_refuses_numbers_that_are_out_of_bounds() {
    let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3);
    let knock = trace.knock_out(Subject, Last, ..);
    let share = |channels| knock.channels(channels).lanes(Lanes::Scan);
    let refused = [
        ("from huge", trace.knock_out(HUGE, Last, ..)),
        ("to past the end", trace.knock_out(Subject, 1..HUGE, ..)),
        ("layers huge", trace.knock_out(Subject, Last, HUGE)),
        ("window 0", knock.window(0)),
        ("no channels", share(Channels::Slowest(0.0))),
        ("a negative share", share(Channels::Fastest(-0.5))),
        ("more than all", share(Channels::Fastest(1e300))),
        ("a share of NaN", share(Channels::Slowest(f64::NAN))),
    ];
    for (what, knock_out) in refused {
        let said = knock_out.run().expect_err(what).to_string();
        assert!(said.contains("help:"), "{what}: {said}");
    }
    let knocked = knock.window(HUGE).run().expect("all layers");
    assert_eq!((knocked.score(HUGE, 0), knocked.score(0, HUGE)), (None, None));
    assert!(share(Channels::Slowest(1e-300)).run().is_ok(), "one channel at least");
}

#[test]
fn results_asked_for_what_is_not_there_say_so() -> Result<(), Error> {
    let model = Model::tiny();
    let effects = trace().restore(..).run()?;
    assert_eq!((effects.score(HUGE, 0), effects.samples(0, HUGE).len()), (None, 0));
    let parts = trace().decompose(1, 1)?;
    assert!(parts.change(HUGE, HUGE, HUGE).is_none() && parts.change(0, HUGE, 0).is_none());
    assert_eq!(parts.top(HUGE).len(), parts.cells().len());
    for error in [
        trace().decompose(HUGE, 0).err(),
        trace().decompose(0, HUGE).err(),
        trace().hidden_attention(HUGE).err(),
        trace().hidden_attention(0)?.channel(HUGE, Through::Scan).err(),
        model.record([5, 9], (Site::Gate, HUGE)).err(),
        model.record([5, u32::MAX], Site::Gate).err(),
        model.complete(&[5, 9], HUGE).err().map(Error::from),
    ] {
        let said = error.expect("refused").to_string();
        assert!(said.contains("help:"), "{said}");
    }
    let acts = model.record([5, 9], Site::ConvState)?;
    assert!(acts.tap(0, HUGE).is_none() && acts.tap(HUGE, 0).is_none());
    Ok(())
}

#[test]
fn threads_and_shapes_are_bounded() {
    for count in [0, Threads::limit() + 1, 100_000, HUGE] {
        let said = Model::tiny().threads(count).expect_err("refused").to_string();
        assert!(said.contains("threads") && said.contains("help: write a number from 1"), "{said}");
    }
    let tiny = Config::tiny();
    for config in [
        Config { layers: HUGE, ..tiny.clone() },
        Config { layers: 0, ..tiny.clone() },
        Config { width: HUGE, ..tiny.clone() },
        Config { state: 0, ..tiny.clone() },
        Config { vocabulary: HUGE, ..tiny.clone() },
        Config { known_vocabulary: HUGE, ..tiny.clone() },
        Config { convolution: HUGE, ..tiny.clone() },
        Config { epsilon: f64::NAN, ..tiny.clone() },
        Config { epsilon: -1.0, ..tiny },
    ] {
        let start = Instant::now();
        let said = Model::random(&config, u64::MAX).expect_err("refused").to_string();
        assert!(said.contains("the config cannot be used") && said.contains("help:"), "{said}");
        assert!(start.elapsed() < SOON);
    }
}

#[test]
fn draws_of_odd_distributions_end() {
    for degrees in [f64::MIN_POSITIVE, 1e-300, 1e-3, 2.0, 1e15, 1e300, f64::MAX] {
        let draws = RandomState::new(1).chi_squares(degrees, 3);
        assert_eq!(draws.len(), 3, "of {degrees}");
    }
    for degrees in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(RandomState::new(1).chi_squares(degrees, 2).iter().all(|draw| draw.is_nan()));
    }
}
