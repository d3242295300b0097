//! Jupyter's side: sockets, messages, and whose turn it is.
//!
//! One task owns the socket on which outputs go out, so that they leave in order. Requests that
//! need no engine are answered as they arrive; those that do wait in a queue, and a cell that fails
//! takes those behind it out of the queue.

mod control;
mod execute;
mod iopub;
mod message;
mod queue;
mod shell;
mod stdin;

use crate::engine::worker::{Start, Worker};
use anyhow::{Context, Result, bail};
use jupyter_protocol::ConnectionInfo;
use jupyter_zmq_client::{
    create_kernel_control_connection, create_kernel_heartbeat_connection,
    create_kernel_iopub_xpub_connection, create_kernel_shell_connection,
    create_kernel_stdin_connection,
};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use self::iopub::Iopub;
use self::queue::Queue;
use self::stdin::Stdin;

/// What the tasks share.
pub(crate) struct Server {
    iopub: Iopub,
    queue: Queue,
    stdin: Stdin,
    worker: Worker,
    end: tokio::sync::Notify,
}

/// How long a task waits after a socket's error, so that one that stays does not keep a core busy.
const AFTER_ERROR: Duration = Duration::from_millis(2);

/// Serves until Jupyter says that it is over, or is gone.
///
/// # Errors
/// Where the connection file or the sockets are not as they should be.
pub async fn serve(connection_file: &Path, start: Start) -> Result<()> {
    let text = std::fs::read_to_string(connection_file)
        .with_context(|| format!("cannot read {}", connection_file.display()))?;
    let info: ConnectionInfo = serde_json::from_str(&text)
        .with_context(|| format!("{} is no connection file", connection_file.display()))?;
    only_here(&info)?;
    let session = jupyter_session();
    let shell = create_kernel_shell_connection(&info, &session).await?;
    let control = create_kernel_control_connection(&info, &session).await?;
    let stdin = create_kernel_stdin_connection(&info, &session).await?;
    let iopub = create_kernel_iopub_xpub_connection(&info, &session).await?;
    let mut heartbeat = create_kernel_heartbeat_connection(&info).await?;

    let (iopub, iopub_task) = iopub::open(iopub);
    let (stdin, stdin_tasks) = stdin::open(stdin);
    let worker = Worker::start(start)?;
    let server = Arc::new(Server {
        iopub,
        queue: Queue::default(),
        stdin,
        worker,
        end: tokio::sync::Notify::new(),
    });
    tokio::spawn(iopub_task);
    tokio::spawn(stdin_tasks);
    tokio::spawn(async move {
        loop {
            if let Err(error) = heartbeat.single_heartbeat().await {
                crate::log::line(format_args!("heartbeat: {error}"));
                tokio::time::sleep(AFTER_ERROR).await;
            }
        }
    });
    server.iopub.status("starting", None);
    let replies = shell::open(Arc::clone(&server), shell);
    tokio::spawn(execute::run(Arc::clone(&server), replies));
    tokio::spawn(control::run(Arc::clone(&server), control));
    until_the_end(&server).await;
    server.worker.end();
    // Replies and the last status are on their way.
    tokio::time::sleep(Duration::from_millis(50)).await;
    Ok(())
}

/// Waits for a shutdown request, a signal, or the end of Jupyter.
async fn until_the_end(server: &Server) {
    use tokio::signal::unix::{SignalKind, signal};
    let parent = crate::parent::Parent::of_this_process();
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate()).ok(), signal(SignalKind::interrupt()).ok());
    let mut look = tokio::time::interval(Duration::from_millis(500));
    loop {
        let terminated = async {
            match &mut terminate {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        let interrupted = async {
            match &mut interrupt {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = server.end.notified() => return,
            _ = terminated => return,
            _ = interrupted => control::interrupt(server),
            _ = look.tick() => if parent.has_ended() {
                crate::log::line("Jupyter has ended, and so does its kernel");
                return;
            },
        }
    }
}

/// Refuses to listen where others than this machine could speak.
fn only_here(info: &ConnectionInfo) -> Result<()> {
    use jupyter_protocol::connection_info::Transport;
    let here = match info.transport {
        Transport::IPC => true,
        Transport::TCP => {
            info.ip == "localhost" || info.ip.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
    };
    if !here {
        bail!("the kernel listens on this machine only, and {} is another address", info.ip);
    }
    if info.signature_scheme != "hmac-sha256" {
        bail!("signatures are made by hmac-sha256, not by {}", info.signature_scheme);
    }
    if info.key.is_empty() {
        crate::log::line("the connection file has no key, so messages are not signed");
    }
    Ok(())
}

/// A name for this run of the kernel, in its messages.
fn jupyter_session() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    format!("{:x}-{}", now.unwrap_or_default().as_nanos(), std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(ip: &str, scheme: &str) -> ConnectionInfo {
        serde_json::from_value(serde_json::json!({
            "ip": ip, "transport": "tcp", "shell_port": 1, "iopub_port": 2, "stdin_port": 3,
            "control_port": 4, "hb_port": 5, "key": "k", "signature_scheme": scheme,
        }))
        .expect("a connection")
    }

    #[test]
    fn only_this_machine_may_speak() {
        for ip in ["127.0.0.1", "127.3.2.1", "::1", "localhost"] {
            assert!(only_here(&info(ip, "hmac-sha256")).is_ok(), "{ip}");
        }
        for ip in ["0.0.0.0", "192.168.1.2", "example.org", "::"] {
            assert!(only_here(&info(ip, "hmac-sha256")).is_err(), "{ip}");
        }
        assert!(only_here(&info("127.0.0.1", "hmac-md5")).is_err());
    }
}
