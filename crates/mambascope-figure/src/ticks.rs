//! Which values and which columns are named along an axis.

/// A value that is named on a scale.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

/// Round values from `low` to `high`, at most about `count`; the one value when they are the same.
///
/// Steps are 1, 2 or 5 times a power of ten.
pub(crate) fn value_ticks(low: f64, high: f64, count: usize) -> Vec<Tick> {
    let rough = (high - low) / count.max(1) as f64;
    if !rough.is_normal() || rough <= (low.abs().max(high.abs())) * f64::EPSILON {
        return vec![Tick { value: low, label: crate::number::short(low) }];
    }
    let step = round_up(rough);
    let first = (low / step - 1e-9).ceil();
    (0..=count)
        .map(|index| (first + index as f64) * step)
        .take_while(|value| *value <= high + step * 1e-9)
        .map(|value| Tick { value, label: label(value, step) })
        .collect()
}

/// The least of 1, 2, 5 times a power of ten that is not below `rough`.
fn round_up(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let lead = rough / power;
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| lead <= factor * (1.0 + 1e-9));
    factor.unwrap_or(10.0) * power
}

fn label(value: f64, step: f64) -> String {
    // A value that is zero but for rounding.
    let value = if value.abs() < step * 1e-6 { 0.0 } else { value };
    let power = (step.log10() + 1e-9).floor();
    if value != 0.0 && !(-5.0..5.0).contains(&power) {
        let figures = (value.abs().log10().floor() - power).clamp(0.0, 6.0) as usize;
        return format!("{value:.figures$e}");
    }
    let decimals = (-power).clamp(0.0, 6.0) as usize;
    if value == 0.0 { "0".to_owned() } else { format!("{value:.decimals$}") }
}

/// Columns that have names when there are few, and each is named.
const FEW: usize = 12;

/// Every how many columns one is named: each when they are few, else 5, 10 or more, so that names `widest` wide stand
/// apart in columns `room` wide.
pub(crate) fn column_step(count: usize, room: f64, widest: f64) -> usize {
    let first = if count <= FEW { 1 } else { 5 };
    let steps = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000];
    steps
        .into_iter()
        .filter(|step| *step >= first)
        .find(|step| *step as f64 * room >= widest)
        .unwrap_or(count.max(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(low: f64, high: f64) -> String {
        let ticks = value_ticks(low, high, 5);
        ticks.into_iter().map(|tick| tick.label).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn values_are_round() {
        insta::assert_snapshot!(labels(0.0121, 0.7342), @"0.2 0.4 0.6");
        insta::assert_snapshot!(labels(-0.3, 0.3), @"-0.2 0 0.2");
        insta::assert_snapshot!(labels(0.0, 1.0), @"0 0.2 0.4 0.6 0.8 1.0");
        insta::assert_snapshot!(labels(3.1e-7, 9.4e-7), @"4e-7 6e-7 8e-7");
        insta::assert_snapshot!(labels(0.0, 2.5e8), @"0 5e7 1.0e8 1.5e8 2.0e8 2.5e8");
        insta::assert_snapshot!(labels(0.5, 0.5), @"0.500");
    }

    #[test]
    fn layers_are_named_as_in_the_paper() {
        assert_eq!([8, 12].map(|layers| column_step(layers, 30.0, 20.0)), [1, 1]);
        assert_eq!([24, 48, 64].map(|layers| column_step(layers, 7.0, 20.0)), [5, 5, 5]);
        assert_eq!(column_step(200, 4.0, 30.0), 10);
        assert_eq!(column_step(3, 10.0, 400.0), 50);
    }

    proptest! {
        #[test]
        fn ticks_lie_on_the_scale(a in any::<f64>(), b in any::<f64>(), count in 1usize..12) {
            let span = crate::scale::Range::Fixed { low: a, high: b }.span(&[], crate::Palette::Reds);
            let ticks = value_ticks(span.low, span.high, count);
            let slack = (span.high - span.low) * 1e-6;
            prop_assert!(ticks.len() <= count + 1);
            for tick in ticks {
                prop_assert!(tick.value >= span.low - slack && tick.value <= span.high + slack);
            }
        }
    }
}
