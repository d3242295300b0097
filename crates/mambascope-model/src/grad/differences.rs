//! Both operations against a naive recurrence and against central differences, in f64.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use candle_core::{Device, Result, Tensor, Var};
use proptest::prelude::*;

use super::{Scan, Spans, convolve};

/// Central differences in f64 with this step are good to about 1e-9 of the largest gradient.
const STEP: f64 = 1e-5;
/// The largest relative error allowed between a gradient and its difference quotient.
const GRADIENT_TOLERANCE: f64 = 1e-6;
/// The recurrences add the same terms, in another order.
const FORWARD_TOLERANCE: f64 = 1e-12;

/// Numbers in -1..1 that look random and depend on `seed` alone.
fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn variable(dims: [usize; 2], seed: u64) -> Result<Var> {
    Var::from_vec(numbers(dims[0] * dims[1], seed), &dims, &Device::Cpu)
}

/// Holds the gradient of the weighted sum of `outputs` to its difference quotients, in every element of every variable.
fn check(variables: &[Var], outputs: impl Fn() -> Result<Tensor>) -> Result<()> {
    let first = outputs()?;
    let weights = Tensor::from_vec(numbers(first.elem_count(), 99), first.dims(), &Device::Cpu)?;
    let loss = || (outputs()? * &weights)?.sum_all();
    let gradients = loss()?.backward()?;
    for (index, variable) in variables.iter().enumerate() {
        let gradient = gradients
            .get(variable)
            .expect("each variable reaches the loss")
            .flatten_all()?
            .to_vec1::<f64>()?;
        let base = variable.flatten_all()?.to_vec1::<f64>()?;
        let size = gradient.iter().fold(1e-3, |size: f64, value| size.max(value.abs()));
        for place in 0..base.len() {
            let at = |value: f64| -> Result<f64> {
                let mut moved = base.clone();
                moved[place] = value;
                variable.set(&Tensor::from_vec(moved, variable.dims(), &Device::Cpu)?)?;
                loss()?.to_scalar::<f64>()
            };
            let quotient = (at(base[place] + STEP)? - at(base[place] - STEP)?) / (2.0 * STEP);
            at(base[place])?;
            let error = (quotient - gradient[place]).abs() / size;
            assert!(
                error < GRADIENT_TOLERANCE,
                "variable {index}, element {place}: {quotient} is not {}",
                gradient[place]
            );
        }
    }
    Ok(())
}

/// Five variables of a scan: raw delta, input, maps, raw a, skip.
fn scan_variables(tokens: usize, channels: usize, states: usize, seed: u64) -> Result<Vec<Var>> {
    Ok(vec![
        variable([tokens, channels], seed)?,
        variable([tokens, channels], seed + 1)?,
        variable([tokens, 2 * states], seed + 2)?,
        variable([channels, states], seed + 3)?,
        variable([1, channels], seed + 4)?,
    ])
}

/// A scan whose steps are positive and whose decay is negative, whatever the variables.
fn scan_of(variables: &[Var]) -> Result<Scan> {
    Ok(Scan {
        delta: variables[0].exp()?,
        input: variables[1].as_tensor().clone(),
        maps: variables[2].as_tensor().clone(),
        a: variables[3].exp()?.neg()?,
        skip: variables[4].squeeze(0)?,
    })
}

/// The recurrence as it is written in the paper, one scalar at a time.
fn plain_scan(scan: &Scan, lengths: &[usize]) -> Result<Vec<Vec<f64>>> {
    let (delta, input, maps) =
        (scan.delta.to_vec2::<f64>()?, scan.input.to_vec2::<f64>()?, scan.maps.to_vec2::<f64>()?);
    let (a, skip) = (scan.a.to_vec2::<f64>()?, scan.skip.to_vec1::<f64>()?);
    let (channels, states) = (skip.len(), a[0].len());
    let mut outputs = vec![];
    for &length in lengths {
        let mut state = vec![vec![0.0; states]; channels];
        for _ in 0..length {
            let token = outputs.len();
            let mut output = vec![0.0; channels];
            for e in 0..channels {
                for n in 0..states {
                    let (b, c) = (maps[token][n], maps[token][states + n]);
                    state[e][n] = (delta[token][e] * a[e][n]).exp() * state[e][n]
                        + delta[token][e] * b * input[token][e];
                    output[e] += c * state[e][n];
                }
                output[e] += skip[e] * input[token][e];
            }
            outputs.push(output);
        }
    }
    Ok(outputs)
}

fn plain_convolution(
    input: &[Vec<f64>],
    weight: &[Vec<f64>],
    bias: &[f64],
    lengths: &[usize],
) -> Vec<Vec<f64>> {
    let taps = weight[0].len();
    let mut outputs: Vec<Vec<f64>> = vec![];
    for &length in lengths {
        let start = outputs.len();
        for token in start..start + length {
            let mut output = bias.to_vec();
            for (e, sum) in output.iter_mut().enumerate() {
                for tap in 0..taps {
                    if let Some(earlier) =
                        (token + tap).checked_sub(taps - 1).filter(|&earlier| earlier >= start)
                    {
                        *sum += weight[e][tap] * input[earlier][e];
                    }
                }
            }
            outputs.push(output);
        }
    }
    outputs
}

fn assert_close(found: &[Vec<f64>], expected: &[Vec<f64>]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
        assert!(
            (found - expected).abs() <= FORWARD_TOLERANCE * (1.0 + expected.abs()),
            "{found} is not {expected}"
        );
    }
}

#[test]
fn gradients_of_the_scan_are_those_of_differences() -> Result<()> {
    // 9 states: one full group of eight lanes and a rest. A row of one token and an empty one.
    for (lengths, channels, states) in [(vec![4, 1, 0, 3], 3, 2), (vec![2, 5], 2, 9)] {
        let variables = scan_variables(lengths.iter().sum(), channels, states, 7)?;
        check(&variables, || scan_of(&variables)?.run(&Spans::from_lengths(&lengths)))?;
    }
    Ok(())
}

#[test]
fn gradients_of_the_convolution_are_those_of_differences() -> Result<()> {
    for (lengths, channels, taps) in [(vec![5, 1, 0, 2], 3, 4), (vec![4], 2, 3), (vec![3, 3], 2, 1)]
    {
        let tokens = lengths.iter().sum();
        let variables = [
            variable([tokens, channels], 1)?,
            variable([channels, taps], 2)?,
            variable([1, channels], 3)?,
        ];
        let spans = Spans::from_lengths(&lengths);
        check(&variables, || {
            convolve(&variables[0], &variables[1], &variables[2].squeeze(0)?, &spans)
        })?;
    }
    Ok(())
}

#[test]
fn shapes_that_do_not_fit_are_errors() -> Result<()> {
    let variables = scan_variables(4, 3, 2, 1)?;
    assert!(scan_of(&variables)?.run(&Spans::from_lengths(&[3])).is_err());
    let [input, bias] = [variable([4, 3], 1)?, variable([1, 3], 1)?];
    let weight = variable([2, 4], 1)?;
    assert!(convolve(&input, &weight, &bias.squeeze(0)?, &Spans::from_lengths(&[4])).is_err());
    Ok(())
}

proptest! {
    #[test]
    fn the_scan_is_the_recurrence(
        lengths in prop::collection::vec(0usize..6, 1..5), channels in 1usize..5, states in 1usize..18, seed in 0u64..1000,
    ) {
        let scan = scan_of(&scan_variables(lengths.iter().sum(), channels, states, seed).unwrap()).unwrap();
        prop_assume!(lengths.iter().sum::<usize>() > 0);
        let found = scan.run(&Spans::from_lengths(&lengths)).unwrap().to_vec2::<f64>().unwrap();
        assert_close(&found, &plain_scan(&scan, &lengths).unwrap());
    }

    #[test]
    fn the_convolution_is_the_sum(
        lengths in prop::collection::vec(0usize..7, 1..5), channels in 1usize..5, taps in 1usize..6, seed in 0u64..1000,
    ) {
        let tokens: usize = lengths.iter().sum();
        prop_assume!(tokens > 0);
        let [input, weight] = [[tokens, channels], [channels, taps]].map(|dims| variable(dims, seed).unwrap());
        let bias = variable([1, channels], seed + 1).unwrap().squeeze(0).unwrap();
        let found = convolve(&input, &weight, &bias, &Spans::from_lengths(&lengths)).unwrap();
        let plain = plain_convolution(
            &input.to_vec2().unwrap(), &weight.to_vec2().unwrap(), &bias.to_vec1().unwrap(), &lengths,
        );
        assert_close(&found.to_vec2().unwrap(), &plain);
    }
}
