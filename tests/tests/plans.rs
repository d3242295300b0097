//! Plans and results from JSON: what is read as before, and what is refused, by its path.

use std::fmt::Write as _;

use mambascope::prelude::*;

/// A plan with each of these pieces of text in it changed.
fn plan(changes: &[(&str, &str)]) -> String {
    let text = r#"{"version":1,"prompt":{"ids":[1,2,3]},"subject":{"tokens":{"start":0,"end":1}},"answer":"predicted","corrupt":{"distribution":"gaussian","scale":{"absolute":0.5},"samples":4,"seed":1,"placement":"add"},"restore":{"at":{"site":"gate","layers":{"first":1,"end":null}},"tokens":"all","window":{"size":3,"convention":"code"}},"pairs":[[1,2]],"until":{"width":0.1,"most":50}}"#;
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

fn refused(text: &str) -> String {
    Plan::from_json(text).expect_err(text).to_string()
}

#[test]
fn what_no_plan_has_is_refused_by_its_path() {
    let noise = r#""samples":4,"#;
    let cases: [(&str, &[(&str, &str)]); 27] = [
        ("a misspelt key", &[("\"subject\"", "\"subjct\"")]),
        ("a misspelt key inside", &[("\"window\"", "\"windw\"")]),
        ("a misspelt key of noise", &[("\"samples\"", "\"sample\"")]),
        (
            "three misspelt keys",
            &[
                ("\"answer\"", "\"anser\""),
                ("\"size\":3", "\"size\":3,\"sise\":4"),
                ("\"first\"", "\"frist\""),
            ],
        ),
        ("a key that nothing resembles", &[("\"answer\":", "\"zzzzzzzz\":1,\"answer\":")]),
        ("two corruptions", &[(noise, r#""samples":4,"swap":{"text":"Rome"},"#)]),
        ("a swap and a prompt", &[(noise, r#""samples":4,"prompt":{"ids":[1]},"#)]),
        (
            "a corruption without keys",
            &[(
                r#"{"distribution":"gaussian","scale":{"absolute":0.5},"samples":4,"seed":1,"placement":"add"}"#,
                "{}",
            )],
        ),
        ("noise without samples", &[(noise, "")]),
        ("null where a value is needed", &[(r#"{"ids":[1,2,3]}"#, "null")]),
        ("null inside a needed value", &[("\"site\":\"gate\"", "\"site\":null")]),
        ("null in a list", &[("[1,2,3]", "[1,null,3]")]),
        ("a missing key", &[(r#""prompt":{"ids":[1,2,3]},"#, "")]),
        (
            "a key twice",
            &[("\"answer\":\"predicted\"", "\"answer\":\"predicted\",\"answer\":{\"token\":3}")],
        ),
        ("a key twice inside", &[("\"size\":3", "\"size\":3,\"size\":4")]),
        ("a text for a number", &[("\"size\":3", "\"size\":\"ten\"")]),
        ("a fraction", &[("\"samples\":4", "\"samples\":4.5")]),
        ("a negative number", &[("\"size\":3", "\"size\":-3")]),
        ("a seed too large", &[("\"seed\":1", "\"seed\":5000000000")]),
        ("a number for a text", &[("\"gate\"", "7")]),
        ("a list for an object", &[(r#"{"size":3,"convention":"code"}"#, "[3]")]),
        ("a site of a transformer", &[("\"gate\"", "\"mlp\"")]),
        ("a misspelt site", &[("\"gate\"", "\"gatd\"")]),
        ("a misspelt form of the prompt", &[("{\"ids\"", "{\"idz\"")]),
        ("a pair of three", &[("[[1,2]]", "[[1,2,3]]")]),
        ("a version of text", &[("\"version\":1", "\"version\":\"1\"")]),
        (
            "a later version with keys of its own",
            &[("\"version\":1", "\"version\":7,\"cause\":{}")],
        ),
    ];
    let mut text = String::new();
    for (name, changes) in cases {
        let said = refused(&plan(changes));
        assert!(said.contains("help: "), "{name}: {said}");
        writeln!(text, "{name}\n{said}\n").expect("a string takes all");
    }
    for (name, whole) in [
        ("nothing", ""),
        ("a list", "[1]"),
        ("half a plan", "{\"version\":1,"),
        ("two plans", "{\"version\":7}{}"),
        ("no version", "{}"),
        ("null", "null"),
    ] {
        writeln!(text, "{name}\n{}\n", refused(whole)).expect("a string takes all");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn deep_and_huge_texts_are_refused() {
    let deep = format!("{{\"version\":1,\"prompt\":{}", "[".repeat(100_000));
    assert!(refused(&deep).contains("recursion limit"), "{}", refused(&deep));
    let long = plan(&[("\"gate\"", &format!("\"{}\"", "g".repeat(100_000)))]);
    assert!(refused(&long).len() < 2000);
    let keys = (0..1000).map(|key| format!("\"key{key}\":1,")).collect::<Vec<_>>().concat();
    let many = refused(&plan(&[("\"version\":1,", &format!("\"version\":1,{keys}"))]));
    assert!(many.contains("20 problems"), "{many}");
    let path = plan(&[("\"answer\":", &format!("\"{}\":1,\"answer\":", "k".repeat(10_000)))]);
    assert!(refused(&path).len() < 2000);
}

#[test]
fn a_null_is_a_missing_key_where_there_is_a_default() {
    let bare = Plan::from_json(r#"{"version":1,"prompt":{"ids":[1,2]}}"#).expect("a plan");
    let nulls = r#"{"version":1,"prompt":{"ids":[1,2]},"subject":null,"answer":null,"restore":null,"direction":null,"pairs":null,"sever":null,"metrics":null,"foil":null,"until":null,"occurrence":null}"#;
    assert_eq!(Plan::from_json(nulls).expect("a plan"), bare);
    // How a plan writes that nothing is corrupted.
    let nothing = Model::tiny().trace([1, 2]).corrupt(Corruption::Nothing);
    let text = nothing.plan().to_json().expect("JSON");
    assert!(text.contains("\"corrupt\":null"), "{text}");
    assert_eq!(&Plan::from_json(&text).expect("a plan"), nothing.plan());
    assert_eq!(bare.corrupt, Corruption::default());
    let marked = format!("\u{feff}{nulls}\r\n");
    assert_eq!(Plan::from_json(&marked).expect("a plan"), bare);
}

#[test]
fn plans_are_written_as_before() {
    let trace = Model::tiny().trace([5, 9, 2]).subject(1..2).corrupt(Noise::gaussian(0.5));
    let text = trace.restore(Site::Gate).plan().to_json().expect("JSON");
    assert_eq!(
        text,
        r#"{"version":1,"prompt":{"ids":[5,9,2]},"subject":{"tokens":{"start":1,"end":2}},"answer":"predicted","corrupt":{"distribution":"gaussian","scale":{"absolute":0.5},"samples":10,"seed":1,"placement":"add"},"restore":{"at":{"site":"gate","layers":{"first":null,"end":null}},"tokens":"all","window":null}}"#
    );
    for again in [
        trace.restore(..).occurrence(2),
        trace.restore(..).all_occurrences(),
        trace.subject(Guess::Rome),
        trace.patch((Site::State, 4), Other::new([1, 2]).subject(0..1)),
        trace.corrupt(swap([3])).pairs(&[(1, 2)]).sever(Site::Gate),
        trace
            .corrupt(Noise::student(3.0).over(["Rome"]))
            .restore(..)
            .fill(Fill::Noise { deviation: 1.0, seed: 3 }),
        trace.restore(..).fill(Elsewhere::clean().token(Last).layer(2)).until(Until::width(0.1)),
        trace.restore(..).metrics(Metric::ALL).foil(3).direction(Direction::Noise),
    ] {
        let text = again.plan().to_json().expect("JSON");
        assert_eq!(&Plan::from_json(&text).expect(&text), again.plan());
    }
}

#[test]
fn results_are_read_as_strictly() {
    let trace =
        Model::tiny().trace([5, 9, 2]).subject(1..2).corrupt(Noise::gaussian(0.5).samples(2));
    let effects = trace.restore(..).run().expect("a run");
    let knocked = trace.knock_out(Subject, Last, ..).run().expect("a run");
    let effects = effects.to_json().expect("JSON");
    let knocked = knocked.to_json().expect("JSON");
    assert!(Effects::from_json(&effects).is_ok() && Knocked::from_json(&knocked).is_ok());
    let cases = [
        ("\"scores\": [", "\"scorse\": [", "did you mean `scores`?"),
        (
            "\"high\": ",
            "\"high\": \"much\", \"ignored\": ",
            "high: expected a number, found \"much\"",
        ),
        ("\"input_ids\":", "\"model\": \"x\", \"input_ids\":", "the key `model` stands twice"),
        ("\"layers\":", "\"layers\": null, \"leyers\":", "did you mean `layers`?"),
    ];
    for (from, to, words) in cases {
        for (text, read) in [
            (
                &effects,
                (|text| Effects::from_json(text).map(drop)) as fn(&str) -> Result<(), Error>,
            ),
            (&knocked, |text| Knocked::from_json(text).map(drop)),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(&changed, text, "{from}");
            let said = read(&changed).expect_err(to).to_string();
            assert!(said.contains(words) && said.contains("help: "), "{said}");
        }
    }
}
