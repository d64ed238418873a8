//! Owning wrappers over the C functions, so that tests free what they make and read like prose.

use ovembed_tokenizer::encoding::{OvtEncoding, OvtEncodingView, ovt_encoding_free, ovt_encoding_view};
use ovembed_tokenizer::ffi::{OvtStatus, OvtString, OvtText, ovt_string_free};
use ovembed_tokenizer::tokenizer::{OvtCut, OvtEncodeOptions, OvtTokenizer};
use ovembed_tokenizer::tokenizer_ffi::*;
use std::{ptr, slice};

pub const PLAIN: OvtEncodeOptions = OvtEncodeOptions {
    max_length: 0,
    cut: OvtCut::End,
    overlap: 0,
    head: ptr::null(),
    head_len: 0,
    add_special_tokens: true,
    with_offsets: false,
};
pub const OFFSETS: OvtEncodeOptions = OvtEncodeOptions {
    with_offsets: true,
    ..PLAIN
};

#[derive(Debug, PartialEq)]
pub struct Failure {
    pub status: OvtStatus,
    pub message: String,
}

impl Failure {
    #[track_caller]
    pub fn assert(&self, status: OvtStatus, parts: &[&str]) {
        assert_eq!(self.status, status, "{}", self.message);
        for part in parts {
            assert!(self.message.contains(part), "{part:?} is not in {:?}", self.message);
        }
    }
}

/// Makes one call that hands out an object; checks that success has no error text, and failure a text and no object.
pub fn call<T>(make: impl FnOnce(*mut *mut T, *mut OvtString) -> OvtStatus) -> Result<*mut T, Failure> {
    let mut object = ptr::dangling_mut();
    let mut error = OvtString {
        ptr: ptr::dangling_mut(),
        len: 7,
    };
    let status = make(&mut object, &mut error);
    if status == OvtStatus::Ok {
        assert!(error.ptr.is_null() && !object.is_null());
        return Ok(object);
    }
    assert!(object.is_null(), "a failed call must hand out NULL");
    Err(Failure {
        status,
        message: take(error),
    })
}

pub fn take(mut string: OvtString) -> String {
    assert!(!string.ptr.is_null());
    let text = unsafe { slice::from_raw_parts(string.ptr, string.len) }.to_vec();
    unsafe { ovt_string_free(&mut string) };
    assert!(string.ptr.is_null());
    String::from_utf8(text).expect("UTF-8")
}

pub fn text(bytes: &[u8]) -> OvtText {
    OvtText {
        ptr: bytes.as_ptr(),
        len: bytes.len(),
    }
}

/// # Safety
/// `text` has to be borrowed from something that is still alive.
pub unsafe fn read(text: &OvtText) -> String {
    String::from_utf8(unsafe { slice::from_raw_parts(text.ptr, text.len) }.to_vec()).expect("UTF-8")
}

pub struct Handle(pub *mut OvtTokenizer);

// What the header promises; `promises_hold_for_threads` checks it.
unsafe impl Sync for Handle {}

impl Drop for Handle {
    fn drop(&mut self) {
        unsafe { ovt_tokenizer_free(self.0) };
    }
}

/// An encoding, copied out.
#[derive(Debug, PartialEq, Clone)]
pub struct Rows {
    pub row_starts: Vec<usize>,
    pub ids: Vec<u32>,
    pub type_ids: Vec<u32>,
    pub mask: Vec<u8>,
    pub offsets: Vec<u32>,
    pub original_counts: Vec<u32>,
    pub truncated: Vec<u8>,
    pub inputs: Vec<u32>,
    /// Start and number, row by row.
    pub own: Vec<(u32, u32)>,
}

impl Rows {
    fn take(encoding: *mut OvtEncoding) -> Self {
        let mut view = std::mem::MaybeUninit::<OvtEncodingView>::uninit();
        unsafe {
            assert_eq!(
                ovt_encoding_view(encoding, view.as_mut_ptr(), ptr::null_mut()),
                OvtStatus::Ok
            );
            let view = view.assume_init();
            let row_starts = slice::from_raw_parts(view.row_starts, view.rows + 1).to_vec();
            let total = row_starts[view.rows];
            let rows = Self {
                row_starts,
                ids: slice::from_raw_parts(view.ids, total).to_vec(),
                type_ids: slice::from_raw_parts(view.type_ids, total).to_vec(),
                mask: slice::from_raw_parts(view.special_tokens_mask, total).to_vec(),
                offsets: slice::from_raw_parts(view.offsets, view.offsets_len).to_vec(),
                original_counts: slice::from_raw_parts(view.original_counts, view.rows).to_vec(),
                truncated: slice::from_raw_parts(view.truncated, view.rows).to_vec(),
                inputs: slice::from_raw_parts(view.inputs, view.rows).to_vec(),
                own: slice::from_raw_parts(view.own_starts, view.rows)
                    .iter()
                    .copied()
                    .zip(slice::from_raw_parts(view.own_counts, view.rows).iter().copied())
                    .collect(),
            };
            ovt_encoding_free(encoding);
            rows
        }
    }
}

impl Handle {
    pub fn load(json: &[u8]) -> Result<Self, Failure> {
        Self::new(json, false)
    }

    pub fn load_lower_casing(json: &[u8]) -> Result<Self, Failure> {
        Self::new(json, true)
    }

    fn new(json: &[u8], lower_case: bool) -> Result<Self, Failure> {
        call(|out, error| unsafe { ovt_tokenizer_new(json.as_ptr(), json.len(), lower_case, out, error) }).map(Handle)
    }

    pub fn cut(&self) -> OvtCut {
        unsafe { ovt_tokenizer_cut(self.0) }
    }

    pub fn encode(&self, texts: &[&str], options: OvtEncodeOptions) -> Result<Rows, Failure> {
        let bytes: Vec<_> = texts.iter().map(|text| text.as_bytes()).collect();
        self.encode_bytes(&bytes, options)
    }

    pub fn encode_bytes(&self, texts: &[&[u8]], options: OvtEncodeOptions) -> Result<Rows, Failure> {
        let texts: Vec<_> = texts.iter().map(|bytes| text(bytes)).collect();
        let encode =
            |out, error| unsafe { ovt_tokenizer_encode(self.0, texts.as_ptr(), texts.len(), &options, out, error) };
        call(encode).map(Rows::take)
    }

    pub fn encode_ids(&self, ids: &[u32], starts: &[usize], options: OvtEncodeOptions) -> Result<Rows, Failure> {
        let encode = |out, error| unsafe {
            ovt_tokenizer_encode_ids(
                self.0,
                ids.as_ptr(),
                starts.as_ptr(),
                starts.len() - 1,
                &options,
                out,
                error,
            )
        };
        call(encode).map(Rows::take)
    }

    pub fn decode(&self, ids: &[u32], skip_special_tokens: bool) -> Result<String, Failure> {
        let (mut out, mut error) = (OvtString::NONE, OvtString::NONE);
        let status = unsafe {
            ovt_tokenizer_decode(
                self.0,
                ids.as_ptr(),
                ids.len(),
                skip_special_tokens,
                &mut out,
                &mut error,
            )
        };
        match status {
            OvtStatus::Ok => Ok(take(out)),
            _ => Err(Failure {
                status,
                message: take(error),
            }),
        }
    }
}
