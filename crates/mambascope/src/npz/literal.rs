//! The little of Python's literals that an npy header is written in.

/// Why a header cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not as numpy writes it; what should have been there.
    Header(&'static str),
    /// It is right, and its elements are of this type, which is not read here.
    Dtype(String),
}

/// What is left to read of a literal.
#[derive(Debug)]
pub(super) struct Literal<'a> {
    rest: &'a str,
}

impl<'a> Literal<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text.trim_ascii() }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    /// Goes past `letter`, and the space after it, if it is next.
    pub(super) fn take(&mut self, letter: char) -> bool {
        let Some(rest) = self.rest.strip_prefix(letter) else { return false };
        self.rest = rest.trim_ascii_start();
        true
    }

    /// Goes past `letter`, which must be next: `expected` says so in words.
    pub(super) fn expect(&mut self, letter: char, expected: &'static str) -> Result<(), Fault> {
        if self.take(letter) { Ok(()) } else { Err(Fault::Header(expected)) }
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), Fault> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Fault::Header("nothing after the dictionary"))
        }
    }

    /// A string in either quotes; escapes do not occur in a header.
    pub(super) fn string(&mut self) -> Option<&'a str> {
        let quote = self.rest.chars().next().filter(|letter| matches!(letter, '\'' | '"'))?;
        let (text, rest) = self.rest.get(1..)?.split_once(quote)?;
        self.rest = rest.trim_ascii_start();
        Some(text)
    }

    /// Letters and digits, as many as there are.
    pub(super) fn word(&mut self) -> &'a str {
        let end = self.rest.find(|letter: char| !letter.is_ascii_alphanumeric());
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest.trim_ascii_start();
        word
    }

    /// A tuple of lengths. One alone needs its comma: `(3)` is a number.
    pub(super) fn tuple(&mut self) -> Result<Vec<usize>, Fault> {
        self.expect('(', "a tuple for `shape`")?;
        let mut lengths = Vec::new();
        while !self.take(')') {
            lengths.push(self.length()?);
            if !self.take(',') {
                self.expect(')', "commas between the lengths of `shape`")?;
                if lengths.len() == 1 {
                    return Err(Fault::Header("a tuple for `shape`"));
                }
                break;
            }
        }
        Ok(lengths)
    }

    /// One length; Python 2 wrote `3L`.
    fn length(&mut self) -> Result<usize, Fault> {
        let word = self.word();
        let digits = word.strip_suffix('L').unwrap_or(word);
        digits
            .parse()
            .map_err(|_| Fault::Header("lengths that are whole numbers and not too large"))
    }
}
