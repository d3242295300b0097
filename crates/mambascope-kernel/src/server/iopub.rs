//! The socket on which everybody hears what the kernel does.

use super::message::message;
use crate::engine::{Bundle, Output, Stream};
use jupyter_protocol::JupyterMessage;
use jupyter_zmq_client::{KernelIoPubXPubConnection, SubscriptionEvent};
use serde_json::{Value, json};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// Sends to everybody; clones send through the same socket, in order.
#[derive(Clone)]
pub(super) struct Iopub {
    send: mpsc::UnboundedSender<JupyterMessage>,
    /// The request whose cell is running.
    running: Arc<Mutex<Option<JupyterMessage>>>,
}

/// The sender, and the task that owns the socket.
pub(super) fn open(
    mut socket: KernelIoPubXPubConnection,
) -> (Iopub, impl Future<Output = ()> + Send) {
    let (send, mut receive) = mpsc::unbounded_channel::<JupyterMessage>();
    let task = async move {
        loop {
            let message = tokio::select! {
                message = receive.recv() => message,
                heard = socket.recv_subscription() => match heard {
                    // A client that knows this message knows by it that it misses nothing more.
                    Ok(SubscriptionEvent::Subscribe(topic)) => {
                        Some(message("iopub_welcome", json!({"subscription": topic}), None))
                    }
                    Ok(SubscriptionEvent::Unsubscribe(_)) => continue,
                    Err(error) => {
                        crate::log::line(format_args!("iopub: {error}"));
                        tokio::time::sleep(super::AFTER_ERROR).await;
                        continue;
                    }
                },
            };
            let Some(mut message) = message else { return };
            // The first part is the topic.
            message.zmq_identities =
                vec![format!("kernel.{}", message.header.msg_type).into_bytes().into()];
            if let Err(error) = socket.send(message).await {
                crate::log::line(format_args!("iopub: {error}"));
            }
        }
    };
    (Iopub { send, running: Arc::default() }, task)
}

impl Iopub {
    /// Sends a message that a request caused.
    pub(super) fn send(&self, kind: &str, content: Value, parent: Option<&JupyterMessage>) {
        // The task ends with the process.
        let _ = self.send.send(message(kind, content, parent));
    }

    /// Says what the kernel is doing.
    pub(super) fn status(&self, state: &str, parent: Option<&JupyterMessage>) {
        self.send("status", json!({"execution_state": state}), parent);
    }

    /// A cell is running from now on.
    pub(super) fn begin(&self, request: &JupyterMessage) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(request.clone());
        self.status("busy", Some(request));
    }

    /// The cell has ended.
    pub(super) fn end(&self, request: &JupyterMessage) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.status("idle", Some(request));
    }

    /// A request that is answered beside the queue has been answered. Whoever looks at the last
    /// status only must not take the kernel for idle while a cell is running.
    pub(super) fn end_beside(&self, request: &JupyterMessage) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        self.status("idle", Some(request));
        if running.is_some() {
            self.status("busy", running.as_ref());
        }
    }

    /// Sends an output of a cell.
    pub(super) fn output(&self, output: Output, count: u64, request: &JupyterMessage) {
        let (kind, content) = match output {
            Output::Stream { name, text } => {
                let name = if name == Stream::Out { "stdout" } else { "stderr" };
                ("stream", json!({"name": name, "text": text}))
            }
            Output::Display(it) => ("display_data", shown(it)),
            Output::Update(it) => ("update_display_data", shown(it)),
            Output::Result(it) => {
                let mut content = shown(it);
                content["execution_count"] = count.into();
                ("execute_result", content)
            }
            Output::Clear { wait } => ("clear_output", json!({"wait": wait})),
        };
        self.send(kind, content, Some(request));
    }
}

fn shown(bundle: Bundle) -> Value {
    let transient = match bundle.id {
        Some(id) => json!({"display_id": id}),
        None => json!({}),
    };
    json!({"data": bundle.data, "metadata": bundle.metadata, "transient": transient})
}
