//! The C ABI, called as C++ calls it.

mod fixtures;
mod handles;

mod arguments;
mod json;
mod offsets;
mod rows;
mod safetensors;
mod tokenizer_files;
mod windows;
