//! A notebook: pictures while a cell runs, progress that moves, an interrupt that keeps all variables.
//!
//! Under the mambascope kernel all of it works. Under evcxr_jupyter and in evcxr's own prompt a cell's last value is
//! shown, and the rest is text; in a program of its own all of it is text.
//!
//! # Example
//! ```
//! use mambascope::prelude::*;
//! let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
//! for window in [1, 2] {
//!     notebook::display(&trace.restore(Site::Gate).window(window).heatmap()?); // one picture after the other
//! }
//! # Ok::<(), Error>(())
//! ```

mod bundle;
mod dialect;
mod display;
mod frame;
mod interrupt;
mod last;
mod live;
mod panic;

use std::sync::Once;

pub use bundle::Bundle;
pub use display::{Display, Old, clear_output, display};
pub use interrupt::interrupted;
pub use last::Last;
pub use live::{Live, progress};

/// Makes this process a notebook's: a panic is told to the kernel as an error, and SIGINT stops a run.
///
/// The kernel calls it once, before the first cell. From then on SIGINT makes [`interrupted`] true, and SIGUSR2 makes it
/// false again. Called again it does nothing; where no kernel listens it does nothing either.
pub fn begin() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if dialect::Dialect::current() == dialect::Dialect::Frames {
            panic::tell();
            interrupt::listen();
            mambascope_model::watch_reading(|| Box::new(live::progress("load")));
        }
    });
}
