//! The C functions of the tokenizer.

use crate::encoding::OvtEncoding;
use crate::ffi::{
    Error, OvtStatus, OvtString, OvtText, Result, borrow, borrow_mut, borrow_slice, free, guard, guard_new, guard_or,
};
use crate::tokenizer::{OvtCut, OvtEncodeOptions, OvtTokenizer};
use tokenizers::PaddingDirection;

/// On which side of a row padding goes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OvtSide {
    Left,
    Right,
}

/// The padding section of a tokenizer.json.
#[repr(C)]
pub struct OvtPadding {
    pub side: OvtSide,
    /// The id that fills a row, and the type id beside it.
    pub pad_id: u32,
    pub pad_type_id: u32,
    /// The token of `pad_id`, such as [PAD]. Lives as long as the tokenizer.
    pub pad_token: OvtText,
}

/// Loads a tokenizer from the `len` bytes of a tokenizer.json, which are not needed after the call.
///
/// With `lower_case`, texts are lower-cased (Unicode, character by character) before the file's own normalisation, unless
/// one of its normalizers is named Lowercase.
///
/// The file's own truncation and padding are switched off; see ovt_tokenizer_padding, ovt_tokenizer_cut and
/// OvtEncodeOptions. `*out` receives the tokenizer (NULL on failure).
/// OVT_STATUS_INVALID_FILE if the bytes are no tokenizer.json that the library understands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_tokenizer_new(
    json: *const u8,
    len: usize,
    lower_case: bool,
    out: *mut *mut OvtTokenizer,
    error: *mut OvtString,
) -> OvtStatus {
    unsafe {
        guard_new(out, error, || {
            OvtTokenizer::from_json(borrow_slice(json, len, "json")?, lower_case)
        })
    }
}

/// Frees a tokenizer. No other thread may be using it. Encodings made with it stay valid. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_tokenizer_free(tokenizer: *mut OvtTokenizer) {
    unsafe { free(tokenizer) };
}

/// One more than the largest token id, added tokens counted; valid ids are smaller. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_tokenizer_vocab_size(tokenizer: *const OvtTokenizer) -> usize {
    guard_or(0, || unsafe { tokenizer.as_ref() }.map_or(0, OvtTokenizer::vocab_size))
}

/// Writes the padding that the tokenizer.json asks for to `out`. False, and `out` untouched, if it has no such section.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_tokenizer_padding(tokenizer: *const OvtTokenizer, out: *mut OvtPadding) -> bool {
    guard_or(false, || {
        let padding = unsafe { tokenizer.as_ref() }.and_then(OvtTokenizer::padding);
        let (Some(padding), false) = (padding, out.is_null()) else {
            return false;
        };
        let padding = OvtPadding {
            side: match padding.direction {
                PaddingDirection::Left => OvtSide::Left,
                PaddingDirection::Right => OvtSide::Right,
            },
            pad_id: padding.pad_id,
            pad_type_id: padding.pad_type_id,
            pad_token: padding.pad_token.as_str().into(),
        };
        unsafe { out.write(padding) };
        true
    })
}

/// Where the tokenizer.json cuts texts by itself: OVT_CUT_START if its truncation section has the direction Left, else
/// OVT_CUT_END.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_tokenizer_cut(tokenizer: *const OvtTokenizer) -> OvtCut {
    guard_or(OvtCut::End, || {
        unsafe { tokenizer.as_ref() }.map_or(OvtCut::End, OvtTokenizer::cut)
    })
}

/// Encodes `n` texts, a row each unless they are cut into windows, on the calling thread.
///
/// Rows longer than `max_length` are cut as Hugging Face does with `truncation=True, max_length=…`: the text's tokens
/// are cut, then the special tokens are added. `*out` receives the rows (NULL on failure); the texts are not needed
/// after the call. OVT_STATUS_INVALID_ARGUMENT if a text is not UTF-8 (the error names the row) or if `max_length` has
/// no room for the special tokens, or for what it has to keep and the head of a text; OVT_STATUS_INVALID_FILE if the
/// tokenizer cannot encode a text, such as a word outside the vocabulary of a tokenizer without unknown token.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_tokenizer_encode(
    tokenizer: *const OvtTokenizer,
    texts: *const OvtText,
    n: usize,
    options: *const OvtEncodeOptions,
    out: *mut *mut OvtEncoding,
    error: *mut OvtString,
) -> OvtStatus {
    unsafe {
        guard_new(out, error, || {
            let tokenizer = borrow(tokenizer, "tokenizer")?;
            let options = borrow(options, "options")?;
            let texts = borrow_slice(texts, n, "texts")?;
            let texts = texts
                .iter()
                .enumerate()
                .map(|(row, text)| text.as_str(format_args!("the text of row {row}")));
            tokenizer.encode(&texts.collect::<Result<Vec<_>>>()?, options)
        })
    }
}

/// Takes `n` rows of token ids as exact model input: nothing is added.
///
/// `row_starts` has n + 1 elements that start at 0 and do not decrease; row i is `ids[row_starts[i]]` up to, not
/// including, `ids[row_starts[i + 1]]`. Type ids and offsets are 0. A row longer than `max_length` is cut so that the
/// special tokens of the tokenizer's template, if they are at its ends, stay: ids from an untruncated encode give the
/// row that the text itself would have given. OVT_STATUS_INVALID_ARGUMENT if an id is not below
/// ovt_tokenizer_vocab_size (the error names row, position, id and size) or if `max_length` has no room for a row's
/// special tokens. The arrays are not needed after the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_tokenizer_encode_ids(
    tokenizer: *const OvtTokenizer,
    ids: *const u32,
    row_starts: *const usize,
    n: usize,
    options: *const OvtEncodeOptions,
    out: *mut *mut OvtEncoding,
    error: *mut OvtString,
) -> OvtStatus {
    unsafe {
        guard_new(out, error, || {
            let tokenizer = borrow(tokenizer, "tokenizer")?;
            let options = borrow(options, "options")?;
            let starts = borrow_slice(row_starts, n.saturating_add(1), "row_starts")?;
            if starts[0] != 0 || !starts.is_sorted() {
                return Err(Error::argument("row_starts must start at 0 and must not decrease"));
            }
            let ids = borrow_slice(ids, starts[n], "ids")?;
            let rows: Vec<_> = starts.windows(2).map(|bounds| &ids[bounds[0]..bounds[1]]).collect();
            tokenizer.encode_ids(&rows, options)
        })
    }
}

/// Decodes `n` token ids to `*out`, which the caller frees with ovt_string_free (NULL text on failure).
/// OVT_STATUS_INVALID_ARGUMENT if an id is not below ovt_tokenizer_vocab_size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_tokenizer_decode(
    tokenizer: *const OvtTokenizer,
    ids: *const u32,
    n: usize,
    skip_special_tokens: bool,
    out: *mut OvtString,
    error: *mut OvtString,
) -> OvtStatus {
    guard(error, || unsafe {
        let out = borrow_mut(out, "out")?;
        *out = OvtString::NONE;
        let ids = borrow_slice(ids, n, "ids")?;
        *out = borrow(tokenizer, "tokenizer")?.decode(ids, skip_special_tokens)?.into();
        Ok(())
    })
}
