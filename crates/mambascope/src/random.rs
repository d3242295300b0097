//! numpy's legacy random numbers, bit for bit.
//!
//! ROME draws its noise from `numpy.random.RandomState(1)`; with the same numbers here a trace can
//! be compared with ROME's to the last bit. The stream under it is the Mersenne twister of
//! [`rand_mt`]; this file adds numpy's ways from that stream to doubles, normals and chi-squares.
//! numpy has promised since 2019 never to change them (NEP 19).
//!
//! `ln`, `powf` and `sqrt` are the platform's, as they are numpy's: where the mathematical library
//! differs, the last bit may too.
//!
//! # Source
//! numpy 2.4, `numpy/random/src/legacy/legacy-distributions.c` and
//! `numpy/random/src/mt19937/mt19937.h`.

use rand_mt::Mt;

#[cfg(test)]
mod tests;

/// The generator that `numpy.random.RandomState(seed)` makes.
///
/// Each method draws as the method of numpy that it names does, and leaves the generator where
/// numpy leaves it.
///
/// # Example
/// ```
/// use mambascope::random::RandomState;
///
/// let mut state = RandomState::new(1);
/// assert_eq!(state.normals(2), [1.624_345_363_663_241_7, -0.611_756_413_650_075_4]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RandomState {
    generator: Mt,
    /// The second normal of a pair, until it is asked for.
    kept: Option<f64>,
}

impl RandomState {
    /// Starts the stream of `seed`.
    pub fn new(seed: u32) -> Self {
        Self { generator: Mt::new(seed), kept: None }
    }

    /// Starts the stream of a seed of several words: `numpy.random.RandomState([1, 0, 7])`.
    ///
    /// # Example
    /// ```
    /// use mambascope::random::RandomState;
    ///
    /// let mut state = RandomState::of_words(&[1, 0, 7]);
    /// assert_ne!(state.normals(2), RandomState::of_words(&[1, 0, 8]).normals(2));
    /// ```
    pub fn of_words(words: &[u32]) -> Self {
        Self { generator: Mt::new_with_key(words.iter().copied()), kept: None }
    }

    /// Draws from the standard normal: `randn(count)`.
    ///
    /// An array of several dimensions is filled in C order, so `randn(a, b, c)` is `normals(a * b *
    /// c)`.
    pub fn normals(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.normal()).collect()
    }

    /// Draws evenly from `low` up to, and without, `high`: `uniform(low, high, count)`.
    pub fn uniform(&mut self, low: f64, high: f64, count: usize) -> Vec<f64> {
        let range = high - low;
        (0..count).map(|_| low + range * self.double()).collect()
    }

    /// Draws from the chi-square distribution: `chisquare(degrees, count)`.
    ///
    /// There is no such distribution unless `degrees` is a positive number; where numpy raises an
    /// error, all values here are NaN and nothing is drawn.
    pub fn chi_squares(&mut self, degrees: f64, count: usize) -> Vec<f64> {
        if !(degrees.is_finite() && degrees > 0.0) {
            return vec![f64::NAN; count];
        }
        (0..count).map(|_| 2.0 * self.gamma(degrees / 2.0)).collect()
    }

    /// One double in `[0, 1)` from 53 bits of the stream: 27 of one word, 26 of the next.
    fn double(&mut self) -> f64 {
        const TWO_TO_26: f64 = 67_108_864.0;
        const TWO_TO_53: f64 = 9_007_199_254_740_992.0;
        let high = f64::from(self.generator.next_u32() >> 5);
        let low = f64::from(self.generator.next_u32() >> 6);
        (high * TWO_TO_26 + low) / TWO_TO_53
    }

    /// One normal by Marsaglia's polar method, which makes two: the second is returned and the
    /// first kept.
    fn normal(&mut self) -> f64 {
        if let Some(kept) = self.kept.take() {
            return kept;
        }
        let (x, y, square) = self.point_in_disc();
        let factor = (-2.0 * square.ln() / square).sqrt();
        self.kept = Some(factor * x);
        factor * y
    }

    /// A point of the open unit disc, not its centre, with its squared distance from there.
    fn point_in_disc(&mut self) -> (f64, f64, f64) {
        loop {
            let x = 2.0 * self.double() - 1.0;
            let y = 2.0 * self.double() - 1.0;
            let square = x * x + y * y;
            if square < 1.0 && square != 0.0 {
                return (x, y, square);
            }
        }
    }

    /// One standard exponential.
    fn exponential(&mut self) -> f64 {
        // `ln_1p` would be closer to the truth, and not numpy's value.
        -(1.0 - self.double()).ln()
    }

    /// One standard gamma of a positive `shape`.
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape == 1.0 {
            self.exponential()
        } else if shape < 1.0 {
            self.gamma_below_one(shape)
        } else {
            self.gamma_above_one(shape)
        }
    }

    /// Rejection of Ahrens and Dieter (1974), with an exponential in place of their second uniform.
    fn gamma_below_one(&mut self, shape: f64) -> f64 {
        loop {
            let uniform = self.double();
            let exponential = self.exponential();
            let (candidate, bound) = if uniform <= 1.0 - shape {
                (uniform.powf(1.0 / shape), exponential)
            } else {
                let tail = -((1.0 - uniform) / shape).ln();
                ((1.0 - shape + shape * tail).powf(1.0 / shape), exponential + tail)
            };
            if candidate <= bound {
                return candidate;
            }
        }
    }

    /// Rejection of Marsaglia and Tsang (2000): a cubed normal, nearly always accepted by the cheap
    /// test.
    fn gamma_above_one(&mut self, shape: f64) -> f64 {
        let scale = shape - 1.0 / 3.0;
        let spread = 1.0 / (9.0 * scale).sqrt();
        loop {
            let (normal, cube) = self.positive_cube(spread);
            let uniform = self.double();
            let cheap = 1.0 - 0.0331 * (normal * normal) * (normal * normal);
            if uniform < cheap {
                return scale * cube;
            }
            if uniform.ln() < 0.5 * normal * normal + scale * (1.0 - cube + cube.ln()) {
                return scale * cube;
            }
        }
    }

    /// A normal with `(1 + spread * normal)^3`, drawn until the cube is positive.
    fn positive_cube(&mut self, spread: f64) -> (f64, f64) {
        loop {
            let normal = self.normal();
            let root = 1.0 + spread * normal;
            if root > 0.0 {
                return (normal, root * root * root);
            }
        }
    }
}
