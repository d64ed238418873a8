//! JSON for C++.

use crate::handles::{Failure, call, read};
use ovembed_tokenizer::ffi::{OvtStatus, OvtText};
use ovembed_tokenizer::json::*;

struct Root(*mut OvtJson);

impl Drop for Root {
    fn drop(&mut self) {
        unsafe { ovt_json_free(self.0) };
    }
}

impl Root {
    fn parse(json: &[u8]) -> Result<Self, Failure> {
        call(|out, error| unsafe { ovt_json_parse(json.as_ptr(), json.len(), out, error) }).map(Root)
    }

    fn at(&self, pointer: &str) -> *const OvtJson {
        unsafe { ovt_json_at(self.0, pointer.as_ptr(), pointer.len()) }
    }
}

/// What an accessor wrote, if it says that it did.
fn got<T: Copy>(
    value: *const OvtJson,
    initial: T,
    read: unsafe extern "C" fn(*const OvtJson, *mut T) -> bool,
) -> Option<T> {
    let mut out = initial;
    unsafe { read(value, &mut out) }.then_some(out)
}

fn string(value: *const OvtJson) -> Option<String> {
    got(
        value,
        OvtText {
            ptr: std::ptr::null(),
            len: 0,
        },
        ovt_json_as_string,
    )
    .map(|text| unsafe { read(&text) })
}

const CONFIG: &str = r#"{
    "hidden_size": 384, "eps": 1e-12, "big": 18446744073709551615, "negative": -5, "whole": 2.0,
    "names": ["BertModel", "\u0000\ud83d\ude00"], "cache": true, "none": null, "a/b": {"~": 1}, "": 7
}"#;

#[test]
fn values_are_reached_by_pointer() {
    let root = Root::parse(CONFIG.as_bytes()).unwrap();
    let integer = |pointer| got(root.at(pointer), 0, ovt_json_as_integer);
    assert_eq!(integer("/hidden_size"), Some(384));
    assert_eq!(integer("/negative"), Some(-5));
    assert_eq!(integer("/a~1b/~0"), Some(1));
    assert_eq!(integer("/"), Some(7));
    assert_eq!(string(root.at("/names/0")).as_deref(), Some("BertModel"));
    assert_eq!(string(root.at("/names/1")).as_deref(), Some("\0😀"));
    assert_eq!(got(root.at("/cache"), false, ovt_json_as_boolean), Some(true));
    assert_eq!(root.at(""), root.0.cast_const());
    for nowhere in [
        "/missing",
        "/names/2",
        "/names/-1",
        "/names/01",
        "hidden_size",
        "/hidden_size/0",
    ] {
        assert!(root.at(nowhere).is_null(), "{nowhere}");
    }
    assert!(unsafe { ovt_json_at(root.0, b"/\xFF".as_ptr(), 2) }.is_null());
}

#[test]
fn accessors_give_only_their_own_type() {
    let root = Root::parse(CONFIG.as_bytes()).unwrap();
    let integer = |pointer| got(root.at(pointer), 0, ovt_json_as_integer);
    let number = |pointer| got(root.at(pointer), 0.0, ovt_json_as_number);
    assert_eq!((integer("/eps"), number("/eps")), (None, Some(1e-12)));
    assert_eq!((integer("/whole"), number("/whole")), (None, Some(2.0)));
    assert_eq!((integer("/big"), number("/big")), (None, Some(18446744073709551615.0)));
    assert_eq!((integer("/cache"), number("/names")), (None, None));
    assert_eq!(got(root.at("/hidden_size"), true, ovt_json_as_boolean), None);
    assert_eq!(string(root.at("/hidden_size")), None);
    let types = [
        ("/none", OvtJsonType::Null),
        ("/cache", OvtJsonType::Boolean),
        ("/eps", OvtJsonType::Number),
        ("/names/0", OvtJsonType::String),
        ("/names", OvtJsonType::Array),
        ("", OvtJsonType::Object),
    ];
    for (pointer, expected) in types {
        assert_eq!(unsafe { ovt_json_type(root.at(pointer)) }, expected, "{pointer}");
    }
}

#[test]
fn arrays_and_objects_are_walked_by_index() {
    let root = Root::parse(br#"{"b": [10, 20], "a": {"x": 1}, "b": [30]}"#).unwrap();
    unsafe {
        let key = |index| {
            let read_key = |json: *const OvtJson, out: *mut OvtText| ovt_json_key(json, index, out);
            let mut out = OvtText {
                ptr: std::ptr::null(),
                len: 0,
            };
            read_key(root.0, &mut out).then(|| read(&out))
        };
        assert_eq!(ovt_json_size(root.0), 2);
        assert_eq!([key(0), key(1), key(2)], [Some("a".into()), Some("b".into()), None]);
        assert_eq!(ovt_json_item(root.0, 0), root.at("/a"));
        let last = ovt_json_item(root.0, 1);
        assert_eq!(ovt_json_size(last), 1);
        assert_eq!(
            got(ovt_json_item(last, 0), 0, ovt_json_as_integer),
            Some(30),
            "the last of equal keys counts"
        );
        assert!(ovt_json_item(last, 1).is_null() && ovt_json_item(root.0, 2).is_null());
        let mut out = OvtText {
            ptr: std::ptr::null(),
            len: 0,
        };
        assert!(!ovt_json_key(last, 0, &mut out), "elements of an array have no key");
        assert_eq!(ovt_json_size(root.at("/a/x")), 0);
    }
}

#[test]
fn errors_name_line_and_column() {
    let failure = Root::parse(b"{\n  \"a\": 1,\n  \"b\": nope\n}")
        .map(|_| ())
        .unwrap_err();
    failure.assert(OvtStatus::InvalidFile, &["line 3", "column 9"]);
}

#[test]
fn malformed_json_is_an_error() {
    let deep = [
        "[".repeat(1_000_000),
        "{\"a\":".repeat(1_000_000),
        format!("{}{}", "[".repeat(200), "]".repeat(200)),
    ];
    let short = [
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "nul",
        "NaN",
        "01",
        "1e999",
        "\"\\ud800\"",
        "{} {}",
        "'a'",
        "\u{feff}{}",
    ];
    let cases = deep
        .iter()
        .map(|text| text.as_bytes())
        .chain(short.map(str::as_bytes))
        .chain([b"\"\xFF\"".as_slice()]);
    for case in cases {
        let shown = String::from_utf8_lossy(&case[..case.len().min(20)]).into_owned();
        let failure = Root::parse(case)
            .err()
            .unwrap_or_else(|| panic!("{shown} was accepted"));
        failure.assert(OvtStatus::InvalidFile, &["not valid JSON", "line"]);
    }
}
