//! Whether tables and a recipe can be trained on: all problems before the first step.

use crate::error::{Error, Problem, Result};
use crate::facts::Facts;
use crate::recipe::Recipe;
use crate::templates::{Split, Templates};

pub(crate) fn check(recipe: &Recipe, facts: &Facts, templates: &Templates) -> Result<()> {
    let mut problems = numbers(recipe);
    if facts.rows().is_empty() {
        problems.push(Problem::NoFacts);
    }
    for relation in facts.relations() {
        if templates.of(relation, Split::Train).is_empty() {
            problems.push(Problem::NoTemplate { relation: relation.to_owned() });
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Plan { problems }) }
}

fn numbers(recipe: &Recipe) -> Vec<Problem> {
    let shape = recipe.shape;
    let counts = [
        ("shape.vocabulary", shape.vocabulary, 256, 65_536, "256 to 65536"),
        ("shape.layers", shape.layers, 1, 256, "1 to 256"),
        ("shape.width", shape.width, 1, 8_192, "1 to 8192"),
        ("shape.states", shape.states, 1, 256, "1 to 256"),
        ("shape.taps", shape.taps, 1, 16, "1 to 16"),
        ("shape.expand", shape.expand, 1, 8, "1 to 8"),
        ("steps", recipe.steps, 1, usize::MAX, "1 or more"),
        ("shards", recipe.shards, 1, 256, "1 to 256"),
        ("facts_a_shard", recipe.facts_a_shard, 1, 65_536, "1 to 65536"),
        ("report_every", recipe.report_every, 1, usize::MAX, "1 or more"),
        ("warm_up_steps", recipe.warm_up_steps, 0, recipe.steps, "at most steps"),
    ];
    let counts = (counts.into_iter())
        .filter(|(_, found, low, high, _)| !(low..=high).contains(&found))
        .map(|(field, found, _, _, allowed)| (field, found as f64, allowed));
    let sizes = [
        ("language_weight", recipe.language_weight, 0.0..=f64::MAX, "0 or more"),
        ("lead_ins", recipe.lead_ins, 0.0..=1.0, "0 to 1"),
        ("relay", recipe.relay, 0.0..=1.0, "0 to 1"),
        ("learning_rate", recipe.learning_rate, f64::MIN_POSITIVE..=1.0, "above 0, at most 1"),
        ("weight_decay", recipe.weight_decay, 0.0..=1.0, "0 to 1"),
        ("gradient_norm", recipe.gradient_norm, f64::MIN_POSITIVE..=f64::MAX, "above 0"),
    ];
    let sizes = (sizes.into_iter())
        .filter(|(_, found, range, _)| !range.contains(found))
        .map(|(field, found, _, allowed)| (field, found, allowed));
    let all = counts.chain(sizes);
    all.map(|(field, found, allowed)| Problem::Recipe { field, found, allowed }).collect()
}
