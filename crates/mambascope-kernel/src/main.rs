//! The program that Jupyter starts.

use mambascope_kernel::child::{IS_RUNTIME, attach, wrapper};
use mambascope_kernel::engine::evcxr::{Place, starter};
use mambascope_kernel::session::Session;
use mambascope_kernel::{log, server};
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    // This program is three: the kernel, the child that runs cells, and what stands between cargo
    // and rustc. What it is to be is told by variables, before anything else happens.
    let become_other = || {
        wrapper::become_rustc()?;
        if std::env::var_os(IS_RUNTIME).is_some() {
            attach::attach()?;
        }
        std::io::Result::Ok(())
    };
    if let Err(error) = become_other() {
        log::line(error);
        return ExitCode::FAILURE;
    }
    evcxr::runtime_hook();
    match kernel() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::line(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn kernel() -> anyhow::Result<()> {
    let connection = match std::env::args_os().nth(1) {
        Some(file) if file != "--help" && file != "-h" => PathBuf::from(file),
        _ => anyhow::bail!(
            "Jupyter starts this program, with a connection file\nhelp: `mambascope kernel install` tells Jupyter of it, `mambascope lab` starts both"
        ),
    };
    let session = Session::enter()?;
    let place = Place {
        build: session.build(),
        socket: session.socket(),
        data: mambascope_lab::data_folder()?,
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let served = runtime.block_on(async { server::serve(&connection, starter(place)?).await });
    session.remove();
    served
}
