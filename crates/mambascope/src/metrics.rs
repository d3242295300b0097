//! What one row of logits says of the answer, measured against the clean run's row.

mod metric;

use serde::{Deserialize, Serialize};

pub use metric::Metric;

/// Over which rows of the head probabilities are shares.
///
/// A head is padded to a round number of rows; rows past the known vocabulary are no tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// All rows, padding included, as in the published programs and in [`Effects`](crate::Effects).
    #[default]
    Head,
    /// The known tokens alone.
    Known,
}

/// A clean row of logits, an answer, and what to compare other rows with.
///
/// # Example
/// ```
/// use mambascope::metrics::Measure;
/// // Three tokens and a row of padding.
/// let measure = Measure::new(&[2.0, 0.0, 1.0, -9.0], 3, 0).expect("a known answer").foil(2);
/// let found = measure.of(&[0.0, 0.0, 1.0, -9.0]);
/// assert_eq!((found.rank, found.logit_difference), (2, Some(-1.0)));
/// assert!((found.log_probability - found.probability.ln()).abs() < 1e-12 && found.divergence > 0.0);
/// assert_eq!(measure.clean().divergence, 0.0);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Measure {
    clean: Vec<f64>,
    known: usize,
    answer: usize,
    foil: Option<usize>,
    support: Support,
    /// Of the clean row.
    shares: Shares,
}

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// The answer's share of the softmax.
    pub probability: f64,
    /// Its natural logarithm, which does not vanish where the share does.
    pub log_probability: f64,
    /// The answer's logit less the foil's, where a foil is named.
    pub logit_difference: Option<f64>,
    /// The divergence of Kullback and Leibler of this row's distribution from the clean one: how many nats are lost by who
    /// expects this row's and sees the clean one's.
    pub divergence: f64,
    /// The answer's place among the known tokens by their logits, 1 for the highest; of equals, the lower number comes first.
    pub rank: usize,
}

impl Measure {
    /// Measures this answer, a token, against a clean row; `known` tokens are real, the rows after them padding. `None` when the
    /// answer is not among the known tokens, or they are not all in the row.
    ///
    /// # Shapes
    /// `clean` is `[V]`, and so are the rows that are measured.
    pub fn new(clean: &[f64], known: usize, answer: u32) -> Option<Self> {
        let (answer, foil, support) = (answer as usize, None, Support::Head);
        let is_sound = answer < known && known <= clean.len();
        let (clean, shares) = (clean.to_vec(), Shares::of(clean));
        is_sound.then_some(Self { clean, known, answer, foil, support, shares })
    }

    /// With this token as what the answer is told from; one that is not known is no foil.
    pub fn foil(&self, token: u32) -> Self {
        let foil = Some(token as usize).filter(|foil| *foil < self.known);
        Self { foil, ..self.clone() }
    }

    /// With probabilities as shares of these rows.
    pub fn support(&self, support: Support) -> Self {
        let rows = Self { support, ..self.clone() };
        Self { shares: Shares::of(&rows.clean[..rows.end()]), ..rows }
    }

    /// How many rows of the head are shared among.
    const fn end(&self) -> usize {
        match self.support {
            Support::Head => self.clean.len(),
            Support::Known => self.known,
        }
    }

    /// What the clean row says of itself.
    pub fn clean(&self) -> Metrics {
        self.of(&self.clean)
    }

    /// What a row of logits says; NaN throughout, and the last rank, where it is shorter than the clean one.
    ///
    /// # Cost
    /// Three passes over the row.
    pub fn of(&self, row: &[f64]) -> Metrics {
        let end = self.end();
        let (Some(clean), Some(row)) = (self.clean.get(..end), row.get(..end)) else {
            let nan = f64::NAN;
            let logit_difference = self.foil.map(|_| nan);
            let (probability, log_probability, divergence) = (nan, nan, nan);
            return Metrics {
                probability,
                log_probability,
                logit_difference,
                divergence,
                rank: self.known,
            };
        };
        let shares = Shares::of(row);
        let log_probability = shares.log(row[self.answer]);
        Metrics {
            probability: log_probability.exp(),
            log_probability,
            logit_difference: self.foil.map(|foil| row[self.answer] - row[foil]),
            divergence: divergence((clean, &self.shares), (row, &shares)),
            rank: rank(&row[..self.known], self.answer),
        }
    }
}

/// A row's softmax, in logarithms: the largest logit is taken out first, so that nothing overflows and rows of large logits
/// lose no figures.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shares {
    largest: f64,
    log_sum: f64,
}

impl Shares {
    fn of(row: &[f64]) -> Self {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = row.iter().map(|logit| (logit - largest).exp()).sum();
        Self { largest, log_sum: sum.ln() }
    }

    /// The logarithm of the share of a logit of the row.
    fn log(&self, logit: f64) -> f64 {
        (logit - self.largest) - self.log_sum
    }
}

/// The sum over tokens of p (ln p - ln q). What is impossible under p adds nothing.
fn divergence((clean, p_shares): (&[f64], &Shares), (row, q_shares): (&[f64], &Shares)) -> f64 {
    let terms = clean.iter().zip(row).map(|(clean, row)| {
        let (p, q) = (p_shares.log(*clean), q_shares.log(*row));
        let share = p.exp();
        if share == 0.0 { 0.0 } else { share * (p - q) }
    });
    let sum: f64 = terms.sum();
    // Rounding may leave a hair below zero.
    if sum < 0.0 { 0.0 } else { sum }
}

fn rank(known: &[f64], answer: usize) -> usize {
    let logit = known[answer];
    let comes_before =
        |(token, other): &(usize, &f64)| **other > logit || (**other == logit && *token < answer);
    1 + known.iter().enumerate().filter(comes_before).count()
}

/// What is made of a score, given those of the corrupted (low) and the clean (high) run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Normalisation {
    /// The score as it is.
    #[default]
    Raw,
    /// How much of the way from low to high it is: (x - low) / (high - low), 0 for nothing recovered, 1 for all.
    Recovered,
    /// x / (high - low), as in the figures published with "Locating and Editing Factual Associations in Mamba", whose program
    /// does not subtract low: low / (high - low) where nothing is recovered.
    Published,
}

impl Normalisation {
    /// The score under this normalisation; NaN where low is high and there is no way to go.
    ///
    /// # Source
    /// [`Recovered`](Normalisation::Recovered): Sharma et al. 2024 (arXiv 2404.03646), the indirect effect of the text;
    /// [`Published`](Normalisation::Published): `relative_recovery` in `src/tracing.py` of arnab-api/romba.
    ///
    /// # Example
    /// ```
    /// use mambascope::metrics::Normalisation;
    /// assert_eq!(Normalisation::Recovered.apply(0.5, 0.25, 0.75), 0.5);
    /// assert_eq!(Normalisation::Published.apply(0.5, 0.25, 0.75), 1.0);
    /// ```
    pub fn apply(self, score: f64, low: f64, high: f64) -> f64 {
        let way = high - low;
        match self {
            Normalisation::Raw => score,
            _ if way == 0.0 => f64::NAN,
            Normalisation::Recovered => (score - low) / way,
            Normalisation::Published => score / way,
        }
    }
}
