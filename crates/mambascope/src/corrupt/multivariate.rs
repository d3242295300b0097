//! Noise with the mean and covariance of real embeddings: ROME's rules `m` and `t`.
//!
//! Rule `m` turns standard normal draws x of width D into `V sqrt(S) x + mean`, where V and S are the singular vectors and
//! values of the covariance of embeddings over texts. Rule `t` of d degrees multiplies each token's vector by
//! `sqrt((d - 2) / u)`, u drawn from the chi-square distribution of d degrees, which keeps the covariance and makes far draws
//! more frequent.
//!
//! A singular vector is free in its sign, and numerical libraries differ in it. Here the component that is largest in
//! size is positive, so that the same embeddings give the same noise everywhere; the distribution does not depend on it.
//!
//! # Source
//! `get_embedding_cov`, `make_generator_transform`, `collect_embedding_gaussian` and `collect_embedding_tdist` in
//! `experiments/causal_trace.py` of kmeng01/rome.

use nalgebra::{DMatrix, DMatrixView, DVector};

use crate::random::RandomState;

/// Seed of the chi-square draws of rule `t`.
const CHI_SQUARE_SEED: u32 = 2;

/// The mean and covariance of vectors, of which any number may be added, some at a time.
///
/// # Source
/// Chan, Golub and LeVeque 1983, Algorithms for computing the sample variance: the update by a block.
///
/// # Example
/// ```
/// use mambascope::multivariate::Moments;
/// let mut moments = Moments::new(2);
/// moments.add(&[1.0, 0.0, 3.0, 0.0]);
/// moments.add(&[2.0, 3.0]);
/// assert_eq!(moments.mean(), [2.0, 1.0]);
/// assert_eq!(moments.covariance(), [1.0, 0.0, 0.0, 3.0]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    count: usize,
    mean: DVector<f64>,
    products: DMatrix<f64>,
}

impl Moments {
    /// Of no vectors yet, of this width D.
    pub fn new(width: usize) -> Self {
        Self { count: 0, mean: DVector::zeros(width), products: DMatrix::zeros(width, width) }
    }

    /// Adds vectors.
    ///
    /// # Shapes
    /// `rows` is `[n, D]`, row after row; a rest that fills no row is left out.
    ///
    /// # Cost
    /// n times D squared.
    pub fn add(&mut self, rows: &[f64]) {
        let width = self.mean.len();
        let count = rows.len().checked_div(width).unwrap_or(0);
        if count == 0 {
            return;
        }
        // A row of the text is a column here.
        let mut block = DMatrix::from_column_slice(width, count, &rows[..width * count]);
        let mean = block.column_mean();
        for mut column in block.column_iter_mut() {
            column -= &mean;
        }
        let (before, added) = (self.count as f64, count as f64);
        let apart = &mean - &self.mean;
        self.products += &block * block.transpose();
        self.products += &apart * apart.transpose() * (before * added / (before + added));
        self.mean += apart * (added / (before + added));
        self.count += count;
    }

    /// How many vectors were added.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Their mean, `[D]`.
    pub fn mean(&self) -> Vec<f64> {
        self.mean.as_slice().to_vec()
    }

    /// Their unbiased covariance, `[D, D]`; NaN of fewer than two.
    pub fn covariance(&self) -> Vec<f64> {
        let scale = 1.0 / (self.count as f64 - 1.0);
        let scale = if self.count < 2 { f64::NAN } else { scale };
        self.products.iter().map(|product| product * scale).collect()
    }

    /// The normal distribution of this mean and covariance.
    ///
    /// # Cost
    /// D cubed: under a second for D of 768, 20 to 40 for 2560, on one core.
    pub fn normal(&self) -> Multivariate {
        Multivariate::new(&self.mean(), &self.covariance())
    }
}

/// A normal distribution of vectors, ready to turn standard normal draws into its own.
///
/// # Example
/// ```
/// use mambascope::multivariate::Multivariate;
/// let normal = Multivariate::new(&[10.0, 20.0], &[4.0, 0.0, 0.0, 9.0]);
/// // The wider direction comes first.
/// assert_eq!(normal.transform(&[1.0, 0.0, 0.0, 1.0]), [10.0, 23.0, 12.0, 20.0]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Multivariate {
    mean: DVector<f64>,
    /// The singular vectors, each times the root of its value, widest first.
    weight: DMatrix<f64>,
}

impl Multivariate {
    /// The distribution of this mean `[D]` and covariance `[D, D]`, which is symmetric.
    ///
    /// Directions in which nothing varies, or by rounding less than nothing, get no noise. What is NaN or too short gives
    /// NaN throughout.
    pub fn new(mean: &[f64], covariance: &[f64]) -> Self {
        let width = mean.len();
        let mean = DVector::from_column_slice(mean);
        let is_known = covariance.iter().all(|value| value.is_finite());
        if width == 0 || covariance.len() != width * width || !is_known {
            let weight = DMatrix::from_element(width, width, f64::NAN);
            return Self { mean, weight };
        }
        let eigen = DMatrix::from_column_slice(width, width, covariance).symmetric_eigen();
        let mut order: Vec<usize> = (0..width).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        let mut weight = DMatrix::zeros(width, width);
        for (place, &index) in order.iter().enumerate() {
            let vector = eigen.eigenvectors.column(index);
            let deviation = eigen.eigenvalues[index].max(0.0).sqrt();
            weight.set_column(place, &(vector * (deviation * vector[vector.iamax()].signum())));
        }
        Self { mean, weight }
    }

    /// Draws of this distribution from standard normal ones, vector by vector: rule `m`.
    ///
    /// # Shapes
    /// `draws` is `[n, D]` and so is what comes back; a rest that fills no row is left out.
    pub fn transform(&self, draws: &[f64]) -> Vec<f64> {
        let width = self.mean.len();
        let count = draws.len().checked_div(width).unwrap_or(0);
        let rows = DMatrixView::from_slice(&draws[..width * count], width, count);
        let mut vectors = &self.weight * rows;
        for mut vector in vectors.column_iter_mut() {
            vector += &self.mean;
        }
        vectors.as_slice().to_vec()
    }

    /// As [`transform`](Multivariate::transform), each vector then times its factor of [`student_factors`]: rule `t`. The
    /// mean is multiplied too, as ROME does.
    pub fn transform_student(&self, draws: &[f64], degrees: f64) -> Vec<f64> {
        let mut vectors = self.transform(draws);
        let width = self.mean.len().max(1);
        let factors = student_factors(degrees, vectors.len() / width);
        for (vector, factor) in vectors.chunks_exact_mut(width).zip(factors) {
            for value in vector {
                *value *= factor;
            }
        }
        vectors
    }
}

/// The first `count` factors of rule `t`, one for each sample and token in that order: `sqrt((degrees - 2) / u)`, u from
/// numpy's `RandomState(2).chisquare(degrees)`.
///
/// They are the same on every call, as ROME's are, which has a thousand of them. There are none for two degrees or fewer,
/// whose variance is endless: all NaN.
///
/// # Example
/// ```
/// let factors = mambascope::multivariate::student_factors(3.0, 2);
/// assert!((factors[0] - (1.0 / 1.543_860_745_904_647_8_f64).sqrt()).abs() < 1e-15);
/// ```
pub fn student_factors(degrees: f64, count: usize) -> Vec<f64> {
    let draws = RandomState::new(CHI_SQUARE_SEED).chi_squares(degrees, count);
    let factor = |draw: f64| ((degrees - 2.0) / draw).sqrt();
    let exists = degrees > 2.0;
    draws.into_iter().map(|draw| if exists { factor(draw) } else { f64::NAN }).collect()
}
