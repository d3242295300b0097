//! Plans that would run in silence and say nothing: refused where they cannot mean anything, else warned of.

use mambascope::Swap;
use mambascope::prelude::*;

/// Four layers, four tokens, the subject in the middle.
fn noisy() -> Trace {
    Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5).samples(3))
}

fn swapped(ids: impl Into<mambascope::Alternative>) -> Trace {
    noisy().corrupt(Swap { swap: ids.into() }).restore(..)
}

#[test]
fn what_cannot_mean_anything_is_refused() {
    let resid = noisy().restore(..);
    let state = noisy().restore((Site::State, 2)).tokens(2).window(1);
    let patched = Elsewhere::patched();
    let cases = [
        (
            "tokens before the difference",
            resid.tokens(0),
            "all restored tokens come before token 1",
        ),
        (
            "a token before the difference",
            swapped([11]).tokens(0),
            "all restored tokens come before token 1",
        ),
        (
            "a range before the difference",
            noisy().subject(2..3).restore(Site::Gate).tokens(0..2),
            "all restored tokens come before token 2",
        ),
        ("the subject for itself", swapped([9, 2]), "the swap is the subject itself"),
        (
            "the prompt for itself",
            noisy().patch(Site::Gate, Other::new([5, 9, 2, 7]).subject(1..3)),
            "the other prompt is the prompt itself",
        ),
        (
            "the prompt for itself, another subject",
            noisy().patch(Site::Gate, Other::new([5, 9, 2, 7]).subject(0..1)),
            "the other prompt is the prompt itself",
        ),
        (
            "noise of no size",
            noisy().corrupt(Noise::gaussian(0.0)).restore(..),
            "noise of size 0 corrupts nothing",
        ),
        (
            "uniform noise of no size",
            noisy().corrupt(Noise::uniform(0.0)).restore(..),
            "noise of size 0 corrupts nothing",
        ),
        ("noise on no token", resid.subject(1..1), "subject tokens 1..1"),
        ("a foil that is the answer", resid.answer(7).foil(7), "the foil is the answer itself"),
        (
            "a site severed that is restored",
            resid.sever(Site::Resid),
            "is both restored and severed",
        ),
        ("a site severed twice", resid.sever(Site::Gate).sever(Site::Gate), "is severed twice"),
        (
            "severed twice at tokens",
            resid.sever_at(Site::Gate, Last).sever_at(Site::Gate, Last),
            "is severed twice",
        ),
        ("a site restored twice", noisy().restore(Site::Gate).and(Site::Gate), "is restored twice"),
        ("itself times 1", resid.fill(Fill::Scaled(1.0)), "itself times 1 is put in place"),
        (
            "itself and no noise",
            resid.fill(Fill::Noised { deviation: 0.0, seed: 1 }),
            "itself and noise of deviation 0",
        ),
        (
            "its own token",
            state.fill(patched.token(2)),
            "the same token and layer of the patched run",
        ),
        (
            "its own layer",
            state.fill(patched.layer(2)),
            "the same token and layer of the patched run",
        ),
        (
            "its own place",
            state.fill(patched.layer(2).token(SubjectLast)),
            "the same token and layer of the patched run",
        ),
        (
            "a token in two pairs",
            swapped([11]).pairs(&[(1, 2), (1, 1)]),
            "patched token 1 stands in two pairs",
        ),
        (
            "samples fewer than given",
            resid.until(Until::width(0.1).most(2)),
            "at most 2 samples, beginning with 3",
        ),
    ];
    for (name, trace, words) in cases {
        let said = trace.run().expect_err(name).to_string();
        assert!(said.contains(words) && said.contains("help: "), "{name}: {said}");
        assert_eq!(trace.explain(), said, "{name}");
    }
}

#[test]
fn knock_outs_that_cannot_mean_anything_are_refused() {
    let clean = noisy();
    let knocked = [
        ("targets before sources", clean.knock_out(Last, Subject, ..), "which come after them"),
        (
            "a pair twice",
            clean.knock_out(Subject, Last, ..).and(Subject, Last),
            "the pair subject to last token is named twice",
        ),
        (
            "a pair of numbers twice",
            clean.knock_out(0, 3, ..).and(1, 3).and(1, 3),
            "the pair token 1 to token 3 is named twice",
        ),
    ];
    for (name, knock, words) in knocked {
        let said = knock.run().expect_err(name).to_string();
        assert!(said.contains(words) && said.contains("help: "), "{name}: {said}");
    }
}

#[test]
fn what_says_little_is_warned_of() {
    let resid = noisy().restore(..);
    let cases = [
        (
            "a window over all layers",
            noisy().restore(Site::Gate).window(7),
            "restores all 4 layers around any centre",
        ),
        (
            "a far wider window",
            noisy().restore(Site::Gate).window(1000),
            "restores all 4 layers around any centre",
        ),
        (
            "a window wider than the model",
            noisy().restore(Site::Gate).window(5),
            "is wider than the model, which has 4",
        ),
        (
            "a metric twice",
            resid.metrics([Metric::Rank, Metric::Rank]),
            "the metric rank is named twice",
        ),
        ("nothing to sample for", noisy().until(0.5), "nothing is restored: there are no cells"),
        (
            "hardly any noise",
            noisy().corrupt(Noise::gaussian(1e-12)).restore(..),
            "clean and corrupted hardly differ",
        ),
        (
            "noise that rounds away",
            noisy().corrupt(Noise::gaussian(1e-30)).restore(..),
            "clean and corrupted hardly differ",
        ),
        (
            "hardly any uniform noise",
            noisy().corrupt(Noise::uniform(1e-12)).restore(..),
            "clean and corrupted hardly differ",
        ),
    ];
    for (name, trace, words) in cases {
        let effects = trace.run().expect(name);
        let said = effects.warnings().join("\n");
        assert!(said.contains(words), "{name}: {said}");
    }
    for (name, knock, words) in [
        (
            "rows alike",
            noisy().knock_out(SubjectLast, Last, ..).and(2, Last),
            "cut the same tokens",
        ),
        (
            "sources after all targets",
            noisy().knock_out(All, Subject, ..),
            "come after all targets",
        ),
        (
            "a window over all layers",
            noisy().knock_out(Subject, Last, ..).window(9),
            "cuts all 4 layers around any centre",
        ),
    ] {
        let said = knock.run().expect(name).warnings().join("\n");
        assert!(said.contains(words), "{name}: {said}");
        assert!(knock.explain().contains(words), "{name}: {}", knock.explain());
    }
    let again =
        together([resid.clone(), noisy().restore(Site::Gate), resid.clone()]).run().expect("runs");
    assert!(again[2].warnings().join("\n").contains("trace 3 is trace 1 once more"));
    assert!(!again[1].warnings().join("\n").contains("once more"));
    let effects = resid.run().expect("a run");
    let less = effects.less(&effects).expect("a map").text();
    assert!(less.contains("Both are the same plan"), "{less}");
}

#[test]
fn an_answer_that_the_model_does_not_know_is_warned_of() {
    let model = Model::bundled().expect("bundled");
    let trace = model.trace("The capital of France is the city of").subject("France");
    let trace = trace.corrupt(Noise::sigmas(3.0).samples(2)).restore(..).tokens(Last);
    for answer in ["Rome", "the", "blue"] {
        let Ok(effects) = trace.answer(answer).run() else { continue };
        let said = effects.warnings().join("\n");
        assert!(said.contains("the model does not know this answer"), "{answer}: {said}");
    }
    let known = trace.run().expect("a run");
    assert!(known.warnings().is_empty(), "{:?}", known.warnings());
}

#[test]
fn what_means_something_is_left_alone() {
    let resid = noisy().restore(..);
    for (name, trace) in [
        ("some tokens before the difference", resid.tokens(0..2)),
        (
            "a pair within one prompt",
            noisy().patch(Site::Gate, Other::new([5, 9, 2, 7]).subject(1..3)).pairs(&[(3, 1)]),
        ),
        (
            "zero in place of the embedding",
            noisy().corrupt(Noise::gaussian(0.0).replacing()).restore(..),
        ),
        (
            "another layer's",
            noisy().restore((Site::State, 2)).window(1).fill(Elsewhere::patched().layer(1)),
        ),
        ("a token before the difference, filled", resid.tokens(0).fill(Fill::Zero)),
        ("one pair of two swaps", swapped([11]).pairs(&[(1, 2)])),
    ] {
        assert!(trace.run().is_ok(), "{name}: {}", trace.explain());
    }
}
