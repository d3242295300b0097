//! What numbers over samples and cases say, and how surely: means with intervals, pools of cases, tests over a grid, and
//! how many samples more are needed.
//!
//! All of it is arithmetic on numbers; nothing here runs a model. Two kinds of spread are kept apart: over noise samples
//! within one prompt, and over prompts. A number that cannot be known (the spread of one value) is NaN, which a figure
//! draws as not computed.
//!
//! # Which interval
//! - [`Interval::probability`] for probabilities, and [`Interval::bounded`] for other values between known ends: they cover for
//!   any distribution and any number of values, so they reckon with rare values that the sample lacks.
//! - [`Sequence`] for the same where one looks at the interval before deciding whether to draw more.
//! - [`Interval::student`] for unbounded values that lie about evenly on both sides of their mean; exact for normal ones.
//! - [`Interval::skewed`] for unbounded values that lie far out on one side, where the former is too short.
//! - [`Interval::paired`] for the difference of two cells: both saw the same noise, which cancels.
//! - [`Interval::recovered`] for a share of the way from corrupted to clean, whose ends are both measured.
//! - [`bootstrap`] for any other statistic of at least some twenty cases.
//! - [`Interval::rome`] to compare with published figures.
//!
//! # Example
//! ```
//! use mambascope::stats::{Interval, LEVEL};
//! let samples = [0.31, 0.42, 0.37, 0.29, 0.45, 0.36, 0.40, 0.33, 0.38, 0.35];
//! let interval = Interval::probability(&samples, LEVEL);
//! assert!(interval.holds(0.37) && interval.width() < 0.33);
//! ```

mod bootstrap;
mod bounded;
mod dirichlet;
mod discovery;
mod flips;
mod interval;
mod method;
mod pool;
mod quantile;
mod ratio;
mod root;
mod rule;
mod sequence;
mod share;

pub use bootstrap::{Resampling, bootstrap};
pub use bounded::samples_for;
pub use discovery::{Dependence, false_discovery};
pub use flips::{Flips, Tested, sign_flips};
pub use interval::{Interval, mean, standard_error};
pub use method::{Bounds, Method};
pub use pool::{Weighting, pool};
pub use quantile::{normal_quantile, student_quantile};
pub(crate) use rule::Rule;
pub use sequence::Sequence;
pub(crate) use share::{Origin, Way};

/// The level of confidence that papers of this field report.
pub const LEVEL: f64 = 0.95;
