//! How often an interval of drawn samples holds the true value, and how wide it is.

use mambascope::prelude::*;
use mambascope::random::RandomState;
use mambascope::stats::{Bounds, Interval, LEVEL};

use super::laws::{Cells, Law, places};

/// The share of intervals that held the true value, and their median width.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judged {
    /// The share that held it.
    pub(crate) coverage: f64,
    /// The median width; infinite where most have no end.
    #[allow(dead_code, reason = "the table has it, the test does not")]
    pub(crate) width: f64,
}

/// Judges what `draw` makes, so many times.
pub(crate) fn judge(trials: usize, truth: f64, mut draw: impl FnMut() -> Interval) -> Judged {
    let mut widths = Vec::with_capacity(trials);
    let mut held = 0_usize;
    for _ in 0..trials {
        let interval = draw();
        held += usize::from(interval.holds(truth));
        widths.push(interval.width());
    }
    widths.sort_by(f64::total_cmp);
    Judged { coverage: held as f64 / trials as f64, width: widths[trials / 2] }
}

/// Judges the interval of a cell's mean p(answer).
pub(crate) fn of_mean(law: &Law, samples: usize, trials: usize, seed: u32) -> Judged {
    let mut random = RandomState::new(seed);
    judge(trials, law.mean(), || Interval::probability(&law.draw(&mut random, samples), LEVEL))
}

/// Judges the interval of what a cell has above the corrupted run.
pub(crate) fn of_effect(
    cells: &Cells,
    cell: usize,
    samples: usize,
    trials: usize,
    seed: u32,
) -> Judged {
    let mut random = RandomState::new(seed);
    let above = &cells.grid[cell].1;
    let truth = mean(above) - mean(&cells.low);
    judge(trials, truth, || {
        let drawn = places(&mut random, cells.low.len(), samples);
        let pairs = drawn.into_iter().map(|place| (above[place], cells.low[place]));
        Interval::paired(pairs, Bounds::UNIT, LEVEL)
    })
}

/// Judges the interval of the share of the way from the corrupted to the clean run that a cell recovers.
pub(crate) fn of_share(
    cells: &Cells,
    cell: usize,
    samples: usize,
    trials: usize,
    seed: u32,
) -> Judged {
    let mut random = RandomState::new(seed);
    let above = &cells.grid[cell].1;
    let low = mean(&cells.low);
    let truth = (mean(above) - low) / (cells.high - low);
    judge(trials, truth, || {
        let drawn = places(&mut random, cells.low.len(), samples);
        let of = |all: &[f64]| drawn.iter().map(|&place| all[place]).collect::<Vec<f64>>();
        Interval::recovered(&of(above), &of(&cells.low), cells.high, Bounds::UNIT, LEVEL)
    })
}

/// Of samples drawn until intervals are narrow: how many there were, and how often each cell's held its mean.
#[derive(Debug, Clone)]
pub(crate) struct Stopped {
    /// The least share of intervals that held, over cells.
    pub(crate) coverage: f64,
    /// The median number of samples.
    pub(crate) samples: usize,
}

/// Judges the stopping rule on cells with as many samples each: one law, or all cells of a trace.
pub(crate) fn of_stopping(laws: &[Law], until: Until, trials: usize, seed: u32) -> Stopped {
    let mut random = RandomState::new(seed);
    let mut counts = Vec::with_capacity(trials);
    let mut held = vec![0_usize; laws.len()];
    for _ in 0..trials {
        let draw = |random: &mut RandomState, count: usize| {
            laws.iter().map(|law| law.draw(random, count)).collect::<Vec<_>>()
        };
        let mut cells = draw(&mut random, 10);
        let intervals = loop {
            let more = until.more(&cells);
            if more == 0 {
                break until.intervals(&cells);
            }
            for (cell, new) in cells.iter_mut().zip(draw(&mut random, more)) {
                cell.extend(new);
            }
        };
        counts.push(cells[0].len());
        for ((held, interval), law) in held.iter_mut().zip(intervals).zip(laws) {
            *held += usize::from(interval.holds(law.mean()));
        }
    }
    counts.sort_unstable();
    let least = held.into_iter().min().unwrap_or(0);
    Stopped { coverage: least as f64 / trials as f64, samples: counts[trials / 2] }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
