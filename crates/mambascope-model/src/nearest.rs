//! Which of some names one most resembles that is none of them.

use crate::tokens::distance;

/// The longest name that is compared, in characters.
const LIMIT: usize = 60;

/// The names that a misspelt one may have meant, the nearest first: at most three, none of which differs in more than
/// two letters of five, or of which one begins with the other. Case, hyphens and underscores do not count.
///
/// # Example
/// ```
/// use mambascope_model::nearest;
/// assert_eq!(nearest("residual", &["gate", "resid_in", "resid"]), ["resid", "resid_in"]);
/// assert_eq!(nearest("Mixer-Ou", &["scan_out", "mixer_out"]), ["mixer_out"]);
/// assert!(nearest("loss", &["kl", "rank"]).is_empty());
/// ```
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Vec<&'a str> {
    let wanted = letters(name);
    if wanted.is_empty() || wanted.len() > LIMIT {
        return Vec::new();
    }
    let mut scored: Vec<((bool, usize), &str)> = known
        .iter()
        .filter_map(|&other| closeness(&wanted, &letters(other)).map(|score| (score, other)))
        .collect();
    scored.sort_by_key(|(score, _)| *score);
    scored.into_iter().map(|(_, other)| other).take(3).collect()
}

/// How far a name is from another, beginnings of each other first; `None` where it is too far.
fn closeness(wanted: &[char], other: &[char]) -> Option<(bool, usize)> {
    let sorted = |name: &[char]| {
        let mut name = name.to_vec();
        name.sort_unstable();
        name
    };
    // The same letters in another order are one slip.
    let swapped = wanted != other && sorted(wanted) == sorted(other);
    let changes = if swapped { 1 } else { distance(wanted, other) };
    let (short, long) = if wanted.len() < other.len() { (wanted, other) } else { (other, wanted) };
    let begins = short.len() >= 4 && long.starts_with(short);
    (begins || changes * 5 <= long.len() * 2).then_some((!begins, changes))
}

/// A name without what does not count.
fn letters(name: &str) -> Vec<char> {
    let plain = name.trim().to_lowercase();
    plain.chars().filter(|letter| !matches!(letter, '_' | '-' | ' ')).collect()
}
