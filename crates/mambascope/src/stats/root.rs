//! Where a monotone function crosses zero.

/// Steps after which the bracket is as narrow as it gets.
const STEPS: usize = 100;

/// The place between `from` and `to` at which a monotone function crosses zero, within `close` of it.
///
/// The function's signs at the ends must differ; where they do not, the end whose value is nearer to zero is returned.
/// Infinite values are allowed.
///
/// # Source
/// The false position by Illinois' rule (Dowell and Jarratt 1971), halving the bracket where a value is infinite or a step
/// gains too little.
pub(super) fn crossing(
    function: impl Fn(f64) -> f64,
    (mut from, mut to): (f64, f64),
    close: f64,
) -> f64 {
    let (mut at_from, mut at_to) = (function(from), function(to));
    if at_from == 0.0 || (at_from > 0.0) == (at_to > 0.0) {
        return if at_from.abs() <= at_to.abs() { from } else { to };
    }
    let mut last_width = f64::INFINITY;
    for step in 0..STEPS {
        let width = (to - from).abs();
        if width <= close {
            break;
        }
        let guess = (from * at_to - to * at_from) / (at_to - at_from);
        let is_slow = step % 3 == 2 && width > last_width / 4.0;
        let middle = f64::midpoint(from, to);
        let guess = if guess.is_finite() && !is_slow { guess } else { middle };
        if step % 3 == 2 {
            last_width = width;
        }
        // Away from both ends, so that the bracket closes from both sides.
        let margin = close / 2.0;
        let guess = guess.clamp(from.min(to) + margin, from.max(to) - margin);
        let value = function(guess);
        if value == 0.0 {
            return guess;
        }
        if (value > 0.0) == (at_to > 0.0) {
            at_from /= 2.0;
        } else {
            (from, at_from) = (to, at_to);
        }
        (to, at_to) = (guess, value);
    }
    f64::midpoint(from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossings_are_found() {
        let cases: [(&dyn Fn(f64) -> f64, f64); 4] = [
            (&|x| x * x * x - 0.2, 0.2_f64.cbrt()),
            (&|x| if x < 1e-7 { f64::NEG_INFINITY } else { 1.0 }, 1e-7),
            (&|x: f64| x.ln() + 9.0, (-9.0_f64).exp()),
            (&|x: f64| 1e-12 - x.powi(9), 1e-12_f64.powf(1.0 / 9.0)),
        ];
        for (function, expected) in cases {
            let found = crossing(function, (0.0, 1.0), 1e-12);
            assert!((found - expected).abs() < 1e-11, "{found} {expected}");
        }
        assert_eq!(crossing(|x| x + 1.0, (0.0, 1.0), 1e-12), 0.0);
    }
}
