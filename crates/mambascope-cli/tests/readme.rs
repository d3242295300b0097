//! The README does what it says: its Rust runs, its commands run.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

const README: &str = include_str!("../../../README.md");
const QUICKSTART: &str = include_str!("../../../notebooks/01-quickstart.ipynb");
const VERBS: &str = include_str!("../../mambascope/examples/verbs.rs");
const TEN_LINES: &str = include_str!("../../mambascope/examples/ten_lines.rs");

/// The first block of a language after a heading.
fn block(heading: &str, language: &str) -> &'static str {
    let section = README.split_once(&format!("\n## {heading}\n")).expect("a heading").1;
    let start = section.split_once(&format!("```{language}\n")).expect("a block").1;
    start.split_once("```").expect("its end").0
}

#[test]
fn every_block_is_tested() {
    assert_eq!(README.matches("\n```").count(), 8, "four blocks, each with a test here");
    let commands: Vec<&str> = README.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    let first = commands.iter().filter(|line| line.starts_with("cargo run --release -- "));
    let first: Vec<&str> = first.map(|line| line.rsplit(' ').next().expect("a word")).collect();
    assert_eq!(first, ["lab", "trace"]);
    for command in first {
        mambascope().args([command, "--help"]).assert().success();
    }
}

#[test]
fn its_cell_is_in_the_quickstart() {
    for line in block("In a notebook", "rust").lines() {
        let quoted = line.replace('"', "\\\"");
        assert!(QUICKSTART.contains(&quoted), "{line}");
    }
}

#[test]
fn its_options_are_there() {
    for (command, options) in [
        (&["lab"][..], &["--no-browser", "--port", "--check"][..]),
        (&["kernel", "install"], &["--user", "--sys-prefix", "--prefix"]),
    ] {
        let help = mambascope().args(command).arg("--help").output().expect("it runs").stdout;
        let help = String::from_utf8(help).expect("words");
        for option in options {
            assert!(help.contains(option) && README.contains(option), "{option}");
        }
    }
}

#[test]
fn its_rust_is_the_example() {
    let example = TEN_LINES.split_once("\n\n").expect("a first line").1;
    assert_eq!(block("In ten lines", "rust"), example);
}

#[test]
fn its_rust_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    // Cargo builds examples with the tests, beside the command.
    let beside = Path::new(env!("CARGO_BIN_EXE_mambascope")).with_file_name("examples");
    Command::new(beside.join("ten_lines")).current_dir(folder.path()).assert().success();
    for file in ["residual.svg", "mixer.pdf", "effects.npz", "gate.safetensors"] {
        assert!(fs::metadata(folder.path().join(file)).expect(file).len() > 200);
    }
}

#[test]
fn its_verbs_run() {
    let code = |line: &'static str| line.split("   ").next().expect("code").split("; ");
    let verbs: Vec<&str> =
        block("Every place in a block", "text").lines().flat_map(code).map(str::trim).collect();
    assert_eq!(verbs.len(), 25);
    for verb in verbs {
        assert!(VERBS.contains(verb), "{verb}");
    }
    let beside = Path::new(env!("CARGO_BIN_EXE_mambascope")).with_file_name("examples");
    Command::new(beside.join("verbs")).assert().success();
}

#[test]
fn its_commands_run() {
    let folder = tempfile::tempdir().expect("a folder");
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/plain"),
        &folder.path().join("checkpoint"),
    );
    let lines = block("The command", "console")
        .lines()
        .filter_map(|line| line.strip_prefix("$ mambascope "));
    let mut count = 0;
    for line in lines {
        let arguments = words(line);
        mambascope().args(&arguments).current_dir(folder.path()).assert().success();
        count += 1;
    }
    assert_eq!(count, 8);
    for file in [
        "map_resid.png",
        "map_mixer_out.npz",
        "state.svg",
        "swap.npz",
        "knock.svg",
        "knock.csv",
        "all.npz",
        "all_kl.svg",
        "ids.npz",
        "acts.safetensors",
    ] {
        assert!(folder.path().join(file).is_file(), "{file}");
    }
}

fn mambascope() -> Command {
    Command::new(env!("CARGO_BIN_EXE_mambascope"))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder");
    for name in ["config.json", "model.safetensors"] {
        fs::copy(from.join(name), to.join(name)).expect(name);
    }
}

/// Splits a line at spaces outside double quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().expect("a word").push(letter),
        }
    }
    words
}
