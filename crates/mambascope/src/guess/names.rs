//! The longest name of a prompt.

use super::Guessed;

/// Words that begin a sentence and no name.
const FUNCTION_WORDS: [&str; 62] = [
    "a", "an", "the", "in", "on", "at", "of", "to", "for", "from", "by", "with", "as", "and", "or",
    "but", "if", "is", "are", "was", "were", "be", "do", "does", "did", "has", "have", "had",
    "what", "who", "whom", "whose", "where", "when", "which", "why", "how", "this", "that",
    "these", "those", "it", "its", "he", "she", "they", "his", "her", "their", "there", "here",
    "after", "before", "during", "while", "because", "since", "near", "under", "over", "like",
    "about",
];
/// Articles, which stay where a name follows.
const ARTICLES: [&str; 3] = ["a", "an", "the"];
/// Small words inside a name.
const PARTICLES: [&str; 38] = [
    "of", "the", "and", "&", "van", "von", "de", "la", "le", "les", "du", "des", "der", "den",
    "di", "da", "del", "della", "do", "dos", "das", "el", "al", "y", "e", "et", "zu", "zur", "zum",
    "ten", "ter", "bin", "ibn", "og", "und", "à", "de'", "es",
];
/// Most small words in a row.
const PARTICLES_IN_A_ROW: usize = 2;

/// A word of a prompt, without the punctuation around it.
struct Word<'a> {
    start: usize,
    end: usize,
    text: &'a str,
    /// Whether punctuation stands between it and the word before.
    opens: bool,
    /// Whether punctuation stands between it and the word after.
    closes: bool,
    /// Whether a sentence begins with it.
    first: bool,
}

impl Word<'_> {
    fn is_capitalised(&self) -> bool {
        let mut letters = self.text.chars();
        match letters.next() {
            Some(letter) if letter.is_uppercase() => true,
            // iPod, d'Aveto, al-Walid.
            Some(letter) if letter.is_lowercase() => {
                self.text.chars().take(5).any(char::is_uppercase)
            }
            _ => false,
        }
    }

    fn is_number(&self) -> bool {
        self.text.starts_with(|letter: char| letter.is_ascii_digit())
    }

    fn is_one_of(&self, words: &[&str]) -> bool {
        let plain = self.text.to_lowercase();
        words.contains(&plain.as_str())
    }

    fn possessive(&self) -> Option<usize> {
        ["'s", "\u{2019}s"].iter().find_map(|end| Some(self.text.strip_suffix(end)?.len()))
    }
}

/// A run of words, by number.
#[derive(Clone, Copy)]
struct Run {
    first: usize,
    last: usize,
}

/// The longest name of a prompt, and of equally long ones the last.
pub(super) fn longest_name(prompt: &str) -> Option<Guessed> {
    if let Some(title) = quoted(prompt) {
        return Some(title);
    }
    let words = words(prompt);
    let all = runs(&words);
    // Any sentence begins with a capital: a single word there is a name only where there is no other.
    let lone = |run: &Run| run.first == run.last && words[run.first].first;
    let only_first = |run: &Run| {
        lone(run) && words[run.first].possessive().is_none() && !words[run.first].closes
    };
    let inside: Vec<Run> = all.iter().copied().filter(|run| !only_first(run)).collect();
    let names = if inside.is_empty() { all } else { inside };
    let length = |run: &Run| {
        let article = words[run.first].is_one_of(&ARTICLES);
        run.last - run.first + usize::from(!article)
    };
    // Of equal ones `max_by_key` takes the last.
    let best = *names.iter().max_by_key(|run| length(run))?;
    let why = match names.iter().filter(|run| length(run) == length(&best)).count() {
        1 if names.len() == 1 => "the only run of capitalised words",
        1 => "the longest run of capitalised words",
        _ => "the last run of capitalised words",
    };
    let (start, last) = (words[best.first].start, &words[best.last]);
    let end = last.possessive().map_or(last.end, |length| last.start + length);
    Some(Guessed { text: prompt[start..end].to_owned(), start, why })
}

/// A quoted title: in double quotes, with a capital first, and not all of the prompt.
fn quoted(prompt: &str) -> Option<Guessed> {
    let open = |letter: char| matches!(letter, '"' | '\u{201c}' | '\u{ab}' | '\u{201e}');
    let close = |letter: char| matches!(letter, '"' | '\u{201d}' | '\u{bb}' | '\u{201c}');
    let (before, mark) = prompt.char_indices().find(|(_, letter)| open(*letter))?;
    let start = before + mark.len_utf8();
    let inner = &prompt[start..start + prompt[start..].find(close)?];
    let text = inner.trim().trim_end_matches([',', '.']);
    let start = start + (inner.len() - inner.trim_start().len());
    text.starts_with(char::is_uppercase).then(|| Guessed {
        text: text.to_owned(),
        start,
        why: "the quoted title",
    })
}

/// The words of a prompt.
fn words(prompt: &str) -> Vec<Word<'_>> {
    let mut words: Vec<Word<'_>> = Vec::new();
    let mut first = true;
    let mut place = 0;
    for raw in prompt.split_whitespace() {
        // What is split comes in order, so that each stands after the one before.
        let at = place + prompt[place..].find(raw).unwrap_or(0);
        place = at + raw.len();
        let mark = |letter: char| !letter.is_alphanumeric() && letter != '&';
        let head = raw.trim_start_matches(mark);
        let mut text = head.trim_end_matches(mark);
        let rest = &head[text.len()..];
        // The last dot of F.C. and of an initial is part of the word, as is the apostrophe of de'.
        if rest.starts_with('.') && (text.contains('.') || text.chars().count() == 1) || rest == "'"
        {
            text = &head[..=text.len()];
        }
        let (start, end) = (at + raw.len() - head.len(), at + raw.len() - head.len() + text.len());
        let closes = end < place;
        words.push(Word { start, end, text, opens: start > at, closes, first });
        first = raw.ends_with(['.', '!', '?', ':']) && closes;
    }
    words.retain(|word| !word.text.is_empty());
    words
}

/// The names among some words.
fn runs(words: &[Word<'_>]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut here = 0;
    while here < words.len() {
        if begins(words, here) {
            let last = end(words, here);
            runs.push(Run { first: here, last });
            here = last;
        }
        here += 1;
    }
    runs
}

/// Whether a name begins with a word.
fn begins(words: &[Word<'_>], here: usize) -> bool {
    let word = &words[here];
    let follows = || {
        words.get(here + 1).is_some_and(|next| next.is_capitalised() && !next.opens && !word.closes)
    };
    if word.first && word.is_one_of(&FUNCTION_WORDS) {
        return word.is_one_of(&ARTICLES) && word.is_capitalised() && follows();
    }
    word.is_capitalised() || (word.is_number() && follows())
}

/// The last word of the name that begins with a word.
fn end(words: &[Word<'_>], first: usize) -> usize {
    let mut last = first;
    while let Some(next) = next(words, last) {
        last = next;
    }
    last
}

/// The next capitalised word or number of a name.
fn next(words: &[Word<'_>], last: usize) -> Option<usize> {
    let before = &words[last];
    let following = words.get(last + 1)?;
    if before.closes {
        return ordinal(words, last);
    }
    if following.opens {
        return None;
    }
    if following.is_capitalised() || following.is_number() {
        return Some(last + 1);
    }
    if before.possessive().is_some() {
        return None;
    }
    let small =
        words[last + 1..].iter().take_while(|word| word.is_one_of(&PARTICLES) && !word.closes);
    let place = last + 1 + small.count();
    let word = words.get(place).filter(|word| word.is_capitalised() && !word.opens)?;
    (place - last <= PARTICLES_IN_A_ROW + 1 && !word.text.is_empty()).then_some(place)
}

/// The title behind a comma: `Francis Baring, 1st Baronet`.
fn ordinal(words: &[Word<'_>], last: usize) -> Option<usize> {
    let (number, title) = (words.get(last + 1)?, words.get(last + 2)?);
    let is_ordinal = ["st", "nd", "rd", "th"].iter().any(|end| number.text.ends_with(end));
    let holds = number.is_number() && is_ordinal && !number.opens && title.is_capitalised();
    holds.then_some(last + 1)
}

#[cfg(test)]
mod tests {
    use super::longest_name;

    /// Prompts, and the names that they are about.
    const NAMES: [(&str, Option<&str>); 36] = [
        ("The capital of France is", Some("France")),
        ("The Eiffel Tower is in the city of", Some("The Eiffel Tower")),
        ("Books describe Vincent van Gogh as a great", Some("Vincent van Gogh")),
        ("In Papua New Guinea, the language spoken is", Some("Papua New Guinea")),
        ("In The Hague, people speak", Some("The Hague")),
        ("Where is the Eiffel Tower located?", Some("Eiffel Tower")),
        ("What language does Angela Merkel speak", Some("Angela Merkel")),
        ("Beats Music is owned by", Some("Beats Music")),
        ("iPod Classic is a product of", Some("iPod Classic")),
        ("2005 Australian Open was held in", Some("2005 Australian Open")),
        ("Yakuza 2 is developed by", Some("Yakuza 2")),
        ("Shaquille O'Neal plays the sport of", Some("Shaquille O'Neal")),
        ("Edward Gibbon's domain of work is the", Some("Edward Gibbon")),
        ("St Patrick's Athletic F.C. is headquartered in", Some("St Patrick's Athletic F.C.")),
        ("Mercure de France's headquarters are in", Some("Mercure de France")),
        ("United Kingdom of the Netherlands belongs to", Some("United Kingdom of the Netherlands")),
        ("Sir Francis Baring, 1st Baronet worked in", Some("Sir Francis Baring, 1st Baronet")),
        ("Khalid ibn al-Walid follows the religion of", Some("Khalid ibn al-Walid")),
        ("Santo Stefano d'Aveto is located in", Some("Santo Stefano d'Aveto")),
        ("Giovanni di Bicci de' Medici died in", Some("Giovanni di Bicci de' Medici")),
        ("\u{c9}mile Zola wrote", Some("\u{c9}mile Zola")),
        ("The author of \"Pride and Prejudice\" is", Some("Pride and Prejudice")),
        ("The author of \u{201c}Faust\u{201d} is", Some("Faust")),
        ("The Pope is called \"the holy father\" in", Some("The Pope")),
        ("Paris", Some("Paris")),
        ("Paris is", Some("Paris")),
        ("Lufkin, in the heart of the", Some("Lufkin")),
        ("Shops in France take a currency called the", Some("France")),
        ("The mother of Queen Victoria was born in Germany near", Some("Queen Victoria")),
        ("John XXIII holds the title of \"the most popular", Some("John XXIII")),
        ("It rained. The capital of Peru is", Some("Peru")),
        ("What Who is", Some("Who")),
        ("The", None),
        ("no capital here", None),
        ("", None),
        ("... ??? ,", None),
    ];

    #[test]
    fn names_are_found() {
        for (prompt, expected) in NAMES {
            let found = longest_name(prompt);
            assert_eq!(found.as_ref().map(|guess| guess.text.as_str()), expected, "{prompt:?}");
            if let Some(guess) = found {
                assert!(prompt[guess.start..].starts_with(&guess.text), "{prompt:?}");
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic() {
        let parts = [
            "The ",
            "\u{201c}",
            "\"",
            "\u{e9}",
            "'s",
            " ",
            ".",
            "A.",
            "1st, ",
            "\u{1f600}",
            "of the ",
        ];
        for one in parts {
            for two in parts {
                for three in parts {
                    let _ = longest_name(&format!("{one}{two}{three}{one}"));
                }
            }
        }
    }
}
