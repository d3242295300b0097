//! One token as a person reads it.

use std::fmt::Write;

use super::Tokens;
use super::alphabet::Alphabet;

impl Tokens {
    /// One token as a person reads it, the space before a word included: a newline as ⏎, a tab as ⇥, any other control
    /// character and any byte that is no whole character as `<0xE2>`, an id without a token as `<50279>`; never empty.
    ///
    /// Tokens that go on with a word have no space before them, however the vocabulary writes that: `Ġ` and `▁` are the
    /// space, `##` its absence.
    pub fn readable(&self, id: u32) -> String {
        let inner = &*self.inner;
        if let Some(added) = inner.added.get(&id).filter(|added| !added.is_empty()) {
            return shown(added.as_bytes());
        }
        let Some(token) = inner.tokenizer.id_to_token(id).filter(|token| !token.is_empty()) else {
            return format!("<{id}>");
        };
        if inner.alphabet == Alphabet::Bytes {
            return match token.chars().map(byte).collect::<Option<Vec<_>>>() {
                Some(bytes) => shown(&bytes),
                None => shown(token.as_bytes()),
            };
        }
        if let Some(byte) = fallback(&token) {
            return shown(&[byte]);
        }
        let decoded = || self.decode(&[id]).ok().filter(|text| !text.is_empty());
        let text = inner.alphabet.text(&token).or_else(decoded);
        shown(text.unwrap_or(token).as_bytes())
    }
}

/// The byte of a token such as `<0xE2>`, with which a vocabulary writes what it has no letters for.
fn fallback(token: &str) -> Option<u8> {
    let digits = token.strip_prefix("<0x")?.strip_suffix('>')?;
    (digits.len() == 2).then(|| u8::from_str_radix(digits, 16).ok()).flatten()
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
