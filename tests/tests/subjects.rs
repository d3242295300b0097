//! Subjects: guessed, in several places of the prompt, inside a word, empty.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

use mambascope::model::{Model, bundled_facts, bundled_templates};
use mambascope::prelude::{Guess, Last, Noise, Site, Subject, SubjectLast, swap};
use mambascope::{Corruption, Direction, Effects, Fill, Scope as _, Trace};
use mambascope_tests::shared;

/// ROME's rule, and the rule of names, on known_1000.
const WRONG_OF_KNOWN_1000: (usize, usize) = (553, 74);
/// The same on the bundled facts in all templates.
const WRONG_OF_BUNDLED: (usize, usize) = (13310, 349);

fn wrong(facts: &[(String, String)], guess: Guess) -> usize {
    let is_wrong = |(prompt, subject): &&(String, String)| {
        guess.subject(prompt).is_none_or(|found| found.text != *subject)
    };
    facts.iter().filter(is_wrong).count()
}

#[test]
fn names_are_guessed_where_romes_rule_takes_the_first_word() {
    let Some(shared) = shared() else {
        println!(
            "skipped: no folder of shared data beside this checkout; MAMBASCOPE_SHARED may name one"
        );
        return;
    };
    let text =
        std::fs::read_to_string(shared.join("data/facts/rome/known_1000.json")).expect("read");
    let facts: Vec<serde_json::Value> = serde_json::from_str(&text).expect("json");
    let text = |fact: &serde_json::Value, key: &str| fact[key].as_str().expect("a text").to_owned();
    let facts: Vec<_> =
        facts.iter().map(|fact| (text(fact, "prompt"), text(fact, "subject"))).collect();
    assert_eq!(facts.len(), 1209);
    assert_eq!((wrong(&facts, Guess::Rome), wrong(&facts, Guess::Names)), WRONG_OF_KNOWN_1000);
}

#[test]
fn names_are_guessed_in_the_bundled_facts() {
    let rows = |table: &'static str| {
        table.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>())
    };
    let templates: Vec<Vec<&str>> = rows(bundled_templates()).collect();
    let mut facts = Vec::new();
    for fact in rows(bundled_facts()) {
        for template in templates.iter().filter(|template| template[0] == fact[0]) {
            facts.push((template[2].replace("{}", fact[1]), fact[1].to_owned()));
        }
    }
    assert_eq!((wrong(&facts, Guess::Rome), wrong(&facts, Guess::Names)), WRONG_OF_BUNDLED);
}

fn model() -> Model {
    Model::bundled().expect("bundled")
}

fn noisy(prompt: &str) -> Trace {
    model().trace(prompt).corrupt(Noise::sigmas(3.0).samples(2))
}

fn run(trace: &Trace) -> Effects {
    trace.restore(Site::Resid).tokens(SubjectLast).run().expect("a run")
}

#[test]
fn a_guess_is_announced_wherever_its_numbers_are() {
    for (prompt, guess, line) in [
        (
            "The capital of France is the city of",
            Guess::Names,
            "subject: `France` (guessed: the only run of capitalised words; name it with --subject)",
        ),
        (
            "The capital of France is the city of",
            Guess::Rome,
            "subject: `The` (guessed: ROME's rule: the first run of capitalised words; name it with --subject)",
        ),
        (
            "People in Japan pay less than in Peru with the",
            Guess::Names,
            "subject: `Peru` (guessed: the last run of capitalised words; name it with --subject)",
        ),
        (
            "Books describe Vincent van Gogh in Paris as a great",
            Guess::Names,
            "subject: `Vincent van Gogh` (guessed: the longest run of capitalised words; name it with --subject)",
        ),
    ] {
        let trace = noisy(prompt).subject(guess);
        assert!(trace.explain().contains(line), "{}", trace.explain());
        let effects = run(&trace);
        assert_eq!(effects.notes(), [line]);
        for figure in [effects.heatmap(), effects.lines()] {
            let text = figure.expect("a picture").text();
            assert!(text.contains("Subject guessed:"), "{text}");
        }
        let again = Effects::from_json(&effects.to_json().expect("JSON")).expect("effects");
        assert_eq!(again, effects);
        let knocked = trace.knock_out(Subject, Last, ..).run().expect("a run");
        assert_eq!(knocked.notes(), [line]);
        assert!(knocked.lines().expect("a picture").text().contains("Subject guessed:"));
    }
    let named = run(&noisy("The capital of France is the city of").subject("France"));
    assert!(named.notes().is_empty() && named.warnings().is_empty(), "{:?}", named.warnings());
}

/// A prompt whose subject stands in it twice.
const TWICE: &str = "France is large, and the capital of France is the city of";

#[test]
fn a_subject_that_stands_twice_is_warned_of() {
    let once = noisy(TWICE).subject("France");
    let effects = run(&once);
    let warned = &effects.warnings()[0];
    assert!(warned.contains("`France` stands 2 times in the prompt"), "{warned}");
    assert!(warned.contains("the first alone is the subject"), "{warned}");
    assert!(once.explain().contains("stands 2 times"), "{}", once.explain());
    let caption = effects.heatmap().expect("a map").text();
    assert!(caption.contains("The subject stands 2 times in the prompt"), "{caption}");
    let second = run(&once.occurrence(2));
    assert!(second.subject().start > effects.subject().start && second.warnings().is_empty());
    assert_eq!(run(&once.occurrence(1)).low_samples(), effects.low_samples());
    for (prompt, subject, count) in [
        ("Rome, Rome, Rome! The city of Rome is in", "Rome", 4),
        ("Paris is not Paris, Texas, but the city of", "Paris", 2),
        ("New York, New York is a town in", "New York", 2),
        ("\u{6771}\u{4eac} and \u{6771}\u{4eac} are in the country of", "\u{6771}\u{4eac}", 2),
    ] {
        let warnings = run(&noisy(prompt).subject(subject)).warnings().join("\n");
        assert!(warnings.contains(&format!("stands {count} times")), "{prompt}: {warnings}");
    }
}

#[test]
fn all_occurrences_are_one_subject() {
    let all = noisy(TWICE).subject("France").all_occurrences();
    let effects = all.restore(Site::Resid).run().expect("a run");
    let places = effects.subjects();
    assert_eq!(places.len(), 2);
    assert_ne!(effects.low_samples(), run(&noisy(TWICE).subject("France")).low_samples());
    // The first draws of a sample are those of the first place alone.
    let tokens = |trace: &Trace| trace.restore(Site::Resid).run().expect("a run").tokens().to_vec();
    let (last, whole) = (all.tokens(SubjectLast), all.tokens(Subject));
    assert_eq!(tokens(&last), places.iter().map(|place| place.end - 1).collect::<Vec<_>>());
    assert_eq!(tokens(&whole), places.iter().cloned().flatten().collect::<Vec<_>>());
    assert!(effects.notes()[0].contains("all 2 occurrences"), "{:?}", effects.notes());
    // Restoring both places at the first layer is the clean run.
    let every = all.restore((Site::Resid, 7)).tokens(Last).run().expect("a run");
    assert!((every.best().expect("a cell").2 - every.high()).abs() < 1e-6);
    let npz = effects.to_npz().expect("an npz");
    assert_eq!(npz.array("subject_ranges").expect("ranges").shape(), [2, 2]);
    let again = Effects::from_json(&effects.to_json().expect("JSON")).expect("effects");
    assert_eq!(again, effects);
    let swapped = all.corrupt(swap("Papua New Guinea")).restore(..).run().expect("a run");
    assert_eq!(swapped.input_tokens().concat().matches("Papua New Guinea").count(), 2);
    assert!(!swapped.input_tokens().concat().contains("France"));
    let noising = all.corrupt(swap("Peru")).direction(Direction::Noise).restore(..);
    assert!(noising.run().is_ok());
    for (trace, words) in [
        (
            all.patch(Site::Resid, "The capital of Peru is"),
            "all occurrences of the subject are named, and another prompt",
        ),
        (all.restore(..).sever_at(Site::Gate, Subject), "the subject stands in 2 places"),
        (
            all.subject(0..1).restore(..),
            "an occurrence is named of a subject that is named by its tokens",
        ),
        (all.occurrence(3).restore(..), "occurrence 3 of `France`, which stands 2 times"),
        (all.occurrence(0).restore(..), "occurrence 0 of `France`"),
        (all.subject("capital").occurrence(2).restore(..), "which stands once"),
    ] {
        let said = trace.run().expect_err(words).to_string();
        assert!(said.contains(words) && said.contains("help: "), "{said}");
    }
    let knocked = all.knock_out(Subject, Last, ..).run().expect_err("several places").to_string();
    assert!(knocked.contains("the subject stands in 2 places"), "{knocked}");
}

#[test]
fn a_subject_inside_a_word_is_warned_of() {
    for (prompt, subject, word) in [
        ("The Romeo of Verona lives in", "Rome", "Romeo"),
        ("Some Parisians live in", "Paris", "Parisians"),
        ("The MacBook was made by", "Book", "MacBook"),
    ] {
        let warnings = run(&noisy(prompt).subject(subject)).warnings().join("\n");
        assert!(warnings.contains(&format!("a part of the word `{word}`")), "{warnings}");
    }
    // A guess is taken where it was found, not inside an earlier word.
    let guessed = noisy("Parisians and people in New Paris speak");
    assert!(run(&guessed).input_tokens()[run(&guessed).subject()].concat().contains("New Paris"));
}

#[test]
fn what_says_nothing_is_refused() {
    let trace = noisy("The capital of France is the city of").subject("France");
    let of = |prompt: &str| noisy(prompt).restore(..);
    for (trace, words) in [
        (trace.answer("").restore(..), "the answer is empty"),
        (trace.foil("").restore(..), "the foil is empty"),
        (trace.corrupt(swap("")).restore(..), "a swap for an empty subject"),
        (trace.corrupt(swap(" \t")).restore(..), "a swap for an empty subject"),
        (trace.subject("").restore(..), "the subject is empty"),
        (trace.subject("  ").restore(..), "the subject is blank"),
        (trace.corrupt(Noise::sigmas(0.0)).restore(..), "noise of size 0 corrupts nothing"),
        (trace.corrupt(Noise::gaussian(0.0)).restore(..), "noise of size 0 corrupts nothing"),
        (trace.corrupt(Noise::uniform(-0.0)).restore(..), "noise of size 0 corrupts nothing"),
        (of(""), "the prompt is empty"),
        (of(" \n\u{a0}"), "the prompt is blank"),
        (
            trace.corrupt(Corruption::Nothing).restore(..).fill(Fill::mean([" "])),
            "the prompt is blank",
        ),
    ] {
        let said = trace.run().expect_err(words).to_string();
        assert!(said.contains(words) && said.contains("help: "), "{said}");
        assert_eq!(trace.explain(), said);
    }
    assert!(model().record(" ", Site::Resid).is_err());
    for prompt in ["The capital of France is ", "The capital of France is\n", "France\t"] {
        let warnings = run(&noisy(prompt)).warnings().join("\n");
        assert!(warnings.contains("the prompt ends in a space"), "{prompt:?}: {warnings}");
    }
    let replaced = trace.corrupt(Noise::gaussian(0.0).samples(1).replacing());
    assert!(
        replaced.restore(..).run().is_ok(),
        "zero in place of the embedding is another embedding"
    );
}
