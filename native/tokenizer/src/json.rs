//! JSON documents for C++, so that config.json and its like are read by one parser.

use crate::ffi::{Error, OvtStatus, OvtString, OvtText, Result, borrow_mut, borrow_slice, free, guard, guard_or};
use serde_json::Value;
use std::ptr;

/// A JSON value. Immutable, so that any number of threads may read it. The root is owned by the caller: ovt_json_free.
/// Every other value is borrowed from its root: it lives as long, and must not be freed.
///
/// The functions below allow NULL for a value: it has the type OVT_JSON_TYPE_NULL and nothing in it.
pub struct OvtJson(());

/// Type of a JSON value.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OvtJsonType {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

/// `OvtJson` is only a name for C; behind every pointer to it is a `Value`.
fn handle(value: &Value) -> *const OvtJson {
    ptr::from_ref(value).cast()
}

unsafe fn value<'a>(json: *const OvtJson) -> Option<&'a Value> {
    unsafe { json.cast::<Value>().as_ref() }
}

fn parse(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|error| Error::file(format!("not valid JSON: {error}")))
}

/// A value's members or elements by position. The keys of an object are in the order of their bytes.
fn entry(value: &Value, index: usize) -> Option<(Option<&str>, &Value)> {
    match value {
        Value::Array(items) => items.get(index).map(|item| (None, item)),
        Value::Object(members) => members.iter().nth(index).map(|(key, item)| (Some(key.as_str()), item)),
        _ => None,
    }
}

/// Writes what a value was found to hold. False if it holds no such thing.
unsafe fn give<T>(found: Option<T>, out: *mut T) -> bool {
    match found {
        Some(found) if !out.is_null() => {
            unsafe { out.write(found) };
            true
        }
        _ => false,
    }
}

/// Parses `len` bytes of JSON text (UTF-8), which are not needed after the call. `*out` receives the root (NULL on
/// failure). OVT_STATUS_INVALID_FILE, with line and column in the text, if it is no JSON or nested more than 127 deep.
/// Of equal keys in one object the last counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_json_parse(
    bytes: *const u8,
    len: usize,
    out: *mut *mut OvtJson,
    error: *mut OvtString,
) -> OvtStatus {
    guard(error, || unsafe {
        let out = borrow_mut(out, "out")?;
        *out = ptr::null_mut();
        *out = Box::into_raw(Box::new(parse(borrow_slice(bytes, len, "bytes")?)?)).cast();
        Ok(())
    })
}

/// Frees a root and every value in it. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_json_free(json: *mut OvtJson) {
    unsafe { free(json.cast::<Value>()) };
}

/// The value at a JSON pointer (RFC 6901) of `len` bytes, such as "/architectures/0"; "" is `json` itself. NULL if there
/// is none. Borrowed from the root.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_json_at(json: *const OvtJson, pointer: *const u8, len: usize) -> *const OvtJson {
    guard_or(ptr::null(), || unsafe {
        let pointer = OvtText { ptr: pointer, len }.as_str("pointer").ok();
        pointer
            .and_then(|pointer| value(json)?.pointer(pointer))
            .map_or(ptr::null(), handle)
    })
}

/// The type of a value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_json_type(json: *const OvtJson) -> OvtJsonType {
    guard_or(OvtJsonType::Null, || match unsafe { value(json) } {
        None | Some(Value::Null) => OvtJsonType::Null,
        Some(Value::Bool(_)) => OvtJsonType::Boolean,
        Some(Value::Number(_)) => OvtJsonType::Number,
        Some(Value::String(_)) => OvtJsonType::String,
        Some(Value::Array(_)) => OvtJsonType::Array,
        Some(Value::Object(_)) => OvtJsonType::Object,
    })
}

/// Writes a number that is written without fraction and exponent, and fits, to `out`. False, and `out` untouched, for
/// anything else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_json_as_integer(json: *const OvtJson, out: *mut i64) -> bool {
    guard_or(false, || unsafe { give(value(json).and_then(Value::as_i64), out) })
}

/// Writes any number to `out`. False, and `out` untouched, for anything else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_json_as_number(json: *const OvtJson, out: *mut f64) -> bool {
    guard_or(false, || unsafe { give(value(json).and_then(Value::as_f64), out) })
}

/// Writes a boolean to `out`. False, and `out` untouched, for anything else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_json_as_boolean(json: *const OvtJson, out: *mut bool) -> bool {
    guard_or(false, || unsafe { give(value(json).and_then(Value::as_bool), out) })
}

/// Writes a string, borrowed from the root, to `out`. False, and `out` untouched, for anything else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_json_as_string(json: *const OvtJson, out: *mut OvtText) -> bool {
    guard_or(false, || unsafe {
        give(value(json).and_then(Value::as_str).map(OvtText::from), out)
    })
}

/// Number of elements of an array or members of an object; 0 for anything else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_json_size(json: *const OvtJson) -> usize {
    guard_or(0, || match unsafe { value(json) } {
        Some(Value::Array(items)) => items.len(),
        Some(Value::Object(members)) => members.len(),
        _ => 0,
    })
}

/// Element `index` of an array, or the value of member `index` of an object; NULL if there is none. Borrowed from the
/// root. Members are in the byte order of their keys, and reaching one takes time proportional to `index`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_json_item(json: *const OvtJson, index: usize) -> *const OvtJson {
    guard_or(ptr::null(), || {
        let found = unsafe { value(json) }.and_then(|value| entry(value, index));
        found.map_or(ptr::null(), |(_, item)| handle(item))
    })
}

/// Writes the key of member `index` of an object, borrowed from the root, to `out`. False, and `out` untouched, if there
/// is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_json_key(json: *const OvtJson, index: usize, out: *mut OvtText) -> bool {
    guard_or(false, || unsafe {
        let key = value(json)
            .and_then(|value| entry(value, index))
            .and_then(|(key, _)| key);
        give(key.map(OvtText::from), out)
    })
}
