//! Files that are something else than their name says: a Git LFS pointer, a web page, text in UTF-16.

use std::fmt::{self, Display, Formatter};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::blob::Blob;
use crate::error::Error;

/// Bytes from which a file's kind is told.
const HEAD: u64 = 512;
/// The mark that some editors put before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A kind of file that is found in place of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Foreign {
    /// The few lines by which Git LFS stands for a file that was not fetched.
    LfsPointer,
    /// A web page, often the sign-in page of a hub.
    Page,
    /// Text in UTF-16 or UTF-32.
    WideText,
    /// A zip or gzip archive.
    Archive,
    /// Nothing.
    Empty,
}

impl Foreign {
    /// The kind of a file by its first bytes; none where it may be text of a checkpoint.
    fn of(head: &[u8]) -> Option<Self> {
        let text = without_mark(head).trim_ascii_start();
        let begins = |start: &str| {
            text.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start.as_bytes()))
        };
        match head {
            [] => Some(Self::Empty),
            _ if is_pointer(head) => Some(Self::LfsPointer),
            // JSON begins with a character of ASCII, of which every second byte is then 0.
            [0xff, 0xfe, ..]
            | [0xfe, 0xff, ..]
            | [0, 0, 0xfe, 0xff, ..]
            | [b'{' | b'[' | b'"', 0, ..]
            | [0, b'{' | b'[' | b'"', ..] => Some(Self::WideText),
            [b'P', b'K', 3, 4, ..] | [0x1f, 0x8b, ..] => Some(Self::Archive),
            _ if ["<!doctype", "<html", "<?xml", "<head", "<body"]
                .iter()
                .any(|tag| begins(tag)) =>
            {
                Some(Self::Page)
            }
            _ => None,
        }
    }

    /// The next step for a reader.
    fn help(self) -> &'static str {
        match self {
            Self::LfsPointer => {
                "run `git lfs pull` in that folder, or fetch the file itself from the hub"
            }
            Self::Page => {
                "fetch the file itself, for example with `huggingface-cli download`; a page comes in its place where the \
                 address is wrong or the model needs a token"
            }
            Self::WideText => "save it as UTF-8, for example with `iconv -f UTF-16 -t UTF-8`",
            Self::Archive => "unpack it, and put the file that is inside in its place",
            Self::Empty => "fetch it again",
        }
    }
}

impl Display for Foreign {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LfsPointer => "a Git LFS pointer, which stands for a file that was not fetched",
            Self::Page => "a web page",
            Self::WideText => "text in UTF-16 or UTF-32",
            Self::Archive => "an archive",
            Self::Empty => "empty",
        })
    }
}

/// The files that are something else, and what to do about each kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignFiles(pub Vec<(PathBuf, Foreign)>);

impl Display for ForeignFiles {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let words =
            |(file, foreign): &(PathBuf, Foreign)| format!("{} is {foreign}", file.display());
        let files: Vec<String> = self.0.iter().map(words).collect();
        let mut help: Vec<&str> = self.0.iter().map(|(_, foreign)| foreign.help()).collect();
        help.dedup();
        write!(f, "{}\nhelp: {}", files.join("; "), help.join("; "))
    }
}

/// True of bytes that begin as a Git LFS pointer does.
///
/// # Source
/// `docs/spec.md` of git-lfs: the key `version` comes first, then the address of the specification.
pub(crate) fn is_pointer(head: &[u8]) -> bool {
    head.strip_prefix(b"version ").is_some_and(|rest| {
        rest.starts_with(b"https://git-lfs") || rest.starts_with(b"https://hawser")
    })
}

/// Text without the byte-order mark that may stand before it.
pub(crate) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// The JSON of a file, its byte-order mark left out.
///
/// # Errors
/// When it is a file of another kind, named for what it is.
pub(crate) fn json<'a>(text: &'a [u8], file: &Path) -> Result<&'a [u8], Error> {
    match Foreign::of(text) {
        // serde_json says where an empty text ends.
        None | Some(Foreign::Empty) => Ok(without_mark(text)),
        Some(foreign) => {
            Err(Error::Foreign { files: ForeignFiles(vec![(file.to_owned(), foreign)]) })
        }
    }
}

/// Refuses files that are Git LFS pointers or web pages, all at once: no file of a checkpoint begins as they do.
pub(crate) fn refuse<'a>(blobs: impl Iterator<Item = &'a Blob>) -> Result<(), Error> {
    let mut others = Vec::new();
    for blob in blobs {
        let mut head = Vec::new();
        // A file that cannot be read is named where it is read.
        let read = blob.open().map(|reader| reader.take(HEAD).read_to_end(&mut head));
        let foreign = Foreign::of(&head).filter(|_| matches!(read, Ok(Ok(_))));
        if let Some(foreign @ (Foreign::LfsPointer | Foreign::Page)) = foreign {
            others.push((blob.path().to_owned(), foreign));
        }
    }
    if others.is_empty() { Ok(()) } else { Err(Error::Foreign { files: ForeignFiles(others) }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_beginning() {
        let kinds: [(&[u8], Option<Foreign>); 13] = [
            (b"{\"a\": 1}", None),
            (b"\xef\xbb\xbf{\"a\": 1}", None),
            (b"[1]", None),
            (b"", Some(Foreign::Empty)),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:abc",
                Some(Foreign::LfsPointer),
            ),
            (b"version 5", None),
            (b"\n <!DOCTYPE html>", Some(Foreign::Page)),
            (b"\xef\xbb\xbf<HTML>", Some(Foreign::Page)),
            (b"<?xml version", Some(Foreign::Page)),
            (b"\xff\xfe{\0", Some(Foreign::WideText)),
            (b"\0{\0\"", Some(Foreign::WideText)),
            (b"PK\x03\x04", Some(Foreign::Archive)),
            (b"\x1f\x8b\x08", Some(Foreign::Archive)),
        ];
        for (head, kind) in kinds {
            assert_eq!(Foreign::of(head), kind, "{head:?}");
        }
    }
}
