//! Requests on the main socket.

use super::Server;
use super::message::{asked, kernel_info, reply};
use crate::cell::complete::{Completeness, completeness};
use jupyter_protocol::{JupyterMessage, JupyterMessageContent};
use jupyter_zmq_client::KernelShellConnection;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Where replies go.
pub(super) type Replies = mpsc::UnboundedSender<JupyterMessage>;

/// Starts to read and to reply.
pub(super) fn open(server: Arc<Server>, socket: KernelShellConnection) -> Replies {
    let (mut writer, mut reader) = socket.split();
    let (send, mut receive) = mpsc::unbounded_channel::<JupyterMessage>();
    tokio::spawn(async move {
        while let Some(reply) = receive.recv().await {
            // A client that has gone gets no reply.
            if let Err(error) = writer.send(reply).await {
                crate::log::line(format_args!("shell: {error}"));
            }
        }
    });
    let replies = send.clone();
    tokio::spawn(async move {
        loop {
            match reader.read().await {
                Ok(request) => take(&server, request, &send),
                Err(error) => {
                    crate::log::line(format_args!("shell: a message was ignored: {error}"));
                    tokio::time::sleep(super::AFTER_ERROR).await;
                }
            }
        }
    });
    replies
}

/// Answers what needs no engine, and queues the rest.
fn take(server: &Server, request: JupyterMessage, replies: &Replies) {
    match beside(&request) {
        Beside::Reply(content) => {
            server.iopub.status("busy", Some(&request));
            let _ = replies.send(reply(&request, content));
            server.iopub.end_beside(&request);
        }
        Beside::Queue => server.queue.push(request),
        Beside::Ignore => {
            let kind = &request.header.msg_type;
            crate::log::line(format_args!("shell: a message was ignored: {kind}"));
        }
    }
}

/// What is to be done with a request.
enum Beside {
    /// It is answered with this.
    Reply(Value),
    /// The engine is needed.
    Queue,
    /// Nothing.
    Ignore,
}

fn beside(request: &JupyterMessage) -> Beside {
    match &request.content {
        JupyterMessageContent::KernelInfoRequest(_) => Beside::Reply(kernel_info()),
        JupyterMessageContent::IsCompleteRequest(it) => {
            Beside::Reply(match completeness(&it.code) {
                Completeness::Complete => json!({"status": "complete"}),
                Completeness::Incomplete { indent } => {
                    json!({"status": "incomplete", "indent": indent})
                }
                Completeness::Invalid => json!({"status": "invalid"}),
            })
        }
        JupyterMessageContent::CommInfoRequest(_) => {
            Beside::Reply(json!({"status": "ok", "comms": {}}))
        }
        JupyterMessageContent::ExecuteRequest(_)
        | JupyterMessageContent::CompleteRequest(_)
        | JupyterMessageContent::InspectRequest(_)
        | JupyterMessageContent::HistoryRequest(_) => Beside::Queue,
        // A shutdown on this socket is of an old protocol; control has it now.
        _ if request.header.msg_type.ends_with("_request") => Beside::Reply(json!({
            "status": "error",
            "ename": "NotThere",
            "evalue": format!("this kernel knows no {}", asked(request)),
            "traceback": [],
        })),
        _ => Beside::Ignore,
    }
}
