//! The hub's cache, and a hub of our own on this machine.
//!
//! What the environment says holds for a whole process, so each case runs in a child: this test
//! binary again, at [`child`].

#![cfg_attr(not(feature = "hub"), expect(dead_code, reason = "nothing can be fetched then"))]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use mambascope_model::{Checkpoint, Config, Source, cached};
use tempfile::TempDir;

use crate::files::{parts, safetensors, transformers};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const TOKENIZER: &[u8] = br#"{"version": "1.0", "added_tokens": [], "model": {"type": "BPE",
    "vocab": {"a": 0, "b": 1, "c": 2}, "merges": []}}"#;

/// What the child does, and what it prints, one line a fact.
#[test]
#[ignore = "run by the other tests, in a process with an environment of its own"]
fn child() {
    for model in cached() {
        let Config { width, known_vocabulary, .. } = model.config;
        println!("cached {} {:?} {}", model.id, model.revisions, model.commit);
        println!("shape {width} {known_vocabulary} {}", model.bytes);
    }
    let Ok(source) = std::env::var("TEST_SOURCE") else { return };
    match Checkpoint::open(&Source::from(source.as_str())) {
        Ok(checkpoint) => {
            let tokens = checkpoint.tokens.as_ref().map(mambascope_model::Tokens::count);
            println!("opened {} {tokens:?}", checkpoint.name);
        }
        Err(error) => println!("refused {error}"),
    }
}

/// Runs [`child`] with these variables and no others of the hub; gives what it printed.
fn run(source: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "hub::child", "--ignored", "--nocapture"]);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HF_")) {
        command.env_remove(name);
    }
    command.env_remove("HUGGINGFACE_HUB_CACHE").env_remove("XDG_CACHE_HOME");
    command.envs(variables.iter().copied()).env("TEST_SOURCE", source);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Puts a tiny model into a cache.
fn cache(hub: &Path, id: &str) -> PathBuf {
    let repository = hub.join(format!("models--{}", id.replace('/', "--")));
    write(&repository.join("refs/main"), COMMIT.as_bytes());
    let snapshot = repository.join("snapshots").join(COMMIT);
    write(&snapshot.join("config.json"), &transformers(&Config::tiny()));
    write(&snapshot.join("model.safetensors"), &safetensors(&parts(&Config::tiny())));
    snapshot
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_cached_model_opens_without_a_network() {
    let home = tempfile::tempdir().unwrap();
    let snapshot = cache(&home.path().join("hub"), "owner/tiny");
    write(&snapshot.join("tokenizer.json"), TOKENIZER);
    for offline in ["1", "0"] {
        let variables = [
            ("HF_HOME", text(home.path())),
            ("HF_HUB_OFFLINE", offline),
            ("HF_ENDPOINT", "http://127.0.0.1:9"),
        ];
        for source in ["owner/tiny", &format!("owner/tiny@{COMMIT}")] {
            let printed = run(source, &variables);
            assert!(printed.contains(&format!("opened {source} Some(3)")), "{printed}");
        }
        let printed = run("owner/tiny@other", &variables);
        assert!(printed.contains("refused"), "{printed}");
    }
}

#[test]
fn every_variable_names_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let places = [
        ("HF_HUB_CACHE", ""),
        ("HUGGINGFACE_HUB_CACHE", ""),
        ("HF_HOME", "hub"),
        ("XDG_CACHE_HOME", "huggingface/hub"),
        ("HOME", ".cache/huggingface/hub"),
    ];
    for (variable, place) in places {
        let here = folder.path().join(variable);
        cache(&here.join(place), "owner/tiny");
        let printed = run("owner/tiny", &[(variable, text(&here)), ("HF_HUB_OFFLINE", "yes")]);
        assert!(printed.contains("opened owner/tiny None"), "{variable}: {printed}");
    }
}

#[test]
fn the_cache_is_listed() {
    let home = tempfile::tempdir().unwrap();
    let hub = home.path().join("hub");
    cache(&hub, "owner/tiny");
    write(&hub.join("models--owner--other/snapshots/1/config.json"), b"{\"model_type\": \"gpt2\"}");
    write(&hub.join("models--owner--half/snapshots/1/config.json"), &transformers(&Config::tiny()));
    let printed =
        run("nowhere/nothing", &[("HF_HOME", text(home.path())), ("HF_HUB_OFFLINE", "1")]);
    assert!(printed.contains(&format!("cached owner/tiny [\"main\"] {COMMIT}")), "{printed}");
    assert!(printed.contains("shape 16 32 "), "{printed}");
    assert_eq!(printed.matches("cached ").count(), 1, "{printed}");
    assert!(printed.contains("HF_HUB_OFFLINE unset"), "{printed}");
}

#[test]
fn a_published_model_finds_its_tokenizer_in_the_cache() {
    let home = tempfile::tempdir().unwrap();
    let hub = home.path().join("hub");
    let config = Config { width: 1, inner: 2, layers: 1, vocabulary: 50_280, ..Config::tiny() };
    let snapshot = cache(&hub, "owner/published");
    write(
        &snapshot.join("config.json"),
        br#"{"d_model": 1, "n_layer": 1, "vocab_size": 50277, "ssm_cfg": {"d_state": 4}}"#,
    );
    write(&snapshot.join("model.safetensors"), &safetensors(&parts(&config)));
    let variables = [("HF_HOME", text(home.path())), ("HF_HUB_OFFLINE", "1")];
    let printed = run("owner/published", &variables);
    assert!(printed.contains("opened owner/published None"), "{printed}");
    let tokenizer = "models--EleutherAI--gpt-neox-20b/snapshots/1/tokenizer.json";
    write(&hub.join(tokenizer), TOKENIZER);
    for source in ["owner/published", text(&snapshot)] {
        let printed = run(source, &variables);
        assert!(printed.contains("Some(3)"), "{printed}");
    }
}

/// Whom and what the test's hub was asked.
type Asked = Arc<Mutex<Vec<String>>>;

/// A hub with one model; answers until the test ends.
fn serve(files: BTreeMap<&'static str, Vec<u8>>) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream, &files, &log);
        }
    });
    (address, asked)
}

fn answer(mut stream: TcpStream, files: &BTreeMap<&'static str, Vec<u8>>, log: &Asked) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let Some(request) = lines.next() else { return };
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let header = |name: &str| {
        let found = headers.iter().find(|line| line.to_ascii_lowercase().starts_with(name));
        found.and_then(|line| line.split_once(": ")).map(|(_, value)| value.to_owned())
    };
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    log.lock().unwrap().push(format!("{path} {}", header("authorization").unwrap_or_default()));
    let file = path.strip_prefix(&format!("/owner/tiny/resolve/{COMMIT}/"));
    let (status, body) = if path == "/api/models/owner/tiny/revision/main" {
        let names: Vec<_> =
            files.keys().map(|name| format!("{{\"rfilename\":\"{name}\"}}")).collect();
        let listing = format!("{{\"sha\":\"{COMMIT}\",\"siblings\":[{}]}}", names.join(","));
        ("200 OK".to_owned(), listing.into_bytes())
    } else if let Some((name, bytes)) = file.and_then(|name| files.get_key_value(name)) {
        let range = header("range").unwrap_or_default();
        let (first, last) = range.trim_start_matches("bytes=").split_once('-').unwrap_or(("0", ""));
        let first = first.parse::<usize>().unwrap();
        let last = last.parse::<usize>().unwrap_or(bytes.len() - 1);
        let status = format!(
            "206 Partial Content\r\nETag: \"{name}-tag\"\r\nX-Repo-Commit: {COMMIT}\r\n\
             Content-Range: bytes {first}-{last}/{}",
            bytes.len()
        );
        (status, bytes[first..=last].to_vec())
    } else {
        ("404 Not Found".to_owned(), Vec::new())
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}

fn hub_of(tokenizer: Option<&[u8]>) -> (TempDir, String, Asked) {
    let mut files = BTreeMap::from([
        ("config.json", transformers(&Config::tiny())),
        ("model.safetensors", safetensors(&parts(&Config::tiny()))),
    ]);
    files.extend(tokenizer.map(|bytes| ("tokenizer.json", bytes.to_vec())));
    let (address, asked) = serve(files);
    (tempfile::tempdir().unwrap(), address, asked)
}

#[cfg(feature = "hub")]
#[test]
fn what_the_cache_lacks_is_fetched_once() {
    let (home, address, asked) = hub_of(Some(TOKENIZER));
    let variables =
        [("HF_HOME", text(home.path())), ("HF_ENDPOINT", &*address), ("HF_TOKEN", "secret")];
    let printed = run("owner/tiny", &variables);
    assert!(printed.contains("opened owner/tiny Some(3)"), "{printed}");
    let first = asked.lock().unwrap().clone();
    assert!(first[0].ends_with("/revision/main Bearer secret"), "{first:?}");
    let printed = run("owner/tiny", &variables);
    assert!(printed.contains("opened owner/tiny Some(3)"), "{printed}");
    assert!(printed.contains(&format!("cached owner/tiny [\"main\"] {COMMIT}")), "{printed}");
    assert_eq!(asked.lock().unwrap().len(), first.len());
}

#[cfg(feature = "hub")]
#[test]
fn a_tokenizer_that_is_not_there_is_asked_for_once() {
    let (home, address, asked) = hub_of(None);
    let variables = [("HF_HOME", text(home.path())), ("HF_ENDPOINT", &*address)];
    write(&home.path().join("token"), b"saved\n");
    assert!(run("owner/tiny", &variables).contains("opened owner/tiny None"));
    let first = asked.lock().unwrap().clone();
    assert!(first[0].ends_with("Bearer saved"), "{first:?}");
    assert!(run("owner/tiny", &variables).contains("opened owner/tiny None"));
    assert_eq!(asked.lock().unwrap().len(), first.len());
}

#[cfg(feature = "hub")]
#[test]
fn a_hub_that_says_no_is_quoted() {
    let (home, address, _) = hub_of(None);
    let variables = [("HF_HOME", text(home.path())), ("HF_ENDPOINT", &*address)];
    let printed = run("owner/other", &variables);
    assert!(printed.contains("refused cannot fetch owner/other at main"), "{printed}");
    assert!(printed.contains("404") && printed.contains("HF_TOKEN"), "{printed}");
}
