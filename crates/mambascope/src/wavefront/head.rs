//! The head: what rows of logits say of the answer.

use candle_core::DType;
use mambascope_model::Operations;

use crate::Error;
use crate::check::Asked;
use crate::metrics::{Measure, Metric};

/// Reads p(answer) off rows of logits, and the other metrics that are asked for.
pub(super) struct Gauge<'a> {
    pub(super) predicted: u32,
    pub(super) answer: u32,
    metrics: &'a [Metric],
    /// What the other metrics are taken with; p(answer) alone the device tells without copying logits.
    measure: Option<Measure>,
}

impl<'a> Gauge<'a> {
    /// Takes the prediction, and what others are compared with, from the first of some rows: the clean one.
    pub(super) fn new<O: Operations>(
        operations: &O,
        logits: &O::Rows,
        asked: &'a Asked,
        known: usize,
    ) -> Result<Self, Error> {
        let clean = download(operations, &operations.gather(logits, &[0])?)?;
        let known = known.min(clean.len());
        let predicted = largest(&clean[..known]);
        let answer = asked.answer.unwrap_or(predicted);
        let mut measure = None;
        if !asked.metrics.is_empty() {
            measure = Measure::new(&clean, known, answer);
            if let Some(foil) = asked.foil {
                measure = measure.map(|measure| measure.foil(foil));
            }
        }
        Ok(Self { predicted, answer, metrics: &asked.metrics, measure })
    }

    /// How many numbers a row has.
    pub(super) const fn width(&self) -> usize {
        1 + self.metrics.len()
    }

    /// Whether p(answer) is all that is asked for.
    pub(super) const fn wants_p_alone(&self) -> bool {
        self.metrics.is_empty()
    }

    /// The numbers of rows of logits, which are finite, row after row: p(answer), then the other metrics; `run` says which
    /// run a row is of.
    ///
    /// # Errors
    /// When a metric overflows: logits that are finite may lie farther apart than their arithmetic reaches.
    pub(super) fn read<O: Operations>(
        &self,
        operations: &O,
        logits: &O::Rows,
        run: impl Fn(usize) -> String,
    ) -> Result<Vec<f64>, Error> {
        let numbers = self.numbers(operations, logits)?;
        let Some(place) = numbers.iter().position(|number| !number.is_finite()) else {
            return Ok(numbers);
        };
        let (row, column) = (place / self.width(), place % self.width());
        let metric = column.checked_sub(1).map_or(Metric::Probability, |also| self.metrics[also]);
        Err(Error::MetricNotFinite { metric, value: numbers[place], run: run(row) })
    }

    fn numbers<O: Operations>(&self, operations: &O, logits: &O::Rows) -> Result<Vec<f64>, Error> {
        let p = operations.probability(logits, self.answer as usize)?;
        if self.metrics.is_empty() {
            return Ok(p);
        }
        let all = download(operations, logits)?;
        let mut numbers = Vec::with_capacity(p.len() * self.width());
        for (p, row) in p.iter().zip(all.chunks_exact((all.len() / p.len()).max(1))) {
            let found = self.measure.as_ref().map(|measure| measure.of(row));
            let number = |metric: &Metric| found.map_or(f64::NAN, |found| metric.of(&found));
            numbers.push(*p);
            numbers.extend(self.metrics.iter().map(number));
        }
        Ok(numbers)
    }
}

fn download<O: Operations>(operations: &O, rows: &O::Rows) -> Result<Vec<f64>, Error> {
    Ok(operations.download(rows)?.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?)
}

/// The first of the largest.
fn largest(values: &[f64]) -> u32 {
    let better = |best: usize, (index, &value): (usize, &f64)| {
        if value > values[best] { index } else { best }
    };
    values.iter().enumerate().fold(0, better) as u32
}
