//! safetensors headers, valid and not.

use crate::handles::{Failure, call, read};
use ovembed_tokenizer::ffi::OvtStatus;
use ovembed_tokenizer::safetensors::*;
use std::mem::MaybeUninit;
use std::slice;

/// A file with this header and that many bytes of data.
fn file(header: &str, data: usize) -> Vec<u8> {
    [
        &(header.len() as u64).to_le_bytes()[..],
        header.as_bytes(),
        &vec![0; data],
    ]
    .concat()
}

fn tensor(dtype: &str, shape: &str, begin: u64, end: u64) -> String {
    format!(r#"{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{begin},{end}]}}"#)
}

#[derive(Debug, PartialEq)]
struct Read {
    name: String,
    dtype: OvtDtype,
    dtype_name: String,
    shape: Vec<usize>,
    bytes: (usize, usize),
}

fn open(file: &[u8]) -> Result<Vec<Read>, Failure> {
    let header = call(|out, error| unsafe { ovt_safetensors_open(file.as_ptr(), file.len(), out, error) })?;
    let get = |index| unsafe {
        let mut tensor = MaybeUninit::uninit();
        ovt_safetensors_get(header, index, tensor.as_mut_ptr()).then(|| {
            let tensor: OvtTensor = tensor.assume_init();
            Read {
                name: read(&tensor.name),
                dtype: tensor.dtype,
                dtype_name: read(&tensor.dtype_name),
                shape: slice::from_raw_parts(tensor.shape, tensor.rank).to_vec(),
                bytes: (tensor.begin, tensor.end),
            }
        })
    };
    let count = unsafe { ovt_safetensors_count(header) };
    assert!(get(count).is_none());
    let tensors = (0..count).map(|index| get(index).unwrap()).collect();
    unsafe { ovt_safetensors_free(header) };
    Ok(tensors)
}

#[test]
fn tensors_are_listed_in_file_order_with_absolute_offsets() {
    let header = format!(
        r#"{{"__metadata__":{{"format":"pt"}},"z":{},"a é":{},"scalar":{},"none":{}}}"#,
        tensor("F32", "[2,3]", 0, 24),
        tensor("BF16", "[5]", 24, 34),
        tensor("F8_E4M3", "[]", 34, 35),
        tensor("I64", "[0,7]", 35, 35),
    );
    let data = 8 + header.len();
    let tensors = open(&file(&header, 35)).unwrap();
    let expect = |name: &str, dtype, dtype_name: &str, shape: &[usize], begin, end| Read {
        name: name.into(),
        dtype,
        dtype_name: dtype_name.into(),
        shape: shape.into(),
        bytes: (data + begin, data + end),
    };
    assert_eq!(
        tensors,
        [
            expect("z", OvtDtype::F32, "F32", &[2, 3], 0, 24),
            expect("a é", OvtDtype::Bf16, "BF16", &[5], 24, 34),
            expect("scalar", OvtDtype::Other, "F8_E4M3", &[], 34, 35),
            expect("none", OvtDtype::I64, "I64", &[0, 7], 35, 35),
        ]
    );
    assert_eq!(open(&file("{}", 0)).unwrap(), []);
}

#[test]
fn element_types_are_told_apart() {
    let types = [
        ("F32", OvtDtype::F32, 4),
        ("F16", OvtDtype::F16, 2),
        ("BF16", OvtDtype::Bf16, 2),
        ("F64", OvtDtype::F64, 8),
        ("I64", OvtDtype::I64, 8),
        ("I32", OvtDtype::I32, 4),
        ("I16", OvtDtype::I16, 2),
        ("I8", OvtDtype::I8, 1),
        ("U64", OvtDtype::U64, 8),
        ("U32", OvtDtype::U32, 4),
        ("U16", OvtDtype::U16, 2),
        ("U8", OvtDtype::U8, 1),
        ("BOOL", OvtDtype::Bool, 1),
        ("C64", OvtDtype::Other, 8),
    ];
    for (name, dtype, size) in types {
        let header = format!(r#"{{"t":{}}}"#, tensor(name, "[1]", 0, size));
        let tensors = open(&file(&header, size as usize)).unwrap();
        assert_eq!((tensors[0].dtype, tensors[0].dtype_name.as_str()), (dtype, name));
    }
}

fn one(dtype: &str, shape: &str, begin: u64, end: u64, data: usize) -> Vec<u8> {
    file(&format!(r#"{{"t":{}}}"#, tensor(dtype, shape, begin, end)), data)
}

fn two(second: (u64, u64), data: usize) -> Vec<u8> {
    let (first, second) = (tensor("U8", "[4]", 0, 4), tensor("U8", "[4]", second.0, second.1));
    file(&format!(r#"{{"a":{first},"b":{second}}}"#), data)
}

#[test]
fn malformed_files_are_errors() {
    let valid = one("F32", "[2]", 0, 8, 8);
    let cases = [
        ("empty file", vec![]),
        ("shorter than the length field", valid[..7].to_vec()),
        ("only the length field", valid[..8].to_vec()),
        ("cut in the header", valid[..20].to_vec()),
        ("cut in the data", valid[..valid.len() - 1].to_vec()),
        ("a byte too many", [valid.as_slice(), b"\0"].concat()),
        ("header length 2^64 - 1", [&[0xFF; 8], &valid[8..]].concat()),
        (
            "header length over the limit",
            [&200_000_000u64.to_le_bytes(), &valid[8..]].concat(),
        ),
        (
            "header length one too many",
            [&(valid.len() as u64 - 7).to_le_bytes(), &valid[8..]].concat(),
        ),
        ("header length 0", [&[0; 8], &valid[8..]].concat()),
        ("header is not JSON", file("not json", 0)),
        ("header is an array", file("[]", 0)),
        ("header is not UTF-8", [&3u64.to_le_bytes()[..], b"{\xFF}"].concat()),
        ("header nested without end", file(&"{\"a\":".repeat(100_000), 0)),
        ("tensor is no object", file(r#"{"t":1}"#, 0)),
        (
            "shape is missing",
            file(r#"{"t":{"dtype":"F32","data_offsets":[0,0]}}"#, 0),
        ),
        ("offsets are missing", file(r#"{"t":{"dtype":"F32","shape":[0]}}"#, 0)),
        (
            "three offsets",
            file(r#"{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}}"#, 1),
        ),
        ("unknown element type", one("F33", "[2]", 0, 8, 8)),
        ("negative dimension", one("F32", "[-2]", 0, 8, 8)),
        ("fractional dimension", one("F32", "[2.5]", 0, 10, 10)),
        ("shape larger than the data", one("F32", "[3]", 0, 8, 8)),
        ("shape smaller than the data", one("F32", "[1]", 0, 8, 8)),
        ("element size disagrees", one("F64", "[2]", 0, 8, 8)),
        ("half an element byte", one("F4", "[3]", 0, 2, 2)),
        ("first tensor does not start at 0", one("F32", "[2]", 4, 12, 12)),
        ("end before begin", one("F32", "[2]", 8, 0, 8)),
        ("data beyond the file", one("F32", "[200]", 0, 800, 8)),
        ("dimensions overflow", one("F32", "[4294967296,4294967296]", 0, 0, 0)),
        ("bytes overflow", one("F32", "[4611686018427387904]", 0, 0, 0)),
        ("metadata that is not text", file(r#"{"__metadata__":{"format":1}}"#, 0)),
        ("tensors overlap", two((2, 6), 6)),
        ("gap between tensors", two((5, 9), 9)),
        ("tensors at the same place", two((0, 4), 4)),
    ];
    assert!(open(&valid).is_ok() && open(&two((4, 8), 8)).is_ok());
    for (name, case) in &cases {
        let failure = open(case).err().unwrap_or_else(|| panic!("{name}: was accepted"));
        failure.assert(OvtStatus::InvalidFile, &["not a valid safetensors file"]);
    }
}

/// Tensors of 2^64 - 1 bytes together: adding the header's length to that wraps around.
#[test]
fn sizes_that_wrap_around_are_errors() {
    const LARGEST: u64 = (1 << 61) - 1;
    let sizes = [LARGEST; 8].into_iter().chain([7]);
    let mut begin = 0u64;
    let entry = |(index, size): (usize, u64)| {
        let end = begin + size;
        let entry = format!(r#""t{index}":{}"#, tensor("U8", &format!("[{size}]"), begin, end));
        begin = end;
        entry
    };
    let entries: Vec<_> = sizes.enumerate().map(entry).collect();
    assert_eq!(begin, u64::MAX);
    let header = format!("{{{}}}", entries.join(","));
    for data in 0..16 {
        assert!(open(&file(&header, data)).is_err(), "{data} bytes of data");
    }
}
