//! The chance by a contour integral.
//!
//! With `b[i] = (x[i] - lowest) / (t - lowest) - 1` it is the integral of `prod (1 + s b[i])^-times / (1 - s) / s` along a line that
//! crosses the real axis between the poles at 0 and 1, over 2 pi i.

use super::Weighted;
use crate::stats::root::crossing;

/// The trapezoid rule's step.
const STEP: f64 = 0.1;
/// Points after which the integrand of one value, the slowest, has died out.
const POINTS: usize = 400;
/// A term this small beside the first adds nothing.
const NEGLIGIBLE: f64 = 1e-15;
/// The tangent of the angle between the hyperbola's arms and the vertical line.
const LEAN: f64 = 0.3;

/// A complex number.
type Complex = (f64, f64);

/// The chance that the weighted mean is at most `point`, which lies between the lowest place and the highest value.
pub(super) fn below(weighted: &Weighted<'_>, point: f64) -> f64 {
    let reach = point - weighted.lowest;
    let slope = |value: &f64| (value - weighted.lowest) / reach - 1.0;
    let slopes: Vec<f64> = weighted.values.iter().map(slope).collect();
    let place = saddle(&slopes, weighted.times);
    Integrand::at(&slopes, weighted.times, place).integral()
}

/// The place on the real line between the poles where the integrand is least, roughly: any place there is right, and this one
/// takes the fewest points.
fn saddle(slopes: &[f64], times: f64) -> f64 {
    // The logarithm's derivative, times what keeps it finite at the poles.
    let rise = |place: f64| {
        let room = place * (1.0 - place);
        let sum: f64 = slopes.iter().map(|slope| room * slope / (1.0 + place * slope)).sum();
        2.0 * place - 1.0 - times * sum
    };
    // A small part of the distance to the nearer pole, however many values there are.
    let close = 0.02 / (times * slopes.len() as f64 + 2.0);
    crossing(rise, (1e-12, 1.0 - 1e-12), close)
}

/// The integrand around its place on the real line, as a share of its value there.
struct Integrand {
    /// Of each factor, its relative change by one.
    rates: Vec<f64>,
    times: f64,
    place: f64,
    /// The value on the real line.
    peak: f64,
    /// The distance at which it falls off.
    width: f64,
    /// Which way the hyperbola opens: to the right where the factors fall off there.
    lean: f64,
}

impl Integrand {
    fn at(slopes: &[f64], times: f64, place: f64) -> Self {
        let logarithm: f64 = slopes.iter().map(|slope| (place * slope).ln_1p()).sum();
        let rates: Vec<f64> = slopes.iter().map(|slope| slope / (1.0 + place * slope)).collect();
        let squares: f64 = rates.iter().map(|rate| rate * rate).sum();
        let rest = 1.0 - place;
        let curve = times * squares + 1.0 / (place * place) + 1.0 / (rest * rest);
        let peak = (-times * logarithm).exp() / (place * rest);
        let lean = if rates.iter().sum::<f64>() > 0.0 { LEAN } else { -LEAN };
        Self { rates, times, place, peak, width: curve.sqrt().recip(), lean }
    }

    fn integral(&self) -> f64 {
        let mut sum = 0.0;
        for point in 0..POINTS {
            let along = point as f64 * STEP;
            let (up, out) = (along.sinh(), along.cosh());
            let value = self.value((self.width * self.lean * (out - 1.0), self.width * up));
            // The direction of the hyperbola, over i.
            let term = value.0 * out + value.1 * self.lean * up;
            sum += if point == 0 { term / 2.0 } else { term };
            if value.0.hypot(value.1) * out < NEGLIGIBLE {
                break;
            }
        }
        (self.peak * sum * STEP * self.width / std::f64::consts::PI).clamp(0.0, 1.0)
    }

    /// The value at a distance from the place on the real line; 0 where it is too small for a number.
    fn value(&self, (right, up): Complex) -> Complex {
        let turned = |(real, imaginary): Complex, rate: f64| {
            let by = (1.0 + rate * right, rate * up);
            (real * by.0 - imaginary * by.1, real * by.1 + imaginary * by.0)
        };
        let product = if self.times == 1.0 {
            self.rates.iter().fold((1.0, 0.0), |product, rate| turned(product, *rate))
        } else {
            self.power(right, up)
        };
        let product = turned(product, 1.0 / self.place);
        let (real, imaginary) = turned(product, -1.0 / (1.0 - self.place));
        let square = real * real + imaginary * imaginary;
        if square.is_finite() { (real / square, -imaginary / square) } else { (0.0, 0.0) }
    }

    /// The product of the factors to the power `times`.
    fn power(&self, right: f64, up: f64) -> Complex {
        let (size, angle) = self.rates.iter().fold((0.0, 0.0), |(size, angle), rate| {
            let (real, imaginary) = (1.0 + rate * right, rate * up);
            (size + real.hypot(imaginary).ln(), angle + imaginary.atan2(real))
        });
        let (size, angle) = ((self.times * size).exp(), self.times * angle);
        (size * angle.cos(), size * angle.sin())
    }
}
