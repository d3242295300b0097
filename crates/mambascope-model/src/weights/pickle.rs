//! A pickled dictionary of tensors as a list.

use std::ops::Range;

use super::opcodes::{Fault, Pickled, Unpickled, Value, unpickle};

/// A tensor as a pickle describes it.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) name: String,
    pub(super) key: String,
    pub(super) tensor: Pickled,
}

impl Described {
    /// Whether the numbers lie one after another, last dimension fastest.
    pub(super) fn is_contiguous(&self) -> bool {
        let Pickled { shape, stride, .. } = &self.tensor;
        let mut step = Some(1usize);
        let follows = |(size, stride): (&usize, &usize)| {
            let fits = *size == 1 || step == Some(*stride);
            step = step.and_then(|step| step.checked_mul(*size));
            fits
        };
        shape.len() == stride.len() && shape.iter().zip(stride).rev().all(follows)
    }
}

/// Every tensor in the dictionary that the pickle holds.
pub(super) fn tensors(bytes: &[u8]) -> Result<Vec<Described>, Fault> {
    let Unpickled { values, result } = unpickle(bytes)?;
    let fault = |found: String| Fault { at: bytes.len(), found };
    let Value::Dictionary(entries) = &values[result] else {
        return Err(fault("something else than a dictionary".to_owned()));
    };
    let text = |place: &Range<usize>| String::from_utf8_lossy(&bytes[place.clone()]).into_owned();
    let described = entries.iter().map(|(key, value)| match (&values[*key], &values[*value]) {
        (Value::Text(name), Value::Tensor(tensor)) => Ok(Described {
            name: text(name),
            key: text(&tensor.storage.key),
            tensor: Pickled::clone(tensor),
        }),
        (Value::Text(name), Value::Dictionary(_)) => {
            Err(fault(format!("a dictionary within, named `{}`", text(name))))
        }
        (Value::Text(name), _) => Err(fault(format!("`{}`, which is no tensor", text(name)))),
        _ => Err(fault("a key that is no name".to_owned())),
    });
    described.collect()
}
