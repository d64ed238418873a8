//! tokenizer.json: what is read from it, and what is refused.

use crate::fixtures::*;
use crate::handles::{Handle, OFFSETS, PLAIN, read};
use ovembed_tokenizer::ffi::OvtStatus;
use ovembed_tokenizer::tokenizer_ffi::*;
use serde_json::{Value, json};
use std::mem::MaybeUninit;

#[test]
fn padding_section_is_told() {
    let mut padding = MaybeUninit::<OvtPadding>::uninit();
    let without = Handle::load(&bytes(&wordpiece())).unwrap();
    assert!(!unsafe { ovt_tokenizer_padding(without.0, padding.as_mut_ptr()) });

    let section = json!({
        "strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": null, "pad_id": 9, "pad_type_id": 1,
        "pad_token": "<pad>",
    });
    let handle = Handle::load(&bytes(&with(wordpiece(), "/padding", section))).unwrap();
    assert!(unsafe { ovt_tokenizer_padding(handle.0, padding.as_mut_ptr()) });
    let padding = unsafe { padding.assume_init() };
    assert_eq!(
        (padding.side, padding.pad_id, padding.pad_type_id),
        (OvtSide::Left, 9, 1)
    );
    assert_eq!(unsafe { read(&padding.pad_token) }, "<pad>");
}

#[test]
fn a_tokenizer_without_post_processor_adds_nothing() {
    let handle = Handle::load(&bytes(&with(wordpiece(), "/post_processor", Value::Null))).unwrap();
    let rows = handle.encode(&["hello", ""], OFFSETS).unwrap();
    assert_eq!(
        (rows.row_starts, rows.original_counts, rows.offsets),
        (vec![0, 1, 1], vec![1, 0], vec![0, 5])
    );
}

#[test]
fn malformed_files_are_errors() {
    let json = wordpiece;
    let text = |json: &Value| String::from_utf8(bytes(json)).unwrap();
    let cases = [
        ("empty", vec![]),
        ("not JSON", b"hello".to_vec()),
        ("not UTF-8", b"{\"version\":\"\xFF\"}".to_vec()),
        ("JSON of another kind", b"[1, 2]".to_vec()),
        ("empty object", b"{}".to_vec()),
        ("cut off", bytes(&json())[..1000].to_vec()),
        ("something after the end", [bytes(&json()), b"x".to_vec()].concat()),
        ("nested without end", "{\"model\":".repeat(100_000).into_bytes()),
        ("unknown version", bytes(&with(json(), "/version", json!("9.9")))),
        ("version is a number", bytes(&with(json(), "/version", json!(1)))),
        ("no model", bytes(&with(json(), "/model", Value::Null))),
        ("unknown model", bytes(&with(json(), "/model/type", json!("Telepathy")))),
        ("vocabulary is a number", bytes(&with(json(), "/model/vocab", json!(5)))),
        (
            "vocabulary id is text",
            bytes(&with(json(), "/model/vocab/hello", json!("5"))),
        ),
        (
            "vocabulary id is negative",
            bytes(&with(json(), "/model/vocab/hello", json!(-5))),
        ),
        (
            "vocabulary id over 32 bits",
            bytes(&with(json(), "/model/vocab/hello", json!(1u64 << 32))),
        ),
        (
            "unknown normaliser",
            bytes(&with(json(), "/normalizer", json!({ "type": "Shout" }))),
        ),
        (
            "normaliser option of a wrong type",
            bytes(&with(json(), "/normalizer/lowercase", json!("yes"))),
        ),
        (
            "unknown pre-tokeniser",
            bytes(&with(json(), "/pre_tokenizer/type", json!("Chop"))),
        ),
        (
            "bad regular expression",
            bytes(&with(
                json(),
                "/pre_tokenizer",
                json!({
                    "type": "Split", "pattern": { "Regex": "(" }, "behavior": "Isolated", "invert": false,
                }),
            )),
        ),
        (
            "unknown post-processor",
            bytes(&with(json(), "/post_processor", json!({ "type": "Polish" }))),
        ),
        (
            "template without its special tokens",
            bytes(&with(json(), "/post_processor/special_tokens", json!({}))),
        ),
        (
            "template without the text",
            bytes(&with(json(), "/post_processor/single", json!([]))),
        ),
        (
            "unknown decoder",
            bytes(&with(json(), "/decoder", json!({ "type": "Ring" }))),
        ),
        (
            "added tokens are an object",
            bytes(&with(json(), "/added_tokens", json!({}))),
        ),
        (
            "added token without content",
            bytes(&with(json(), "/added_tokens/0", json!({ "id": 0 }))),
        ),
        (
            "truncation without length",
            bytes(&with(json(), "/truncation", json!({ "stride": 0 }))),
        ),
        ("truncation to an unknown side", bytes(&cutting(json(), "Middle"))),
        (
            "padding of an unknown kind",
            bytes(&with(json(), "/padding", json!({ "strategy": "Lots" }))),
        ),
        (
            "merge of an unknown token",
            bytes(&with(byte_level(), "/model/merges/0", json!("qqq zzz"))),
        ),
        (
            "merge of one token",
            bytes(&with(byte_level(), "/model/merges/0", json!("h"))),
        ),
        (
            "two models in one",
            text(&json())
                .replacen("\"model\":{", "\"model\":7,\"model\":{", 1)
                .into_bytes(),
        ),
    ];
    let mut accepted = Vec::new();
    for (name, case) in cases {
        match Handle::load(&case) {
            Ok(_) => accepted.push(name),
            Err(failure) => failure.assert(OvtStatus::InvalidFile, &["not a usable tokenizer.json"]),
        }
    }
    assert!(accepted.is_empty(), "accepted: {accepted:?}");
}

/// Such a file can be read; what is wrong with it shows in the first text that needs the missing token.
#[test]
fn a_vocabulary_without_its_unknown_token_is_an_error_of_the_file() {
    let handle = Handle::load(&bytes(&with(wordpiece(), "/model/unk_token", json!("[NONE]")))).unwrap();
    let failure = handle.encode(&["hello", "hello 한"], OFFSETS).unwrap_err();
    failure.assert(OvtStatus::InvalidFile, &["row 1", "[UNK]"]);
}

/// Whatever happens to the bytes, loading and encoding give an answer or an error, and never a panic.
#[test]
fn damaged_files_never_panic() {
    let mut random = Random(7);
    for (_, json) in all() {
        for _ in 0..150 {
            let mut damaged = json.clone();
            match random.below(3) {
                0 => damaged.truncate(random.below(json.len())),
                1 => damaged[random.below(json.len())] = random.below(256) as u8,
                _ => drop(damaged.drain(random.below(json.len())..).take(random.below(40)).count()),
            }
            let outcome = Handle::load(&damaged).and_then(|handle| handle.encode(&TEXTS, OFFSETS).map(drop));
            if let Err(failure) = outcome {
                failure.assert(OvtStatus::InvalidFile, &[]);
            }
        }
    }
}

/// What sentence-transformers does for `do_lower_case: true`.
#[test]
fn texts_are_lower_cased_before_the_own_normalization() {
    let ids = |json: &Value, lower_case: bool| {
        let load = if lower_case {
            Handle::load_lower_casing
        } else {
            Handle::load
        };
        let rows = load(&bytes(json)).unwrap().encode(&["Hello ÀB\u{130}"], PLAIN).unwrap();
        rows.ids
    };
    let normalized_by = |normalizer: Value| with(wordpiece(), "/normalizer", normalizer);
    let cased = json!({
        "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
        "lowercase": false,
    });
    let lower_case = json!({ "type": "Lowercase" });
    let sequence = |parts: &[&Value]| json!({ "type": "Sequence", "normalizers": parts });
    let strip = json!({ "type": "StripAccents" });
    let nfd = json!({ "type": "NFD" });

    let own = normalized_by(cased.clone());
    assert_ne!(ids(&own, false), ids(&own, true));
    for (before, after) in [
        (Value::Null, lower_case.clone()),
        (cased.clone(), sequence(&[&lower_case, &cased])),
        (sequence(&[&nfd, &strip]), sequence(&[&lower_case, &nfd, &strip])),
        // One that is there already stays where it is: after NFD the letters are others.
        (sequence(&[&nfd, &lower_case]), sequence(&[&nfd, &lower_case])),
        (lower_case.clone(), lower_case.clone()),
    ] {
        assert_eq!(ids(&normalized_by(before), true), ids(&normalized_by(after), false));
    }
}
