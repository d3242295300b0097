//! A pickled dictionary of tensors as a list.

use std::ops::Range;

use super::opcodes::{Fault, Id, Pickled, Unpickled, Value, unpickle};

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

/// Keys under which training programs save the dictionary of tensors, the one to take first first.
const WRAPPED: [&str; 6] =
    ["state_dict", "model_state_dict", "model_state", "model", "module", "weights"];

/// The most names in a dictionary: five times the tensors of a model of the most layers.
const TENSORS_LIMIT: usize = 1 << 16;

/// Every tensor in the dictionary that the pickle holds, or in the one that a training program put into it.
pub(super) fn tensors(bytes: &[u8]) -> Result<Vec<Described>, Fault> {
    described(bytes, &unpickle(bytes, 0)?)
}

/// Every tensor of a pickle that was run.
pub(super) fn described(bytes: &[u8], pickle: &Unpickled) -> Result<Vec<Described>, Fault> {
    let Unpickled { values, result, end } = pickle;
    let fault = |found: String| Fault { at: *end, found };
    let text = |place: &Range<usize>| String::from_utf8_lossy(&bytes[place.clone()]).into_owned();
    let mut inside = *result;
    // A training program's dictionary may hold another's: {"module": {"state_dict": ..}}.
    for _ in 0..WRAPPED.len() {
        match wrapped(values, inside, &text).map_err(fault)? {
            Some(next) => inside = next,
            None => break,
        }
    }
    let Value::Dictionary(entries) = &values[inside] else {
        return Err(fault("something else than a dictionary".to_owned()));
    };
    if entries.len() > TENSORS_LIMIT {
        return Err(fault(format!("{} names in a dictionary", entries.len())));
    }
    let described =
        entries.iter().filter_map(|(key, value)| match (&values[*key], &values[*value]) {
            (Value::Text(name), Value::Tensor(tensor)) => Some(Ok(Described {
                name: text(name),
                key: text(&tensor.storage.key),
                tensor: Pickled::clone(tensor),
            })),
            // FP8 and quantisation programs leave states here that are no tensors.
            (Value::Text(name), Value::Other) if text(name).ends_with("_extra_state") => None,
            (Value::Text(name), Value::Dictionary(_)) => {
                Some(Err(fault(format!("a dictionary within, named `{}`", text(name)))))
            }
            (Value::Text(name), _) => {
                Some(Err(fault(format!("`{}`, which is no tensor", text(name)))))
            }
            _ => Some(Err(fault("a key that is no name".to_owned()))),
        });
    described.collect()
}

/// The dictionary of tensors that lies in this one under a name that says so.
///
/// # Errors
/// When it lies there under two names that differ.
fn wrapped(
    values: &[Value],
    outer: Id,
    text: &impl Fn(&Range<usize>) -> String,
) -> Result<Option<Id>, String> {
    let Value::Dictionary(entries) = &values[outer] else { return Ok(None) };
    let holds_tensors = |entries: &[(Id, Id)]| {
        let inside = |(_, value): &(Id, Id)| {
            matches!(values[*value], Value::Tensor(_) | Value::Dictionary(_))
        };
        entries.iter().any(inside)
    };
    let mut found: Vec<(usize, Id)> = Vec::new();
    for (key, value) in entries {
        let (Value::Text(name), Value::Dictionary(inner)) = (&values[*key], &values[*value]) else {
            continue;
        };
        let name = text(name);
        if !holds_tensors(inner) {
            continue;
        }
        if let Some(place) = WRAPPED.iter().position(|wrapped| *wrapped == name) {
            found.push((place, *value));
        }
    }
    found.sort_unstable();
    let Some((first, one)) = found.first() else { return Ok(None) };
    match found.iter().find(|(_, other)| other != one) {
        None => Ok(Some(*one)),
        Some((second, _)) => Err(format!(
            "two dictionaries, `{}` and `{}`, either of which may be the model",
            WRAPPED[*first], WRAPPED[*second]
        )),
    }
}
