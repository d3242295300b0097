//! Requests that wait for the engine.

use jupyter_protocol::JupyterMessage;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// Requests in the order in which they came.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<VecDeque<JupyterMessage>>,
    more: Notify,
    interrupt: Notify,
}

impl Queue {
    /// Puts a request at the end.
    pub(super) fn push(&self, request: JupyterMessage) {
        self.lock().push_back(request);
        self.more.notify_one();
    }

    /// The next request, when there is one.
    pub(super) async fn pop(&self) -> JupyterMessage {
        loop {
            // Asked for before looking, so that a request that comes in between is not missed.
            let more = self.more.notified();
            if let Some(request) = self.lock().pop_front() {
                return request;
            }
            more.await;
        }
    }

    /// Whoever waits in [`Queue::interruption`] goes on.
    pub(super) fn interrupted(&self) {
        self.interrupt.notify_waiters();
    }

    /// Waits for an interrupt.
    pub(super) async fn interruption(&self) {
        self.interrupt.notified().await;
    }

    /// Takes out the cells that wait; what else waits stays.
    pub(super) fn take_cells(&self) -> Vec<JupyterMessage> {
        let mut waiting = self.lock();
        let (cells, rest): (Vec<_>, Vec<_>) =
            waiting.drain(..).partition(|it| it.header.msg_type == "execute_request");
        waiting.extend(rest);
        cells
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<JupyterMessage>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::message::message;

    #[tokio::test]
    async fn cells_are_taken_and_the_rest_stays() {
        let queue = Queue::default();
        for kind in ["execute_request", "complete_request", "execute_request"] {
            queue.push(message(kind, serde_json::json!({}), None));
        }
        assert_eq!(queue.take_cells().len(), 2);
        assert_eq!(queue.pop().await.header.msg_type, "complete_request");
        assert!(queue.take_cells().is_empty());
    }
}
