//! Plans that cannot run: what is said of each, and what to write instead.

use std::fmt::Write as _;

use candle_core::Tensor;
use mambascope::prelude::*;
use mambascope_model::{Spot, Tap};
use mambascope_tests::golden;

/// A checkpoint without a tokenizer: 12 layers, 64 tokens, E 32, N 4, D 16.
fn model() -> Model {
    Model::from_dir(golden().join("tokens")).load().expect("a golden checkpoint")
}

fn trace() -> Trace {
    model().trace([46, 16, 27, 8, 28]).subject(2..4).corrupt(Noise::gaussian(0.3))
}

/// A tap of gates alone.
#[derive(Clone)]
struct Shut;

impl Tap for Shut {
    fn wants(&self, spot: Spot) -> bool {
        spot.site == Site::Gate
    }

    fn visit(&mut self, _: Spot, gate: Tensor) -> Result<Tensor, mambascope_model::Error> {
        Ok(gate.zeros_like()?)
    }
}

/// Noise that is told its size twice.
fn multivariate_sigmas() -> Noise {
    Noise { scale: mambascope::Scale::Sigmas(3.0), ..Noise::multivariate() }
}

/// Wrong traces of ROME's stream of noise.
fn streams() -> Vec<(&'static str, Trace)> {
    vec![
        ("restore(..).stream(Rome)", trace().restore(..).stream(Stream::Rome)),
        (
            "severed_modules().stream(Rome).direction(Noise).until(0.1)",
            trace().severed_modules().stream(Stream::Rome).direction(Direction::Noise).until(0.1),
        ),
        (
            "severed_modules().stream(Rome).corrupt(student(3.0))",
            trace().severed_modules().stream(Stream::Rome).corrupt(Noise::student(3.0)),
        ),
        (
            "sever_at(Gate, Last).stream(Rome).corrupt(replacing)",
            trace()
                .restore(..)
                .sever_at(Site::Gate, Last)
                .stream(Stream::Rome)
                .corrupt(Noise::gaussian(1.0).replacing()),
        ),
    ]
}

/// Wrong traces, each with the verb that makes it so.
fn wrong() -> Vec<(&'static str, Trace)> {
    let state = trace().restore(Site::State);
    let conv_state = trace().restore(Site::ConvState);
    let swapped = |ids: Vec<u32>| trace().corrupt(swap(ids)).restore(..);
    let nothing = trace().corrupt(Corruption::Nothing);
    vec![
        ("restore((Gate, 8..16))", trace().restore((Site::Gate, 8..16))),
        ("restore(FinalNorm)", trace().restore(Site::FinalNorm)),
        ("restore((Logits, 3))", trace().restore((Site::Logits, 3))),
        ("restore(Gate).and(Gate)", trace().restore(Site::Gate).and(Site::Gate)),
        (
            "restore(Embed).window(1).and(Gate)",
            trace().restore(Site::Embed).window(1).and(Site::Gate),
        ),
        ("restore(Embed).window(4)", trace().restore(Site::Embed).window(4)),
        ("restore(Gate).timing(CarryOnly)", trace().restore(Site::Gate).timing(Timing::CarryOnly)),
        ("restore(State).channels(30..40)", state.channels(30..40)),
        ("restore(State).dims(4)", state.dims(4)),
        ("restore(Gate).dims(1)", trace().restore(Site::Gate).dims(1)),
        ("restore(B).channels(1..3)", trace().restore(Site::B).channels(1..3)),
        ("restore(DeltaLow).channels(0)", trace().restore(Site::DeltaLow).channels(0)),
        ("restore(ConvState).taps(4)", trace().restore(Site::ConvState).taps(4)),
        ("restore(State).taps(0)", state.taps(0)),
        ("restore(ConvState).and(Gate).taps(1)", conv_state.and(Site::Gate).taps(1)),
        ("restore(ConvState).dims(1)", conv_state.dims(1)),
        ("subject(2..4).tokens(Relation)", state.tokens(Relation)),
        ("tokens(4..9)", state.tokens(4..9)),
        ("sever(State)", state.sever(Site::State)),
        ("sever(Embed)", state.sever(Site::Embed)),
        ("sever((Gate, 12..))", state.sever((Site::Gate, 12..))),
        ("sever_at(Gate, 7..)", state.sever_at(Site::Gate, 7..)),
        ("sever(Gate) without restore", trace().sever(Site::Gate)),
        ("corrupt(swap([]))", swapped(vec![])),
        ("corrupt(swap([99]))", swapped(vec![99])),
        ("corrupt(swap(\"Rome\"))", trace().corrupt(swap("Rome")).restore(..)),
        ("corrupt(Swap::drawn(1))", trace().corrupt(Swap::drawn(1)).restore(..)),
        ("patch(State, \"Rome is\")", trace().patch(Site::State, "Rome is")),
        (
            "patch(State, no such subject)",
            trace().patch(Site::State, Other::new([1, 2]).subject(1..5)),
        ),
        ("corrupt(Nothing).restore(..)", nothing.restore(..)),
        ("fill(Constant)", state.fill(Fill::Constant(vec![0.0; 5]))),
        ("fill(mean of nothing)", nothing.restore(..).fill(Fill::Mean(vec![]))),
        ("fill(mean of a text)", nothing.restore(..).fill(Fill::mean(["Rome is"]))),
        ("fill(Scaled(NaN))", nothing.restore(..).fill(Fill::Scaled(f64::NAN))),
        ("fill(Noise)", nothing.restore(..).fill(Fill::Noise { deviation: -1.0, seed: 1 })),
        ("fill(Tap) without the tap", state.fill(Fill::Tap("half".to_owned()))),
        ("tap that wants another site", state.tap("shut", Shut)),
        ("fill(mean_over(file))", nothing.restore(..).fill(Fill::mean_over("means.txt"))),
        ("fill(Elsewhere::patched())", state.fill(Elsewhere::patched())),
        ("fill(Elsewhere token 7)", state.fill(Elsewhere::clean().token(7))),
        ("fill(Elsewhere token Subject)", state.fill(Elsewhere::clean().token(Subject))),
        ("fill(Elsewhere layer 12)", state.fill(Elsewhere::clean().layer(12))),
        (
            "restore(Embed).fill(Elsewhere layer 3)",
            trace().restore(Site::Embed).window(1).fill(Elsewhere::clean().layer(3)),
        ),
        ("pairs([(1, 8)])", state.pairs(&[(1, 8)])),
        ("window(0)", state.window(0)),
        ("corrupt(Noise::student(2.0))", trace().corrupt(Noise::student(2.0)).restore(..)),
        (
            "corrupt(Noise::multivariate().over(texts))",
            trace().corrupt(Noise::multivariate().over(["Rome is"])).restore(..),
        ),
        ("corrupt(multivariate noise in sigmas)", trace().corrupt(multivariate_sigmas())),
        ("until(0.0)", state.until(0.0)),
        ("until(0.05) of another subject", swapped(vec![11]).until(0.05)),
        ("until(0.05) of nothing", nothing.restore(Site::Gate).fill(Fill::Zero).until(0.05)),
        (
            "until(0.05) from one sample",
            trace().corrupt(Noise::gaussian(0.3).samples(1)).restore(..).until(0.05),
        ),
        ("until(at most 4)", state.until(Until::width(0.05).most(4))),
        ("metrics([LogitDifference])", state.metrics([Metric::LogitDifference])),
        ("foil(70)", state.foil(70)),
        ("foil(\"Rome\")", state.foil("Rome")),
        ("answer(7).foil(7)", state.answer(7).foil(7)),
        ("foil(Predicted)", state.foil(Answer::Predicted)),
        (
            "subject(3..9) of nothing corrupted",
            nothing.subject(3..9).restore(Site::Gate).fill(Fill::Zero).tokens(SubjectLast),
        ),
        (
            "no subject, nothing corrupted",
            model()
                .trace([1, 2, 3])
                .corrupt(Corruption::Nothing)
                .restore(Site::Gate)
                .fill(Fill::Zero),
        ),
        (
            "all of it",
            trace()
                .subject(3..9)
                .corrupt(Noise::student(1.0).samples(1))
                .restore((Site::Gate, 14))
                .metrics(Metric::ALL)
                .until(-1.0),
        ),
    ]
}

#[test]
fn every_wrong_plan_says_what_to_write() {
    let mut text = String::new();
    for (name, trace) in streams().into_iter().chain(wrong()) {
        let error = trace.check().expect_err(name).to_string();
        assert!(error.contains("help: "), "{name}: {error}");
        assert_eq!(trace.explain(), error, "explain says the same");
        assert_eq!(trace.run().expect_err(name).to_string(), error);
        writeln!(text, "{name}\n{error}\n").expect("a string takes all");
    }
    assert!(wrong().len() >= 25);
    insta::assert_snapshot!(text);
}

#[test]
fn every_wrong_line_of_a_mean_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("facts.jsonl");
    let wrong = "{}\n".repeat(6);
    let text = format!(
        "{{\"prompt\": \"Rome is in\"}}\n{{\"prompt\": \"{{}} is\"}}\n\"\"\n{{\"prompt\"\n{wrong}\"The Rhine flows through\"\n"
    );
    std::fs::write(&file, text).expect("written");
    let model = Model::bundled().expect("bundled");
    let trace = model.trace("The capital of Fiji is the city of").corrupt(Corruption::Nothing);
    let trace = trace.restore(Site::Gate).fill(Fill::mean_over(&file)).answer("no such word");
    let missing = trace.fill(Fill::mean_over(folder.path().join("missing.jsonl")));
    let said = |trace: &Trace| trace.run().expect_err("refused").to_string();
    let text = [said(&trace), said(&missing)].join("\n\n");
    insta::assert_snapshot!(text.replace(&folder.path().display().to_string(), "FOLDER"));
}

#[test]
fn every_wrong_knock_out_says_what_to_write() {
    let clean = trace();
    let knock = clean.knock_out(Subject, Last, ..);
    let knocked = [
        ("knock_out(Last, Subject, ..)", clean.knock_out(Last, Subject, ..)),
        ("knock_out(Subject, Last, 12..)", clean.knock_out(Subject, Last, 12..)),
        ("knock_out(Relation, Last, ..)", clean.knock_out(Relation, Last, ..)),
        ("knock_out(Subject, 9, ..)", clean.knock_out(Subject, 9, ..)),
        ("window(0)", knock.window(0)),
        ("and(Last, 0).and(9, Last)", knock.and(Last, 0).and(9, Last)),
        ("sources(Each) of (4, 0..2)", clean.knock_out(4, 0..2, ..).sources(Sources::Each)),
        ("channels(Slowest(2.0))", knock.channels(Channels::Slowest(2.0))),
        ("channels(Fastest(0.0))", knock.channels(Channels::Fastest(0.0))),
        (
            "lanes(Convolution).channels(..).removal(Write)",
            knock
                .lanes(Lanes::Convolution)
                .channels(Channels::Fastest(0.5))
                .removal(Removal::Write),
        ),
        ("rest(Undecayed)", knock.rest(Rest::Undecayed)),
        (
            "rest(Undecayed).removal(Write)",
            knock.rest(Rest::Undecayed).removal(Removal::Write).channels(Channels::Slowest(0.5)),
        ),
        ("ends(Fitting)", knock.ends(Ends::Fitting)),
        ("window(13).ends(Fitting)", knock.window(13).ends(Ends::Fitting)),
        ("mean of nothing", knock.mean(Vec::<&str>::new())),
        ("mean of a text", knock.mean(["Rome is"])),
        ("mean(..).lanes(Scan)", knock.mean([[1, 2]]).lanes(Lanes::Scan)),
        ("metrics(..).knock_out(..)", clean.metrics(Metric::ALL).knock_out(Subject, Last, ..)),
        (
            "a wrong subject",
            clean.subject(4..6).corrupt(Corruption::Nothing).knock_out(Subject, Last, ..),
        ),
        ("restore(..).knock_out(..)", clean.restore(..).knock_out(Subject, Last, ..)),
        ("all of it", clean.subject(3..9).restore(..).knock_out(Subject, 9, 12..).window(0)),
    ];
    let mut text = String::new();
    for (name, knock) in knocked {
        let error = knock.run().expect_err(name).to_string();
        assert_eq!(knock.explain(), error, "explain says the same");
        writeln!(text, "{name}\n{error}\n").expect("a string takes all");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn every_wrong_decomposition_says_what_to_write() {
    let state = trace().restore(Site::State);
    let wrong = [
        ("decompose(12, 3)", state.decompose(12, 3)),
        ("decompose(2, 5)", state.decompose(2, 5)),
        ("corrupt(Nothing)", state.corrupt(Corruption::Nothing).decompose(2, 3)),
        ("and(Gate)", state.and(Site::Gate).decompose(2, 3)),
        ("timing(SeedCompat)", state.timing(Timing::SeedCompat).decompose(2, 3)),
        ("sever(Gate)", state.sever(Site::Gate).decompose(2, 3)),
        ("dims(4)", state.dims(4).decompose(2, 3)),
        ("corrupt(swap([99]))", state.corrupt(swap([99])).decompose(2, 3)),
        (
            "all of it",
            state.and(Site::Gate).timing(Timing::SeedCompat).sever(Site::Gate).decompose(12, 9),
        ),
    ];
    let mut text = String::new();
    for (name, parts) in wrong {
        let error = parts.expect_err(name).to_string();
        assert!(error.contains("help: "), "{name}: {error}");
        writeln!(text, "{name}\n{error}\n").expect("a string takes all");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn every_verb_is_explained() {
    let other = Other::new([7, 8, 9, 10]).subject(1..2);
    let traces = [
        trace().restore((Site::State, 3..6)).and(Site::ConvState).timing(Timing::CarryOnly),
        trace().restore(Site::State).channels(0..8).dims(3).tokens(Relation).subject(1..3),
        trace().corrupt(swap([11, 3, 5])).restore(Site::ScanOut).tokens(SubjectLast),
        trace().corrupt(swap([11])).direction(Direction::Noise).restore(..),
        trace().patch((Site::Gate, 4), other),
        trace().corrupt(Corruption::Nothing).restore(Site::Gate).fill(Fill::Zero),
        trace().restore(Site::Gate).tap("shut", Shut),
        trace().restore(Site::State).fill(Elsewhere::patched().token(SubjectFirst)),
        trace().restore(Site::Resid).fill(Elsewhere::clean().token(2).layer(3)),
        trace().restore(..).sever(Site::Gate).sever_at((Site::State, 2..), Subject),
        trace().original(Original::Both),
        trace().memory_boundary(),
        trace().restore(Site::ConvState).taps(1..3),
        trace().corrupt(Noise::multivariate()).restore(..).foil(9).metrics(Metric::ALL),
        trace().corrupt(Noise::student(3.0).seed(4)).restore(..).metrics([Metric::Rank]),
        trace().restore(Site::Gate).until(Until::width(0.05).most(400)),
        trace().severed_modules().stream(Stream::Rome),
    ];
    let mut words: Vec<String> = traces.iter().map(Trace::explain).collect();
    let knock = trace().knock_out(Subject, Last, 2..8);
    words.push(knock.explain());
    let knock = knock.window(3).lanes(Lanes::Scan).removal(Removal::Write);
    words.push(knock.channels(Channels::Slowest(0.25)).explain());
    let knock = knock.removal(Removal::Invisible).channels(Channels::Fastest(2.0 / 3.0));
    words.push(knock.rest(Rest::Undecayed).and(0..3, 2..).sources(Sources::Each).explain());
    words.push(trace().knock_out(Subject, Last, ..).window(3).ends(Ends::Fitting).explain());
    let out_of_reach = trace().knock_out(0, Last, ..).lanes(Lanes::Convolution);
    words.push(out_of_reach.explain());
    words.push(trace().knock_out(Subject, Last, ..).window(9).mean([[1, 2], [3, 4]]).explain());
    insta::assert_snapshot!(words.join("\n\n"));
}

#[test]
fn roles_are_known_where_nothing_is_corrupted() {
    let nothing = trace().corrupt(Corruption::Nothing).restore(Site::Gate).fill(Fill::Zero);
    for (set, tokens) in [(Subject, &[2, 3][..]), (SubjectLast, &[3]), (Last, &[4])] {
        let effects = nothing.tokens(set).run().expect("a run");
        assert_eq!((effects.tokens(), effects.subject()), (tokens, 2..4));
    }
    let before = nothing.subject(1..3).tokens(Relation).run().expect("a run");
    assert_eq!(before.tokens(), [3]);
}

#[test]
fn plans_of_the_first_form_are_read() {
    let text = r#"{"version":1,"prompt":{"ids":[1,2,3]},"subject":{"tokens":{"start":0,"end":1}},"answer":"predicted",
        "corrupt":{"distribution":"gaussian","scale":{"absolute":0.5},"samples":4,"seed":1,"placement":"add"},
        "restore":{"at":{"site":"gate","layers":{"first":1,"end":null}},"tokens":"all","window":null}}"#;
    let plan = Plan::from_json(text).expect("a plan");
    let expected = model().trace([1, 2, 3]).subject(0..1);
    let expected = expected.corrupt(Noise::gaussian(0.5).samples(4)).restore((Site::Gate, 1..));
    assert_eq!(&plan, expected.plan());
    for (_, trace) in wrong() {
        let Ok(text) = trace.plan().to_json() else { continue };
        if !text.contains("null}") {
            assert_eq!(&Plan::from_json(&text).expect("a plan"), trace.plan());
        }
    }
}
