//! What this process tells the mambascope kernel, a line of JSON each, over its standard output.

use std::io::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};

/// What every frame begins with; the control character is in no sensible output.
const MARK: &str = "\u{2}mambascope:";

/// One message.
#[derive(Debug, Serialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
pub(crate) enum Frame<'a> {
    /// The value that the cell ended with.
    Result { data: Map<String, Value>, metadata: &'a Map<String, Value> },
    /// Something to see, with a name under which it may be changed.
    Display { data: Map<String, Value>, metadata: &'a Map<String, Value>, id: Option<&'a str> },
    /// What is to be seen in place of what has this name.
    Update { data: Map<String, Value>, metadata: &'a Map<String, Value>, id: &'a str },
    /// Takes the cell's output away; when there is something new, if it is to wait.
    Clear { wait: bool },
    /// The cell failed.
    Error { name: &'a str, value: &'a str, traceback: &'a [String], location: Option<Location<'a>> },
}

/// A place in the source of a cell or a crate.
#[derive(Debug, Serialize)]
pub(crate) struct Location<'a> {
    pub(crate) file: &'a str,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Frame<'_> {
    /// The frame as one line.
    pub(crate) fn line(&self) -> String {
        // A frame has only string keys, so it is always JSON; line feeds inside strings are escaped.
        format!("{MARK}{}\n", serde_json::to_string(self).unwrap_or_default())
    }

    /// Sends the frame, whole, between what others print.
    pub(crate) fn send(&self) {
        write(&self.line());
    }
}

/// Writes to standard output in one piece.
pub(crate) fn write(text: &str) {
    let mut output = std::io::stdout().lock();
    // A notebook that is gone cannot be told that it is gone.
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notebook::Bundle;

    #[test]
    fn a_frame_is_one_line() {
        let bundle = Bundle::text("a\nb").and("application/vnd.vegalite.v5+json", "{\"x\":1}");
        let frame = Frame::Update { data: bundle.data(), metadata: &bundle.metadata, id: "7" };
        insta::assert_snapshot!(frame.line().replace('\u{2}', "^B"), @r#"^Bmambascope:{"frame":"update","data":{"application/vnd.vegalite.v5+json":{"x":1},"text/plain":"a\nb"},"metadata":{},"id":"7"}"#);
        insta::assert_snapshot!(Frame::Clear { wait: true }.line().trim_start_matches('\u{2}'), @r#"mambascope:{"frame":"clear","wait":true}"#);
    }
}
