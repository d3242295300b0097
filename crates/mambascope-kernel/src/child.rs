//! The process that runs the cells' code, and what it and the kernel say to each other.
//!
//! evcxr starts the process and tells it by lines on its standard input what to load; the process
//! answers by lines on its standard output. Those lines are also where the user's code prints, so
//! the kernel reads both outputs itself, over sockets, as they come: text goes to the notebook at
//! once, messages of the library become outputs, and what evcxr waits for is passed on to it once
//! all that was written before it has been dealt with.

pub mod attach;
pub mod collect;
pub mod link;
pub mod parse;
pub mod wrapper;

/// Names the socket at which the kernel listens.
pub const SOCKET: &str = "MAMBASCOPE_SOCKET";

/// Set, to 1, where the library's messages are understood.
pub const FRAMES: &str = "MAMBASCOPE_FRAMES";

/// Set by evcxr in the process that runs cells.
pub const IS_RUNTIME: &str = "EVCXR_IS_RUNTIME";
