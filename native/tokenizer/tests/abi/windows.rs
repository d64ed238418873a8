//! Inputs that are cut into windows, and the heads that rows keep.

use crate::fixtures::*;
use crate::handles::{Handle, OFFSETS, PLAIN, Rows};
use ovembed_tokenizer::ffi::OvtStatus;
use ovembed_tokenizer::tokenizer::{OvtCut, OvtEncodeOptions};

fn windows(max_length: usize, overlap: usize) -> OvtEncodeOptions {
    OvtEncodeOptions {
        max_length,
        overlap,
        cut: OvtCut::Windows,
        ..OFFSETS
    }
}

fn with_head(options: OvtEncodeOptions, head: &[u32]) -> OvtEncodeOptions {
    OvtEncodeOptions {
        head: head.as_ptr(),
        head_len: head.len(),
        ..options
    }
}

/// The tokens that are a row's own, as places in the row.
fn own(rows: &Rows, row: usize) -> std::ops::Range<usize> {
    let (start, count) = rows.own[row];
    let start = rows.row_starts[row] + start as usize;
    start..start + count as usize
}

#[test]
fn own_tokens_put_together_are_the_text() {
    let texts = random_texts(60);
    let texts: Vec<&str> = texts.iter().map(String::as_str).chain(TEXTS).collect();
    for (name, json) in all() {
        let handle = Handle::load(&json).unwrap();
        let whole = handle.encode(&texts, OFFSETS).unwrap();
        for (max_length, overlap) in [(3, 0), (5, 0), (5, 1), (8, 3), (8, 100), (64, 7)] {
            let rows = handle.encode(&texts, windows(max_length, overlap)).unwrap();
            let case = format!("{name}, {max_length} tokens, {overlap} of them repeated");
            let mut ids: Vec<Vec<u32>> = vec![vec![]; texts.len()];
            let mut offsets: Vec<Vec<u32>> = vec![vec![]; texts.len()];
            for row in 0..rows.inputs.len() {
                let input = rows.inputs[row] as usize;
                let tokens = rows.row_starts[row]..rows.row_starts[row + 1];
                assert!(tokens.len() <= max_length, "{case}");
                assert_eq!((rows.mask[tokens.start], rows.mask[tokens.end - 1]), (1, 1), "{case}");
                assert_eq!(rows.original_counts[row], whole.original_counts[input], "{case}");
                ids[input].extend(&rows.ids[own(&rows, row)]);
                offsets[input].extend(
                    own(&rows, row)
                        .flat_map(|token| [2 * token, 2 * token + 1])
                        .map(|at| rows.offsets[at]),
                );
            }
            assert!(rows.truncated.iter().all(|&cut| cut == 0));
            for input in 0..texts.len() {
                let content = whole.row_starts[input] + 1..whole.row_starts[input + 1] - 1;
                assert_eq!(ids[input], whole.ids[content.clone()], "{case}: {:?}", texts[input]);
                if name.starts_with("WordPiece") {
                    assert_eq!(
                        offsets[input],
                        whole.offsets[2 * content.start..2 * content.end],
                        "{case}"
                    );
                }
            }
        }
    }
}

#[test]
fn windows_overlap_by_so_many_tokens() {
    let handle = Handle::load(&bytes(&wordpiece())).unwrap();
    let rows = handle.encode(&["a b c d e f g", "a"], windows(6, 2)).unwrap();
    let texts: Vec<_> = rows
        .row_starts
        .windows(2)
        .map(|bounds| handle.decode(&rows.ids[bounds[0]..bounds[1]], true).unwrap())
        .collect();
    assert_eq!(texts, ["a b c d", "c d e f", "e f g", "a"]);
    assert_eq!(rows.own, [(1, 4), (3, 2), (3, 1), (1, 1)]);
    assert_eq!(rows.inputs, [0, 0, 0, 1]);
    assert_eq!(rows.original_counts, [9, 9, 9, 3]);
}

#[test]
fn rows_that_are_cut_keep_the_head() {
    let handle = Handle::load(&bytes(&wordpiece())).unwrap();
    let ids = |text: &str| {
        let plain = OvtEncodeOptions {
            add_special_tokens: false,
            ..PLAIN
        };
        handle.encode(&[text], plain).unwrap().ids
    };
    let cut = |cut, head: &[u32]| {
        let options = OvtEncodeOptions { cut, ..windows(6, 0) };
        let rows = handle.encode(&["q: a b c d e"], with_head(options, head)).unwrap();
        let texts = rows.row_starts.windows(2);
        let texts = texts.map(|bounds| handle.decode(&rows.ids[bounds[0]..bounds[1]], true).unwrap());
        (texts.collect::<Vec<_>>(), rows.own)
    };
    let head = ids("q: ");
    assert_eq!(cut(OvtCut::End, &head), (vec!["q : a b".into()], vec![(1, 4)]));
    assert_eq!(cut(OvtCut::Start, &head), (vec!["q : d e".into()], vec![(3, 2)]));
    let expected = ["q : a b", "q : c d", "q : e"].map(String::from).to_vec();
    assert_eq!(cut(OvtCut::Windows, &head), (expected, vec![(3, 2), (3, 2), (3, 1)]));
    // The text does not begin with the last token of this head.
    let grown = ids("q: hello");
    assert_eq!(cut(OvtCut::Start, &grown).0, ["q : d e"]);
}

#[test]
fn a_head_leaves_room_for_a_text() {
    let handle = Handle::load(&bytes(&wordpiece())).unwrap();
    let text = ["a b c d e"];
    let head = handle.encode(&text, PLAIN).unwrap().ids[1..4].to_vec();
    for cut in [OvtCut::Start, OvtCut::Windows] {
        let encode = |max_length| {
            let options = OvtEncodeOptions {
                cut,
                ..windows(max_length, 0)
            };
            handle.encode(&text, with_head(options, &head))
        };
        assert_eq!(encode(6).unwrap().own[0], (4, 1));
        let failure = encode(5).unwrap_err();
        failure.assert(
            OvtStatus::InvalidArgument,
            &["3 tokens of the prompt", "2 special", "5 tokens"],
        );
        assert_eq!(encode(7).unwrap().truncated, [0]);
    }
    let failure = handle.encode_ids(&[2, 10, 3], &[0, 3], windows(2, 0)).unwrap_err();
    failure.assert(OvtStatus::InvalidArgument, &["no room"]);
}
