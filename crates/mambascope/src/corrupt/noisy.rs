//! The corrupted embeddings of a noise, sample after sample from one stream of draws.

use std::ops::Range;

use candle_core::{DType, Tensor};
use mambascope_model::{Error as ModelError, Fault, Model, NotFinite, Origin, Site};

use super::multivariate::{Moments, Multivariate, student_factors};
use super::{Distribution, Noise, Placement};
use crate::Error;
use crate::random::RandomState;
use crate::watch::Watch;

/// How many embeddings are looked at together.
const BLOCK: usize = 1024;

/// Clean embeddings, and the stream of noise that is put on some of their tokens.
///
/// The first samples are the same however many are drawn, and in however many parts.
#[derive(Debug)]
pub(crate) struct Noisy {
    clean: Tensor,
    exact: Vec<f64>,
    width: usize,
    /// The tokens that are corrupted, run after run.
    places: Vec<Range<usize>>,
    placement: Placement,
    distribution: Distribution,
    factor: f64,
    /// Where draws have the mean and covariance of embeddings.
    fitted: Option<Multivariate>,
    source: RandomState,
    /// How many vectors were drawn.
    drawn: usize,
    /// How many samples were.
    samples: usize,
}

impl Noisy {
    /// The clean embeddings `[L, D]` and the noise on some runs of tokens, in order, draws multiplied by `factor`.
    ///
    /// # Errors
    /// When candle fails, or a text cannot be tokenised.
    pub(crate) fn new(
        model: &Model,
        noise: &Noise,
        factor: f64,
        clean: &Tensor,
        places: &[Range<usize>],
    ) -> Result<Self, Error> {
        let fitted = noise.distribution.is_fitted().then(|| fit(model, noise)).transpose()?;
        Ok(Self {
            exact: clean.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?,
            width: clean.dim(1)?,
            clean: clean.clone(),
            places: places.to_vec(),
            placement: noise.placement,
            distribution: noise.distribution,
            factor,
            fitted,
            source: RandomState::new(noise.seed),
            drawn: 0,
            samples: 0,
        })
    }

    /// The next samples: one tensor `[L, D]` each.
    ///
    /// # Errors
    /// When candle fails, the watcher stops it between two samples, or a sample is not finite.
    pub(crate) fn draw(&mut self, samples: usize, watch: &dyn Watch) -> Result<Vec<Tensor>, Error> {
        let sample = |_| {
            if watch.stopped() {
                return Err(Error::Stopped);
            }
            let draws = self.vectors(self.places.iter().map(Range::len).sum());
            let corrupted = self.corrupt(&draws)?;
            self.samples += 1;
            self.sound(&corrupted)?;
            Ok(corrupted)
        };
        (0..samples).map(sample).collect()
    }

    /// Refuses a sample that is not finite, the latest one.
    fn sound(&self, corrupted: &Tensor) -> Result<(), Error> {
        let values: Vec<f64> = corrupted.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?;
        let Some(place) = values.iter().position(|value| !value.is_finite()) else {
            return Ok(());
        };
        let found = NotFinite {
            site: Site::Embed,
            layer: 0,
            token: place / self.width.max(1),
            run: Some(format!("corrupted sample {}", self.samples - 1)),
            origin: Origin::Noise,
            fault: Fault::of(&values),
            arithmetic: corrupted.dtype(),
            weight: None,
        };
        Err(ModelError::from(found).into())
    }

    fn corrupt(&self, sample: &[f64]) -> Result<Tensor, Error> {
        let mut values = self.exact.clone();
        let mut draws = sample.iter();
        for place in &self.places {
            let numbers = place.start * self.width..place.end * self.width;
            for (value, draw) in values[numbers].iter_mut().zip(draws.by_ref()) {
                *value = if self.placement == Placement::Add { *value + draw } else { *draw };
            }
        }
        let tensor = Tensor::from_vec(values, self.clean.shape(), self.clean.device())?;
        Ok(tensor.to_dtype(self.clean.dtype())?)
    }

    /// The next draws, `[count, D]`: those of one sample, so that products of matrices round alike in all parts.
    fn vectors(&mut self, count: usize) -> Vec<f64> {
        let numbers = count * self.width;
        let mut draws = match self.distribution {
            Distribution::Uniform => self.source.uniform(-1.0, 1.0, numbers),
            _ => self.source.normals(numbers),
        };
        if let Some(fitted) = &self.fitted {
            draws = fitted.transform(&draws);
        }
        if let Distribution::Student(degrees) = self.distribution {
            let factors = student_factors(degrees, self.drawn + count);
            let vectors = draws.chunks_exact_mut(self.width.max(1));
            for (vector, factor) in vectors.zip(&factors[self.drawn..]) {
                for value in vector {
                    *value *= factor;
                }
            }
        }
        self.drawn += count;
        for draw in &mut draws {
            *draw *= self.factor;
        }
        draws
    }
}

/// The normal distribution of the embedding table, each known token once, or of the tokens of the noise's texts.
fn fit(model: &Model, noise: &Noise) -> Result<Multivariate, Error> {
    let ids = fitted_ids(model, noise)?;
    let mut moments = Moments::new(model.config().width);
    for block in ids.chunks(BLOCK) {
        let rows: Vec<f64> =
            model.embeddings(block)?.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?;
        moments.add(&rows);
    }
    Ok(moments.normal())
}

/// The tokens over which mean and covariance are taken.
///
/// # Errors
/// When a text cannot be tokenised.
pub(crate) fn fitted_ids(model: &Model, noise: &Noise) -> Result<Vec<u32>, Error> {
    if noise.subjects.is_empty() {
        return Ok((0..model.config().known_vocabulary as u32).collect());
    }
    let mut ids = Vec::new();
    for text in &noise.subjects {
        ids.extend(crate::check::prompt_ids(model, &text.into(), crate::Bos::Omitted)?);
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use mambascope_model::Config;

    use super::*;
    use crate::watch::Unwatched;

    /// The corrupted rows of each sample, drawn in parts of these sizes.
    fn rows(noise: &Noise, parts: &[usize]) -> Vec<Vec<f64>> {
        let model = Model::random(&Config::tiny(), 4).expect("a sound shape");
        let clean = model.embeddings(&[5, 9, 2, 7]).expect("embedded");
        let clean = clean.to_dtype(DType::F64).expect("f64");
        let mut noisy =
            Noisy::new(&model, noise, 1.0, &clean, std::slice::from_ref(&(1..3))).expect("fitted");
        let parts = parts.iter().flat_map(|&part| noisy.draw(part, &Unwatched).expect("drawn"));
        let flat = |tensor: Tensor| tensor.flatten_all()?.to_vec1::<f64>();
        parts.map(|tensor| flat(tensor).expect("f64")).collect()
    }

    /// What the rules say, without a stream: all draws at once, of the table's moments.
    fn expected(noise: &Noise, samples: usize) -> Vec<f64> {
        let config = Config::tiny();
        let model = Model::random(&config, 4).expect("a sound shape");
        let all: Vec<u32> = (0..config.known_vocabulary as u32).collect();
        let table = model.embeddings(&all).expect("embedded").to_dtype(DType::F64).expect("f64");
        let mut moments = Moments::new(config.width);
        moments.add(&table.flatten_all().expect("flat").to_vec1::<f64>().expect("f64"));
        let draws = RandomState::new(noise.seed).normals(samples * 2 * config.width);
        match noise.distribution {
            Distribution::Student(degrees) => moments.normal().transform_student(&draws, degrees),
            _ => moments.normal().transform(&draws),
        }
    }

    #[test]
    fn noise_of_the_embeddings_is_the_rules() {
        for noise in [Noise::multivariate().seed(3), Noise::student(3.0).seed(8)] {
            let (found, width) = (rows(&noise.replacing(), &[5]), Config::tiny().width);
            let found: Vec<f64> =
                found.iter().flat_map(|sample| sample[width..3 * width].to_vec()).collect();
            let expected = expected(&noise, 5);
            assert_eq!(found.len(), expected.len());
            let off = found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs());
            let largest = expected.iter().fold(0.0, |top: f64, value| top.max(value.abs()));
            assert!(off.fold(0.0, f64::max) < 1e-10 * largest, "{noise}");
            assert!(largest > 0.0, "there is noise");
        }
    }

    #[test]
    fn parts_of_a_stream_are_the_stream() {
        let noises = [
            Noise::gaussian(0.5),
            Noise::uniform(0.5),
            Noise::multivariate(),
            Noise::student(4.0).seed(9),
        ];
        for noise in noises {
            assert_eq!(rows(&noise, &[7]), rows(&noise, &[3, 1, 3]), "{noise}");
        }
    }
}
