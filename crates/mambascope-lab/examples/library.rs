//! Builds the library for notebooks into the user's data folder, and says where it is, how cells
//! depend on it, and with which flags they are compiled.

use mambascope_lab::{Library, Progress, Sources, Toolchain, data_folder};
use std::io::Write;

fn main() -> mambascope_lab::Result<()> {
    let mut tell = |progress: Progress<'_>| {
        let mut out = std::io::stderr().lock();
        let _ = match progress {
            Progress::Building { name, done, total } => {
                write!(out, "\r\u{1b}[Kbuilding {name} ({done} of {total})")
            }
            _ => write!(out, "\r\u{1b}[Kanother process is building the library"),
        };
    };
    let toolchain = Toolchain::find()?;
    let library =
        Library::ensure(&data_folder()?, &Sources::of_this_build(), &toolchain, &mut tell)?;
    let mut out = std::io::stdout().lock();
    let folder = library.folder().display();
    let _ = writeln!(out, "{folder}\n{}\n{}", library.dependency(), library.compiler_flags());
    Ok(())
}
