//! Offsets index the text as JavaScript does, in UTF-16 code units.

use crate::fixtures::{TEXTS, all, byte_level, bytes, random_texts, wordpiece};
use crate::handles::{Handle, OFFSETS, PLAIN};
use tokenizers::Tokenizer;

fn utf16_slice(text: &str, start: u32, end: u32) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    String::from_utf16(&units[start as usize..end as usize]).expect("no surrogate pair is split")
}

fn sources(json: &[u8], text: &str) -> Vec<String> {
    let rows = Handle::load(json).unwrap().encode(&[text], OFFSETS).unwrap();
    rows.offsets
        .chunks(2)
        .map(|span| utf16_slice(text, span[0], span[1]))
        .collect()
}

#[test]
fn slices_are_the_source_of_each_token() {
    let wordpiece = bytes(&wordpiece());
    assert_eq!(
        sources(&wordpiece, "Embeddings 😀 中文!"),
        ["", "Em", "bed", "ding", "s", "😀", "中", "文", "!", ""]
    );
    // The tokenizer strips accents: one within a character is part of the source, one after it has no token.
    assert_eq!(sources(&wordpiece, "😀 é"), ["", "😀", "é", ""]);
    assert_eq!(sources(&wordpiece, "😀 e\u{301} s"), ["", "😀", "e", "s", ""]);
    let byte_level = bytes(&byte_level());
    assert_eq!(sources(&byte_level, "hello  w"), ["", "hello", "", "w", ""]);
    // Four bytes, four tokens, each of which has the whole emoji as its source.
    assert_eq!(sources(&byte_level, "x😀"), ["", "x", "😀", "😀", "😀", "😀", ""]);
}

/// Hugging Face counts offsets in characters; the same slices have to come out.
#[test]
fn slices_equal_those_of_hugging_face() {
    let texts: Vec<String> = TEXTS.map(String::from).into_iter().chain(random_texts(300)).collect();
    for (name, json) in all() {
        let handle = Handle::load(&json).unwrap();
        let mut reference = Tokenizer::from_bytes(&json).unwrap();
        reference.with_truncation(None).unwrap();
        for text in &texts {
            let expected = reference.encode_char_offsets(text.as_str(), true).unwrap();
            let expected = expected.get_offsets().iter();
            let expected: Vec<String> = expected
                .map(|&(start, end)| text.chars().skip(start).take(end.saturating_sub(start)).collect())
                .collect();
            let rows = handle.encode(&[text], OFFSETS).unwrap();
            let actual: Vec<String> = rows
                .offsets
                .chunks(2)
                .map(|span| utf16_slice(text, span[0], span[1]))
                .collect();
            assert_eq!(actual, expected, "{name}: {text:?}");
        }
    }
}

#[test]
fn everything_else_is_the_same_without_offsets() {
    let texts = random_texts(200);
    let texts: Vec<&str> = texts.iter().map(String::as_str).chain(TEXTS).collect();
    for (name, json) in all() {
        let handle = Handle::load(&json).unwrap();
        let mut with = handle.encode(&texts, OFFSETS).unwrap();
        let without = handle.encode(&texts, PLAIN).unwrap();
        assert_eq!(with.offsets.len(), 2 * with.ids.len());
        with.offsets.clear();
        assert_eq!(with, without, "{name}");
    }
}
