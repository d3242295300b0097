//! The `mambascope` command.
fn main() {}
