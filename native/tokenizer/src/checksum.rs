//! CRC-32, for records and blobs on disk.

use crate::ffi::{borrow_slice, guard_or};

/// CRC-32 (ISO-HDLC, as in zlib, gzip and PNG) of `len` bytes. `data` may be NULL if `len` is 0. Never fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_crc32(data: *const u8, len: usize) -> u32 {
    guard_or(0, || {
        crc32fast::hash(unsafe { borrow_slice(data, len, "data") }.unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_published_check_values() {
        for (text, crc) in [("", 0), ("123456789", 0xCBF4_3926), ("a", 0xE8B7_BE43)] {
            assert_eq!(unsafe { ovt_crc32(text.as_ptr(), text.len()) }, crc, "{text:?}");
        }
        assert_eq!(unsafe { ovt_crc32(std::ptr::null(), 0) }, 0);
    }
}
