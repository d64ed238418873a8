//! Rows: ids, masks, counts and truncation, from texts and from ids.

use crate::fixtures::*;
use crate::handles::{Handle, OFFSETS, PLAIN, Rows};
use ovembed_tokenizer::encoding::OvtEncoding;
use ovembed_tokenizer::ffi::OvtStatus;
use ovembed_tokenizer::safetensors::OvtSafetensors;
use ovembed_tokenizer::tokenizer::{OvtCut, OvtEncodeOptions, OvtTokenizer};
use std::thread;
use tokenizers::{Tokenizer, TruncationDirection, TruncationParams};

fn limit(max_length: usize) -> OvtEncodeOptions {
    OvtEncodeOptions { max_length, ..PLAIN }
}

const CUTS: [OvtCut; 2] = [OvtCut::End, OvtCut::Start];

#[test]
fn rows_are_flat_and_in_order() {
    let handle = Handle::load(&bytes(&wordpiece())).unwrap();
    let rows = handle.encode(&["hello", "", "a b"], PLAIN).unwrap();
    assert_eq!(rows.row_starts, [0, 3, 5, 9]);
    assert_eq!(handle.decode(&rows.ids[0..3], false).unwrap(), "[CLS] hello [SEP]");
    assert_eq!(rows.ids[3..5], [2, 3]);
    assert_eq!(rows.mask, [1, 0, 1, 1, 1, 1, 0, 0, 1]);
    assert_eq!(rows.type_ids, [0; 9]);
    assert_eq!(rows.original_counts, [3, 2, 4]);
    assert_eq!(rows.truncated, [0, 0, 0]);
    assert!(rows.offsets.is_empty());
}

#[test]
fn no_rows_are_an_encoding_too() {
    let handle = Handle::load(&bytes(&wordpiece())).unwrap();
    for rows in [
        handle.encode(&[], OFFSETS).unwrap(),
        handle.encode_ids(&[], &[0], OFFSETS).unwrap(),
    ] {
        assert_eq!((rows.row_starts, rows.ids), (vec![0], vec![]));
    }
}

#[test]
fn special_tokens_are_left_out_on_request() {
    let handle = Handle::load(&bytes(&wordpiece())).unwrap();
    let options = OvtEncodeOptions {
        add_special_tokens: false,
        max_length: 1,
        ..PLAIN
    };
    let rows = handle.encode(&["hello world", ""], options).unwrap();
    assert_eq!((rows.row_starts, rows.original_counts), (vec![0, 1, 1], vec![2, 0]));
    assert_eq!((rows.mask, rows.truncated), (vec![0], vec![1, 0]));
}

/// The file's own truncation (5 in these fixtures) and padding must not show.
#[test]
fn baked_truncation_and_padding_are_switched_off() {
    let padding = serde_json::json!({
        "strategy": { "Fixed": 128 }, "direction": "Left", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0,
        "pad_token": "[PAD]",
    });
    let baked = with(cutting(wordpiece(), "Right"), "/padding", padding);
    let rows = Handle::load(&bytes(&baked))
        .unwrap()
        .encode(&["a b c d e f g"], PLAIN)
        .unwrap();
    assert_eq!((rows.row_starts, rows.truncated), (vec![0, 9], vec![0]));
}

#[test]
fn truncation_equals_hugging_face() {
    let texts = random_texts(60);
    let texts: Vec<&str> = texts.iter().map(String::as_str).chain(TEXTS).collect();
    for (name, json) in all() {
        let handle = Handle::load(&json).unwrap();
        for (max_length, add_special_tokens, cut) in (2..12)
            .chain([64])
            .flat_map(|length| [(length, true), (length, false)])
            .flat_map(|(length, special)| CUTS.map(|cut| (length, special, cut)))
        {
            let options = OvtEncodeOptions {
                max_length,
                add_special_tokens,
                cut,
                ..OFFSETS
            };
            let rows = handle.encode(&texts, options).unwrap();
            let expected = reference_rows(&json, &texts, &options);
            let actual = (rows.row_starts, rows.ids, rows.type_ids, rows.mask);
            assert_eq!(
                actual, expected,
                "{name}, {max_length} tokens, {cut:?}, special tokens: {add_special_tokens}"
            );
        }
    }
}

type ReferenceRows = (Vec<usize>, Vec<u32>, Vec<u32>, Vec<u8>);

fn reference_rows(json: &[u8], texts: &[&str], options: &OvtEncodeOptions) -> ReferenceRows {
    let mut reference = Tokenizer::from_bytes(json).unwrap();
    let params = TruncationParams {
        max_length: options.max_length,
        direction: match options.cut {
            OvtCut::Start => TruncationDirection::Left,
            _ => TruncationDirection::Right,
        },
        ..Default::default()
    };
    reference.with_truncation(Some(params)).unwrap();
    let (mut starts, mut ids, mut type_ids, mut mask) = (vec![0], vec![], vec![], vec![]);
    for text in texts {
        let row = reference.encode(*text, options.add_special_tokens).unwrap();
        ids.extend(row.get_ids());
        type_ids.extend(row.get_type_ids());
        mask.extend(row.get_special_tokens_mask().iter().map(|&special| special as u8));
        starts.push(ids.len());
    }
    (starts, ids, type_ids, mask)
}

#[test]
fn the_files_direction_is_told_and_not_taken() {
    let load = |json| Handle::load(&bytes(&json)).unwrap();
    let left = load(cutting(wordpiece(), "Left"));
    assert_eq!(left.cut(), OvtCut::Start);
    assert_eq!(load(cutting(wordpiece(), "Right")).cut(), OvtCut::End);
    assert_eq!(load(wordpiece()).cut(), OvtCut::End);
    let cut = |cut| {
        let rows = left.encode(&["a b c"], OvtEncodeOptions { cut, ..limit(4) }).unwrap();
        assert_eq!((rows.original_counts, rows.truncated), (vec![5], vec![1]));
        left.decode(&rows.ids, true).unwrap()
    };
    assert_eq!((cut(OvtCut::End).as_str(), cut(OvtCut::Start).as_str()), ("a b", "b c"));
}

#[test]
fn max_length_needs_room_for_special_tokens() {
    let handle = Handle::load(&bytes(&wordpiece())).unwrap();
    assert_eq!(handle.encode(&["hello"], limit(2)).unwrap().ids, [2, 3]);
    let failure = handle.encode(&["hello"], limit(1)).unwrap_err();
    failure.assert(OvtStatus::InvalidArgument, &["max_length 1", "2 special tokens"]);
    let failure = handle.encode_ids(&[2, 10, 3], &[0, 3], limit(1)).unwrap_err();
    failure.assert(OvtStatus::InvalidArgument, &["max_length 1", "2 special tokens"]);
}

/// Splits `rows` off to what a caller of `encode_ids` holds, and encodes that.
fn again(handle: &Handle, rows: &Rows, options: OvtEncodeOptions) -> Rows {
    handle.encode_ids(&rows.ids, &rows.row_starts, options).unwrap()
}

#[test]
fn ids_of_a_text_give_the_row_of_the_text() {
    let texts = random_texts(100);
    // Special tokens that stand in the text itself must not be taken for the template's.
    let literal = [
        "[SEP] a [SEP] b [SEP]",
        "</s></s>",
        "<s>hello</s> w</s>",
        "[CLS] [CLS] a b c d e f g h",
    ];
    let texts: Vec<&str> = texts.iter().map(String::as_str).chain(TEXTS).chain(literal).collect();
    for (name, json) in all() {
        let handle = Handle::load(&json).unwrap();
        let whole = handle.encode(&texts, PLAIN).unwrap();
        for (max_length, cut) in [0, 2, 3, 4, 5, 8, 13, 64]
            .iter()
            .flat_map(|&length| [OvtCut::End, OvtCut::Start, OvtCut::Windows].map(|cut| (length, cut)))
            .filter(|&case| case != (2, OvtCut::Windows))
        {
            let options = OvtEncodeOptions {
                cut,
                ..limit(max_length)
            };
            let expected = handle.encode(&texts, options).unwrap();
            let mut actual = again(&handle, &whole, options);
            // Of the two masks only that of ids marks special tokens that stand in the text.
            assert!(actual.mask.iter().zip(&expected.mask).all(|(ids, text)| ids >= text));
            actual.mask.clone_from(&expected.mask);
            assert_eq!(actual, expected, "{name}, {max_length} tokens, {cut:?}");
        }
    }
}

#[test]
fn ids_without_the_template_are_cut_plainly() {
    let handle = Handle::load(&bytes(&wordpiece())).unwrap();
    let rows = handle.encode_ids(
        &[10, 11, 12, 13, 2, 10, 11, 12],
        &[0, 4, 4, 8],
        OvtEncodeOptions {
            max_length: 2,
            ..OFFSETS
        },
    );
    let rows = rows.unwrap();
    assert_eq!((rows.ids, rows.row_starts), (vec![10, 11, 2, 10], vec![0, 2, 2, 4]));
    assert_eq!(
        (rows.mask, rows.offsets, rows.type_ids),
        (vec![0, 0, 1, 0], vec![0; 8], vec![0; 4])
    );
    assert_eq!((rows.original_counts, rows.truncated), (vec![4, 0, 4], vec![1, 0, 1]));
}

#[test]
fn ids_outside_the_vocabulary_are_named() {
    let json = with(wordpiece(), "/added_tokens/4", special(0, "[EXTRA]"));
    let handle = Handle::load(&bytes(&json)).unwrap();
    let size = unsafe { ovembed_tokenizer::tokenizer_ffi::ovt_tokenizer_vocab_size(handle.0) };
    let extra = handle.encode(&["[EXTRA]"], PLAIN).unwrap().ids[1];
    assert_eq!(extra as usize + 1, size, "added tokens count");
    assert_eq!(handle.encode_ids(&[extra], &[0, 1], PLAIN).unwrap().ids, [extra]);

    let outside = size as u32;
    let failure = handle.encode_ids(&[2, 3, 2, outside], &[0, 2, 4], PLAIN).unwrap_err();
    let (id, vocabulary) = (format!("token id {outside}"), format!("{size} tokens"));
    failure.assert(OvtStatus::InvalidArgument, &[&id, "position 1", "row 1", &vocabulary]);
    handle
        .decode(&[2, u32::MAX], false)
        .unwrap_err()
        .assert(OvtStatus::InvalidArgument, &["4294967295", "position 1"]);
}

#[test]
fn decodes_to_text() {
    let handle = Handle::load(&bytes(&byte_level())).unwrap();
    for text in TEXTS.into_iter().chain(random_texts(100).iter().map(String::as_str)) {
        let ids = handle.encode(&[text], PLAIN).unwrap().ids;
        assert_eq!(
            handle.decode(&ids, true).unwrap(),
            text,
            "a byte-level tokenizer loses nothing"
        );
        assert_eq!(handle.decode(&ids, false).unwrap(), format!("<s>{text}</s>"));
    }
    assert_eq!(handle.decode(&[], true).unwrap(), "");
}

#[test]
fn long_texts_are_encoded_whole() {
    let text = "hello world 😀 ".repeat(60_000);
    assert!(text.len() > 1_000_000);
    let handle = Handle::load(&bytes(&wordpiece())).unwrap();
    let rows = handle.encode(&[&text], OFFSETS).unwrap();
    assert_eq!(rows.original_counts, [180_002]);
    assert_eq!(
        rows.offsets[rows.offsets.len() - 4..],
        [60_000 * 15 - 3, 60_000 * 15 - 1, 0, 0]
    );
    let cut = handle.encode(&[&text], limit(256)).unwrap();
    assert_eq!(
        (cut.ids.len(), cut.original_counts, cut.truncated),
        (256, vec![180_002], vec![1])
    );
}

#[test]
fn promises_hold_for_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<OvtTokenizer>();
    shared::<OvtEncoding>();
    shared::<OvtSafetensors>();
    shared::<serde_json::Value>(); // what OvtJson is

    let texts = random_texts(400);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for (name, json) in all() {
        let handle = Handle::load(&json).unwrap();
        let serial = handle.encode(&texts, OFFSETS).unwrap();
        thread::scope(|scope| {
            let workers: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| handle.encode(&texts, OFFSETS).unwrap()))
                .collect();
            for worker in workers {
                assert!(worker.join().unwrap() == serial, "{name}");
            }
        });
    }
}
