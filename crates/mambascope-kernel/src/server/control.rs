//! Requests that do not wait for a cell: stop it, end the kernel.

use super::Server;
use super::message::{asked, kernel_info, reply};
use jupyter_protocol::{JupyterMessage, JupyterMessageContent};
use jupyter_zmq_client::KernelControlConnection;
use serde_json::json;
use std::sync::Arc;

/// Reads and answers.
pub(super) async fn run(server: Arc<Server>, mut socket: KernelControlConnection) {
    loop {
        let request = match socket.read().await {
            Ok(request) => request,
            Err(error) => {
                crate::log::line(format_args!("control: a message was ignored: {error}"));
                tokio::time::sleep(super::AFTER_ERROR).await;
                continue;
            }
        };
        let Some((content, last)) = answer(&server, &request) else {
            let kind = &request.header.msg_type;
            crate::log::line(format_args!("control: a message was ignored: {kind}"));
            continue;
        };
        server.iopub.status("busy", Some(&request));
        if let Err(error) = socket.send(reply(&request, content)).await {
            crate::log::line(format_args!("control: {error}"));
        }
        server.iopub.end_beside(&request);
        if last == Last::Yes {
            server.end.notify_one();
        }
    }
}

/// Whether the kernel ends after an answer.
#[derive(PartialEq, Eq)]
enum Last {
    No,
    Yes,
}

fn answer(server: &Server, request: &JupyterMessage) -> Option<(serde_json::Value, Last)> {
    match &request.content {
        JupyterMessageContent::InterruptRequest(_) => {
            interrupt(server);
            Some((json!({"status": "ok"}), Last::No))
        }
        JupyterMessageContent::ShutdownRequest(it) => {
            let content = json!({"status": "ok", "restart": it.restart});
            server.iopub.send("shutdown_reply", content.clone(), Some(request));
            Some((content, Last::Yes))
        }
        JupyterMessageContent::KernelInfoRequest(_) => Some((kernel_info(), Last::No)),
        _ if request.header.msg_type.ends_with("_request") => Some((
            json!({
                "status": "error",
                "ename": "NotThere",
                "evalue": format!("this kernel knows no {}", asked(request)),
                "traceback": [],
            }),
            Last::No,
        )),
        _ => None,
    }
}

/// Stops the cell that is running, or that waits for the engine to start.
pub(super) fn interrupt(server: &Server) {
    server.stdin.give_up();
    server.queue.interrupted();
    server.worker.interrupt();
}
