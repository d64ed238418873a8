//! What the C++ core takes from Rust, behind a C ABI: the Hugging Face tokenizer, JSON, safetensors headers and CRC-32.
//!
//! Each module is ordinary Rust with its `extern "C"` functions at the end of the file (the tokenizer's are in
//! [`tokenizer_ffi`]). The documentation of those functions and types becomes `include/ovembed_tokenizer.h`, so the
//! rules for pointers are written there for a reader of C. [`ffi`] holds what they share: status, text, panic guard.

// The pointer rules are part of the prose that becomes the C header; a "Safety" heading would say them twice.
#![allow(clippy::missing_safety_doc)]

pub mod checksum;
pub mod encoding;
pub mod ffi;
pub mod json;
pub mod json_vector;
mod pieces;
pub mod safetensors;
pub mod tokenizer;
pub mod tokenizer_ffi;
mod utf16;
