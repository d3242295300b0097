//! What runs cells, as the server sees it.

pub mod evcxr;
pub mod render;
pub mod worker;

use serde_json::{Map, Value};
use std::sync::Arc;

/// An output of a cell, in the order in which they came.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Text.
    Stream {
        /// Which of the two.
        name: Stream,
        /// The text, as it came.
        text: String,
    },
    /// Something shown.
    Display(Bundle),
    /// Something shown before, anew.
    Update(Bundle),
    /// The cell's value.
    Result(Bundle),
    /// Everything shown so far goes.
    Clear {
        /// Only when something new comes.
        wait: bool,
    },
}

/// One of the two outputs of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// One thing in several forms, of which a notebook takes the best that it knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bundle {
    /// Content by type.
    pub data: Map<String, Value>,
    /// Facts about the content.
    pub metadata: Map<String, Value>,
    /// By which it can be shown anew.
    pub id: Option<String>,
}

impl Bundle {
    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        let data = Map::from_iter([("text/plain".to_owned(), Value::String(text.into()))]);
        Self { data, ..Self::default() }
    }

    /// The same under a name.
    #[must_use]
    pub fn named(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }
}

/// Why a cell failed, as a notebook shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// The kind, such as `panic`.
    pub name: String,
    /// The message.
    pub value: String,
    /// What is shown: the message, and the line of the cell.
    pub traceback: Vec<String>,
}

impl Failure {
    /// A failure that has no place in the cell.
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        let traceback = vec![crate::cell::source::headline(&format!("{name}: {value}"))];
        Self { name: name.to_owned(), value, traceback }
    }
}

/// Takes outputs, from any thread.
pub type Outputs = Arc<dyn Fn(Output) + Send + Sync>;

/// Asks the user for a line.
pub type Ask = Arc<dyn Fn(&Question) -> String + Send + Sync>;

/// What the user is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The text in front of the answer.
    pub prompt: String,
    /// Whether the answer is shown as it is typed.
    pub answer: Answer,
}

/// How an answer is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// For all to see.
    Open,
    /// As a password.
    Secret,
}

/// Names that fit at a place in a cell, and which bytes they replace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completions {
    /// What would stand there.
    pub matches: Vec<Match>,
    /// The first byte that is replaced.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// One name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The text.
    pub text: String,
    /// What it is, such as `method`.
    pub kind: String,
}

/// Runs cells. It lives on a thread of its own and is never called from two.
pub trait Engine {
    /// Runs a cell.
    fn exec(&mut self, cell: &str, outputs: &Outputs, ask: &Ask) -> Result<(), Failure>;

    /// What fits at a byte of a cell.
    fn complete(&mut self, cell: &str, at: usize) -> Completions;

    /// What is known of what stands at a byte of a cell.
    fn inspect(&mut self, cell: &str, at: usize) -> Option<Bundle>;

    /// Stops a cell, from another thread.
    fn interrupt(&self) -> Arc<dyn Interrupt>;
}

/// Stops what an engine is doing.
pub trait Interrupt: Send + Sync {
    /// The first time asks the running cell to stop; the second time ends the process that runs it.
    fn interrupt(&self);

    /// Ends every process, at once.
    fn end(&self);
}
