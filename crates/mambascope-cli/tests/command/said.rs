//! What the command says of subjects, lists, files and names that are not as it knows them.

use std::fs;

use super::{by_ids, folder, golden, mambascope, standard_error};

/// A trace of the bundled model, quick.
const QUICK: [&str; 6] = ["--samples", "2", "--tokens", "last", "--out", "a.txt"];

#[test]
fn a_guess_and_a_second_occurrence_are_said() {
    let folder = folder();
    let said = |arguments: &[&str]| {
        let output = mambascope(folder.path())
            .arg("trace")
            .args(arguments)
            .args(QUICK)
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let figure = fs::read_to_string(folder.path().join("a.txt")).expect("a picture");
        (String::from_utf8(output.stdout).expect("words"), figure)
    };
    let capital = "The capital of France is the city of";
    let (words, figure) = said(&[capital]);
    let line =
        "subject: `France` (guessed: the only run of capitalised words; name it with --subject)";
    assert!(words.contains(line), "{words}");
    assert!(figure.contains("Subject guessed: France"), "{figure}");
    let (words, _) = said(&[capital, "--guess", "rome"]);
    assert!(words.contains("subject: `The` (guessed: ROME's rule"), "{words}");
    let twice = "France is large, and the capital of France is the city of";
    let (words, figure) = said(&[twice, "--subject", "France"]);
    assert!(words.contains("warning: the subject `France` stands 2 times"), "{words}");
    assert!(figure.contains("stands 2 times in the prompt"), "{figure}");
    let (words, _) = said(&[twice, "--subject", "France", "--occurrence", "2"]);
    assert!(words.contains("subject: occurrence 2 of 2") && !words.contains("warning"), "{words}");
    let (words, _) = said(&[twice, "--subject", "France", "--occurrence", "all"]);
    assert!(words.contains("subject: all 2 occurrences"), "{words}");
    let (words, _) = said(&["The capital of France is the city of "]);
    assert!(words.contains("warning: the prompt ends in a space"), "{words}");
}

#[test]
fn lists_of_ids_are_read_as_people_write_them() {
    let folder = folder();
    for ids in ["[18, 48, 10, 47]", "18 48 10 47", "18,48,10,47,"] {
        let mut command = mambascope(folder.path());
        command.args([
            "trace",
            "--ids",
            ids,
            "--subject-tokens",
            "1..3",
            "--noise",
            "0.5",
            "--samples",
            "2",
        ]);
        command.args(["--out", "i.npz", "--model"]).arg(golden("plain")).assert().success();
    }
    let (code, said) = standard_error(mambascope(folder.path()).args(["trace", "--ids", "[1, x]"]));
    assert!(code == Some(2) && said.contains("`x` is no token id"), "{said}");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let folder = folder();
    fs::write(folder.path().join("none.json"), "[]").expect("written");
    fs::write(
        folder.path().join("bom.json"),
        "\u{feff}[{\"subject\": \"Paris\"}, {\"subject\": \"Rome\"}]",
    )
    .expect("written");
    fs::write(
        folder.path().join("crlf.tsv"),
        "subject\tprompt\r\nParis\tParis is\r\nRome\tRome is\r\n",
    )
    .expect("written");
    let capital = ["trace", "The capital of France is the city of", "--subject", "France"];
    for (arguments, words) in [
        (&["--answer", ""][..], "the answer is empty"),
        (&["--foil", ""], "the foil is empty"),
        (&["--swap", ""], "a swap for an empty subject"),
        (&["--swap", "France"], "the swap is the subject itself"),
        (&["--noise", "0"], "noise of size 0"),
        (&["--noise", "0s"], "noise of size 0"),
        (&["--facts", "none.json"], "holds no facts"),
        (&["--site", "gate", "--site", "gate"], "--site gate is named twice"),
        (&["--metric", "p", "--metric", "p"], "--metric p is named twice"),
        (&["--occurrence", "3"], "occurrence 3 of `France`, which stands once"),
        (&["--occurrence", "0"], "`0` is no occurrence"),
        (&["--tokens", "0"], "all restored tokens come before"),
    ] {
        let (code, said) = standard_error(mambascope(folder.path()).args(capital).args(arguments));
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    for (prompt, words) in [("", "the prompt is empty"), ("  ", "the prompt is blank")] {
        let (code, said) = standard_error(mambascope(folder.path()).args(["trace", prompt]));
        assert!(code == Some(2) && said.contains(words), "{said}");
    }
    let (code, said) =
        standard_error(mambascope(folder.path()).args(["trace", "x", "--subject", ""]));
    assert!(code == Some(2) && said.contains("the subject is empty"), "{said}");
    for file in ["bom.json", "crlf.tsv"] {
        mambascope(folder.path())
            .args(capital)
            .args(["--facts", file])
            .args(QUICK)
            .assert()
            .success();
    }
}

#[test]
fn unknown_names_say_the_nearest_first() {
    let folder = folder();
    for (arguments, words) in [
        (["--site", "blocks.3.hook_resid_post"], "write `--site resid --layers 3`"),
        (["--site", "backbone.layers.3.mixer"], "write `--site mixer_out --layers 3`"),
        (["--site", "attn"], "`attn` is a part of a transformer"),
        (["--site", "None"], "write `resid`"),
        (["--site", "mixer_uot"], "help: did you mean `mixer_out`"),
        (["--metric", "logp"], "did you mean `log_p`?"),
        (["--metric", "ranks"], "did you mean `rank`?"),
        (["--timing", "carry-onl"], "did you mean `carry-only`?"),
        (["--original", "ssm_sate"], "did you mean `ssm_state`?"),
        (["--direction", "denoize"], "'denoise'"),
        (["--compute", "reference46"], "'reference64'"),
        (["--out", "map.pgn"], "did you mean `map.png`?"),
    ] {
        let (code, said) = standard_error(by_ids(folder.path()).args(arguments));
        assert!(code == Some(2) && said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn each_cause_is_said_once_and_the_help_comes_last() {
    let folder = folder();
    fs::create_dir(folder.path().join("broken")).expect("a folder");
    fs::write(folder.path().join("broken/config.json"), "{").expect("written");
    for arguments in [
        &["trace", "x", "--model", "./broken"][..],
        &["trace", "x", "--model", "./nowhere"],
        &["trace", "The capital of France is", "--facts", "missing.json"],
    ] {
        let (code, said) = standard_error(mambascope(folder.path()).args(arguments));
        assert_eq!(code, Some(1), "{said}");
        assert!(said.trim_end().lines().last().expect("a line").starts_with("help: "), "{said}");
        for cause in ["os error 2", "EOF while parsing"] {
            assert!(said.matches(cause).count() <= 1, "{said}");
        }
    }
}
