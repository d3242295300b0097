//! Questions to the user.

use super::message::message;
use crate::engine::{Answer, Ask, Question};
use jupyter_protocol::{JupyterMessage, JupyterMessageContent};
use jupyter_zmq_client::KernelStdinConnection;
use serde_json::json;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// Asks, and waits for the answer.
#[derive(Clone)]
pub(super) struct Stdin {
    send: mpsc::UnboundedSender<JupyterMessage>,
    waits: Arc<Mutex<Option<std::sync::mpsc::Sender<String>>>>,
}

/// The one who asks, and the tasks that own the socket.
pub(super) fn open(socket: KernelStdinConnection) -> (Stdin, impl Future<Output = ()> + Send) {
    let (mut writer, mut reader) = socket.split();
    let (send, mut receive) = mpsc::unbounded_channel::<JupyterMessage>();
    let waits: Arc<Mutex<Option<std::sync::mpsc::Sender<String>>>> = Arc::default();
    let stdin = Stdin { send, waits: Arc::clone(&waits) };
    let ask = async move {
        while let Some(question) = receive.recv().await {
            if let Err(error) = writer.send(question).await {
                crate::log::line(format_args!("stdin: {error}"));
            }
        }
    };
    let hear = async move {
        loop {
            match reader.read().await {
                Ok(message) => {
                    if let JupyterMessageContent::InputReply(reply) = message.content {
                        answer(&waits, reply.value);
                    }
                }
                Err(error) => {
                    crate::log::line(format_args!("stdin: a message was ignored: {error}"));
                    tokio::time::sleep(super::AFTER_ERROR).await;
                }
            }
        }
    };
    let tasks = async move {
        tokio::join!(ask, hear);
    };
    (stdin, tasks)
}

impl Stdin {
    /// How a cell asks the one who sent it.
    pub(super) fn ask(&self, request: &JupyterMessage) -> Ask {
        let allowed = matches!(&request.content,
            JupyterMessageContent::ExecuteRequest(it) if it.allow_stdin);
        let (stdin, request) = (self.clone(), request.clone());
        Arc::new(move |question: &Question| {
            if !allowed {
                return String::new();
            }
            let (send, receive) = std::sync::mpsc::channel();
            *stdin.waits.lock().unwrap_or_else(PoisonError::into_inner) = Some(send);
            let secret = question.answer == Answer::Secret;
            let content = json!({"prompt": question.prompt, "password": secret});
            let _ = stdin.send.send(message("input_request", content, Some(&request)));
            receive.recv().unwrap_or_default()
        })
    }

    /// Whoever waits for an answer gets an empty one.
    pub(super) fn give_up(&self) {
        answer(&self.waits, String::new());
    }
}

fn answer(waits: &Mutex<Option<std::sync::mpsc::Sender<String>>>, value: String) {
    if let Some(waits) = waits.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = waits.send(value);
    }
}
