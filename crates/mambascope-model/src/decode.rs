//! Reading on: a prompt once, then each further token from what the layers remember.

use crate::block::{Pass, Past};
use crate::network::Network;
use crate::ops::{Keep, Operations};
use crate::tap::Untapped;
use crate::{Error, Ragged, Span};

/// What every layer remembers behind the last token that was read.
///
/// # Cost
/// A step goes through every weight once, and keeps one state and K-1 inputs a layer, however long the text is.
#[derive(Debug)]
pub struct Reader<'a, O: Operations> {
    network: &'a Network<O>,
    /// Of each layer, at one row.
    pasts: Vec<Past<O>>,
    /// How many tokens were read.
    tokens: usize,
}

impl<'a, O: Operations> Reader<'a, O> {
    /// Reads a prompt of one token at least; also the residual stream behind its last token, `[1, D]`.
    ///
    /// # Errors
    /// When an operation fails.
    pub fn begin(network: &'a Network<O>, ids: &[u32]) -> Result<(Self, O::Rows), Error> {
        network.threads().lead(|| Self::read(network, ids))
    }

    fn read(network: &'a Network<O>, ids: &[u32]) -> Result<(Self, O::Rows), Error> {
        let ragged = Ragged::prompts(&[ids.len()]);
        let mut residual = network.embed(ids)?;
        let mut pasts = Vec::with_capacity(network.layers());
        for layer in 0..network.layers() {
            let reach = network.reach(layer);
            let pass = Pass { keep: Keep::States, reach, ..Pass::over(&ragged) };
            let (after, past) = network.block(layer, &residual, &pass, &mut Untapped)?;
            if let Some(past) = past {
                pasts.push(network.end_of(layer, &past, ids.len() - 1)?);
            }
            residual = after;
        }
        Ok((Self { network, pasts, tokens: ids.len() }, residual))
    }

    /// Reads one more token; the residual stream behind it, `[1, D]`.
    ///
    /// # Errors
    /// When an operation fails.
    pub fn step(&mut self, id: u32) -> Result<O::Rows, Error> {
        let network = self.network;
        network.threads().lead(|| self.advance(id))
    }

    fn advance(&mut self, id: u32) -> Result<O::Rows, Error> {
        let ragged = Ragged::new(vec![Span { length: 1, token: self.tokens, past: Some(0) }]);
        let token = self.tokens;
        let named = |error| at_token(error, token);
        let mut residual = self.network.embed(&[id])?;
        for (layer, own) in self.pasts.iter_mut().enumerate() {
            let pass = Pass { past: Some(own), keep: Keep::States, ..Pass::over(&ragged) };
            let (after, next) =
                self.network.block(layer, &residual, &pass, &mut Untapped).map_err(named)?;
            if let Some(next) = next {
                *own = self.network.follow(layer, own, next)?;
            }
            residual = after;
        }
        self.tokens += 1;
        Ok(residual)
    }
}

/// An error of a row that is this token.
fn at_token(error: Error, token: usize) -> Error {
    match error {
        Error::NotFinite(found) => found.at(token, None).into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Program;
    use crate::{Compute, Config, Model};

    /// The logits behind a prompt, and behind each token that follows it, one at a time.
    struct Stepped<'a>(&'a [u32], &'a [u32]);

    impl Program for Stepped<'_> {
        type Output = Result<Vec<Vec<f64>>, Error>;

        fn run<O: Operations>(self, network: &Network<O>) -> Self::Output {
            let row = |residual: O::Rows| -> Result<Vec<f64>, Error> {
                let logits = network.operations().download(&network.logits(&residual)?)?;
                Ok(logits.to_dtype(candle_core::DType::F64)?.flatten_all()?.to_vec1()?)
            };
            let (mut reader, residual) = Reader::begin(network, self.0)?;
            let mut rows = vec![row(residual)?];
            for &id in self.1 {
                rows.push(row(reader.step(id)?)?);
            }
            Ok(rows)
        }
    }

    #[test]
    fn step_by_step_is_the_whole_prompt_bit_by_bit() -> Result<(), Error> {
        let ids = [3, 1, 4, 1, 5, 9, 2, 6, 5];
        for config in [
            Config { convolution: 1, ..Config::tiny() },
            Config { convolution: 2, tied_head: false, projection_bias: true, ..Config::tiny() },
            Config::tiny(),
        ] {
            let model = Model::random(&config, 7)?;
            for compute in [Compute::Fast, Compute::Reference64] {
                let model = model.computed(compute)?;
                let whole = model.logits(&ids)?.to_dtype(candle_core::DType::F64)?;
                let whole: Vec<Vec<f64>> = whole.to_vec2()?;
                for first in 1..4 {
                    let (prompt, rest) = ids.split_at(first);
                    let stepped = model.with_network(Stepped(prompt, rest))?;
                    assert_eq!(stepped, whole[first - 1..], "{compute:?}, {first} tokens first");
                }
            }
        }
        Ok(())
    }
}
