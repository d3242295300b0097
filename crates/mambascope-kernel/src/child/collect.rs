//! The outputs of a cell, made of the parts of what the child wrote.

use super::parse::{Means, Part};
use crate::engine::{Bundle, Output, Stream};
use serde_json::{Map, Value};

/// How the code of a cell ended, as far as its output tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// It panicked.
    pub panicked: bool,
    /// A `?` failed.
    pub question: bool,
    /// What the library says of the failure.
    pub failure: Option<Said>,
    /// The end of standard error, for failures of which the library says nothing.
    pub error_text: String,
}

/// What the library says of a failure.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Said {
    /// The kind.
    pub name: String,
    /// The message.
    pub value: String,
    /// Lines to show, where the library has some.
    pub traceback: Vec<String>,
    /// The line of the cell.
    pub line: Option<usize>,
    /// A place in a source file: its path, line and column.
    pub location: Option<(String, usize, usize)>,
    /// What evcxr's code will write to standard error about it, too.
    pub(crate) echo: Option<String>,
}

/// Makes outputs of parts.
#[derive(Debug, Default)]
pub struct Collector {
    report: Report,
    /// Blocks that belong together: different types, nothing between them.
    block: Map<String, Value>,
    /// Standard error that may be an echo of what the library said already.
    held: Option<String>,
}

/// How much of standard error is kept for a failure's message.
const KEPT: usize = 8192;

impl Collector {
    /// Takes a part of standard output. A line for evcxr comes back, to be passed on.
    pub fn part(&mut self, part: Part, emit: &mut dyn FnMut(Output)) -> Option<String> {
        if !matches!(&part, Part::Content { mime, .. } if !self.block.contains_key(mime)) {
            self.end_block(emit);
        }
        match part {
            Part::Text(text) => emit(Output::Stream { name: Stream::Out, text }),
            Part::Content { mime, content } => {
                let value = if mime.starts_with("application/") && mime.ends_with("json") {
                    serde_json::from_str(&content).unwrap_or(Value::String(content))
                } else {
                    Value::String(content)
                };
                self.block.insert(mime, value);
            }
            Part::Frame(frame) => self.frame(&frame, emit),
            Part::Line { line, means } => {
                self.means(means, emit);
                return Some(line);
            }
        }
        None
    }

    /// Takes text of standard error.
    pub fn error_text(&mut self, text: &str, emit: &mut dyn FnMut(Output)) {
        self.report.error_text.push_str(text);
        let surplus = self.report.error_text.len().saturating_sub(KEPT);
        if surplus > 0 {
            let cut = self.report.error_text.ceil_char_boundary(surplus);
            self.report.error_text.drain(..cut);
        }
        if let Some(held) = &mut self.held {
            held.push_str(text);
        } else {
            self.end_block(emit);
            emit(Output::Stream { name: Stream::Err, text: text.to_owned() });
        }
    }

    /// Ends what is open, and hands over how the cell ended.
    pub fn end(&mut self, emit: &mut dyn FnMut(Output)) -> Report {
        self.end_block(emit);
        self.end_hold(emit);
        std::mem::take(&mut self.report)
    }

    fn means(&mut self, means: Means, emit: &mut dyn FnMut(Output)) {
        match means {
            Means::Panic => self.report.panicked = true,
            Means::Question => self.report.question = true,
            Means::Done | Means::Variable | Means::Input => {}
        }
        self.end_hold(emit);
    }

    fn frame(&mut self, frame: &Value, emit: &mut dyn FnMut(Output)) {
        let text = |key: &str| frame[key].as_str().unwrap_or_default().to_owned();
        let object = |key: &str| frame[key].as_object().cloned().unwrap_or_default();
        let bundle = || Bundle {
            data: object("data"),
            metadata: object("metadata"),
            id: frame["id"].as_str().map(str::to_owned),
        };
        match frame["frame"].as_str().unwrap_or_default() {
            "result" => emit(Output::Result(bundle())),
            "display" => emit(Output::Display(bundle())),
            "update" => emit(Output::Update(bundle())),
            "clear" => emit(Output::Clear { wait: frame["wait"].as_bool().unwrap_or(false) }),
            "error" => {
                let lines = frame["traceback"].as_array().map(Vec::as_slice).unwrap_or_default();
                let number = |value: &Value| value.as_u64().map(|it| it as usize);
                let place = &frame["location"];
                let said = Said {
                    name: text("name"),
                    value: text("value"),
                    traceback: lines
                        .iter()
                        .filter_map(|it| it.as_str().map(str::to_owned))
                        .collect(),
                    line: number(&frame["line"]),
                    location: place["file"].as_str().and_then(|file| {
                        Some((file.to_owned(), number(&place["line"])?, number(&place["column"])?))
                    }),
                    echo: frame["echo"].as_str().map(str::to_owned),
                };
                if said.echo.is_some() {
                    self.held.get_or_insert_default();
                }
                self.report.failure = Some(said);
            }
            // A library newer than this kernel may say more than this kernel knows.
            _ => {}
        }
    }

    /// Shows the blocks that belong together. Plain text alone is the value of a cell: it is what
    /// evcxr makes of a value that has only `Debug`.
    fn end_block(&mut self, emit: &mut dyn FnMut(Output)) {
        if self.block.is_empty() {
            return;
        }
        let data = std::mem::take(&mut self.block);
        let plain = data.keys().all(|mime| mime == "text/plain");
        let bundle = Bundle { data, ..Bundle::default() };
        emit(if plain { Output::Result(bundle) } else { Output::Display(bundle) });
    }

    /// Hands over standard error that was held back, without the echo.
    fn end_hold(&mut self, emit: &mut dyn FnMut(Output)) {
        let Some(held) = self.held.take() else { return };
        let echo = self.report.failure.as_ref().and_then(|said| said.echo.as_ref());
        let text = echo
            .and_then(|echo| held.strip_suffix(&format!("{echo}\n")))
            .unwrap_or(&held)
            .to_owned();
        if !text.is_empty() {
            emit(Output::Stream { name: Stream::Err, text });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(feed: impl FnOnce(&mut Collector, &mut dyn FnMut(Output))) -> (Vec<Output>, Report) {
        let mut outputs = Vec::new();
        let mut collector = Collector::default();
        let mut emit = |output| outputs.push(output);
        feed(&mut collector, &mut emit);
        let report = collector.end(&mut emit);
        (outputs, report)
    }

    fn content(mime: &str, content: &str) -> Part {
        Part::Content { mime: mime.into(), content: content.into() }
    }

    #[test]
    fn blocks_of_one_thing_are_one_output() {
        let (outputs, _) = run(|it, emit| {
            it.part(content("text/html", "<b>1"), emit);
            it.part(content("text/plain", "1"), emit);
            it.part(content("text/html", "<b>2"), emit);
            it.part(Part::Text("x\n".into()), emit);
            it.part(content("text/plain", "3"), emit);
        });
        let shown: Vec<String> = outputs
            .iter()
            .map(|output| match output {
                Output::Display(it) => format!("display {}", it.data.len()),
                Output::Result(it) => format!("result {}", it.data["text/plain"]),
                Output::Stream { text, .. } => text.clone(),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(shown, ["display 2", "display 1", "x\n", "result \"3\""]);
    }

    #[test]
    fn json_is_json() {
        let (outputs, _) = run(|it, emit| {
            it.part(content("application/vnd.vegalite.v5+json", "{\"mark\": 1}"), emit);
        });
        let Output::Display(bundle) = &outputs[0] else { panic!("{outputs:?}") };
        assert_eq!(bundle.data["application/vnd.vegalite.v5+json"], json!({"mark": 1}));
    }

    #[test]
    fn messages_become_outputs() {
        let (outputs, _) = run(|it, emit| {
            for frame in [
                json!({"frame": "display", "data": {"text/plain": "a"}, "id": "x"}),
                json!({"frame": "update", "data": {"text/plain": "b"}, "id": "x"}),
                json!({"frame": "clear", "wait": true}),
                json!({"frame": "from the future"}),
                json!([1]),
            ] {
                it.part(Part::Frame(frame), emit);
            }
        });
        assert_eq!(
            outputs,
            [
                Output::Display(Bundle::text("a").named("x")),
                Output::Update(Bundle::text("b").named("x")),
                Output::Clear { wait: true },
            ]
        );
    }

    #[test]
    fn an_error_is_not_said_twice() {
        let (outputs, report) = run(|it, emit| {
            it.error_text("warning\n", emit);
            it.part(
                Part::Frame(
                    json!({"frame": "error", "name": "E", "value": "no", "echo": "no", "line": 3}),
                ),
                emit,
            );
            it.error_text("mine\nno\n", emit);
            let line = Part::Line { line: "L".into(), means: Means::Question };
            assert_eq!(it.part(line, emit), Some("L".to_owned()));
        });
        let text = |text: &str| Output::Stream { name: Stream::Err, text: text.into() };
        assert_eq!(outputs, [text("warning\n"), text("mine\n")]);
        assert!(report.question && !report.panicked);
        let said = report.failure.expect("a failure");
        assert_eq!((said.name.as_str(), said.line), ("E", Some(3)));
    }

    #[test]
    fn of_much_standard_error_the_end_is_kept() {
        let (_, report) = run(|it, emit| {
            for _ in 0..2000 {
                it.error_text("éééé\n", emit);
            }
        });
        assert!(report.error_text.len() <= KEPT && report.error_text.ends_with("éééé\n"));
    }
}
