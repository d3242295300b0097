//! Text in pieces, each in one font.

use crate::font;
use crate::print::Print;

/// Characters of a text that are set in one font; `None` is the bundled one.
pub(super) fn runs(text: &str, print: &Print) -> Vec<(Option<usize>, String)> {
    let characters: Vec<char> = text.chars().collect();
    let mut faces: Vec<Option<usize>> =
        characters.iter().map(|&character| print.face_of(character)).collect();
    join_marks(&characters, &mut faces, print);
    join_between(&characters, &mut faces, print);
    let mut runs: Vec<(Option<usize>, String)> = Vec::new();
    for (character, face) in characters.into_iter().zip(faces) {
        match runs.last_mut() {
            Some((last, run)) if *last == face => run.push(character),
            _ => runs.push((face, character.to_string())),
        }
    }
    runs
}

/// Marks and joiners go with the letter that they stand on, in its font.
fn join_marks(characters: &[char], faces: &mut [Option<usize>], print: &Print) {
    for index in 1..characters.len() {
        let is_mark = font::columns(characters[index]) == 0;
        let before = faces[index - 1];
        if is_mark && before.is_some_and(|face| print.faces[face].has(characters[index])) {
            faces[index] = before;
        }
    }
}

/// Spaces and the like between two words of one font go with them, so that words from right to left stay in their order.
fn join_between(characters: &[char], faces: &mut [Option<usize>], print: &Print) {
    let mut index = 0;
    while index < faces.len() {
        let end = index + faces[index..].iter().take_while(|face| face.is_none()).count();
        let before = index.checked_sub(1).and_then(|before| faces[before]);
        let after = faces.get(end).copied().flatten();
        let between = &characters[index..end];
        if let (Some(face), true) = (before, before == after)
            && between.iter().all(|sign| !sign.is_alphabetic() && print.faces[face].has(*sign))
        {
            faces[index..end].fill(before);
        }
        index = end + 1;
    }
}
