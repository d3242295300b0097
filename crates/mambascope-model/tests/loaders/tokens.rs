//! Ids, offsets, readable tokens and subjects, on a small byte-level vocabulary and on the real one.

use insta::assert_snapshot;
use mambascope_model::{Subject, Tokens};
use serde_json::{Map, Value, json};

use crate::files::shared;

/// Words that the small vocabulary has whole, `Ġ` being a space.
const WORDS: [&str; 8] = ["ĠSpace", "Space", "ĠNeedle", "Ġis", "Ġin", "ĠThe", "The", "Ġcity"];

/// The 256 bytes as characters, by GPT-2's rule.
fn bytes() -> Vec<char> {
    let itself = |b: u32| matches!(b, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let mut other = 0x100..;
    (0..256)
        .map(|b| if itself(b) { b } else { other.next().unwrap() })
        .map(|code| char::from_u32(code).unwrap())
        .collect()
}

/// A byte-level BPE of all bytes and those words, with offsets trimmed of spaces or not.
fn tokens(trim: bool) -> Tokens {
    let mut vocabulary: Vec<String> = bytes().into_iter().map(String::from).collect();
    let mut merges = Vec::new();
    for word in WORDS {
        let letters: Vec<char> = word.chars().collect();
        for end in 2..=letters.len() {
            let whole: String = letters[..end].iter().collect();
            if !vocabulary.contains(&whole) {
                let before: String = letters[..end - 1].iter().collect();
                merges.push(json!([before, letters[end - 1].to_string()]));
                vocabulary.push(whole);
            }
        }
    }
    let ids = vocabulary.iter().enumerate().map(|(id, token)| (token.clone(), json!(id)));
    let ids: Map<String, Value> = ids.collect();
    let level = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": trim,
        "use_regex": true});
    let added = json!([{"id": vocabulary.len(), "content": "<|end|>", "single_word": false,
        "lstrip": false, "rstrip": false, "normalized": false, "special": true}]);
    let file = json!({"version": "1.0", "truncation": {"direction": "Right", "max_length": 2,
        "strategy": "LongestFirst", "stride": 0}, "padding": null, "added_tokens": added,
        "normalizer": null, "pre_tokenizer": level, "post_processor": level, "decoder": level,
        "model": {"type": "BPE", "vocab": ids, "merges": merges}});
    Tokens::from_bytes(&serde_json::to_vec(&file).unwrap()).unwrap()
}

fn readable(tokens: &Tokens, text: &str) -> Vec<String> {
    tokens.encode(text).unwrap().ids.iter().map(|id| tokens.readable(*id)).collect()
}

fn subject(tokens: &Tokens, prompt: &str, subject: &str) -> Subject {
    tokens.subject_range(prompt, subject).unwrap()
}

#[test]
fn text_comes_back_and_is_never_cut() {
    let tokens = tokens(true);
    for text in ["The Space Needle is in", "", "a\n\tb  c", "Ærøskøbing ☃ 🗼"] {
        let encoded = tokens.encode(text).unwrap();
        assert_eq!(tokens.decode(&encoded.ids).unwrap(), text);
        assert_eq!(encoded.ids.len(), encoded.offsets.len());
    }
}

#[test]
fn tokens_are_shown_as_a_person_reads_them() {
    let tokens = tokens(true);
    assert_eq!(readable(&tokens, "The Space Needle"), ["The", " Space", " Needle"]);
    assert_eq!(readable(&tokens, "\n\t\r"), ["⏎", "⇥", "<0x0D>"]);
    assert_eq!(readable(&tokens, "☃"), ["<0xE2>", "<0x98>", "<0x83>"]);
    assert_eq!(readable(&tokens, "<|end|>"), ["<|end|>"]);
    assert_eq!(tokens.readable(99_999), "<99999>");
}

#[test]
fn the_count_has_added_tokens() {
    let tokens = tokens(true);
    let end = tokens.encode("<|end|>").unwrap().ids;
    assert_eq!(end, [tokens.count() as u32 - 1]);
}

#[test]
fn a_subject_is_every_token_that_overlaps_it() {
    for trim in [true, false] {
        let tokens = tokens(trim);
        let found = |prompt, words| {
            let found = subject(&tokens, prompt, words);
            assert_eq!(found.rome, None, "{prompt}: {words}");
            found.tokens
        };
        assert_eq!(found("The Space Needle is in", "Space Needle"), 1..3);
        assert_eq!(found("Space Needle is in", "Space Needle"), 0..2);
        assert_eq!(found("The Space Needle is", "Needle is"), 2..4);
        assert_eq!(found("The Space is in Space", "Space"), 1..2);
        assert_eq!(found("The Space", "pac"), 1..2);
        assert_eq!(found("The Space", "The Space"), 0..2);
        assert_eq!(found("The Space", "T"), 0..1);
    }
}

#[test]
fn a_range_that_rome_would_not_find_is_flagged() {
    let tokens = tokens(true);
    // Each byte of the snowman decodes to U+FFFD: the subject is shifted or gone.
    let found = subject(&tokens, "☃ is in Space", "Space");
    assert_eq!((found.tokens, found.rome), (5..6, None));
    let found = subject(&tokens, "The ☃ is", "☃");
    assert_eq!((found.tokens, found.rome), (2..5, Some(0..0)));
    // A replacement character of the text is three tokens, nine of them once decoded.
    let found = subject(&tokens, "☃ \u{fffd}", "\u{fffd}");
    assert_eq!((found.tokens, found.rome), (4..7, Some(0..1)));
}

#[test]
fn a_subject_that_is_not_there_gets_a_suggestion() {
    let tokens = tokens(true);
    let refused = |prompt: &str, subject: &str| {
        tokens.subject_range(prompt, subject).expect_err("a refusal").to_string()
    };
    let prompt = "The Space Needle, in downtown, is in";
    assert_snapshot!(refused(prompt, "space needle"), @r#"
        the subject `space needle` is not in the prompt `The Space Needle, in downtown, is in`
        help: did you mean `Space Needle`?
        "#);
    assert_snapshot!(refused(prompt, "Space Nedle"), @r#"
        the subject `Space Nedle` is not in the prompt `The Space Needle, in downtown, is in`
        help: did you mean `Space Needle`?
        "#);
    assert_snapshot!(refused(prompt, "SpaceNeedle"), @r#"
        the subject `SpaceNeedle` is not in the prompt `The Space Needle, in downtown, is in`
        help: did you mean `Space Needle`?
        "#);
    assert_snapshot!(refused(prompt, "Golden Gate Bridge"), @r#"
        the subject `Golden Gate Bridge` is not in the prompt `The Space Needle, in downtown, is in`
        help: give words that stand in the prompt, letter for letter
        "#);
    assert_snapshot!(refused("", "a"), @r#"
        the subject `a` is not in the prompt ``
        help: give words that stand in the prompt, letter for letter
        "#);
    assert_snapshot!(refused("The", ""), @r#"
        the subject is empty
        help: give the words of the prompt that name it
        "#);
}

#[test]
fn what_is_no_tokenizer_is_refused() {
    assert_snapshot!(Tokens::from_bytes(b"{}").unwrap_err(), @r#"
        tokenizer.json is not a tokenizer: Model missing. at line 1 column 2
        help: fetch tokenizer.json again, or remove it and give token ids
        "#);
    assert_snapshot!(Tokens::from_file("nowhere/tokenizer.json").unwrap_err(), @r#"
        cannot read nowhere/tokenizer.json: No such file or directory (os error 2)
        help: check that the file is there and may be read
        "#);
}

#[test]
fn the_real_tokenizer_gives_the_published_ids() {
    let Some(path) = shared("data/tokenizer/20B_tokenizer.json") else { return };
    let tokens = Tokens::from_file(path).unwrap();
    let encoded = tokens.encode("The Eiffel Tower is in").unwrap();
    assert_eq!(encoded.ids, [510, 444, 1648, 293, 20610, 310, 275]);
    assert_eq!(tokens.count(), 50_277);
    let shown: Vec<_> = encoded.ids.iter().map(|id| tokens.readable(*id)).collect();
    assert_eq!(shown, ["The", " E", "iff", "el", " Tower", " is", " in"]);
    assert_eq!(tokens.readable(0), "<|endoftext|>");
    let found = subject(&tokens, "The Eiffel Tower is in", "Eiffel Tower");
    assert_eq!(found, Subject { tokens: 1..5, rome: None, difference: None });
}
