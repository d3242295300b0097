//! The few pickle instructions with which `torch.save` writes a dictionary of tensors.
//!
//! Nothing is called and nothing is imported: the names that a pickle may use are listed in
//! [`Global`]. Values lie side by side and name each other by number, so that no file can nest
//! them deep enough to overflow the stack, or copy them often enough to fill the memory.
//!
//! # Source
//! `Lib/pickletools.py` of CPython, which defines every instruction; `torch/serialization.py`
//! and `torch/_utils.py` of PyTorch for the calls.

use std::collections::BTreeMap;
use std::ops::Range;

use super::entry::Kind;

/// The most values in a pickle: a model of a thousand layers has a quarter of it.
const VALUES_LIMIT: usize = 1 << 20;
/// The most dimensions of a tensor.
const DIMENSIONS_LIMIT: usize = 8;

/// Names that training programs keep beside the tensors. None of these is called; their values are left out.
const ASIDE: [(&str, &str); 23] = [
    ("_codecs", "encode"),
    ("argparse", "Namespace"),
    ("types", "SimpleNamespace"),
    ("collections", "defaultdict"),
    ("collections", "Counter"),
    ("builtins", "dict"),
    ("builtins", "list"),
    ("builtins", "set"),
    ("__builtin__", "set"),
    ("builtins", "int"),
    ("builtins", "float"),
    ("torch", "Size"),
    ("torch", "device"),
    ("torch", "float16"),
    ("torch", "bfloat16"),
    ("torch", "float32"),
    ("torch", "float64"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("pathlib", "PosixPath"),
    ("pytorch_lightning.utilities.parsing", "AttributeDict"),
    ("lightning.fabric.utilities.data", "AttributeDict"),
];

/// A value's number.
pub(super) type Id = usize;

/// What an instruction can make.
#[derive(Debug)]
pub(super) enum Value {
    Integer(i64),
    Boolean(bool),
    /// Text, by its place in the pickle.
    Text(Range<usize>),
    Global(Global),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dictionary(Vec<(Id, Id)>),
    Storage(Storage),
    Tensor(Box<Pickled>),
    /// Anything whose content is never asked for.
    Other,
}

/// The names that a pickle of tensors may use.
#[derive(Debug, Clone)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Storage(Kind),
    /// Something beside the tensors, such as a training program's settings: what a call of it makes is never looked at.
    Aside,
}

/// A run of numbers in a file of its own.
#[derive(Debug, Clone)]
pub(super) struct Storage {
    pub(super) kind: Kind,
    /// Its key, by its place in the pickle.
    pub(super) key: Range<usize>,
}

/// A tensor within a storage.
#[derive(Debug, Clone)]
pub(super) struct Pickled {
    pub(super) storage: Storage,
    /// First number, counted in numbers.
    pub(super) offset: u64,
    pub(super) shape: Vec<usize>,
    pub(super) stride: Vec<usize>,
}

/// Why a pickle was refused: where, and what stood there.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) found: String,
}

/// The values that a pickle made, which of them is its result, and where the pickle ends.
#[derive(Debug)]
pub(super) struct Unpickled {
    pub(super) values: Vec<Value>,
    pub(super) result: Id,
    pub(super) end: usize,
}

/// Runs the pickle that begins at a byte, to its end.
pub(super) fn unpickle(bytes: &[u8], at: usize) -> Result<Unpickled, Fault> {
    let mut machine = Machine { bytes, at, ..Machine::default() };
    loop {
        match machine.byte()? {
            b'.' => break,
            instruction => machine.execute(instruction)?,
        }
    }
    let result = machine.pop()?;
    Ok(Unpickled { values: machine.values, result, end: machine.at })
}

#[derive(Default)]
struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    values: Vec<Value>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: BTreeMap<u32, Id>,
    /// Pairs of dictionaries that were made of lists, of which one list can make many.
    paired: usize,
}

impl Machine<'_> {
    fn execute(&mut self, instruction: u8) -> Result<(), Fault> {
        match instruction {
            0x80 => self.take(1).map(drop),
            b'(' => self.mark(),
            0x95 => self.take(8).map(drop),
            b'N' | 0x8f => self.push(Value::Other),
            0x88 => self.push(Value::Boolean(true)),
            0x89 => self.push(Value::Boolean(false)),
            b']' => self.push(Value::List(Vec::new())),
            b'}' => self.push(Value::Dictionary(Vec::new())),
            b'K' => self.integer(1),
            b'M' => self.integer(2),
            b'J' => self.integer(4),
            0x8a => self.long(),
            b'G' => self.skipped(8),
            b'X' | b'T' => self.text(4),
            0x8c | b'U' => self.text(1),
            b'C' => self.skipped_run(1),
            b'B' => self.skipped_run(4),
            b'c' => self.global(),
            0x93 => self.stacked_global(),
            b')' => self.tuple(0),
            0x85 => self.tuple(1),
            0x86 => self.tuple(2),
            0x87 => self.tuple(3),
            b't' => self.marked_tuple(),
            b's' => self.item(),
            b'u' => self.items(),
            b'a' => self.append(),
            b'e' => self.appends(),
            0x90 => self.since_mark().and_then(|_| self.top().map(drop)),
            0x91 => self.since_mark().and_then(|_| self.push(Value::Other)),
            b'0' => self.pop().map(drop),
            0x94 => self.memorise(),
            b'q' => self.remember(1),
            b'r' => self.remember(4),
            b'h' => self.recall(1),
            b'j' => self.recall(4),
            b'Q' => self.storage(),
            b'R' | 0x81 => self.call(),
            b'b' => self.build(),
            other => Err(self.fault(format!("the instruction {other:#04x}"))),
        }
    }

    fn fault(&self, found: impl Into<String>) -> Fault {
        Fault { at: self.at, found: found.into() }
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        Ok(self.bytes[self.take(1)?][0])
    }

    fn take(&mut self, count: usize) -> Result<Range<usize>, Fault> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| self.fault("its end"))?;
        let range = self.at..end;
        self.at = end;
        Ok(range)
    }

    fn unsigned(&mut self, width: usize) -> Result<u32, Fault> {
        let range = self.take(width)?;
        Ok(self.bytes[range].iter().rev().fold(0, |value, byte| (value << 8) | u32::from(*byte)))
    }

    fn push(&mut self, value: Value) -> Result<(), Fault> {
        if self.values.len() == VALUES_LIMIT {
            return Err(self.fault(format!("more than {VALUES_LIMIT} values")));
        }
        self.stack.push(self.values.len());
        self.values.push(value);
        Ok(())
    }

    fn pop(&mut self) -> Result<Id, Fault> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let top = if self.stack.len() > floor { self.stack.pop() } else { None };
        top.ok_or_else(|| self.fault("an empty stack"))
    }

    fn mark(&mut self) -> Result<(), Fault> {
        if self.marks.len() == VALUES_LIMIT {
            return Err(self.fault("too many marks"));
        }
        self.marks.push(self.stack.len());
        Ok(())
    }

    fn since_mark(&mut self) -> Result<Vec<Id>, Fault> {
        let mark = self.marks.pop().ok_or_else(|| self.fault("no mark"))?;
        Ok(self.stack.split_off(mark))
    }

    fn integer(&mut self, width: usize) -> Result<(), Fault> {
        let value = self.unsigned(width)?;
        let value = if width == 4 { i64::from(value as i32) } else { i64::from(value) };
        self.push(Value::Integer(value))
    }

    /// An integer, its sign in the last byte.
    fn long(&mut self) -> Result<(), Fault> {
        let width = usize::from(self.byte()?);
        let range = self.take(width)?;
        if width > 8 {
            // No size has so many: a magic number, or a random generator's state.
            return self.push(Value::Other);
        }
        let bytes = &self.bytes[range];
        let filler = if bytes.last().is_some_and(|last| *last >= 0x80) { 0xff } else { 0 };
        let mut wide = [filler; 8];
        wide[..width].copy_from_slice(bytes);
        self.push(Value::Integer(i64::from_le_bytes(wide)))
    }

    fn skipped(&mut self, width: usize) -> Result<(), Fault> {
        self.take(width)?;
        self.push(Value::Other)
    }

    /// Bytes after their count, whose content is never asked for.
    fn skipped_run(&mut self, width: usize) -> Result<(), Fault> {
        let length = self.unsigned(width)? as usize;
        self.skipped(length)
    }

    fn text(&mut self, width: usize) -> Result<(), Fault> {
        let length = self.unsigned(width)? as usize;
        let range = self.take(length)?;
        if std::str::from_utf8(&self.bytes[range.clone()]).is_err() {
            return Err(self.fault("text that is not UTF-8"));
        }
        self.push(Value::Text(range))
    }

    fn line(&mut self) -> Result<String, Fault> {
        let length = self.bytes[self.at..].iter().take(256).position(|byte| *byte == b'\n');
        let length = length.ok_or_else(|| self.fault("a name without an end"))?;
        let range = self.take(length)?;
        self.take(1)?;
        Ok(String::from_utf8_lossy(&self.bytes[range]).into_owned())
    }

    fn global(&mut self) -> Result<(), Fault> {
        let (module, name) = (self.line()?, self.line()?);
        self.named(&module, &name)
    }

    /// A name whose parts lie on the stack, as from protocol 4 on.
    fn stacked_global(&mut self) -> Result<(), Fault> {
        let (name, module) = (self.popped_text()?, self.popped_text()?);
        self.named(&module, &name)
    }

    fn popped_text(&mut self) -> Result<String, Fault> {
        let id = self.pop()?;
        match &self.values[id] {
            Value::Text(range) if range.len() <= 256 => {
                Ok(String::from_utf8_lossy(&self.bytes[range.clone()]).into_owned())
            }
            _ => Err(self.fault("a name that is no text")),
        }
    }

    fn named(&mut self, module: &str, name: &str) -> Result<(), Fault> {
        let global = match (module, name) {
            ("collections", "OrderedDict") => Global::OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor") => Global::RebuildTensor,
            ("torch._utils", "_rebuild_parameter") => Global::RebuildParameter,
            ("torch", "HalfStorage") => Global::Storage(Kind::F16),
            ("torch", "BFloat16Storage") => Global::Storage(Kind::BF16),
            ("torch", "FloatStorage") => Global::Storage(Kind::F32),
            ("torch", "DoubleStorage") => Global::Storage(Kind::F64),
            ("torch", other) if other.ends_with("Storage") => {
                Global::Storage(Kind::Other(other.to_owned()))
            }
            (module, name) if ASIDE.contains(&(module, name)) => Global::Aside,
            _ => return Err(self.fault(format!("the name {module}.{name}"))),
        };
        self.push(Value::Global(global))
    }

    fn tuple(&mut self, count: usize) -> Result<(), Fault> {
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(self.pop()?);
        }
        items.reverse();
        self.push(Value::Tuple(items))
    }

    fn marked_tuple(&mut self) -> Result<(), Fault> {
        let items = self.since_mark()?;
        self.push(Value::Tuple(items))
    }

    fn top(&mut self) -> Result<&mut Value, Fault> {
        let id = self.pop()?;
        self.stack.push(id);
        Ok(&mut self.values[id])
    }

    fn item(&mut self) -> Result<(), Fault> {
        let value = self.pop()?;
        let key = self.pop()?;
        self.insert(&[key, value])
    }

    fn items(&mut self) -> Result<(), Fault> {
        let items = self.since_mark()?;
        self.insert(&items)
    }

    fn insert(&mut self, items: &[Id]) -> Result<(), Fault> {
        let (pairs, odd) = items.as_chunks::<2>();
        let fault = self.fault("items outside a dictionary");
        match self.top()? {
            Value::Dictionary(entries) if odd.is_empty() => {
                entries.extend(pairs.iter().map(|[key, value]| (*key, *value)));
                Ok(())
            }
            Value::Other if odd.is_empty() => Ok(()),
            _ => Err(fault),
        }
    }

    fn append(&mut self) -> Result<(), Fault> {
        let item = self.pop()?;
        self.extend(&[item])
    }

    fn appends(&mut self) -> Result<(), Fault> {
        let items = self.since_mark()?;
        self.extend(&items)
    }

    fn extend(&mut self, items: &[Id]) -> Result<(), Fault> {
        if let Value::List(list) = self.top()? {
            list.extend(items);
        }
        Ok(())
    }

    /// Keeps the top under the next number.
    fn memorise(&mut self) -> Result<(), Fault> {
        let place = self.memo.len() as u32;
        let id = self.pop()?;
        self.stack.push(id);
        self.memo.insert(place, id);
        Ok(())
    }

    fn remember(&mut self, width: usize) -> Result<(), Fault> {
        let place = self.unsigned(width)?;
        let id = self.pop()?;
        self.stack.push(id);
        self.memo.insert(place, id);
        Ok(())
    }

    fn recall(&mut self, width: usize) -> Result<(), Fault> {
        let place = self.unsigned(width)?;
        let id = self.memo.get(&place).copied();
        let id = id.ok_or_else(|| self.fault(format!("no value at memo {place}")))?;
        self.stack.push(id);
        Ok(())
    }

    /// `("storage", kind, key, device, count)` names a run of numbers; before torch 1.6 what part of another it is, came
    /// last.
    fn storage(&mut self) -> Result<(), Fault> {
        let id = self.pop()?;
        let storage = match &self.values[id] {
            Value::Tuple(items) => match self.values_of(items).as_slice() {
                [_, Value::Global(Global::Storage(kind)), Value::Text(key), _, _]
                | [_, Value::Global(Global::Storage(kind)), Value::Text(key), _, _, Value::Other] => {
                    Some(Storage { kind: kind.clone(), key: key.clone() })
                }
                _ => None,
            },
            _ => None,
        };
        let storage = storage.ok_or_else(|| self.fault("a reference that is no storage"))?;
        self.push(Value::Storage(storage))
    }

    fn call(&mut self) -> Result<(), Fault> {
        let arguments = self.pop()?;
        let callable = self.pop()?;
        let Value::Tuple(arguments) = &self.values[arguments] else {
            return Err(self.fault("a call without arguments"));
        };
        match (&self.values[callable], arguments.as_slice()) {
            (Value::Global(Global::OrderedDict), []) => self.push(Value::Dictionary(Vec::new())),
            (Value::Global(Global::OrderedDict), [pairs]) => {
                let pairs =
                    self.pairs(*pairs).ok_or_else(|| self.fault("a dictionary of no pairs"))?;
                self.paired += pairs.len() + 1;
                if self.paired > VALUES_LIMIT {
                    return Err(self.fault(format!("more than {VALUES_LIMIT} pairs")));
                }
                self.push(Value::Dictionary(pairs))
            }
            (Value::Global(Global::RebuildTensor), arguments) => {
                let tensor = self.tensor(&self.values_of(arguments));
                let tensor = tensor.ok_or_else(|| self.fault("a tensor of no known make"))?;
                self.push(Value::Tensor(Box::new(tensor)))
            }
            (Value::Global(Global::RebuildParameter), [tensor, ..]) => {
                self.stack.push(*tensor);
                Ok(())
            }
            (Value::Global(Global::Aside), _) => self.push(Value::Other),
            _ => Err(self.fault("a call that makes no tensor")),
        }
    }

    /// The pairs that a dictionary is made of where Python 2 wrote it.
    fn pairs(&self, list: Id) -> Option<Vec<(Id, Id)>> {
        let Value::List(items) = &self.values[list] else { return None };
        let pair = |id: &Id| match &self.values[*id] {
            Value::List(pair) | Value::Tuple(pair) => match pair.as_slice() {
                [key, value] => Some((*key, *value)),
                _ => None,
            },
            _ => None,
        };
        items.iter().map(pair).collect()
    }

    /// The state of a dictionary: its version marks, which say nothing of weights.
    fn build(&mut self) -> Result<(), Fault> {
        self.pop()?;
        let fault = self.fault("a state outside a dictionary");
        match self.top()? {
            Value::Dictionary(_) | Value::Other => Ok(()),
            _ => Err(fault),
        }
    }

    fn values_of(&self, ids: &[Id]) -> Vec<&Value> {
        ids.iter().take(DIMENSIONS_LIMIT + 1).map(|id| &self.values[*id]).collect()
    }

    fn tensor(&self, arguments: &[&Value]) -> Option<Pickled> {
        let [
            Value::Storage(storage),
            Value::Integer(offset),
            Value::Tuple(shape),
            Value::Tuple(stride),
            ..,
        ] = arguments
        else {
            return None;
        };
        Some(Pickled {
            storage: storage.clone(),
            offset: u64::try_from(*offset).ok()?,
            shape: self.sizes(shape)?,
            stride: self.sizes(stride)?,
        })
    }

    fn sizes(&self, ids: &[Id]) -> Option<Vec<usize>> {
        if ids.len() > DIMENSIONS_LIMIT {
            return None;
        }
        let size = |value: &Value| match value {
            Value::Integer(size) => usize::try_from(*size).ok(),
            _ => None,
        };
        self.values_of(ids).into_iter().map(size).collect()
    }
}
