//! The queue's end: cells, completion, hover, history, one after the other.

use super::Server;
use super::message::reply;
use super::shell::Replies;
use crate::engine::worker::{Done, Job};
use crate::engine::{Bundle, Failure, Output, Outputs};
use jupyter_protocol::messaging::ExecuteRequest;
use jupyter_protocol::{JupyterMessage, JupyterMessageContent};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

/// How often a cell that waits for the engine shows what the engine is doing.
const LOOK: Duration = Duration::from_millis(200);

/// How long after a failure requests that were sent before it may still arrive.
const LATE: Duration = Duration::from_millis(20);

/// Cells that ran, and how they are counted.
#[derive(Default)]
struct History {
    count: u64,
    cells: Vec<(u64, String)>,
}

/// Takes requests from the queue for ever.
pub(super) async fn run(server: Arc<Server>, replies: Replies) {
    let mut history = History::default();
    loop {
        let request = server.queue.pop().await;
        server.iopub.begin(&request);
        let mut aborted = Vec::new();
        let content = match &request.content {
            JupyterMessageContent::ExecuteRequest(cell) => {
                let content = execute(&server, &request, cell, &mut history).await;
                if content["status"] != "ok" && cell.stop_on_error {
                    tokio::time::sleep(LATE).await;
                    aborted = server.queue.take_cells();
                }
                content
            }
            JupyterMessageContent::CompleteRequest(it) => {
                complete(&server, &it.code, it.cursor_pos).await
            }
            JupyterMessageContent::InspectRequest(it) => {
                inspect(&server, &it.code, it.cursor_pos).await
            }
            _ => history.tell(&request),
        };
        let _ = replies.send(reply(&request, content));
        server.iopub.end(&request);
        for request in aborted {
            server.iopub.begin(&request);
            let content = json!({
                "status": "aborted", "execution_count": history.count, "payload": [],
                "user_expressions": {},
            });
            let _ = replies.send(reply(&request, content));
            server.iopub.end(&request);
        }
    }
}

async fn execute(
    server: &Arc<Server>,
    request: &JupyterMessage,
    cell: &ExecuteRequest,
    history: &mut History,
) -> Value {
    if !cell.silent {
        if cell.store_history {
            history.count += 1;
            history.cells.push((history.count, cell.code.clone()));
        }
        let input = json!({"code": cell.code, "execution_count": history.count});
        server.iopub.send("execute_input", input, Some(request));
    }
    let count = history.count;
    match run_cell(server, request, cell, count).await {
        Ok(()) => json!({
            "status": "ok", "execution_count": count, "payload": [], "user_expressions": {},
        }),
        Err(failure) => {
            let error = json!({
                "ename": failure.name, "evalue": failure.value, "traceback": failure.traceback,
            });
            if !cell.silent {
                server.iopub.send("error", error.clone(), Some(request));
            }
            let mut content = error;
            content["status"] = "error".into();
            content["execution_count"] = count.into();
            content["payload"] = json!([]);
            content["user_expressions"] = json!({});
            content
        }
    }
}

/// Has a cell run, and shows what the engine is doing as long as it is not ready.
async fn run_cell(
    server: &Arc<Server>,
    request: &JupyterMessage,
    cell: &ExecuteRequest,
    count: u64,
) -> Result<(), Failure> {
    let outputs: Outputs = {
        let (server, request) = (Arc::clone(server), request.clone());
        let silent = cell.silent;
        Arc::new(move |output| {
            if !silent {
                server.iopub.output(output, count, &request);
            }
        })
    };
    let (done, mut ended) = answer();
    let given_up = Arc::new(AtomicBool::new(false));
    server.worker.send(Job::Exec {
        cell: cell.code.clone(),
        outputs: Arc::clone(&outputs),
        ask: server.stdin.ask(request),
        given_up: Arc::clone(&given_up),
        done,
    });
    let mut shown = Waiting { id: format!("mambascope-start-{count}"), line: None };
    loop {
        let look = async {
            if server.worker.warmup().is_ready() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(LOOK).await;
        };
        tokio::select! {
            result = &mut ended => {
                shown.end(&outputs);
                return result.unwrap_or_else(|_| Err(Failure::new("error", "the engine is gone")));
            }
            () = server.queue.interruption(), if !server.worker.warmup().is_ready() => {
                given_up.store(true, Ordering::Release);
                shown.end(&outputs);
                let value = "the kernel is still starting; the cell was not run";
                return Err(Failure::new("Interrupted", value));
            }
            () = look => shown.show(server.worker.warmup().line(), &outputs),
        }
    }
}

/// The line of a cell that waits for the engine.
struct Waiting {
    id: String,
    line: Option<String>,
}

impl Waiting {
    fn show(&mut self, line: Option<String>, outputs: &Outputs) {
        let Some(line) = line else { return };
        if self.line.as_ref() == Some(&line) {
            return;
        }
        let bundle = Bundle::text(line.clone()).named(&self.id);
        let first = self.line.replace(line).is_none();
        outputs(if first { Output::Display(bundle) } else { Output::Update(bundle) });
    }

    fn end(&self, outputs: &Outputs) {
        if self.line.is_some() {
            let bundle = Bundle::text("the library for this Rust is built").named(&self.id);
            outputs(Output::Update(bundle));
        }
    }
}

async fn complete(server: &Server, code: &str, cursor: usize) -> Value {
    let at = byte_of(code, cursor);
    let (done, ended) = answer();
    server.worker.send(Job::Complete { cell: code.to_owned(), at, done });
    let found = ended.await.unwrap_or_default();
    let kinds: Vec<Value> = found
        .matches
        .iter()
        .map(|it| json!({"text": it.text, "type": it.kind, "start": cursor_of(code, found.start), "end": cursor_of(code, found.end)}))
        .collect();
    json!({
        "status": "ok",
        "matches": found.matches.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(),
        "cursor_start": cursor_of(code, found.start),
        "cursor_end": cursor_of(code, found.end),
        "metadata": {"_jupyter_types_experimental": kinds},
    })
}

async fn inspect(server: &Server, code: &str, cursor: usize) -> Value {
    let (done, ended) = answer();
    server.worker.send(Job::Inspect { cell: code.to_owned(), at: byte_of(code, cursor), done });
    let known = ended.await.ok().flatten();
    json!({
        "status": "ok",
        "found": known.is_some(),
        "data": known.map(|it| it.data).unwrap_or_default(),
        "metadata": {},
    })
}

impl History {
    /// The cells of this session, as they were asked for.
    fn tell(&self, request: &JupyterMessage) -> Value {
        let asked = serde_json::to_value(&request.content).unwrap_or_default();
        let number = |key: &str| asked[key].as_u64();
        let pattern = asked["pattern"].as_str().unwrap_or("*");
        let mut found: Vec<&(u64, String)> = match asked["hist_access_type"].as_str() {
            Some("range") => {
                let (start, stop) =
                    (number("start").unwrap_or(1), number("stop").unwrap_or(u64::MAX));
                self.cells.iter().filter(|(count, _)| (start..stop).contains(count)).collect()
            }
            Some("search") => self.cells.iter().filter(|(_, it)| fits(pattern, it)).collect(),
            _ => self.cells.iter().collect(),
        };
        if let Some(count) = number("n") {
            found.drain(..found.len().saturating_sub(count as usize));
        }
        if asked["unique"] == true {
            let mut seen = std::collections::BTreeSet::new();
            found.retain(|(_, cell)| seen.insert(cell));
        }
        let pairs = asked["output"] == true;
        // What cells showed is not kept: a notebook has it.
        let entry = |(count, cell): &(u64, String)| {
            if pairs { json!([0, count, [cell, null]]) } else { json!([0, count, cell]) }
        };
        let entries: Vec<Value> = found.into_iter().map(entry).collect();
        json!({"status": "ok", "history": entries})
    }
}

/// Whether a text fits a pattern, in which `*` is any text and `?` any character.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for wanted in pattern {
        if wanted == '*' {
            let from = reached.iter().position(|it| *it).unwrap_or(reached.len());
            reached[from..].fill(true);
        } else {
            for at in (0..text.len()).rev() {
                reached[at + 1] = reached[at] && (wanted == '?' || wanted == text[at]);
            }
            reached[0] = false;
        }
    }
    reached[text.len()]
}

/// A place for one answer from the engine's thread.
fn answer<T: Send + 'static>() -> (Done<T>, oneshot::Receiver<T>) {
    let (send, receive) = oneshot::channel();
    let done = Box::new(move |value| {
        let _ = send.send(value);
    });
    (done, receive)
}

/// The byte at which a cursor is; the protocol counts characters.
fn byte_of(code: &str, cursor: usize) -> usize {
    code.char_indices().nth(cursor).map_or(code.len(), |(at, _)| at)
}

/// The cursor at a byte.
fn cursor_of(code: &str, byte: usize) -> usize {
    code.char_indices().take_while(|(at, _)| *at < byte).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_characters() {
        let code = "é = 𝛼.b";
        for (cursor, byte) in [(0, 0), (1, 2), (4, 5), (5, 9), (7, 11), (99, 11)] {
            assert_eq!(byte_of(code, cursor), byte);
            assert_eq!(cursor_of(code, byte), cursor.min(7));
        }
    }

    #[test]
    fn patterns_fit() {
        for (pattern, text, yes) in [
            ("*", "", true),
            ("let*", "let x", true),
            ("*x", "let x", true),
            ("l?t x", "let x", true),
            ("x", "let x", false),
            ("*y*", "let x", false),
            ("**e*x", "let x", true),
        ] {
            assert_eq!(fits(pattern, text), yes, "{pattern} {text}");
        }
    }

    #[test]
    fn history_is_of_this_session() {
        let cells = (1..=4).map(|count| (count, format!("let x{count} = 1;"))).collect();
        let history = History { count: 4, cells };
        let ask = |content| {
            let request = super::super::message::message("history_request", content, None);
            history.tell(&request)["history"].as_array().map_or(0, Vec::len)
        };
        assert_eq!(ask(json!({"hist_access_type": "tail", "n": 3})), 3);
        assert_eq!(ask(json!({"hist_access_type": "range", "start": 2, "stop": 4})), 2);
        assert_eq!(ask(json!({"hist_access_type": "search", "pattern": "*x3*"})), 1);
    }
}
