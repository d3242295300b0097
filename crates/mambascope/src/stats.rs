//! What numbers over samples and cases say, and how surely: means with intervals, pools of cases, tests over a grid, and
//! how many samples more are needed.
//!
//! All of it is arithmetic on numbers; nothing here runs a model. Two kinds of spread are kept apart: over noise samples
//! within one prompt, and over prompts. A number that cannot be known (an interval of one sample) is NaN, which a figure
//! draws as not computed.
//!
//! # Which interval
//! - [`Interval::student`] for values that lie about evenly on both sides of their mean; exact for normal ones.
//! - [`Interval::skewed`] for values that lie far out on one side, where the first is too short.
//! - [`Interval::probability`] for probabilities: the same, within what values between 0 and 1 allow.
//! - [`Interval::paired`] for the difference of two cells: both saw the same noise, which cancels.
//! - [`bootstrap`] for any other statistic of at least some twenty cases.
//! - [`Interval::rome`] to compare with published figures.
//!
//! # Example
//! ```
//! use mambascope::stats::{Interval, LEVEL};
//! let samples = [0.31, 0.42, 0.37, 0.29, 0.45, 0.36, 0.40, 0.33, 0.38, 0.35];
//! let interval = Interval::student(&samples, LEVEL);
//! assert!(interval.holds(0.37) && interval.width() < 0.08);
//! ```

mod bootstrap;
mod discovery;
mod flips;
mod interval;
mod narrow;
mod pool;
mod quantile;

pub use bootstrap::{Resampling, bootstrap};
pub use discovery::{Dependence, false_discovery};
pub use flips::{Flips, Tested, sign_flips};
pub use interval::{Interval, mean, standard_error};
pub use narrow::{More, Narrow};
pub use pool::{Weighting, pool};
pub use quantile::{normal_quantile, student_quantile};

/// The level of confidence that papers of this field report.
pub const LEVEL: f64 = 0.95;
