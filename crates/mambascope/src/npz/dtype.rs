//! The kinds of element in an npy file, as its header describes them: `<f8`, `|b1`, `>U12`.

/// What one element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Signed,
    Unsigned,
    Float,
    /// Text in four-byte code points, padded with NULs.
    Unicode,
    /// Text in bytes, padded with NULs.
    Bytes,
    /// Pickled objects, of no fixed size.
    Object,
}

/// Which end of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endian {
    Little,
    Big,
}

/// One kind of element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dtype {
    pub(super) kind: Kind,
    pub(super) endian: Endian,
    /// Bytes of one element.
    pub(super) size: usize,
}

impl Dtype {
    /// Reads a description; nothing for kinds and sizes that cannot be held here.
    pub(super) fn parse(description: &str) -> Option<Self> {
        let mut letters = description.chars();
        let endian = match letters.next()? {
            '<' | '|' => Endian::Little,
            '>' => Endian::Big,
            _ => return None,
        };
        let letter = letters.next()?;
        let number = letters.as_str();
        if letter == 'O' {
            return Some(Self { kind: Kind::Object, endian, size: 0 });
        }
        if !number.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let number: usize = number.parse().ok()?;
        let (kind, size) = match (letter, number) {
            ('b', 1) => (Kind::Bool, 1),
            ('i', 1 | 2 | 4 | 8) => (Kind::Signed, number),
            ('u', 1 | 2 | 4 | 8) => (Kind::Unsigned, number),
            ('f', 2 | 4 | 8) => (Kind::Float, number),
            ('U', _) => (Kind::Unicode, number.checked_mul(4)?),
            ('S', _) => (Kind::Bytes, number),
            _ => return None,
        };
        Some(Self { kind, endian, size })
    }

    /// Bytes of memory that one element takes once it is read, at most.
    pub(super) fn memory(self) -> usize {
        match self.kind {
            Kind::Bool => 1,
            Kind::Signed | Kind::Unsigned => size_of::<i64>(),
            Kind::Float => self.size.max(size_of::<f32>()),
            Kind::Unicode | Kind::Bytes => size_of::<String>().saturating_add(self.size),
            Kind::Object => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Dtype, Endian, Kind};

    #[test]
    fn descriptions_are_read() {
        let dtype = |kind, endian, size| Some(Dtype { kind, endian, size });
        let table = [
            ("|b1", dtype(Kind::Bool, Endian::Little, 1)),
            ("<i8", dtype(Kind::Signed, Endian::Little, 8)),
            (">u2", dtype(Kind::Unsigned, Endian::Big, 2)),
            (">f4", dtype(Kind::Float, Endian::Big, 4)),
            ("<U12", dtype(Kind::Unicode, Endian::Little, 48)),
            ("|S3", dtype(Kind::Bytes, Endian::Little, 3)),
            ("|O", dtype(Kind::Object, Endian::Little, 0)),
            ("<f2", dtype(Kind::Float, Endian::Little, 2)),
            ("<f16", None),
            ("<i3", None),
            ("<c8", None),
            ("<M8[ns]", None),
            ("f8", None),
            ("<f+8", None),
            ("<U", None),
            ("<U4611686018427387904", None),
            ("", None),
        ];
        for (description, expected) in table {
            assert_eq!(Dtype::parse(description), expected, "{description}");
        }
    }
}
