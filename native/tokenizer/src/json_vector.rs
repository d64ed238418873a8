//! Vectors as JSON, for servers: JavaScript writes the digits of a float64, ten times slower and twice as many.

use crate::ffi::{Error, OvtStatus, OvtString, Result, borrow_mut, borrow_slice, guard};
use std::slice;

/// Most bytes that a vector of JSON takes for each of its numbers, with a comma; brackets take two more.
pub const OVT_JSON_NUMBER_BYTES: usize = 25;

fn write(values: &[f32], out: &mut [u8]) -> Result<usize> {
    if out.len() < values.len() * OVT_JSON_NUMBER_BYTES + 2 {
        return Err(Error::argument(format!(
            "{} bytes have no room for {} numbers",
            out.len(),
            values.len()
        )));
    }
    let mut buffer = zmij::Buffer::new();
    let mut end = 0;
    for (i, value) in values.iter().enumerate() {
        if !value.is_finite() {
            return Err(Error::argument(format!(
                "value {i} is {value}, which JSON has no number for"
            )));
        }
        out[end] = if i == 0 { b'[' } else { b',' };
        let digits = buffer.format_finite(*value).as_bytes();
        out[end + 1..=end + digits.len()].copy_from_slice(digits);
        end += 1 + digits.len();
    }
    if values.is_empty() {
        out[0] = b'[';
        end = 1;
    }
    out[end] = b']';
    Ok(end + 1)
}

/// Writes the `count` values at `values` as an array of JSON to the `capacity` bytes at `out`, and the number of bytes that
/// it has to `*written`. Each number has the fewest digits that read back as the same float32.
/// OVT_STATUS_INVALID_ARGUMENT if a value is not finite, or if `capacity` is below
/// `count` × OVT_JSON_NUMBER_BYTES + 2; what `out` then holds is not said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_json_vector(
    values: *const f32,
    count: usize,
    out: *mut u8,
    capacity: usize,
    written: *mut usize,
    error: *mut OvtString,
) -> OvtStatus {
    guard(error, || {
        let values = unsafe { borrow_slice(values, count, "values") }?;
        let written = unsafe { borrow_mut(written, "written") }?;
        unsafe { borrow_slice(out, capacity, "out") }?;
        let out: &mut [u8] = if capacity == 0 {
            &mut []
        } else {
            unsafe { slice::from_raw_parts_mut(out, capacity) }
        };
        *written = write(values, out)?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(values: &[f32]) -> Result<String> {
        let mut out = vec![0; values.len() * OVT_JSON_NUMBER_BYTES + 2];
        let end = write(values, &mut out)?;
        out.truncate(end);
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn writes_the_shortest_digits() {
        assert_eq!(json(&[]).unwrap(), "[]");
        assert_eq!(json(&[0.1, -0.0, 1.0]).unwrap(), "[0.1,-0.0,1.0]");
        assert_eq!(
            json(&[f32::MAX, f32::MIN_POSITIVE, 1e-45]).unwrap(),
            "[3.4028235e+38,1.1754944e-38,1e-45]"
        );
    }

    #[test]
    fn has_room_for_the_longest_numbers() {
        for exponent in -45..38 {
            for value in [1.0f32, 1.234_567_9, 9.999_999].map(|digits| -digits * 10f32.powi(exponent)) {
                assert!(json(&[value]).unwrap().len() <= OVT_JSON_NUMBER_BYTES + 2, "{value:e}");
            }
        }
        assert!(write(&[1.0], &mut [0; OVT_JSON_NUMBER_BYTES + 1]).is_err());
    }

    #[test]
    fn reads_back_as_the_same_bits() {
        // Every 1,009th float32 of all there are.
        for bits in (0..=u32::MAX).step_by(1_009) {
            let value = f32::from_bits(bits);
            match json(&[value]) {
                Ok(text) => {
                    assert!(value.is_finite());
                    // As JavaScript reads it: first as a float64.
                    let read: f64 = text[1..text.len() - 1].parse().unwrap();
                    assert_eq!((read as f32).to_bits(), bits, "{text}");
                }
                Err(failure) => assert!(!value.is_finite(), "{}", failure.message),
            }
        }
    }

    #[test]
    fn refuses_what_json_has_no_number_for() {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let failure = json(&[1.0, value]).unwrap_err();
            assert_eq!(failure.status, OvtStatus::InvalidArgument);
            assert!(failure.message.starts_with("value 1 is "), "{}", failure.message);
        }
    }
}
