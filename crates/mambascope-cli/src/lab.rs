//! `mambascope lab`.

use std::io::{self, Write as _};

use mambascope_lab::{Browser, Jupyter, Lab, Sources};

use crate::args::LabArguments;
use crate::{interrupt, kernel};

/// Makes kernel and Jupyter ready; then opens the quickstart, or runs it.
pub(crate) fn run(arguments: &LabArguments) -> anyhow::Result<()> {
    let data = mambascope_lab::data_folder()?;
    let program = kernel::make(&data)?;
    let jupyter = Jupyter::ensure(&data, &mut kernel::say)?;
    let notebooks = Sources::of_this_build().root().join("notebooks");
    let notebooks = notebooks.canonicalize().unwrap_or(notebooks);
    let lab = Lab::new(jupyter, &data, &program, &notebooks)?;
    let mut out = io::stdout().lock();
    if arguments.check {
        let map = lab.check()?;
        out.write_all(map.as_bytes())?;
        writeln!(out)?;
        return Ok(());
    }
    // The interrupt that ends JupyterLab must leave this process to wait for it.
    interrupt::listen()?;
    let browser = if arguments.no_browser { Browser::Closed } else { Browser::Open };
    let mut running = lab.start(browser, arguments.port)?;
    writeln!(out, "JupyterLab is open at\n{}\nCtrl-C ends it", running.address)?;
    out.flush()?;
    Ok(running.wait()?)
}
