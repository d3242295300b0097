//! Who reads this program's standard output.

use std::env;

/// The language in which values are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// The mambascope kernel: frames.
    Frames,
    /// evcxr_jupyter or evcxr's prompt: blocks, kept until the cell ends.
    Blocks,
    /// A person: text.
    Plain,
}

impl Dialect {
    /// The one that this process's environment asks for.
    pub(crate) fn current() -> Self {
        let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        Self::of(set("MAMBASCOPE_FRAMES"), set("EVCXR_IS_RUNTIME"))
    }

    const fn of(frames: bool, evcxr: bool) -> Self {
        match (frames, evcxr) {
            (true, _) => Self::Frames,
            (false, true) => Self::Blocks,
            (false, false) => Self::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_kernel_goes_before_evcxr() {
        assert_eq!(Dialect::of(true, true), Dialect::Frames);
        assert_eq!(Dialect::of(false, true), Dialect::Blocks);
        assert_eq!(Dialect::of(false, false), Dialect::Plain);
    }
}
