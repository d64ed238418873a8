//! The committed C header is what the sources say.

use std::path::Path;
use std::{env, fs};

const FILES: [&str; 8] = [
    "ffi",
    "tokenizer",
    "tokenizer_ffi",
    "encoding",
    "json",
    "json_vector",
    "safetensors",
    "checksum",
];

fn generate(crate_dir: &Path) -> String {
    let config = cbindgen::Config::from_file(crate_dir.join("cbindgen.toml")).expect("cbindgen.toml");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in FILES {
        builder = builder.with_src(crate_dir.join("src").join(file).with_extension("rs"));
    }
    let mut header = Vec::new();
    builder.generate().expect("the sources can be read").write(&mut header);
    String::from_utf8(header).expect("UTF-8")
}

/// `UPDATE_HEADER=1 cargo test --release --test header` writes it anew.
#[test]
fn committed_header_is_current() {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = crate_dir.join("include/ovembed_tokenizer.h");
    let generated = generate(crate_dir);
    if env::var_os("UPDATE_HEADER").is_some() {
        fs::write(&file, &generated).expect("the header can be written");
    }
    let committed = fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        committed == generated,
        "include/ovembed_tokenizer.h is out of date: set UPDATE_HEADER=1 and run again"
    );
}
