//! Sampling until every interval is narrow.
//!
//! Someone who draws sample after sample and stops when an interval happens to be short stops where the spread looks small by
//! chance. So the intervals are those of a confidence sequence ([`Sequence`]): they cover at whatever sample one stops. The
//! next look comes after as many samples as the widest cell needs by its spread so far, at most as many again as there are.

use std::fmt;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::stats::{Interval, LEVEL, Sequence};

/// The values that p(answer) can have.
const UNIT: (f64, f64) = (0.0, 1.0);

/// Samples until the 95 % interval of every cell is narrower than this, and the most that are drawn.
///
/// Each cell's interval covers with 95 % at the sample at which drawing stops, whatever the distribution of p(answer).
///
/// # Units
/// Probability: the width is that of p(answer), from end to end. Of samples that all agree, an interval of 0.1 takes some 55.
///
/// # Cost
/// At most as a run of so many samples.
///
/// # Example
/// ```
/// use mambascope::prelude::*;
/// let noisy = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5).samples(5));
/// let effects = noisy.restore(..).until(Until::width(0.02).most(400)).run()?;
/// let sampling = effects.sampling().expect("it was asked for");
/// assert!(sampling.is_met() && sampling.samples == effects.low_samples().len());
/// assert!(effects.interval(2, 1).expect("a cell").width() < 0.02);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct Until {
    /// How wide no interval may be.
    pub width: f64,
    /// Most samples in all.
    pub most: usize,
}

impl Until {
    /// Until every interval is narrower than this, with at most 200 samples.
    pub const fn width(width: f64) -> Self {
        Self { width, most: 200 }
    }

    /// With at most so many samples.
    pub const fn most(&self, most: usize) -> Self {
        Self { most, ..*self }
    }

    /// The bets whose intervals are looked at.
    pub(crate) fn bets(self) -> Sequence {
        Sequence::up_to(self.most)
    }

    /// The interval of each cell's mean p(answer), given its samples, at which one may stop or go on drawing.
    pub fn intervals(self, cells: &[Vec<f64>]) -> Vec<Interval> {
        let bets = self.bets();
        cells.par_iter().map(|cell| bets.interval(cell, UNIT, LEVEL)).collect()
    }

    /// The width of each cell's interval.
    fn widths(self, cells: &[Vec<f64>]) -> Vec<f64> {
        self.intervals(cells).iter().map(Interval::width).collect()
    }

    /// How far samples have come, those of each cell given; they are equally many.
    pub(crate) fn judge(self, cells: &[Vec<f64>]) -> Sampling {
        let widths = self.widths(cells);
        // The width of an interval that is not known is not narrow.
        let wide = widths.len() - widths.iter().filter(|width| **width < self.width).count();
        let known = !widths.is_empty() && widths.iter().all(|width| width.is_finite());
        let widest = known.then(|| widths.iter().copied().fold(0.0, f64::max));
        Sampling { until: self, samples: cells.first().map_or(0, Vec::len), wide, widest }
    }

    /// The number of samples to draw before the next look; 0 where every interval is narrow, or the most are drawn.
    pub fn more(self, cells: &[Vec<f64>]) -> usize {
        let widths = self.widths(cells);
        let samples = cells.first().map_or(0, Vec::len);
        let left = self.most.saturating_sub(samples);
        let widest = (0..widths.len()).max_by(|&one, &other| widths[one].total_cmp(&widths[other]));
        let is_wide = |cell: &usize| widths[*cell].is_nan() || widths[*cell] >= self.width;
        let Some(widest) = widest.filter(is_wide) else { return 0 };
        self.needed(&cells[widest]).saturating_sub(samples).clamp(1, samples.max(1)).min(left)
    }

    /// Samples that make the interval of values like these narrow, up to twice as many as there are.
    fn needed(self, cell: &[f64]) -> usize {
        let bets = self.bets();
        let is_narrow = |samples: usize| {
            bets.width_at(cell, UNIT, samples as f64 / cell.len() as f64) < self.width
        };
        let (mut too_few, mut enough) = (cell.len(), cell.len() * 2);
        while enough - too_few > 1 + cell.len() / 20 {
            let middle = usize::midpoint(too_few, enough);
            if is_narrow(middle) { enough = middle } else { too_few = middle }
        }
        enough
    }
}

impl From<f64> for Until {
    fn from(width: f64) -> Self {
        Self::width(width)
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { width, most } = self;
        write!(f, "every 95 % interval is narrower than {width}, with at most {most} samples")
    }
}

/// How far a trace has come that draws samples until its intervals are narrow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// What was asked for.
    pub until: Until,
    /// How many samples were drawn.
    pub samples: usize,
    /// How many cells have an interval that is not narrower than asked.
    pub wide: usize,
    /// The width of the widest interval; `None` where nothing is drawn yet.
    pub widest: Option<f64>,
}

impl Sampling {
    /// Whether every interval is as narrow as asked.
    pub const fn is_met(&self) -> bool {
        self.wide == 0
    }
}

impl fmt::Display for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { until, samples, wide, widest } = self;
        write!(f, "{samples} samples")?;
        if let Some(widest) = widest {
            write!(f, ", widest interval {widest:.4}")?;
        }
        match wide {
            0 => write!(f, ", all narrower than {}", until.width),
            1 => write!(f, ", 1 cell not narrower than {}", until.width),
            _ => write!(f, ", {wide} cells not narrower than {}", until.width),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::RandomState;

    /// Logistic of a normal number: probabilities whose mean is known by drawing many.
    fn probabilities(source: &mut RandomState, count: usize) -> Vec<f64> {
        let normals = source.normals(count);
        normals.into_iter().map(|draw| 1.0 / (1.0 + (-1.5 * draw).exp())).collect()
    }

    /// Draws as a run does; the samples of one cell.
    fn drawn(until: Until, first: usize, source: &mut RandomState) -> Vec<f64> {
        let mut cell = probabilities(source, first);
        loop {
            let more = until.more(std::slice::from_ref(&cell));
            if more == 0 {
                return cell;
            }
            cell.extend(probabilities(source, more));
        }
    }

    #[test]
    fn narrow_intervals_still_cover() {
        const RUNS: u32 = 1000;
        let until = Until::width(0.2).most(1000);
        let (mut held, mut samples) = (0, 0);
        for seed in 0..RUNS {
            let cell = drawn(until, 10, &mut RandomState::new(seed));
            assert!(until.judge(std::slice::from_ref(&cell)).is_met());
            // By symmetry the mean is one half.
            held += u32::from(until.bets().interval(&cell, UNIT, LEVEL).holds(0.5));
            samples += cell.len();
        }
        let coverage = f64::from(held) / f64::from(RUNS);
        assert!(samples > 12 * RUNS as usize, "more than the first ones were needed");
        assert!(coverage > 0.95, "{coverage}");
    }

    #[test]
    fn it_stops_at_the_most() {
        let until = Until::width(0.001).most(37);
        let cell = drawn(until, 10, &mut RandomState::new(1));
        let sampling = until.judge(std::slice::from_ref(&cell));
        assert_eq!((sampling.samples, sampling.wide, sampling.is_met()), (37, 1, false));
        assert!(sampling.to_string().contains("1 cell not narrower than 0.001"));
    }

    #[test]
    fn agreement_of_some_samples_is_not_enough() {
        // Ten samples that agree say that fewer than one in three differs, and no more.
        let cells = [vec![0.5; 10], vec![0.25; 10]];
        assert_eq!(Until::width(0.5).more(&cells), 0);
        assert_eq!(Until::width(0.1).more(&cells), 10, "as many again, then another look");
        assert_eq!(Until::width(0.1).more(&[vec![0.5]]), 1);
        let widest = Until::width(0.1).judge(&[vec![0.5]]).widest.expect("one sample");
        assert!(widest > 0.9, "{widest}");
        assert_eq!(Until::width(0.1).judge(&[]).widest, None);
    }
}
