//! Where a tensor's bytes lie.

/// What a file's header says of one tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name in state-spaces/mamba.
    pub(super) name: String,
    /// The kind of its numbers.
    pub(super) kind: Kind,
    /// Its shape.
    pub(super) shape: Vec<usize>,
    /// Where its bytes begin in the file.
    pub(super) start: u64,
    /// How many there are: the shape's product times the size of a number.
    pub(super) bytes: u64,
}

/// A kind of number in a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    F16,
    BF16,
    F32,
    F64,
    /// One that no weight of ours may have, by the name that the file gives it.
    Other(String),
}

impl Kind {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::F16 => "f16",
            Self::BF16 => "bf16",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Other(name) => name,
        }
    }

    /// Bytes of one number; 0 for a kind that is not read.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::F16 | Self::BF16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
            Self::Other(_) => 0,
        }
    }

    pub(super) fn is_float(&self) -> bool {
        self.size() > 0
    }
}
