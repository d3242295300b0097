//! What in a prompt resembles a subject that is not in it.

/// The longest subject, in characters, that a suggestion is looked for.
const SUBJECT_LIMIT: usize = 100;
/// The longest prompt, in bytes, that is searched.
const PROMPT_LIMIT: usize = 20_000;

/// The run of words in the prompt that differs least from the subject, where at most a third of
/// the subject would have to change; upper and lower case do not differ.
pub(super) fn closest(prompt: &str, subject: &str) -> Option<String> {
    let wanted: Vec<char> = subject.trim().to_lowercase().chars().collect();
    if wanted.is_empty() || wanted.len() > SUBJECT_LIMIT || prompt.len() > PROMPT_LIMIT {
        return None;
    }
    let count = subject.split_whitespace().count();
    let runs = runs(prompt, count.saturating_sub(1).max(1)..=count + 1);
    let scored = runs.map(|run| {
        let letters: Vec<char> = run.to_lowercase().chars().take(2 * SUBJECT_LIMIT).collect();
        (distance(&letters, &wanted), run)
    });
    let (distance, run) = scored.min_by_key(|(distance, run)| (*distance, run.len()))?;
    (distance <= (wanted.len() / 3).max(1)).then(|| run.to_owned())
}

/// Every run of so many words, without the punctuation around it.
fn runs(prompt: &str, counts: std::ops::RangeInclusive<usize>) -> impl Iterator<Item = &str> {
    let starts = prompt.char_indices().scan(true, |after_space, (at, letter)| {
        let starts = *after_space && !letter.is_whitespace();
        *after_space = letter.is_whitespace();
        Some((at, starts))
    });
    let starts: Vec<usize> = starts.filter(|(_, starts)| *starts).map(|(at, _)| at).collect();
    let run = move |first: usize, count: usize| {
        let start = *starts.get(first)?;
        let last = first + count;
        let end = match starts.get(last) {
            Some(end) => *end,
            None if last == starts.len() => prompt.len(),
            None => return None,
        };
        Some(
            prompt[start..end]
                .trim_matches(|c: char| c.is_whitespace() || ".,;:!?\"()".contains(c)),
        )
    };
    let words = prompt.split_whitespace().count();
    (0..words)
        .flat_map(move |first| counts.clone().map(move |count| (first, count)))
        .filter_map(move |(first, count)| run(first, count))
        .filter(|run| !run.is_empty())
}

/// How many letters must be put in, left out or changed to make one word of the other.
///
/// # Source
/// Wagner and Fischer 1974, "The string-to-string correction problem".
pub(crate) fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (place, wanted) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != wanted);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[other.len()]
}
