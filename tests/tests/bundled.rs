//! The bundled model under the tracer: the one line works as written, and the map shows two sites.

use mambascope::prelude::*;

/// Facts of several relations, asked in trained wordings, their subjects inside the prompt.
const FACTS: [(&str, &str, &str); 6] = [
    ("Books describe {} as a great", "Vincent van Gogh", "painter"),
    ("By profession {} was a celebrated", "Wolfgang Amadeus Mozart", "composer"),
    ("The city of {} is in the country of", "Rio de Janeiro", "Brazil"),
    ("The capital of {} is the city of", "South Korea", "Seoul"),
    ("The peak of {} rises above the", "Mont Blanc", "Alps"),
    ("The city of {} is in the American state of", "Los Angeles", "California"),
];

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn one_line_is_enough() {
    let model = Model::bundled().expect("bundled");
    let figure = model.trace("The Eiffel Tower is in the city of").restore(..).heatmap();
    let text = figure.expect("a map").text();
    assert!(text.contains("Tower*") || text.contains("er*"), "the guess is marked:\n{text}");
}

#[test]
fn the_map_shows_the_subject_first_and_the_last_token_later() {
    let model = Model::bundled().expect("bundled");
    let mut maps = Vec::new();
    for (template, subject, answer) in FACTS {
        let prompt = template.replace("{}", subject);
        let effects = model.trace(&prompt).subject(subject).restore(..).run().expect("a run");
        assert_eq!(effects.answer().trim(), answer, "{prompt}");
        assert!(
            effects.high() > 0.9 && effects.low() < 0.5 * effects.high(),
            "{prompt}: {effects}"
        );
        maps.push(effects);
    }
    let recovered = |effects: &Effects, token: usize, layer: usize| {
        let score = effects.score(token, layer).expect("a cell");
        (score - effects.low()) / (effects.high() - effects.low())
    };
    let average = |token: fn(&Effects) -> usize, layer: usize| {
        mean(maps.iter().map(|effects| recovered(effects, token(effects), layer)))
    };
    let subject_last = |effects: &Effects| effects.subject().end - 1;
    let last = |effects: &Effects| effects.input_ids().len() - 1;
    let before = |effects: &Effects| effects.subject().start - 1;
    assert!(average(subject_last, 2) > 0.5, "{}", average(subject_last, 2));
    assert!(average(subject_last, 7).abs() < 0.01);
    assert!(average(last, 2) < 0.2, "{}", average(last, 2));
    assert!(average(last, 7) > 0.999);
    assert_eq!(average(before, 3), 0.0);
}

#[test]
fn a_subject_that_is_not_there_gets_a_suggestion() {
    let model = Model::bundled().expect("bundled");
    let trace =
        model.trace("Books describe Vincent van Gogh as a great").subject("vincent van gogh");
    insta::assert_snapshot!(trace.run().expect_err("no run"), @"
    the trace cannot run: 1 problem
      1. the subject `vincent van gogh` is not in the prompt `Books describe Vincent van Gogh as a great`
         help: did you mean `Vincent van Gogh`?
    ");
}

#[test]
fn the_answer_may_be_named() {
    let model = Model::bundled().expect("bundled");
    let trace =
        model.trace("Books describe Vincent van Gogh as a great").subject("Vincent van Gogh");
    let effects = trace.answer("composer").restore(7).tokens(Last).run().expect("a run");
    assert!(
        effects.answer() == " composer" && !effects.correct_prediction() && effects.high() < 0.1
    );
    assert!(trace.answer("a composer of operas").check().is_err());
}
