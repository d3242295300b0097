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
    insta::assert_snapshot!(trace().restore((Site::MixerOut, 3..9)).tokens(SubjectLast).explain(), @r#"
    trace of tokens (12 layers)
      prompt   #46 #16 #27 #8 #28
               5 tokens, subject 2..4
      answer   the clean run's most probable token
      corrupt  noise, deviation 0.3, 10 samples, seed 1, on the subject
      restore  mixer_out, windows of 10, each layer of 3..9, the subject's last token
      cost     6 cells x 10 samples; 1,560 layer-steps, 39% of one pass a cell
               5.8 MFLOP where one pass a cell takes 15 MFLOP; under 0.01 s of one core at 200 GFLOP/s; 16 MB of memory, and 467 kB a thread
    "#);
    insta::assert_snapshot!(trace().explain(), @r#"
    trace of tokens (12 layers)
      prompt   #46 #16 #27 #8 #28
               5 tokens, subject 2..4
      answer   the clean run's most probable token
      corrupt  noise, deviation 0.3, 10 samples, seed 1, on the subject
      restore  nothing
      cost     0 cells x 10 samples; 660 layer-steps, 100% of one pass a cell
               2.5 MFLOP where one pass a cell takes 2.6 MFLOP; under 0.01 s of one core at 200 GFLOP/s; 16 MB of memory, and 467 kB a thread
    "#);
}

#[test]
fn several_plans_in_words() {
    let noisy = trace();
    let last = |site: Site| noisy.restore(site).tokens(Last).window(1);
    let all = together([last(Site::Gate), last(Site::Decay), last(Site::Resid), noisy.clone()]);
    let words = all.explain();
    let alone: Vec<String> = all.traces().iter().map(Trace::explain).collect();
    let shared = words.strip_prefix(&alone.join("\n")).expect("each alone, first");
    insta::assert_snapshot!(shared.trim_start(), @r"
    traces 1, 2, 3 and 4 together: the clean and the corrupted runs go up the layers once
      cost     36 cells x 10 samples; 2,760 layer-steps, 11% of one pass a cell; 4,740 were each alone
               11 MFLOP where one pass a cell takes 95 MFLOP; under 0.01 s of one core at 200 GFLOP/s; 16 MB of memory, and 467 kB a thread
    ");
    let apart =
        together([last(Site::Gate), last(Site::Decay).direction(Direction::Noise)]).explain();
    assert!(apart.ends_with("\neach of the traces alone: no two have the same runs"), "{apart}");
}

#[test]
fn layers_that_are_not_there() {
    insta::assert_snapshot!(problems(&trace().restore((Site::Gate, 8..16))), @r#"
    the trace cannot run: 1 problem
      1. layers 8..16 are asked for; tokens has 12, counted from 0
         help: `8..12` or `8..`
    "#);
    insta::assert_snapshot!(problems(&trace().restore((Site::Embed, 1..2))), @r#"
    the trace cannot run: 1 problem
      1. layers 1 of the embedding, which stands before the first layer alone
         help: `0..1` or `..`
    "#);
}

#[test]
fn all_problems_come_at_once() {
    let wrong = trace()
        .subject(3..9)
        .answer(70)
        .corrupt(Noise::gaussian(-1.0).samples(0))
        .restore(12..)
        .window(0);
    insta::assert_snapshot!(problems(&wrong), @r#"
    the trace cannot run: 6 problems
      1. subject tokens 3..9; the prompt has 5
         help: a range within 0..5
      2. answer token 70; tokens has 64 tokens
         help: a token from 0 to 63
      3. noise of 0 samples
         help: `.samples(10)`; any number from 1 to 100000
      4. noise of size -1
         help: a finite number that is not negative, such as `Noise::sigmas(3.0)`
      5. a window of 0 layers
         help: `.window(1)` restores single layers
      6. layers 12.. are asked for; tokens has 12, counted from 0
         help: `0..12` or `..`
    "#);
}

#[test]
fn tokens_that_are_not_there() {
    insta::assert_snapshot!(problems(&trace().restore(..).tokens(4..9)), @r#"
    the trace cannot run: 1 problem
      1. tokens 4..9 are asked for; the prompt has 5, counted from 0
         help: `4..5` or `4..`
    "#);
}

#[test]
fn texts_without_a_tokenizer() {
    let model = trace().model().clone();
    insta::assert_snapshot!(problems(&model.trace("Rome is in").subject("Rome").answer("Italy")), @r#"
    the trace cannot run: 3 problems
      1. the prompt is a text, but tokens has no tokenizer
         help: give tokens: `.trace([1, 2, 3]).subject(0..2)`, or `--ids 1,2,3 --subject-tokens 0..2`
      2. answer `Italy`, but tokens has no tokenizer
         help: give the answer's token: `.answer(42)`, or `--answer-id 42`
      3. noise in sigmas, but tokens has no tokenizer to read subjects with
         help: give its deviation, such as `Noise::gaussian(0.8914)` or `--noise 0.8914` (3 sigma of the whole embedding)
    "#);
}

#[test]
fn ids_without_a_subject() {
    let model = trace().model().clone();
    insta::assert_snapshot!(problems(&model.trace([1, 2, 99]).corrupt(Noise::gaussian(0.1))), @r#"
    the trace cannot run: 1 problem
      1. token 99 at place 2 is outside the vocabulary
         help: this model's tokens are 0 to 63
    "#);
    insta::assert_snapshot!(problems(&model.trace([1, 2]).corrupt(Noise::gaussian(0.1))), @r#"
    the trace cannot run: 1 problem
      1. the prompt is tokens, so the subject cannot be found by its text
         help: name its tokens: `.subject(1..3)`, or `--subject-tokens 1..3`
    "#);
}

#[test]
fn nothing_restored_is_no_map() {
    insta::assert_snapshot!(trace().heatmap().expect_err("no map"), @r#"
    nothing is restored, so there is no map
    help: `.restore(..)` restores the residual, layer by layer
    "#);
}
