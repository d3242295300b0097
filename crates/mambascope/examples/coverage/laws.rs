//! Distributions of numbers between 0 and 1 whose means are known.

use mambascope::prelude::*;
use mambascope::random::RandomState;

/// A distribution of one number.
#[derive(Debug, Clone)]
pub(crate) enum Law {
    /// 1 with this chance, else 0.
    Bernoulli(f64),
    /// Beta of these two shapes.
    Beta(f64, f64),
    /// The second value with this chance, else the first.
    Two(f64, f64, f64),
    /// One of these values, each as likely as the others.
    Pool(String, Vec<f64>),
}

impl Law {
    /// The laws that intervals are judged on, none of which they were fitted to; the default trace's cells come beside them.
    pub(crate) fn all() -> Vec<Self> {
        let rates = [0.01, 0.03, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.99];
        let shapes = [(0.1, 0.1), (0.5, 0.5), (0.5, 5.0), (5.0, 0.5), (1.0, 19.0), (20.0, 20.0)];
        let twos = [(0.02, 0.98, 0.03), (0.001, 0.2, 0.05), (0.97, 0.4, 0.03), (0.999, 0.9, 0.1)];
        let rates = rates.into_iter().map(Self::Bernoulli);
        let shapes = shapes.into_iter().map(|(a, b)| Self::Beta(a, b));
        rates
            .chain(shapes)
            .chain(twos.map(|(one, other, chance)| Self::Two(one, other, chance)))
            .collect()
    }

    /// Its name in the table.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Bernoulli(chance) => format!("0 or 1, share of ones {chance}"),
            Self::Beta(a, b) => format!("Beta({a}, {b})"),
            Self::Two(one, other, chance) => format!("{one}, and {other} with chance {chance}"),
            Self::Pool(name, _) => name.clone(),
        }
    }

    /// Its mean.
    pub(crate) fn mean(&self) -> f64 {
        match self {
            Self::Bernoulli(chance) => *chance,
            Self::Beta(a, b) => a / (a + b),
            Self::Two(one, other, chance) => one + chance * (other - one),
            Self::Pool(_, values) => values.iter().sum::<f64>() / values.len() as f64,
        }
    }

    /// Independent draws.
    pub(crate) fn draw(&self, random: &mut RandomState, count: usize) -> Vec<f64> {
        match self {
            Self::Beta(a, b) => {
                let (up, down) =
                    (random.chi_squares(2.0 * a, count), random.chi_squares(2.0 * b, count));
                up.into_iter().zip(down).map(|(up, down)| up / (up + down)).collect()
            }
            Self::Bernoulli(chance) => Self::Two(0.0, 1.0, *chance).draw(random, count),
            Self::Two(one, other, chance) => {
                let of = |draw| if draw < *chance { *other } else { *one };
                random.uniform(0.0, 1.0, count).into_iter().map(of).collect()
            }
            Self::Pool(_, values) => {
                places(random, values.len(), count).into_iter().map(|place| values[place]).collect()
            }
        }
    }
}

/// Numbers of drawn samples out of a pool of so many.
pub(crate) fn places(random: &mut RandomState, pool: usize, count: usize) -> Vec<usize> {
    let draws = random.uniform(0.0, pool as f64, count);
    draws.into_iter().map(|draw| (draw as usize).min(pool - 1)).collect()
}

/// The samples of the default trace: of the corrupted run, and of each cell under the same noise.
pub(crate) struct Cells {
    /// p(answer) of the clean run.
    pub(crate) high: f64,
    /// p(answer) of the corrupted run, sample by sample.
    pub(crate) low: Vec<f64>,
    /// Name and samples of each cell.
    pub(crate) grid: Vec<(String, Vec<f64>)>,
}

impl Cells {
    /// The command's default trace on the bundled model at 3 sigmas, or at another number of them.
    ///
    /// # Errors
    /// When the trace cannot run.
    pub(crate) fn of_default_trace(sigmas: f64, samples: usize) -> Result<Self, Error> {
        let noisy = Model::bundled()?
            .trace("Books describe Vincent van Gogh as a great")
            .subject("Vincent van Gogh")
            .corrupt(Noise::sigmas(sigmas).samples(samples).seed(1));
        let effects = noisy.restore(..).run()?;
        let cell = |token: usize, layer: usize| {
            let name = format!("{sigmas} sigmas, token {token}, layer {layer}");
            (name, effects.samples(token, layer))
        };
        let grid = effects
            .tokens()
            .iter()
            .flat_map(|&token| effects.layers().iter().map(move |&layer| (token, layer)));
        let before_subject = effects.subject().start;
        let cells = grid
            .filter(|(token, _)| *token >= before_subject)
            .map(|(token, layer)| cell(token, layer));
        Ok(Self {
            high: effects.high(),
            low: effects.low_samples().to_vec(),
            grid: cells.collect(),
        })
    }
}
