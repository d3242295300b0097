//! How values appear in a Rust notebook: `evcxr_display`, also for results.

use std::fmt::Display;
use std::io::Write as _;

use mambascope_figure::Figure;

use crate::effects::Effects;
use crate::trace::Trace;

/// A value that a notebook cell may end with.
///
/// The notebook's kernel calls `evcxr_display` on a cell's last value; under it, framed lines on standard output are
/// pictures. A `Result` shows its value, or the error in red with what to write instead.
///
/// # Source
/// The display protocol of evcxr: `EVCXR_BEGIN_CONTENT` with a MIME type, the content, `EVCXR_END_CONTENT`.
pub trait Show {
    /// The value by MIME type, the plainest first.
    fn bundle(&self) -> Vec<(&'static str, String)>;

    /// Shows the value to whoever reads this program's standard output.
    fn evcxr_display(&self) {
        let mut text = String::new();
        for (mime, content) in self.bundle() {
            text.push_str("EVCXR_BEGIN_CONTENT ");
            text.push_str(mime);
            text.push('\n');
            text.push_str(&content);
            text.push_str("\nEVCXR_END_CONTENT\n");
        }
        // A notebook that is gone cannot be told that it is gone.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
}

impl Show for Figure {
    fn bundle(&self) -> Vec<(&'static str, String)> {
        vec![("text/plain", self.text()), ("image/svg+xml", self.svg())]
    }
}

impl Show for Effects {
    fn bundle(&self) -> Vec<(&'static str, String)> {
        vec![("text/plain", self.to_string())]
    }
}

impl Show for Trace {
    fn bundle(&self) -> Vec<(&'static str, String)> {
        vec![("text/plain", self.explain())]
    }
}

impl<T: Show, E: Display> Show for Result<T, E> {
    fn bundle(&self) -> Vec<(&'static str, String)> {
        match self {
            Ok(value) => value.bundle(),
            Err(error) => {
                let text = format!("error: {error}");
                let html = format!("<pre style=\"color:#d32f2f\">{}</pre>", escaped(&text));
                vec![("text/plain", text), ("text/html", html)]
            }
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
