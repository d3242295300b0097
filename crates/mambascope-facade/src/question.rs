//! Where in a cell a `?` failed.

use crate::frame;
use serde_json::json;
use std::fmt::Display;

/// Tells the kernel which line of a cell gave an error to `?`.
///
/// A `?` in a cell returns from a function that the kernel did not write and that keeps neither
/// the error nor its place. The kernel therefore puts this call in front of every `?` that leaves
/// the cell.
pub trait Question: Sized {
    /// The same value; an error is reported as the failure of the cell, at that line of it.
    #[must_use]
    fn mambascope_at(self, line: u32) -> Self;
}

#[cfg(not(rust_analyzer))]
impl<T, E: Display> Question for Result<T, E> {
    fn mambascope_at(self, line: u32) -> Self {
        if let Err(error) = &self
            && frame::kernel_listens()
        {
            let kind = std::any::type_name::<E>();
            // The alternate form of anyhow's errors has their causes.
            let value =
                if kind == "anyhow::Error" { format!("{error:#}") } else { error.to_string() };
            frame::send(&json!({
                "frame": "error",
                "name": short_name(kind),
                "value": value,
                "echo": error.to_string(),
                "traceback": [],
                "line": line,
            }));
        }
        self
    }
}

/// For the types of variables: rust-analyzer is not given the macros by which errors are `Display`.
#[cfg(rust_analyzer)]
impl<T, E> Question for Result<T, E> {
    fn mambascope_at(self, _: u32) -> Self {
        self
    }
}

/// The last name of a path, with the crate in front of it where it says too little.
fn short_name(path: &str) -> String {
    let plain = path.split('<').next().unwrap_or(path).trim_start_matches(['&', '(']);
    let last = plain.rsplit("::").next().unwrap_or(plain);
    match plain.split_once("::") {
        Some((krate, _)) if last == "Error" => format!("{krate}::{last}"),
        _ => last.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_enough() {
        assert_eq!(short_name("core::num::error::ParseIntError"), "ParseIntError");
        assert_eq!(short_name("mambascope::error::Error"), "mambascope::Error");
        assert_eq!(short_name("anyhow::Error"), "anyhow::Error");
        assert_eq!(short_name("alloc::boxed::Box<dyn core::error::Error>"), "Box");
        assert_eq!(short_name("&str"), "str");
    }
}
