//! How many samples: as many as make every interval narrow.
//!
//! After the first samples the spread of each cell says how many it needs ([`Narrow`], Stein's rule); the neediest decides
//! how many are drawn next, from the same stream. Should some interval still be too wide, the same is asked again of all
//! samples so far. To look at the intervals only after such leaps, and not after every few samples, keeps them from being
//! caught where they are narrow by chance.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::metrics::Metric;
use crate::stats::Narrow;

/// Samples until the 95 % interval of every cell is narrower than so much, and how many at most.
///
/// # Units
/// Probability: the width is that of p(answer), from end to end.
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

    /// How far samples have come, those of each cell given; they are equally many.
    pub(crate) fn judge(self, cells: &[Vec<f64>]) -> Sampling {
        let widths: Vec<f64> =
            cells.iter().map(|cell| Metric::Probability.interval(cell).width()).collect();
        // The width of an interval that is not known is no number, and not narrow.
        let wide = widths.len() - widths.iter().filter(|width| **width < self.width).count();
        let known = widths.iter().all(|width| width.is_finite());
        let widest = known.then(|| widths.iter().copied().fold(0.0, f64::max));
        Sampling { until: self, samples: cells.first().map_or(0, Vec::len), wide, widest }
    }

    /// How many samples to draw next; none where every interval is narrow, or the most are drawn.
    pub(crate) fn more(self, cells: &[Vec<f64>]) -> usize {
        let now = self.judge(cells);
        let left = self.most.saturating_sub(now.samples);
        if now.is_met() {
            return 0;
        }
        let needed = Narrow::to(self.width).most(self.most).more(cells);
        // What the rule finds narrow the interval of probabilities may not; then as many again as there are.
        let needed = if needed.samples == 0 { now.samples } else { needed.samples };
        needed.min(left)
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
    /// The width of the widest interval; `None` where two samples are not yet drawn.
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
        const RUNS: u32 = 4000;
        let until = Until::width(0.2).most(1000);
        let (mut held, mut samples) = (0, 0);
        for seed in 0..RUNS {
            let cell = drawn(until, 10, &mut RandomState::new(seed));
            assert!(until.judge(std::slice::from_ref(&cell)).is_met());
            // By symmetry the mean is one half.
            held += u32::from(Metric::Probability.interval(&cell).holds(0.5));
            samples += cell.len();
        }
        let coverage = f64::from(held) / f64::from(RUNS);
        assert!(samples > 12 * RUNS as usize, "more than the first ones were needed");
        assert!((0.93..0.97).contains(&coverage), "{coverage}");
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
    fn what_is_narrow_at_once_draws_no_more() {
        assert_eq!(Until::width(0.1).more(&[vec![0.5; 4], vec![0.25; 4]]), 0);
        // One sample says nothing of its spread.
        assert_eq!(Until::width(0.1).more(&[vec![0.5]]), 199);
        assert_eq!(Until::width(0.1).judge(&[vec![0.5]]).widest, None);
    }
}
