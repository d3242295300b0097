//! One token as a person reads it.

use std::fmt::Write;

use super::{Alphabet, Tokens};

impl Tokens {
    /// One token as a person reads it: a newline as ⏎, a tab as ⇥, any other control character
    /// and any byte that is no whole character as `<0xE2>`, an id without a token as `<50279>`.
    pub fn readable(&self, id: u32) -> String {
        let inner = &*self.inner;
        if let Some(added) = inner.added.get(&id) {
            return shown(added.as_bytes());
        }
        match (inner.tokenizer.id_to_token(id), inner.alphabet) {
            (None, _) => format!("<{id}>"),
            (Some(token), Alphabet::Bytes) => {
                match token.chars().map(byte).collect::<Option<Vec<_>>>() {
                    Some(bytes) => shown(&bytes),
                    None => shown(token.as_bytes()),
                }
            }
            (Some(token), Alphabet::Text) => shown(self.decode(&[id]).unwrap_or(token).as_bytes()),
        }
    }
}

fn shown(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\n' => text.push('⏎'),
                '\t' => text.push('⇥'),
                control if control.is_control() => hexadecimal(&mut text, control as u32),
                plain => text.push(plain),
            }
        }
        for byte in chunk.invalid() {
            hexadecimal(&mut text, u32::from(*byte));
        }
    }
    text
}

fn hexadecimal(text: &mut String, number: u32) {
    write!(text, "<0x{number:02X}>").expect("a string takes all that is written");
}

/// The byte that a character of a byte-level vocabulary stands for.
///
/// # Source
/// `bytes_to_unicode` in `src/encoder.py` of openai/gpt-2: visible characters of Latin-1 are
/// themselves; the other bytes are numbered from U+0100 on.
fn byte(character: char) -> Option<u8> {
    let is_itself = |code: u32| matches!(code, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let code = u32::from(character);
    if is_itself(code) {
        return u8::try_from(code).ok();
    }
    let place = code.checked_sub(0x100)?;
    let others = (0..=u8::MAX).filter(|byte| !is_itself(u32::from(*byte)));
    others.into_iter().nth(place as usize)
}
