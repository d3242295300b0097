//! JupyterLab open on the quickstart, or the quickstart run without a browser.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::hexadecimal::hexadecimal;
use crate::kernelspec::{NAME, Place};
use crate::venv::Jupyter;
use crate::{Error, Result};

/// The notebook that is opened.
const QUICKSTART: &str = "01-quickstart.ipynb";
/// How long JupyterLab may take to answer.
const PATIENCE: Duration = Duration::from_mins(1);
/// Ports that are tried in turn, as Jupyter does.
const PORTS: std::ops::Range<u16> = 8888..8938;

/// A Jupyter that has the kernel, and a folder of notebooks.
#[derive(Debug)]
pub struct Lab {
    jupyter: Jupyter,
    /// The folder whose `share/jupyter` has the kernel.
    prefix: PathBuf,
    notebooks: PathBuf,
}

/// Whether a browser is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Browser {
    /// Where there is one.
    Open,
    /// Not.
    Closed,
}

/// A JupyterLab that runs until it is interrupted.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// Where a browser finds it; with the key that lets it in.
    pub address: String,
}

impl Lab {
    /// Installs the kernel for a Jupyter, in a folder of the lab's own: the user's Jupyter is left as it is.
    ///
    /// # Errors
    /// When the notebooks are not there, or the kernel's description cannot be written.
    pub fn new(jupyter: Jupyter, data: &Path, kernel: &Path, notebooks: &Path) -> Result<Self> {
        if !notebooks.join(QUICKSTART).is_file() {
            return Err(Error::Notebooks { folder: notebooks.to_owned() });
        }
        let prefix = data.join("lab");
        Place::Prefix(prefix.clone()).install(kernel)?;
        Ok(Self { jupyter, prefix, notebooks: notebooks.to_owned() })
    }

    /// Starts JupyterLab on the quickstart and waits until it answers.
    ///
    /// # Errors
    /// When the port is taken, or JupyterLab ends or is silent for a minute.
    pub fn start(&self, browser: Browser, port: Option<u16>) -> Result<Running> {
        let (port, token) = (free_port(port)?, token()?);
        let mut command = self.command("lab");
        command
            .arg(self.notebooks.join(QUICKSTART))
            .arg(format!("--ServerApp.root_dir={}", self.notebooks.display()))
            .args([format!("--ServerApp.port={port}"), "--ServerApp.port_retries=0".to_owned()])
            .args(["--ServerApp.ip=127.0.0.1", "--ServerApp.answer_yes=True", "--log-level=ERROR"])
            .args((browser == Browser::Closed).then_some("--no-browser"))
            // In the environment and not an argument: other users see arguments.
            .env("JUPYTER_TOKEN", &token);
        if is_root() {
            command.arg("--allow-root");
        }
        let child = command.spawn().map_err(|source| Error::Tool { tool: "jupyter", source })?;
        let address = format!("http://127.0.0.1:{port}/lab/tree/{QUICKSTART}?token={token}");
        let mut running = Running { child, address };
        running.wait_until_it_answers(port)?;
        Ok(running)
    }

    /// Runs the quickstart without a browser, and returns its first picture as text.
    ///
    /// # Errors
    /// When a cell fails, or no cell has a picture.
    pub fn check(&self) -> Result<String> {
        let said = self
            .command("nbconvert")
            .args(["--to", "notebook", "--execute", "--stdout", "--log-level=ERROR"])
            .arg(format!("--ExecutePreprocessor.kernel_name={NAME}"))
            .args([
                "--ExecutePreprocessor.timeout=600",
                "--ExecutePreprocessor.startup_timeout=120",
            ])
            .arg(self.notebooks.join(QUICKSTART))
            .stdin(Stdio::null())
            .output()
            .map_err(|source| Error::Tool { tool: "jupyter", source })?;
        let notebook = self.notebooks.join(QUICKSTART);
        if !said.status.success() {
            let words = String::from_utf8_lossy(&said.stderr);
            return Err(Error::Failed { notebook, said: last_lines(&words) });
        }
        let run: Value = serde_json::from_slice(&said.stdout)
            .map_err(|error| Error::Content { path: notebook.clone(), what: error.to_string() })?;
        first_picture(&run)
            .ok_or(Error::Content { path: notebook, what: "shows no picture".to_owned() })
    }

    fn command(&self, name: &str) -> Command {
        let mut command = self.jupyter.command(name);
        let own = self.prefix.join("share/jupyter");
        let others = std::env::var_os("JUPYTER_PATH").unwrap_or_default();
        let all = std::iter::once(own.clone()).chain(std::env::split_paths(&others));
        let all = std::env::join_paths(all.filter(|path| !path.as_os_str().is_empty()));
        command.env("JUPYTER_PATH", all.unwrap_or_else(|_| own.into()));
        command
    }
}

impl Running {
    /// Waits until JupyterLab ends; an interrupt from the keyboard reaches it as well and ends it.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn wait(&mut self) -> Result<()> {
        let ended = self.child.wait();
        ended.map(|_| ()).map_err(|source| Error::Tool { tool: "jupyter", source })
    }

    fn wait_until_it_answers(&mut self, port: u16) -> Result<()> {
        let began = Instant::now();
        while !answers(port) {
            let ended = self.child.try_wait();
            let ended = ended.map_err(|source| Error::Tool { tool: "jupyter", source })?;
            if ended.is_some() || began.elapsed() > PATIENCE {
                let _ = self.child.kill();
                return Err(Error::Silent { port });
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

/// Whether a Jupyter server answers on a port.
fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"GET /api HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")?;
        let mut start = [0; 12];
        stream.read_exact(&mut start)?;
        Ok(&start[..5] == b"HTTP/" && &start[9..] == b"200")
    };
    ask().unwrap_or(false)
}

/// The port that was asked for, or the first that nobody has.
fn free_port(asked: Option<u16>) -> Result<u16> {
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    match asked {
        Some(port) if is_free(&port) => Ok(port),
        Some(port) => Err(Error::PortTaken { port }),
        None => PORTS.into_iter().find(is_free).ok_or(Error::PortTaken { port: PORTS.start }),
    }
}

/// A key that cannot be guessed.
fn token() -> Result<String> {
    let mut bytes = [0_u8; 24];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    Ok(hexadecimal(&bytes))
}

/// Whether Jupyter would refuse to run without `--allow-root`, as in a container.
fn is_root() -> bool {
    std::env::var_os("HOME").is_some_and(|home| home == "/root")
}

/// The text of the first output that has a drawing.
fn first_picture(notebook: &Value) -> Option<String> {
    let cells = notebook["cells"].as_array()?.iter();
    let mut outputs = cells.filter_map(|cell| cell["outputs"].as_array()).flatten();
    let picture = outputs.find(|output| output["data"].get("image/svg+xml").is_some())?;
    match &picture["data"]["text/plain"] {
        Value::String(text) => Some(text.clone()),
        Value::Array(lines) => Some(lines.iter().filter_map(Value::as_str).collect()),
        _ => None,
    }
}

/// The end of a traceback.
fn last_lines(words: &str) -> String {
    let lines: Vec<&str> = words.trim().lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_picture_has_a_text() {
        let output = |data: Value| json!({ "outputs": [{ "data": data }] });
        let notebook = json!({ "cells": [
            { "source": "words" },
            output(json!({ "text/plain": "3" })),
            output(json!({ "text/plain": ["a\n", "b"], "image/svg+xml": "<svg/>" })),
        ] });
        assert_eq!(first_picture(&notebook).as_deref(), Some("a\nb"));
        assert_eq!(first_picture(&json!({ "cells": [] })), None);
    }

    #[test]
    fn a_port_that_is_taken_is_said() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = taken.local_addr().expect("an address").port();
        assert!(
            matches!(free_port(Some(port)), Err(Error::PortTaken { port: said }) if said == port)
        );
        assert!(!answers(port) || cfg!(not(unix)), "nobody speaks there");
    }

    #[test]
    fn keys_differ() {
        let (one, other) = (token().expect("a key"), token().expect("a key"));
        assert!(one != other && one.len() == 48);
    }
}
