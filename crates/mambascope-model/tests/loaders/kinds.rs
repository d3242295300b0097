//! Tokenizers of all kinds: labels, places, answers, and what their templates add.

use mambascope_model::{Subject, Tokens};
use serde_json::{Map, Value, json};

use crate::files::shared;

const PROMPT: &str = "The Eiffel Tower is in";

fn tokenizer(parts: &Value) -> Tokens {
    let mut file = json!({"version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [], "normalizer": null, "pre_tokenizer": null, "post_processor": null,
        "decoder": null});
    for (name, part) in parts.as_object().unwrap() {
        file[name] = part.clone();
    }
    Tokens::from_bytes(&serde_json::to_vec(&file).unwrap()).unwrap()
}

fn ids<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Map<String, Value> {
    tokens.into_iter().enumerate().map(|(id, token)| (token.to_owned(), json!(id))).collect()
}

/// A BPE that has these pieces, each merged from its letters one after the other.
fn bpe(special: &[&str], pieces: &[&str], options: &Value) -> Value {
    let mut vocabulary: Vec<String> = special.iter().map(|&text| text.to_owned()).collect();
    let letters = pieces.iter().flat_map(|piece| piece.chars()).chain('a'..='z').chain('A'..='Z');
    for letter in letters.map(String::from) {
        if !vocabulary.contains(&letter) {
            vocabulary.push(letter);
        }
    }
    let mut merges = Vec::new();
    for piece in pieces {
        let letters: Vec<char> = piece.chars().collect();
        for end in 2..=letters.len() {
            let (before, last) = (&letters[..end - 1], letters[end - 1].to_string());
            let before: String = before.iter().collect();
            let whole = format!("{before}{last}");
            if !vocabulary.contains(&whole) {
                merges.push(json!([before, last]));
                vocabulary.push(whole);
            }
        }
    }
    let mut model = json!({"type": "BPE", "merges": merges,
        "vocab": ids(vocabulary.iter().map(String::as_str))});
    for (name, option) in options.as_object().unwrap() {
        model[name] = option.clone();
    }
    model
}

fn special(tokens: &[&str]) -> Value {
    let added = |(id, token): (usize, &&str)| {
        json!({"id": id, "content": token, "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false, "special": true})
    };
    tokens.iter().enumerate().map(added).collect()
}

fn template(before: &[&str], after: &[&str], known: &[&str]) -> Value {
    let token = |token: &&str| json!({"SpecialToken": {"id": token, "type_id": 0}});
    let mut single: Vec<Value> = before.iter().map(token).collect();
    single.push(json!({"Sequence": {"id": "A", "type_id": 0}}));
    single.extend(after.iter().map(token));
    let tokens: Map<String, Value> = known
        .iter()
        .enumerate()
        .map(|(id, &token)| {
            (token.to_owned(), json!({"id": token, "ids": [id], "tokens": [token]}))
        })
        .collect();
    json!({"type": "TemplateProcessing", "single": single, "pair": [
        {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": tokens})
}

fn byte_level(template: Option<Value>) -> Tokens {
    byte_level_after("", template)
}

/// The same, which puts a space before a text where the prefix is one.
fn byte_level_after(prefix: &str, template: Option<Value>) -> Tokens {
    let level = json!({"type": "ByteLevel", "add_prefix_space": prefix == " ", "trim_offsets": true,
        "use_regex": true});
    let pieces = ["ĠThe", "The", "ĠEif", "Eif", "fel", "ĠTower", "Ġis", "Ġin", "ĠParis", "Paris"];
    let after = template.map_or_else(
        || level.clone(),
        |template| json!({"type": "Sequence", "processors": [level, template]}),
    );
    tokenizer(&json!({"added_tokens": special(&["<|begin|>"]), "pre_tokenizer": level,
        "decoder": level, "post_processor": after,
        "model": bpe(&["<|begin|>"], &pieces, &json!({}))}))
}

const PIECES: [&str; 7] = ["▁The", "▁Eif", "fel", "▁Tower", "▁is", "▁in", "▁Paris"];

fn llama(before: bool) -> Tokens {
    let known = ["<unk>", "<s>", "</s>", "<0x0A>", "<0xE2>", "<0x98>", "<0x83>"];
    let after = if before { template(&["<s>"], &[], &known[..3]) } else { Value::Null };
    tokenizer(&json!({"added_tokens": special(&known[..3]),
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "post_processor": after,
        "model": bpe(&known, &PIECES, &json!({"unk_token": "<unk>", "byte_fallback": true}))}))
}

fn metaspace(scheme: &str) -> Tokens {
    let space = json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme,
        "split": true});
    tokenizer(&json!({"pre_tokenizer": space, "decoder": space,
        "model": bpe(&["<unk>"], &["▁The", "The", "▁Eif", "fel", "▁Tower", "▁is", "▁in", "▁Paris"],
            &json!({"unk_token": "<unk>"}))}))
}

fn unigram() -> Tokens {
    let space = json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always",
        "split": true});
    let letters = ('a'..='z').chain('A'..='Z').map(|letter| json!([letter.to_string(), -12.0]));
    let mut vocabulary = vec![json!(["<unk>", 0.0]), json!(["▁", -6.0])];
    vocabulary.extend(PIECES.iter().map(|piece| json!([piece, -3.0])));
    vocabulary.extend(letters);
    tokenizer(&json!({"pre_tokenizer": space, "decoder": space,
        "model": {"type": "Unigram", "unk_id": 0, "vocab": vocabulary, "byte_fallback": false}}))
}

fn word_piece() -> Tokens {
    let known = ["[UNK]", "[CLS]", "[SEP]"];
    let pieces = ["the", "ei", "##f", "##fel", "tower", "is", "in", "paris", ",", "."];
    tokenizer(&json!({"added_tokens": special(&known),
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "strip_accents": null,
            "handle_chinese_chars": true, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": template(&["[CLS]"], &["[SEP]"], &known),
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": ids(known.into_iter().chain(pieces))}}))
}

fn words() -> Tokens {
    let vocabulary = ["[UNK]", "The", "Eiffel", "Tower", "is", "in", "Paris", ","];
    tokenizer(&json!({"pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": ids(vocabulary)}}))
}

fn first_gpt() -> Tokens {
    // The merge that comes first wins, so those of the short words come last.
    let pieces = ["paris</w>", "the</w>", "eif", "fel</w>", "tower</w>", "is</w>", "in</w>"];
    let mut model = bpe(&["<unk>"], &[], &json!({}));
    let letters: Vec<String> = ('a'..='z').map(String::from).collect();
    let ends = letters.iter().map(|letter| format!("{letter}</w>"));
    let mut vocabulary: Vec<String> = letters.iter().cloned().chain(ends).collect();
    let mut merges = Vec::new();
    for piece in pieces {
        let ends = piece.ends_with("</w>");
        let letters: Vec<char> = piece.trim_end_matches("</w>").chars().collect();
        for end in 2..=letters.len() {
            let before: String = letters[..end - 1].iter().collect();
            let suffix = if ends && end == letters.len() { "</w>" } else { "" };
            let last = format!("{}{suffix}", letters[end - 1]);
            let whole = format!("{before}{last}");
            if !vocabulary.contains(&whole) {
                merges.push(json!([before, last]));
                vocabulary.push(whole);
            }
        }
    }
    model["vocab"] = Value::Object(ids(vocabulary.iter().map(String::as_str)));
    model["merges"] = json!(merges);
    model["end_of_word_suffix"] = json!("</w>");
    tokenizer(&json!({"normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"},
        "decoder": {"type": "BPEDecoder", "suffix": "</w>"}, "model": model}))
}

fn kinds() -> [(&'static str, Tokens); 11] {
    [
        ("byte-level BPE that puts a space first", byte_level_after(" ", None)),
        ("byte-level BPE", byte_level(None)),
        (
            "byte-level BPE with a template",
            byte_level(Some(template(&["<|begin|>"], &[], &["<|begin|>"]))),
        ),
        ("metaspace BPE by normalizers", llama(true)),
        ("metaspace BPE, always", metaspace("always")),
        ("metaspace BPE, first", metaspace("first")),
        ("metaspace BPE, never", metaspace("never")),
        ("unigram", unigram()),
        ("WordPiece", word_piece()),
        ("word-level", words()),
        ("BPE that marks the ends of words", first_gpt()),
    ]
}

fn labels(tokens: &Tokens, text: &str) -> Vec<String> {
    tokens.encode(text).unwrap().ids.iter().map(|id| tokens.readable(*id)).collect()
}

#[test]
fn labels_are_the_prompt_again() {
    for (kind, tokens) in kinds() {
        let labels = labels(&tokens, PROMPT);
        assert!(labels.iter().all(|label| !label.trim().is_empty()), "{kind}: {labels:?}");
        let whole = labels.concat().to_lowercase();
        assert_eq!(whole.trim(), PROMPT.to_lowercase(), "{kind}: {labels:?}");
    }
}

#[test]
fn a_subject_is_found_wherever_it_stands_and_without_a_warning() {
    for (kind, tokens) in kinds() {
        let text = |range: std::ops::Range<usize>| {
            labels(&tokens, PROMPT)[range].concat().trim().to_lowercase()
        };
        for subject in ["Eiffel Tower", "The", "The Eiffel", "is", "in", "Tower is in"] {
            let Subject { tokens: range, rome, difference } =
                tokens.subject_range(PROMPT, subject).unwrap();
            assert_eq!(text(range), subject.to_lowercase(), "{kind}: {subject}");
            assert_eq!((rome, difference), (None, None), "{kind}: {subject}");
        }
    }
}

#[test]
fn a_space_that_a_tokenizer_puts_before_a_text_is_not_of_the_subject() {
    // None of these vocabularies has the word, so that the space is a token of its own.
    for tokens in [llama(false), unigram()] {
        let labels = labels(&tokens, "Oslo is");
        assert_eq!(labels[..2], [" ", "O"], "a space, then letters");
        assert_eq!(tokens.subject_range("Oslo is", "Oslo").unwrap().tokens, 1..5);
        assert_eq!(tokens.subject_range("The Oslo", "Oslo").unwrap().tokens, 2..6);
    }
}

#[test]
fn an_answer_is_one_token_with_a_space_or_without() {
    for (kind, tokens) in kinds() {
        let ids = tokens.encode_after_space("Paris").unwrap();
        assert_eq!(ids.len(), 1, "{kind}");
        assert_eq!(tokens.readable(ids[0]).trim().to_lowercase(), "paris", "{kind}");
        let prompt = tokens.encode(&format!("{PROMPT} Paris")).unwrap().ids;
        assert_eq!(prompt.last(), ids.first(), "{kind}: as it stands behind the prompt");
    }
}

#[test]
fn what_a_template_adds_is_known_and_not_added() {
    let around = |tokens: &Tokens| {
        let texts = |ids: &[u32]| ids.iter().map(|id| tokens.readable(*id)).collect::<Vec<_>>();
        (texts(tokens.begin()), texts(tokens.end()))
    };
    let none: (Vec<String>, Vec<String>) = (vec![], vec![]);
    for (kind, tokens) in kinds() {
        let expected = match kind {
            "byte-level BPE with a template" => (vec!["<|begin|>".to_owned()], vec![]),
            "metaspace BPE by normalizers" => (vec!["<s>".to_owned()], vec![]),
            "WordPiece" => (vec!["[CLS]".to_owned()], vec!["[SEP]".to_owned()]),
            _ => none.clone(),
        };
        assert_eq!(around(&tokens), expected, "{kind}");
        assert!(!labels(&tokens, PROMPT).contains(&"<s>".to_owned()));
    }
}

#[test]
fn a_template_is_known_where_no_letter_has_a_token() {
    let around = template(&["<s>"], &["</s>"], &["<s>", "</s>"]);
    let tokens = tokenizer(&json!({"added_tokens": special(&["<s>", "</s>"]),
        "pre_tokenizer": {"type": "Whitespace"}, "post_processor": around,
        "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": ids(["<s>", "</s>", "dog"])}}));
    assert_eq!((tokens.begin(), tokens.end()), (&[0][..], &[1][..]));
    assert!(tokens.encode("cat").is_err(), "no token, and none for what is unknown");
}

#[test]
fn bytes_and_control_characters_of_other_kinds_are_shown() {
    let llama = llama(false);
    assert_eq!(labels(&llama, "☃\n"), [" ", "<0xE2>", "<0x98>", "<0x83>", "⏎"]);
    assert_eq!(labels(&llama, "<s>is")[0], "<s>", "a special token in a text");
    assert_eq!(labels(&word_piece(), "the tower, paris."), [" the", " tower", ",", " paris", "."]);
    assert_eq!(labels(&word_piece(), "☃"), ["[UNK]"]);
    assert_eq!(llama.readable(99_999), "<99999>");
}

#[test]
fn a_subject_that_looks_alike_is_found_and_named() {
    for (prompt, subject, difference) in [
        (
            "The Eiffel\u{a0}Tower is",
            "Eiffel Tower",
            "the prompt has U+00A0 where the subject has U+0020",
        ),
        (
            "The Ｅiffel Tower is",
            "Eiffel Tower",
            "the prompt has U+FF25 where the subject has U+0045",
        ),
        (
            "Beyonce\u{301} is",
            "Beyonc\u{e9}",
            "the prompt has U+0065 U+0301 where the subject has U+00E9",
        ),
        ("O\u{2019}Neal is", "O'Neal", "the prompt has U+2019 where the subject has U+0027"),
    ] {
        let found = byte_level(None).subject_range(prompt, subject).unwrap();
        assert_eq!(found.difference.as_deref(), Some(difference), "{subject}");
    }
    let refused = |prompt: &str, subject: &str| {
        byte_level(None).subject_range(prompt, subject).unwrap_err().to_string()
    };
    let homoglyph = refused("The \u{415}iffel Tower is", "Eiffel Tower");
    assert!(
        homoglyph.contains("the prompt has U+0415 where the subject has U+0045"),
        "{homoglyph}"
    );
    let twice = refused("O\u{2019}Neal and O\u{2019}Neal", "O'Neal");
    assert!(twice.contains("the prompt has U+2019 where the subject has U+0027"), "{twice}");
}

#[test]
fn tokenizers_from_reports_have_readable_labels() {
    let Some(cases) = shared("cases/tokenizers") else { return };
    for (name, begin) in
        [("tok_llama2", 0), ("tok_metaspace_first", 0), ("tok_wordpiece", 0), ("tok_llama3", 1)]
    {
        let tokens = Tokens::from_file(cases.join(format!("{name}.json"))).unwrap();
        let labels = labels(&tokens, PROMPT);
        assert_eq!(
            labels.concat().trim().to_lowercase(),
            PROMPT.to_lowercase(),
            "{name}: {labels:?}"
        );
        assert_eq!(tokens.begin().len(), begin, "{name}");
        assert_eq!(tokens.subject_range(PROMPT, "Eiffel Tower").unwrap().rome, None, "{name}");
    }
}
