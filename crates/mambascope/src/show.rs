//! How values appear in a Rust notebook: as pictures, tables and red errors, with a text for everyone else.

mod table;

use std::fmt::Display;

use candle_core::Tensor;
use mambascope_figure::{Figure, isolated};
use mambascope_model::Model;
use serde_json::json;

use crate::effects::Effects;
use crate::knock_out::{KnockOut, Knocked};
use crate::notebook::Bundle;
use crate::record::Record;
use crate::together::Together;
use crate::trace::Trace;

/// A value that a notebook can show in more forms than text.
///
/// A cell that ends with one shows it ([`Last`](crate::notebook::Last)); [`display`](crate::notebook::display) shows one
/// while the cell runs. A `Result` shows its value, or the error in red with what to write instead.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let figure = Model::tiny().trace([5, 9, 2]).subject(1..2).corrupt(Noise::gaussian(0.5)).restore(..).heatmap();
/// assert!(figure.bundle().get("image/svg+xml").is_some());
/// ```
pub trait Show {
    /// The value by MIME type, the plainest first.
    fn bundle(&self) -> Bundle;
}

impl Show for Figure {
    fn bundle(&self) -> Bundle {
        let bundle = Bundle::from(Figure::bundle(self));
        let (width, height) = self.size();
        if bundle.get("image/png").is_some() {
            bundle.note("image/png", json!({ "width": width, "height": height }))
        } else {
            bundle
        }
    }
}

impl Show for Effects {
    fn bundle(&self) -> Bundle {
        Bundle::text(isolated(&table::text(self))).and("text/html", isolated(&table::html(self)))
    }
}

impl Show for Trace {
    fn bundle(&self) -> Bundle {
        Bundle::text(isolated(&self.explain()))
    }
}

impl Show for Together {
    fn bundle(&self) -> Bundle {
        Bundle::text(isolated(&self.explain()))
    }
}

impl Show for KnockOut {
    fn bundle(&self) -> Bundle {
        Bundle::text(isolated(&self.explain()))
    }
}

impl Show for Knocked {
    fn bundle(&self) -> Bundle {
        Bundle::text(isolated(&self.to_string()))
    }
}

impl Show for Model {
    fn bundle(&self) -> Bundle {
        let config = self.config();
        let millions = config.weights() as f64 / 1e6;
        let tokens = match self.tokens() {
            Some(_) => format!("{} tokens", config.known_vocabulary),
            None => format!("{} tokens without a tokenizer", config.known_vocabulary),
        };
        let (layers, width, inner, state) =
            (config.layers, config.width, config.inner, config.state);
        Bundle::text(format!(
            "{}: Mamba-1, {layers} layers, D {width}, E {inner}, N {state}, {tokens}, {millions:.1} million parameters",
            self.name()
        ))
    }
}

impl Show for Record {
    fn bundle(&self) -> Bundle {
        let mut lines = vec![format!(
            "record of {} tokens; logits {:?}",
            self.input_ids().len(),
            self.logits().dims()
        )];
        lines.extend(self.iter().map(|(site, layer, tensor)| {
            format!("  {site} of layer {layer}  {:?}", tensor.dims())
        }));
        Bundle::text(lines.join("\n"))
    }
}

impl Show for Tensor {
    fn bundle(&self) -> Bundle {
        Bundle::text(self.to_string())
    }
}

impl Show for str {
    fn bundle(&self) -> Bundle {
        Bundle::text(self)
    }
}

impl Show for String {
    fn bundle(&self) -> Bundle {
        Bundle::text(self.as_str())
    }
}

impl Show for Bundle {
    fn bundle(&self) -> Bundle {
        self.clone()
    }
}

impl<T: Show + ?Sized> Show for &T {
    fn bundle(&self) -> Bundle {
        (**self).bundle()
    }
}

impl<T: Show, E: Display> Show for Result<T, E> {
    fn bundle(&self) -> Bundle {
        match self {
            Ok(value) => value.bundle(),
            Err(error) => refusal(error),
        }
    }
}

/// An error: red, its help apart, its text in the theme's own colour so that it can be read on any ground.
pub(crate) fn refusal(error: &(impl Display + ?Sized)) -> Bundle {
    let text = format!("error: {error}");
    let line = |line: &str| match line.trim_start().strip_prefix("help:") {
        Some(help) => {
            let indent = line.len() - line.trim_start().len();
            format!("{}<b style=\"color:#2e9e5b\">help:</b>{}", " ".repeat(indent), escaped(help))
        }
        None => escaped(line),
    };
    let said = error.to_string();
    let lines: Vec<String> = said.lines().map(line).collect();
    let html = format!(
        "<pre style=\"border-left:4px solid #e5484d;background:rgba(229,72,77,0.10);padding:8px 12px;margin:4px 0;\
         white-space:pre-wrap\"><b style=\"color:#e5484d\">error:</b> {}</pre>",
        lines.join("\n")
    );
    Bundle::text(text).and("text/html", html)
}

/// Text in HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
