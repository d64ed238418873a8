//! Wrong arguments are reported, never followed.

use crate::fixtures::{bytes, wordpiece};
use crate::handles::{Handle, PLAIN, call, take};
use ovembed_tokenizer::encoding::{ovt_encoding_free, ovt_encoding_view};
use ovembed_tokenizer::ffi::{OvtStatus, OvtString, OvtText, ovt_string_free};
use ovembed_tokenizer::json::*;
use ovembed_tokenizer::safetensors::*;
use ovembed_tokenizer::tokenizer_ffi::*;
use std::ptr::{null, null_mut};

#[test]
fn text_must_be_utf8() {
    let handle = Handle::load(&bytes(&wordpiece())).unwrap();
    let lone_surrogate = b"a\xED\xA0\x80";
    for invalid in [
        b"\xFF".as_slice(),
        b"ok\x80",
        b"\xF0\x9F\x98",
        lone_surrogate,
        b"\xC0\x80",
    ] {
        let failure = handle.encode_bytes(&[b"fine", b"", invalid], PLAIN).unwrap_err();
        failure.assert(OvtStatus::InvalidArgument, &["row 2", "UTF-8"]);
    }
}

#[test]
fn null_is_an_error_where_it_is_not_allowed() {
    let handle = Handle::load(&bytes(&wordpiece())).unwrap();
    let text = OvtText { ptr: null(), len: 3 };
    let ids = [2, 3];
    let refused = |failure: Result<*mut _, crate::handles::Failure>, name: &str| {
        failure.unwrap_err().assert(OvtStatus::InvalidArgument, &[name, "NULL"]);
    };
    unsafe {
        refused(
            call(|out, error| ovt_tokenizer_encode(null(), &text, 1, &PLAIN, out, error)),
            "tokenizer",
        );
        refused(
            call(|out, error| ovt_tokenizer_encode(handle.0, null(), 1, &PLAIN, out, error)),
            "texts",
        );
        refused(
            call(|out, error| ovt_tokenizer_encode(handle.0, &text, 1, null(), out, error)),
            "options",
        );
        refused(
            call(|out, error| ovt_tokenizer_encode(handle.0, &text, 1, &PLAIN, out, error)),
            "row 0",
        );
        let starts = [0usize, 2];
        let encode_ids = |ids: *const u32, starts: *const usize| {
            call(|out, error| ovt_tokenizer_encode_ids(handle.0, ids, starts, 1, &PLAIN, out, error))
        };
        refused(encode_ids(null(), starts.as_ptr()), "ids");
        refused(encode_ids(ids.as_ptr(), null()), "row_starts");
        let failure = call(|out, error| ovt_tokenizer_new(null(), 9, false, out, error)).unwrap_err();
        failure.assert(OvtStatus::InvalidArgument, &["json", "NULL"]);
        let failure = call(|out, error| ovt_json_parse(null(), 9, out, error)).unwrap_err();
        failure.assert(OvtStatus::InvalidArgument, &["bytes", "NULL"]);
        let failure = call(|out, error| ovt_safetensors_open(null(), 9, out, error)).unwrap_err();
        failure.assert(OvtStatus::InvalidArgument, &["file", "NULL"]);

        let mut error = OvtString::NONE;
        assert_eq!(
            ovt_tokenizer_new(b"{}".as_ptr(), 2, false, null_mut(), &mut error),
            OvtStatus::InvalidArgument
        );
        assert_eq!(take(error), "out is NULL");
        let mut error = OvtString::NONE;
        assert_eq!(
            ovt_encoding_view(null(), null_mut(), &mut error),
            OvtStatus::InvalidArgument
        );
        assert_eq!(take(error), "encoding is NULL");
        let status = ovt_tokenizer_decode(handle.0, ids.as_ptr(), 2, true, null_mut(), null_mut());
        assert_eq!(status, OvtStatus::InvalidArgument);
    }
}

#[test]
fn null_is_nothing_where_it_is_allowed() {
    unsafe {
        ovt_string_free(null_mut());
        ovt_tokenizer_free(null_mut());
        ovt_encoding_free(null_mut());
        ovt_json_free(null_mut());
        ovt_safetensors_free(null_mut());
        assert_eq!(ovt_tokenizer_vocab_size(null()), 0);
        assert!(!ovt_tokenizer_padding(null(), null_mut()));
        assert_eq!(ovt_safetensors_count(null()), 0);
        assert!(!ovt_safetensors_get(null(), 0, null_mut()));
        assert_eq!(ovt_json_type(null()), OvtJsonType::Null);
        assert_eq!(ovt_json_size(null()), 0);
        assert!(ovt_json_at(null(), null(), 0).is_null() && ovt_json_item(null(), 0).is_null());
        assert!(!ovt_json_as_integer(null(), null_mut()) && !ovt_json_key(null(), 0, null_mut()));
    }
    let handle = Handle::load(&bytes(&wordpiece())).unwrap();
    let empty = OvtText { ptr: null(), len: 0 };
    let encoding = call(|out, error| unsafe { ovt_tokenizer_encode(handle.0, &empty, 1, &PLAIN, out, error) });
    unsafe { ovt_encoding_free(encoding.unwrap()) };
}

#[test]
fn impossible_lengths_and_orders_are_refused() {
    let handle = Handle::load(&bytes(&wordpiece())).unwrap();
    for starts in [[1, 2, 2], [0, 2, 1], [0, usize::MAX, usize::MAX]] {
        let failure = handle.encode_ids(&[2, 3], &starts, PLAIN).unwrap_err();
        failure.assert(OvtStatus::InvalidArgument, &[]);
    }
    let text = OvtText {
        ptr: b"a".as_ptr(),
        len: usize::MAX,
    };
    let encode = |out, error| unsafe { ovt_tokenizer_encode(handle.0, &text, 1, &PLAIN, out, error) };
    call(encode)
        .unwrap_err()
        .assert(OvtStatus::InvalidArgument, &["impossible length"]);
    let encode = |out, error| unsafe { ovt_tokenizer_encode(handle.0, &text, usize::MAX, &PLAIN, out, error) };
    call(encode)
        .unwrap_err()
        .assert(OvtStatus::InvalidArgument, &["impossible length"]);
}
