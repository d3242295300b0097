//! The standard output of the child, taken apart.

use serde_json::Value;

/// A part of the child's output.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text for the notebook.
    Text(String),
    /// A message of the library.
    Frame(Value),
    /// A block as evcxr's convention has it.
    Content {
        /// The content's type.
        mime: String,
        /// The content.
        content: String,
    },
    /// A line that evcxr waits for.
    Line {
        /// The line.
        line: String,
        /// What it means.
        means: Means,
    },
}

/// What a line to evcxr means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// The cell's code has ended.
    Done,
    /// It ended in a panic.
    Panic,
    /// It ended at a failed `?`.
    Question,
    /// The type of a variable is another one than it was.
    Variable,
    /// The code asks the user for a line.
    Input,
}

const FRAME: &[u8] = b"\x02mambascope:";
const EVCXR: &[u8] = b"EVCXR_";
const BEGIN: &str = "EVCXR_BEGIN_CONTENT ";
const END: &[u8] = b"\nEVCXR_END_CONTENT\n";

/// Lines of evcxr's runtime. The flag says whether more may follow on the line.
const LINES: [(&str, Means, Rest); 5] = [
    ("EVCXR_EXECUTION_COMPLETE", Means::Done, Rest::Nothing),
    ("EVCXR_PANIC_NOTIFICATION", Means::Panic, Rest::Nothing),
    ("EVCXR_ERROR_OCCURRED", Means::Question, Rest::Nothing),
    ("EVCXR_VARIABLE_CHANGED_TYPE:", Means::Variable, Rest::Anything),
    ("EVCXR_INPUT_REQUEST", Means::Input, Rest::Anything),
];

/// What may follow on a line of evcxr's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    Nothing,
    Anything,
}

/// Takes the output apart as it comes.
#[derive(Debug, Default)]
pub struct Parser {
    held: Vec<u8>,
}

/// What the start of the held bytes is.
enum Start {
    /// A part, and how many bytes it took.
    Part(Part, usize),
    /// Possibly something; more is needed to tell.
    Unfinished,
    /// Plain text, at least that many bytes.
    Text(usize),
}

impl Parser {
    /// Takes more output and hands over all the parts that are there now. Text is handed over at
    /// once, save an end that may be the start of something else.
    pub fn feed(&mut self, bytes: &[u8], take: &mut dyn FnMut(Part)) {
        self.held.extend_from_slice(bytes);
        let mut at = 0;
        while at < self.held.len() {
            let rest = &self.held[at..];
            let plain = special(rest);
            if plain > 0 {
                let used = whole_characters(&rest[..plain], plain < rest.len());
                if used > 0 {
                    take(Part::Text(String::from_utf8_lossy(&rest[..used]).into_owned()));
                }
                at += used;
                if used < plain {
                    break;
                }
                continue;
            }
            match start(rest) {
                Start::Part(part, used) => {
                    take(part);
                    at += used;
                }
                Start::Text(used) => {
                    take(Part::Text(String::from_utf8_lossy(&rest[..used]).into_owned()));
                    at += used;
                }
                Start::Unfinished => break,
            }
        }
        self.held.drain(..at);
    }

    /// Hands over what is held, as text: nothing more will come.
    pub fn end(&mut self, take: &mut dyn FnMut(Part)) {
        if !self.held.is_empty() {
            let text = String::from_utf8_lossy(&self.held).into_owned();
            self.held.clear();
            take(Part::Text(text));
        }
    }
}

/// How many bytes of text come before anything that is, or may become, something else.
fn special(bytes: &[u8]) -> usize {
    (0..bytes.len())
        .find(|&at| {
            let rest = &bytes[at..];
            [FRAME, EVCXR].iter().any(|mark| {
                let known = rest.len().min(mark.len());
                rest[..known] == mark[..known]
            })
        })
        .unwrap_or(bytes.len())
}

/// How many bytes can be handed over without cutting a character in two.
fn whole_characters(bytes: &[u8], more_follows: bool) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() && !more_follows => error.valid_up_to(),
        _ => bytes.len(),
    }
}

fn start(bytes: &[u8]) -> Start {
    let line_end = bytes.iter().position(|&byte| byte == b'\n');
    if bytes.starts_with(FRAME) {
        let Some(end) = line_end else { return Start::Unfinished };
        return match serde_json::from_slice(&bytes[FRAME.len()..end]) {
            Ok(frame) => Start::Part(Part::Frame(frame), end + 1),
            Err(_) => Start::Text(end + 1),
        };
    }
    let Some(end) = line_end else {
        return if may_become_line(bytes) { Start::Unfinished } else { Start::Text(bytes.len()) };
    };
    let line = String::from_utf8_lossy(&bytes[..end]).into_owned();
    if let Some(mime) = line.strip_prefix(BEGIN) {
        let mime = mime.trim().to_owned();
        return match bytes[end..].windows(END.len()).position(|window| window == END) {
            // The end's own line break may be the one after the first line: content is empty then.
            Some(0) => Start::Part(Part::Content { mime, content: String::new() }, end + END.len()),
            Some(at) => {
                let content = String::from_utf8_lossy(&bytes[end + 1..end + at]).into_owned();
                Start::Part(Part::Content { mime, content }, end + at + END.len())
            }
            None => Start::Unfinished,
        };
    }
    let means = LINES.iter().find(|(text, _, rest)| match rest {
        Rest::Nothing => line == *text,
        Rest::Anything => line.starts_with(text),
    });
    match means {
        Some(&(_, means, _)) => Start::Part(Part::Line { line, means }, end + 1),
        None => Start::Text(EVCXR.len()),
    }
}

/// Whether an unfinished line may turn out to be one of evcxr's, or is one of the library's.
fn may_become_line(bytes: &[u8]) -> bool {
    let begins = |mark: &[u8]| {
        let known = bytes.len().min(mark.len());
        bytes[..known] == mark[..known]
    };
    let open = |mark: &str, rest: Rest| {
        begins(mark.as_bytes()) && (rest == Rest::Anything || bytes.len() <= mark.len())
    };
    begins(FRAME)
        || open(BEGIN, Rest::Anything)
        || LINES.iter().any(|(text, _, rest)| open(text, *rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(chunks: &[&[u8]]) -> Vec<Part> {
        let mut parser = Parser::default();
        let mut parts: Vec<Part> = Vec::new();
        let mut take = |part: Part| match (parts.last_mut(), part) {
            (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
            (_, part) => parts.push(part),
        };
        for chunk in chunks {
            parser.feed(chunk, &mut take);
        }
        parser.end(&mut take);
        parts
    }

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    fn sample() -> (String, Vec<Part>) {
        let output =
            "one\n\u{2}mambascope:{\"frame\":\"clear\"}\nhalf é\u{2}mambascope:{\"a\":1}\n\
            EVCXR_BEGIN_CONTENT text/html\n<b>\nx</b>\nEVCXR_END_CONTENT\n\
            EVCXR_BEGIN_CONTENT text/plain\nEVCXR_END_CONTENT\n\
            my EVCXR_ word\nunfinishedEVCXR_EXECUTION_COMPLETE\n"
                .to_owned();
        let parts = vec![
            text("one\n"),
            Part::Frame(serde_json::json!({"frame": "clear"})),
            text("half é"),
            Part::Frame(serde_json::json!({"a": 1})),
            Part::Content { mime: "text/html".into(), content: "<b>\nx</b>".into() },
            Part::Content { mime: "text/plain".into(), content: String::new() },
            text("my EVCXR_ word\nunfinished"),
            Part::Line { line: "EVCXR_EXECUTION_COMPLETE".into(), means: Means::Done },
        ];
        (output, parts)
    }

    #[test]
    fn parts_are_told_apart() {
        let (output, parts) = sample();
        assert_eq!(all(&[output.as_bytes()]), parts);
    }

    #[test]
    fn where_it_is_cut_makes_no_difference() {
        let (output, parts) = sample();
        let bytes = output.as_bytes();
        for cut in 0..=bytes.len() {
            assert_eq!(all(&[&bytes[..cut], &bytes[cut..]]), parts, "cut at {cut}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(all(&single), parts);
    }

    #[test]
    fn text_does_not_wait() {
        let mut parser = Parser::default();
        let mut seen = String::new();
        let mut take = |part| {
            if let Part::Text(text) = part {
                seen.push_str(&text);
            }
        };
        parser.feed(b"10 %", &mut take);
        parser.feed(b"\r20 %", &mut take);
        assert_eq!(seen, "10 %\r20 %");
    }

    #[test]
    fn lines_of_evcxr_mean_something() {
        for (line, means) in [
            ("EVCXR_PANIC_NOTIFICATION", Means::Panic),
            ("EVCXR_ERROR_OCCURRED", Means::Question),
            ("EVCXR_VARIABLE_CHANGED_TYPE:x", Means::Variable),
            ("EVCXR_INPUT_REQUEST:name?", Means::Input),
            ("EVCXR_INPUT_REQUEST_PASSWORD:", Means::Input),
        ] {
            let expected = vec![Part::Line { line: line.to_owned(), means }];
            assert_eq!(all(&[line.as_bytes(), b"\n"]), expected);
        }
    }

    #[test]
    fn what_is_no_message_is_text() {
        assert_eq!(all(&[b"\x02mambascope:{oops\n"]), [text("\u{2}mambascope:{oops\n")]);
        assert_eq!(all(&[b"\x02mambascope:{\"cut"]), [text("\u{2}mambascope:{\"cut")]);
        assert_eq!(all(&[b"\xff\xfe"]), [text("\u{fffd}\u{fffd}")]);
        assert_eq!(all(&[b"EVCXR_EXECUTION_COMPLETED\n"]), [text("EVCXR_EXECUTION_COMPLETED\n")]);
    }
}
