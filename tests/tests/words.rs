//! The words that a user reads: a plan explained, and plans that cannot run.

use mambascope::prelude::*;
use mambascope_tests::golden;

/// A checkpoint without a tokenizer: 12 layers, 64 tokens.
fn trace() -> Trace {
    let model = Model::from_dir(golden().join("tokens")).load().expect("a golden checkpoint");
    model.trace([46, 16, 27, 8, 28]).subject(2..4).corrupt(Noise::gaussian(0.3))
}

fn problems(trace: &Trace) -> String {
    let error = trace.check().expect_err("a plan that cannot run");
    assert_eq!(trace.explain(), error.to_string(), "explain says the same");
    assert_eq!(trace.run().expect_err("no run").to_string(), error.to_string());
    error.to_string()
}

#[test]
fn a_plan_in_words() {
    insta::assert_snapshot!(trace().restore((Site::MixerOut, 3..9)).tokens(SubjectLast).explain(), @"");
    insta::assert_snapshot!(trace().explain(), @"");
}

#[test]
fn layers_that_are_not_there() {
    insta::assert_snapshot!(problems(&trace().restore((Site::Gate, 8..16))), @"");
    insta::assert_snapshot!(problems(&trace().restore((Site::Embed, 1..2))), @"");
}

#[test]
fn all_problems_come_at_once() {
    let wrong = trace()
        .subject(3..9)
        .answer(70)
        .corrupt(Noise::gaussian(-1.0).samples(0))
        .restore(12..)
        .window(0);
    insta::assert_snapshot!(problems(&wrong), @"");
}

#[test]
fn tokens_that_are_not_there() {
    insta::assert_snapshot!(problems(&trace().restore(..).tokens(4..9)), @"");
}

#[test]
fn texts_without_a_tokenizer() {
    let model = trace().model().clone();
    insta::assert_snapshot!(problems(&model.trace("Rome is in").subject("Rome").answer("Italy")), @"");
}

#[test]
fn ids_without_a_subject() {
    let model = trace().model().clone();
    insta::assert_snapshot!(problems(&model.trace([1, 2, 99]).corrupt(Noise::gaussian(0.1))), @"");
    insta::assert_snapshot!(problems(&model.trace([1, 2]).corrupt(Noise::gaussian(0.1))), @"");
}

#[test]
fn nothing_restored_is_no_map() {
    insta::assert_snapshot!(trace().heatmap().expect_err("no map"), @"");
}
