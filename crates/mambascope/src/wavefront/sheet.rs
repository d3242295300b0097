//! The numbers of a run as they come in.

use super::head::Gauge;
use super::work::Work;
use crate::check::Resolved;
use crate::metrics::Metric;
use crate::plan::Direction;

/// One metric of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    pub(crate) metric: Metric,
    /// Of the clean run.
    pub(crate) high: f64,
    /// Of each corrupted sample.
    pub(crate) low: Vec<f64>,
    /// By sample, token of the grid, layer of the grid.
    pub(crate) scores: Vec<f64>,
}

/// What a run measured.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) predicted: u32,
    pub(crate) answer: u32,
    /// p(answer) of the clean run.
    pub(crate) high: f64,
    /// p(answer) of each corrupted sample.
    pub(crate) low: Vec<f64>,
    /// p(answer) by sample, token of the grid, layer of the grid.
    pub(crate) scores: Vec<f64>,
    /// The other metrics.
    pub(crate) also: Vec<Reading>,
    pub(crate) work: Work,
}

impl Outcome {
    /// Takes in a run of further samples.
    pub(super) fn extend(&mut self, more: Self) {
        self.low.extend(more.low);
        self.scores.extend(more.scores);
        for (own, more) in self.also.iter_mut().zip(more.also) {
            own.low.extend(more.low);
            own.scores.extend(more.scores);
        }
        self.work += more.work;
    }

    /// p(answer) of each cell's samples; of the corrupted run's where there are no cells.
    pub(crate) fn by_cell(&self) -> Vec<Vec<f64>> {
        let cells = self.scores.len() / self.low.len().max(1);
        let samples = |cell| self.scores.iter().skip(cell).step_by(cells).copied().collect();
        if cells == 0 { vec![self.low.clone()] } else { (0..cells).map(samples).collect() }
    }
}

/// The numbers of one metric as they come in.
struct Column {
    metric: Metric,
    high: f64,
    low: Vec<f64>,
    /// Of each corrupted sample that is patched: another one where held lanes keep values of their own runs.
    patched: Vec<f64>,
    /// By sample and cell of the grid; the score of the patched run where nothing else comes.
    cells: Vec<Option<f64>>,
}

/// The numbers of some samples as they come in.
pub(super) struct Sheet {
    predicted: u32,
    answer: u32,
    columns: Vec<Column>,
    /// Number of cells.
    width: usize,
    pub(super) work: Work,
}

impl Sheet {
    /// For some samples of so many cells.
    pub(super) fn new(plan: &Resolved, samples: usize, width: usize) -> Self {
        let column = |metric| Column {
            metric,
            high: 0.0,
            low: vec![0.0; samples],
            patched: vec![0.0; samples],
            cells: vec![None; samples * width],
        };
        let metrics = std::iter::once(Metric::Probability).chain(plan.asked.metrics.clone());
        Self {
            predicted: 0,
            answer: 0,
            columns: metrics.map(column).collect(),
            width,
            work: Work::default(),
        }
    }

    /// Notes what the base runs say: the clean one, then so many corrupted samples from number `first` on, then as many of
    /// those whose values held lanes keep, where they are others.
    pub(super) fn base(
        &mut self,
        gauge: &Gauge<'_>,
        (first, count): (usize, usize),
        numbers: &[f64],
    ) {
        (self.predicted, self.answer) = (gauge.predicted, gauge.answer);
        let mut rows = numbers.chunks_exact(gauge.width());
        let clean = rows.next().unwrap_or_default();
        // With nothing corrupted the clean run is what cells are compared with.
        let patched: Vec<&[f64]> =
            if count == 0 { vec![clean] } else { rows.by_ref().take(count).collect() };
        // ROME's program has its low score from the first draws of the stream.
        let low: Vec<&[f64]> = if rows.len() == 0 { patched.clone() } else { rows.collect() };
        for (index, column) in self.columns.iter_mut().enumerate() {
            column.high = clean[index];
            for (sample, numbers) in low.iter().enumerate() {
                column.low[first + sample] = numbers[index];
            }
            for (sample, numbers) in patched.iter().enumerate() {
                column.patched[first + sample] = numbers[index];
            }
        }
    }

    /// Notes what a cell of a sample says.
    pub(super) fn cell(&mut self, sample: usize, slot: usize, numbers: &[f64]) {
        let place = sample * self.width + slot;
        for (column, number) in self.columns.iter_mut().zip(numbers) {
            column.cells[place] = Some(*number);
        }
    }

    pub(super) fn finish(self, direction: Direction) -> Outcome {
        let width = self.width.max(1);
        let reading = |column: Column| {
            let untouched = |sample: usize| match direction {
                Direction::Denoise => column.patched[sample],
                Direction::Noise => column.high,
            };
            let cells = column.cells.iter().enumerate();
            let scores =
                cells.map(|(index, cell)| cell.unwrap_or_else(|| untouched(index / width)));
            let scores = scores.collect();
            Reading { metric: column.metric, high: column.high, low: column.low, scores }
        };
        let mut readings = self.columns.into_iter().map(reading);
        let p = readings.next();
        let (high, low, scores) = p.map_or_else(Default::default, |p| (p.high, p.low, p.scores));
        Outcome {
            predicted: self.predicted,
            answer: self.answer,
            high,
            low,
            scores,
            also: readings.collect(),
            work: self.work,
        }
    }
}
