//! Encoded rows as flat arrays, ready to be copied or padded by C++.

use crate::ffi::{OvtStatus, OvtString, borrow, borrow_mut, free, guard};
use crate::pieces::Piece;

/// Encoded rows. Immutable, so that any number of threads may read it. Owned by the caller: ovt_encoding_free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OvtEncoding {
    pub(crate) row_starts: Vec<usize>,
    pub(crate) ids: Vec<u32>,
    pub(crate) type_ids: Vec<u32>,
    pub(crate) special_tokens_mask: Vec<u8>,
    pub(crate) offsets: Vec<u32>,
    pub(crate) original_counts: Vec<u32>,
    pub(crate) truncated: Vec<u8>,
    pub(crate) inputs: Vec<u32>,
    pub(crate) own_starts: Vec<u32>,
    pub(crate) own_counts: Vec<u32>,
}

/// The arrays of an encoding. They are borrowed: valid until ovt_encoding_free. `total` is `row_starts[rows]`.
#[repr(C)]
pub struct OvtEncodingView {
    /// Number of rows.
    pub rows: usize,
    /// [rows + 1]: the tokens of row i are at `row_starts[i]` up to, not including, `row_starts[i + 1]`.
    pub row_starts: *const usize,
    /// [total] token ids, row after row.
    pub ids: *const u32,
    /// [total] token type ids.
    pub type_ids: *const u32,
    /// [total] 1 for special tokens. For texts these are the ones that the tokenizer's template added, as in Hugging
    /// Face's encodings; for rows given as ids, every token that the tokenizer declares special.
    pub special_tokens_mask: *const u8,
    /// [2 × total] start and end of each token in its text, in UTF-16 code units; 0, 0 for tokens that the template
    /// added and for rows given as ids. No elements unless asked for.
    pub offsets: *const u32,
    /// Number of elements of `offsets`: 2 × total, or 0.
    pub offsets_len: usize,
    /// [rows] tokens of the row's input before it was cut, special tokens counted.
    pub original_counts: *const u32,
    /// [rows] 1 where tokens of the row's input are in no row.
    pub truncated: *const u8,
    /// [rows] the input that the row is made of. Inputs have one row each, but for those that were cut into windows.
    pub inputs: *const u32,
    /// [rows] the first token that is the row's own: no special token of the template, none of the head of a row that was
    /// cut, and not in the window before.
    pub own_starts: *const u32,
    /// [rows] how many tokens are the row's own; they follow each other.
    pub own_counts: *const u32,
}

impl OvtEncoding {
    pub(crate) fn with_rows(rows: usize) -> Self {
        let mut row_starts = Vec::with_capacity(rows + 1);
        row_starts.push(0);
        Self {
            row_starts,
            ids: Vec::new(),
            type_ids: Vec::new(),
            special_tokens_mask: Vec::new(),
            offsets: Vec::new(),
            original_counts: Vec::with_capacity(rows),
            truncated: Vec::with_capacity(rows),
            inputs: Vec::with_capacity(rows),
            own_starts: Vec::with_capacity(rows),
            own_counts: Vec::with_capacity(rows),
        }
    }

    /// Ends the row whose tokens were appended since the last call: `prefix` special tokens, then a piece of its input.
    pub(crate) fn end_row(&mut self, input: usize, original_count: usize, prefix: usize, piece: &Piece) {
        self.row_starts.push(self.ids.len());
        self.original_counts.push(original_count as u32);
        self.truncated.push(u8::from(piece.loses));
        self.inputs.push(input as u32);
        self.own_starts.push((prefix + piece.head + piece.repeated) as u32);
        self.own_counts.push((piece.range.len() - piece.repeated) as u32);
    }

    fn view(&self) -> OvtEncodingView {
        OvtEncodingView {
            rows: self.truncated.len(),
            row_starts: self.row_starts.as_ptr(),
            ids: self.ids.as_ptr(),
            type_ids: self.type_ids.as_ptr(),
            special_tokens_mask: self.special_tokens_mask.as_ptr(),
            offsets: self.offsets.as_ptr(),
            offsets_len: self.offsets.len(),
            original_counts: self.original_counts.as_ptr(),
            truncated: self.truncated.as_ptr(),
            inputs: self.inputs.as_ptr(),
            own_starts: self.own_starts.as_ptr(),
            own_counts: self.own_counts.as_ptr(),
        }
    }
}

/// Writes the arrays of `encoding` to `view`. Nothing is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_encoding_view(
    encoding: *const OvtEncoding,
    view: *mut OvtEncodingView,
    error: *mut OvtString,
) -> OvtStatus {
    guard(error, || {
        *unsafe { borrow_mut(view, "view") }? = unsafe { borrow(encoding, "encoding") }?.view();
        Ok(())
    })
}

/// Frees an encoding and with it the arrays of its views. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_encoding_free(encoding: *mut OvtEncoding) {
    unsafe { free(encoding) };
}
