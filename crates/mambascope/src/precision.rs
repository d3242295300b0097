//! How much the samples of a trace say: the widest interval, and the samples that a narrower one would take.

use std::fmt;

use rayon::prelude::*;

use crate::effects::Effects;
use crate::metrics::Metric;
use crate::stats::{LEVEL, Method, samples_for};

/// Half-widths of p(answer) that samples are planned for: the first that is not reached yet.
const GOALS: [f64; 3] = [0.1, 0.05, 0.02];
/// A score this far from the corrupted one, as a share of the colour scale, has a colour that a reader takes for an effect.
const COLORED: f64 = 0.1;

/// The width of a trace's intervals, and the number of samples for narrower ones.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let noisy = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5).samples(10));
/// let precision = noisy.restore(..).run()?.precision().expect("ten samples");
/// assert!(precision.widest > 0.15, "ten samples cannot say more of any probability");
/// assert!(precision.needed.expect("an estimate") > 10);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Precision {
    /// Samples of noise that each score is a mean of.
    pub samples: usize,
    /// The way in which intervals are made.
    pub method: Method,
    /// Half the width of the widest interval of a cell; infinite where an interval has an end that is not known.
    pub widest: f64,
    /// The half-width of p(answer) that more samples are planned for.
    pub goal: f64,
    /// Samples that would make the widest interval of p(answer) as narrow as the goal, if rare values are not missing from those
    /// at hand. `None` where it is as narrow, where other metrics than p are in front, and where it cannot be told.
    pub needed: Option<usize>,
}

impl Effects {
    /// The width of the intervals of the scores, and the samples that narrower ones would take; `None` where nothing was drawn or
    /// restored.
    pub fn precision(&self) -> Option<Precision> {
        let intervals = self.is_drawn().then(|| self.intervals()).flatten()?;
        let half = |index: usize| (intervals.high[index] - intervals.low[index]) / 2.0;
        let wider = |one: &usize, other: &usize| half(*one).total_cmp(&half(*other));
        let widest_cell = (0..intervals.low.len()).max_by(wider)?;
        let widest = half(widest_cell);
        let goal = GOALS.into_iter().find(|goal| *goal < widest).unwrap_or(GOALS[2]);
        let is_raw_p = self.metric == Metric::Probability && self.normalised.is_none();
        let samples = || {
            let (row, column) = (widest_cell / self.layers.len(), widest_cell % self.layers.len());
            self.samples(self.tokens[row], self.layers[column])
        };
        let is_planned = is_raw_p && widest > goal && self.sampling.is_none();
        let needed = if is_planned { samples_for(goal, &samples(), (0.0, 1.0)) } else { None };
        let method = self.interval(*self.tokens.first()?, *self.layers.first()?)?.method;
        Some(Precision { samples: self.low_samples.len(), method, widest, goal, needed })
    }

    /// Cells that look like an effect although the interval of theirs holds 0, by row and column.
    pub(crate) fn doubtful(&self) -> Vec<(usize, usize)> {
        if !self.is_drawn() {
            return Vec::new();
        }
        let span = (self.ceiling() - self.floor()).abs();
        let is_doubtful = |&(row, column): &(usize, usize)| {
            let (token, layer) = (self.tokens[row], self.layers[column]);
            let score = self.score(token, layer).unwrap_or(f64::NAN);
            let is_colored = (score - self.low()).abs() > COLORED * span;
            is_colored && self.effect(token, layer).is_none_or(|effect| !effect.excludes(0.0))
        };
        let columns = self.layers.len();
        let cells: Vec<(usize, usize)> =
            (0..self.scores.len()).map(|cell| (cell / columns, cell % columns)).collect();
        cells.into_par_iter().filter(is_doubtful).collect()
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { samples, method, widest, goal, needed } = self;
        let plural = if *samples == 1 { "" } else { "s" };
        write!(
            f,
            "{samples} noise sample{plural}: {:.0} % intervals ({})",
            100.0 * LEVEL,
            method.condition()
        )?;
        if widest.is_finite() {
            write!(f, " are up to ±{} wide", figures(*widest))?;
        } else {
            f.write_str(" have no known ends in some cells")?;
        }
        if let Some(needed) = needed {
            write!(f, "; ±{goal} takes about {} samples", rounded(*needed))?;
        }
        Ok(())
    }
}

/// A width with two figures.
fn figures(width: f64) -> String {
    if width >= 0.0995 {
        format!("{width:.2}")
    } else {
        format!("{width:.1e}").parse::<f64>().unwrap_or(width).to_string()
    }
}

/// An estimate with two figures, rounded up.
fn rounded(count: usize) -> usize {
    let unit = 10_usize.pow(count.max(1).ilog10().saturating_sub(1));
    count.div_ceil(unit) * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_what_ten_samples_are_worth() {
        let precision = Precision {
            samples: 10,
            method: Method::Gaffke,
            widest: 0.2871,
            goal: 0.1,
            needed: Some(143),
        };
        assert_eq!(
            precision.to_string(),
            "10 noise samples: 95 % intervals (for any distribution) are up to ±0.29 wide; ±0.1 takes about 150 samples"
        );
        let narrow = Precision { samples: 1, widest: 0.0123, needed: None, ..precision };
        assert_eq!(
            narrow.to_string(),
            "1 noise sample: 95 % intervals (for any distribution) are up to ±0.012 wide"
        );
        let open = Precision { widest: f64::INFINITY, method: Method::Student, ..narrow };
        assert!(open.to_string().ends_with("have no known ends in some cells"));
    }
}
