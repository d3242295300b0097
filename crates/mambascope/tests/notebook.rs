//! What a notebook's kernel gets to read, in each of the three dialects.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
#[cfg(unix)]
use std::time::{Duration, Instant};

use serde_json::Value;

/// Cargo builds examples with the tests, one folder above them.
fn cells() -> PathBuf {
    let test = std::env::current_exe().expect("this test");
    let built = test.parent().and_then(Path::parent).expect("a folder");
    built.join("examples").join(format!("cells{}", std::env::consts::EXE_SUFFIX))
}

fn command(scene: &str, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(cells());
    command.arg(scene).env_remove("MAMBASCOPE_FRAMES").env_remove("EVCXR_IS_RUNTIME");
    command.envs(environment.iter().copied());
    command
}

fn printed(scene: &str, environment: &[(&str, &str)]) -> String {
    let output = command(scene, environment).output().expect("it runs");
    String::from_utf8(output.stdout).expect("text")
}

const OURS: &[(&str, &str)] = &[("MAMBASCOPE_FRAMES", "1"), ("EVCXR_IS_RUNTIME", "1")];
const STOCK: &[(&str, &str)] = &[("EVCXR_IS_RUNTIME", "1")];

fn frames(scene: &str) -> Vec<Value> {
    let frame = |line: &str| {
        let json = line.strip_prefix("\u{2}mambascope:").expect("a frame");
        serde_json::from_str(json).expect("json")
    };
    printed(scene, OURS).lines().map(frame).collect()
}

#[test]
fn our_kernel_reads_frames() {
    let map = frames("map");
    assert_eq!((map.len(), &map[0]["frame"]), (1, &Value::from("result")));
    let data = &map[0]["data"];
    assert!(data["image/svg+xml"].as_str().expect("a drawing").starts_with("<svg"));
    assert!(data["text/plain"].as_str().expect("text").contains("Impact of restoring"));
    // What LaTeX takes, in base64.
    assert!(data["application/pdf"].as_str().expect("a page").starts_with("JVBERi0"));
    let told: Vec<_> = frames("display");
    assert_eq!(
        [&told[0]["frame"], &told[1]["frame"], &told[2]["frame"]],
        ["display", "update", "clear"]
    );
    assert_eq!(told[0]["data"]["text/plain"], "one");
    assert_eq!(
        (&told[1]["data"]["text/plain"], &told[1]["id"]),
        (&Value::from("two"), &told[0]["id"])
    );
    assert_eq!(told[2]["wait"], true);
}

#[test]
fn an_interactive_map_is_json_with_intervals() {
    let data = &frames("interactive")[0]["data"];
    let spec = &data["application/vnd.vegalite.v5+json"];
    let cells = spec["data"]["values"].as_array().expect("cells");
    assert_eq!(cells.len(), 16);
    let titles: Vec<&str> = spec["encoding"]["tooltip"]
        .as_array()
        .expect("a tooltip")
        .iter()
        .filter_map(|field| field["title"].as_str())
        .collect();
    assert_eq!(titles[..2], ["token", "layer"]);
    assert_eq!(titles[3], "95 % interval");
    let interval = cells[5]["interval"].as_str().expect("an interval");
    let interval = interval.trim_end_matches(", hatched");
    let ends: Vec<f64> = interval.split(" to ").map(|end| end.parse().expect("a number")).collect();
    let value = cells[5]["value"].as_f64().expect("a number");
    assert!(ends[0] <= value + 1e-3 && value <= ends[1] + 1e-3, "{interval} round {value}");
}

#[test]
fn evcxr_reads_blocks() {
    let map = printed("map", STOCK);
    let begin = |mime: &str| map.find(&format!("EVCXR_BEGIN_CONTENT {mime}\n"));
    assert!(begin("text/plain") < begin("image/svg+xml") && begin("image/svg+xml").is_some());
    assert_eq!(map.matches("\nEVCXR_END_CONTENT\n").count(), 3);
    assert_eq!(printed("display", STOCK), "one\n", "only the last value may be a block");
}

#[test]
fn a_person_reads_text() {
    assert!(printed("map", &[]).starts_with("Impact of restoring"));
    assert_eq!(printed("display", &[]), "one\n");
    assert_eq!(printed("long", &[]), "");
}

#[test]
fn errors_are_red_and_say_what_to_write() {
    let data = &frames("wrong")[0]["data"];
    let html = data["text/html"].as_str().expect("html");
    assert!(html.contains("#e5484d") && html.contains("help:</b> `0..4` or `..`"), "{html}");
    assert!(data["text/plain"].as_str().expect("text").starts_with("error: the trace cannot run"));
}

#[test]
fn every_value_has_its_form() {
    let told = frames("values");
    let text = |index: usize| told[index]["data"]["text/plain"].as_str().expect("text");
    assert_eq!(told.len(), 7, "nothing is no result");
    assert_eq!(
        text(0),
        "random: Mamba-1, 4 layers, D 16, E 32, N 4, 32 tokens without a tokenizer, 0.0 million parameters"
    );
    assert!(text(1).starts_with("trace of random"));
    assert!(
        text(2).contains("best")
            && told[2]["data"]["text/html"].as_str().expect("html").contains("<table>")
    );
    assert_eq!(text(3), "record of 2 tokens; logits [2, 32]\n  gate of layer 0  [2, 32]");
    assert!(text(4).starts_with("error: token 99 at place 1"), "{}", text(4));
    assert_eq!([text(5), text(6)], [r#"(1, "two")"#, r#"Some("ra")"#]);
}

#[test]
fn a_panic_is_told_with_its_place() {
    let told = frames("panic");
    assert_eq!(
        (&told[0]["frame"], &told[0]["name"]),
        (&Value::from("error"), &Value::from("panic"))
    );
    assert_eq!(told[0]["value"], "no cell can go on");
    assert!(told[0]["location"]["file"].as_str().expect("a file").ends_with("cells.rs"));
    let output = command("elsewhere", OURS).output().expect("it runs");
    assert!(output.status.success() && output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("a thread of its own"));
}

#[test]
fn a_long_run_says_how_far_it_is() {
    let told = frames("long");
    assert!((5..=16).contains(&told.len()), "{} frames", told.len());
    assert!(told[0]["data"]["text/html"].as_str().expect("html").contains("<progress"));
    assert!(told.iter().all(|frame| frame["metadata"]["mambascope"] == "progress"));
    let last = told.last().expect("a frame")["data"]["text/plain"].as_str().expect("text");
    assert!(last.starts_with("long: 150 cells in "), "{last}");
}

/// What a scene says that is interrupted once it has shown how far it is, and how long it then took to end.
#[cfg(unix)]
fn interrupted(scene: &str) -> (String, Duration) {
    let mut child = command(scene, OURS).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut output = BufReader::new(child.stdout.take().expect("its output"));
    let mut first = String::new();
    output.read_line(&mut first).expect("a frame");
    assert!(first.contains("<progress"), "{first}");
    let kill = |signal: &str| {
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    };
    kill("-USR2");
    let asked = Instant::now();
    kill("-INT");
    let mut rest = String::new();
    output.read_to_string(&mut rest).expect("frames");
    assert!(child.wait().expect("its end").success());
    (rest, asked.elapsed())
}

#[cfg(unix)]
#[test]
fn an_interrupt_stops_a_run_and_no_more() {
    let (rest, _) = interrupted("long");
    assert!(rest.contains("long: stopped after"), "{rest}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_stops_a_recording_and_a_mean_within_a_second() {
    for (scene, far) in [("record", "of 64 layers"), ("mean", "of 100000 prompts")] {
        let (rest, took) = interrupted(scene);
        assert!(rest.contains(": stopped after") && rest.contains(far), "{rest}");
        assert!(rest.contains("the run was stopped"), "{rest}");
        assert!(took < Duration::from_secs(1), "{scene} took {took:?} to stop");
    }
}
