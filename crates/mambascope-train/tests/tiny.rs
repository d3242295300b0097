//! Training from end to end on a table that takes seconds.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use candle_core::{D, Tensor};
use mambascope_model::grad::Spans;
use mambascope_train::{
    Error, Facts, Network, Recipe, Shape, Split, Templates, Trained, evaluate, train, train_into,
};

const FACTS: &str = "relation\tsubject\tobject\tsource\tlicence\n\
    capital\tFrance\tParis\tan atlas\tMIT\n\
    capital\tJapan\tTokyo\tan atlas\tMIT\n\
    capital\tNew Zealand\tWellington\tan atlas\tMIT\n\
    capital\tPeru\tLima\tan atlas\tMIT\n\
    tongue\tFrance\tFrench\tan atlas\tMIT\n\
    tongue\tJapan\tJapanese\tan atlas\tMIT\n\
    tongue\tNew Zealand\tEnglish\tan atlas\tMIT\n\
    tongue\tPeru\tSpanish\tan atlas\tMIT\n";
const TEMPLATES: &str = "relation\tsplit\ttemplate\n\
    capital\ttrain\tThe capital of {} is\n\
    capital\ttrain\t{} has the capital\n\
    tongue\ttrain\tPeople of {} speak\n\
    tongue\ttrain\t{} has the language\n";

fn recipe() -> Recipe {
    let shape =
        Shape { vocabulary: 400, layers: 2, width: 32, states: 4, taps: 4, ..Shape::default() };
    Recipe {
        shape,
        steps: 80,
        facts_a_shard: 4,
        language_rows: 2,
        warm_up_steps: 5,
        learning_rate: 1e-2,
        report_every: 20,
        ..Recipe::default()
    }
}

fn tables() -> (Facts, Templates) {
    (Facts::parse(FACTS).unwrap(), Templates::parse(TEMPLATES).unwrap())
}

fn trained() -> Trained {
    let (facts, templates) = tables();
    train(&recipe(), &facts, &templates, &mut |_| ()).unwrap()
}

fn weights(network: &Network) -> Vec<Vec<f32>> {
    let parameters = network.parameters().into_iter();
    parameters.map(|(_, p)| p.flatten_all().unwrap().to_vec1().unwrap()).collect()
}

fn last_logits(network: &Network, prompts: &[Vec<u32>]) -> Tensor {
    let lengths: Vec<usize> = prompts.iter().map(Vec::len).collect();
    let spans = Spans::from_lengths(&lengths);
    let rows: Vec<u32> = spans.ranges().iter().map(|range| range.end as u32 - 1).collect();
    let embedded = network.embed(&prompts.concat()).unwrap();
    let residual = network.run(embedded, &spans, &mut |_, residual| Ok(residual)).unwrap();
    network.logits(&residual, &rows).unwrap()
}

#[test]
fn a_tiny_model_learns_every_fact_and_does_so_again() {
    let (facts, templates) = tables();
    let [first, second] = [trained(), trained()];
    let ask = |t: &Trained| evaluate(&t.network, &t.tokenizer, &facts, &templates, Split::Train);
    assert_eq!(ask(&first).unwrap().share(), 1.0, "{:?}", first.curve);
    assert_eq!(first.curve, second.curve);
    assert_eq!(weights(&first.network), weights(&second.network));
}

#[test]
fn a_prompt_does_not_notice_its_neighbours() {
    let Trained { network, tokenizer, .. } = trained();
    let texts = ["Peru has the capital", "The capital of New Zealand is", "France"];
    let prompts = texts.map(|text| tokenizer.encode(text, false).unwrap().get_ids().to_vec());
    let together = last_logits(&network, &prompts);
    for (row, prompt) in prompts.into_iter().enumerate() {
        let alone = last_logits(&network, &[prompt]);
        let difference = (together.narrow(0, row, 1).unwrap() - alone).unwrap().abs().unwrap();
        let most = difference.max(D::Minus1).unwrap().to_vec1::<f32>().unwrap()[0];
        // Matrix products of another height may add in another order.
        assert!(most < 1e-4, "{most}");
    }
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("facts.tsv"), FACTS).unwrap();
    std::fs::write(folder.path().join("templates.tsv"), TEMPLATES).unwrap();
    let short = Recipe { steps: 3, warm_up_steps: 1, ..recipe() };
    let outcome = train_into(&short, folder.path(), folder.path(), &mut |_| ()).unwrap();
    let (network, tokenizer) = Network::read(folder.path()).unwrap();
    let (facts, templates) = tables();
    let again = evaluate(&network, &tokenizer, &facts, &templates, Split::Train).unwrap();
    assert_eq!(again, outcome.trained);
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().collect();
    assert_eq!(names.len(), 8, "{names:?}"); // two tables, six results, nothing left aside
}

#[test]
fn all_problems_of_a_plan_come_at_once() {
    let (facts, _) = tables();
    let templates = Templates::parse("relation\tsplit\ttemplate\n").unwrap();
    let recipe = Recipe { steps: 0, warm_up_steps: 0, lead_ins: 2.0, ..recipe() };
    let error = train(&recipe, &facts, &templates, &mut |_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "nothing was trained:\n  \
         recipe: steps is 0, not 1 or more\n  \
         recipe: lead_ins is 2, not 0 to 1\n  \
         templates: capital has facts but no template in train\n  \
         templates: tongue has facts but no template in train\n\
         help: change the tables or the recipe where they are named"
    );
}

#[test]
fn all_problems_of_a_table_come_at_once() {
    let text = "relation\tsubject\tobject\tsource\tlicence\n\
        capital\tPeru\tLima\tan atlas\tMIT\n\
        capital\tPeru\tCusco\tan atlas\tMIT\n\
        capital\tChile\n\
        capital\tCuba\t\tan atlas\tMIT\n";
    assert_eq!(
        Facts::parse(text).unwrap_err().to_string(),
        "the table of facts cannot be used:\n  \
         line 4: 2 columns, not 5\n  \
         line 5: object is empty\n  \
         line 3: Peru has a capital in line 2 already\n\
         help: the columns are separated by tabs and named in the first line"
    );
    let text =
        "relation\tsplit\ttemplate\ncapital\ttest\t{} is\ncapital\ttrain\tThe capital of {}\n";
    let error = Templates::parse(text).unwrap_err();
    assert!(matches!(&error, Error::Table { problems, .. } if problems.len() == 2), "{error}");
}
