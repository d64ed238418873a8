//! What every C function shares: status, owned and borrowed text, checked pointers, and the guard against panics.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::{fmt, ptr, slice, str};

/// How a call ended. On anything but OVT_STATUS_OK the function's `error` says what was wrong.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OvtStatus {
    /// The call did what it says.
    Ok,
    /// An argument breaks the function's rules: a NULL pointer, text that is not UTF-8, a token id out of range.
    InvalidArgument,
    /// The bytes of a file (tokenizer.json, JSON, safetensors) are not what they have to be.
    InvalidFile,
    /// A defect in this library or in one below it, such as a Rust panic. The object stays safe to free.
    Internal,
}

/// Text owned by the caller, UTF-8, not NUL-terminated and possibly containing NUL. Free it with ovt_string_free.
/// `ptr` is NULL if there is no text.
#[repr(C)]
#[derive(Debug)]
pub struct OvtString {
    pub ptr: *mut u8,
    pub len: usize,
}

/// Borrowed text: UTF-8, not NUL-terminated and possibly containing NUL. `ptr` may be NULL if `len` is 0.
/// As an argument it has to live until the call returns; as a result it lives as long as the object it came from.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct OvtText {
    pub ptr: *const u8,
    pub len: usize,
}

/// Frees text that a function of this library handed out, and sets it to NULL. NULL and empty text are allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_string_free(string: *mut OvtString) {
    guard_or((), || {
        if let Some(string) = unsafe { string.as_mut() } {
            let taken = std::mem::replace(string, OvtString::NONE);
            if !taken.ptr.is_null() {
                drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(taken.ptr, taken.len)) });
            }
        }
    });
}

impl OvtString {
    pub const NONE: Self = Self {
        ptr: ptr::null_mut(),
        len: 0,
    };
}

impl From<String> for OvtString {
    fn from(text: String) -> Self {
        let bytes = Box::leak(text.into_bytes().into_boxed_slice());
        Self {
            ptr: bytes.as_mut_ptr(),
            len: bytes.len(),
        }
    }
}

impl From<&str> for OvtText {
    fn from(text: &str) -> Self {
        Self {
            ptr: text.as_ptr(),
            len: text.len(),
        }
    }
}

impl OvtText {
    /// The text, checked to be UTF-8; `name` is how an error calls it.
    pub(crate) unsafe fn as_str<'a>(&self, name: impl fmt::Display) -> Result<&'a str> {
        let bytes = unsafe { borrow_slice(self.ptr, self.len, &name) }?;
        str::from_utf8(bytes).map_err(|error| Error::argument(format!("{name} is not valid UTF-8: {error}")))
    }
}

/// An error on its way to the C boundary.
#[derive(Debug)]
pub struct Error {
    pub status: OvtStatus,
    pub message: String,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub fn argument(message: impl Into<String>) -> Self {
        Self {
            status: OvtStatus::InvalidArgument,
            message: message.into(),
        }
    }

    pub fn file(message: impl Into<String>) -> Self {
        Self {
            status: OvtStatus::InvalidFile,
            message: message.into(),
        }
    }
}

fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("unknown panic")
}

thread_local! {
    /// How many calls of [`caught`] this thread is in.
    static CATCHING: Cell<usize> = const { Cell::new(0) };
}

/// What `work` gives, or what it said as it panicked. That is not printed on standard error, as it would be by default:
/// it is the text of an error. Panics elsewhere are.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> std::result::Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            if CATCHING.get() == 0 {
                print(what);
            }
        }));
    });
    CATCHING.set(CATCHING.get() + 1);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    CATCHING.set(CATCHING.get() - 1);
    outcome.map_err(|payload| panic_text(payload.as_ref()).to_owned())
}

/// Runs `work`; an error or a panic becomes a status and, if `error` is not NULL, a text that the caller owns.
pub(crate) fn guard(error: *mut OvtString, work: impl FnOnce() -> Result<()>) -> OvtStatus {
    let outcome = caught(work).unwrap_or_else(|said| {
        Err(Error {
            status: OvtStatus::Internal,
            message: format!("internal error: {said}"),
        })
    });
    let (status, text) = match outcome {
        Ok(()) => (OvtStatus::Ok, OvtString::NONE),
        // Without a place for it the text must not be leaked.
        Err(failure) if error.is_null() => return failure.status,
        Err(failure) => (failure.status, failure.message.into()),
    };
    if !error.is_null() {
        unsafe { error.write(text) };
    }
    status
}

/// [`guard`] for a function that makes an object: `*out` receives it, or NULL on failure.
pub(crate) unsafe fn guard_new<T>(
    out: *mut *mut T,
    error: *mut OvtString,
    make: impl FnOnce() -> Result<T>,
) -> OvtStatus {
    guard(error, || {
        let out = unsafe { borrow_mut(out, "out") }?;
        *out = ptr::null_mut();
        *out = Box::into_raw(Box::new(make()?));
        Ok(())
    })
}

/// Runs `work` of a function that has no status to return; a panic gives `fallback`.
pub(crate) fn guard_or<T>(fallback: T, work: impl FnOnce() -> T) -> T {
    caught(work).unwrap_or(fallback)
}

/// Frees what [`guard_new`] made. NULL is allowed.
pub(crate) unsafe fn free<T>(object: *mut T) {
    guard_or((), || {
        if !object.is_null() {
            drop(unsafe { Box::from_raw(object) });
        }
    });
}

pub(crate) unsafe fn borrow<'a, T>(pointer: *const T, name: &str) -> Result<&'a T> {
    unsafe { pointer.as_ref() }.ok_or_else(|| Error::argument(format!("{name} is NULL")))
}

pub(crate) unsafe fn borrow_mut<'a, T>(pointer: *mut T, name: &str) -> Result<&'a mut T> {
    unsafe { pointer.as_mut() }.ok_or_else(|| Error::argument(format!("{name} is NULL")))
}

/// `len` elements at `pointer`, which may be NULL only if `len` is 0.
pub(crate) unsafe fn borrow_slice<'a, T>(pointer: *const T, len: usize, name: impl fmt::Display) -> Result<&'a [T]> {
    if len == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(Error::argument(format!("{name} is NULL but has length {len}")));
    }
    if len > isize::MAX as usize / size_of::<T>() {
        return Err(Error::argument(format!("{name} has the impossible length {len}")));
    }
    Ok(unsafe { slice::from_raw_parts(pointer, len) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(error: &OvtString) -> &str {
        str::from_utf8(unsafe { borrow_slice(error.ptr, error.len, "error") }.unwrap()).unwrap()
    }

    #[test]
    fn panics_stop_at_the_boundary() {
        let mut error = OvtString::NONE;
        assert_eq!(guard(&mut error, || panic!("boom {}", 1)), OvtStatus::Internal);
        assert_eq!(text(&error), "internal error: boom 1");
        unsafe { ovt_string_free(&mut error) };
        assert_eq!(guard(&mut error, || panic!("still")), OvtStatus::Internal);
        assert_eq!(text(&error), "internal error: still");
        unsafe { ovt_string_free(&mut error) };
        assert_eq!(guard(ptr::null_mut(), || panic!("unseen")), OvtStatus::Internal);
        assert_eq!(guard_or(5, || panic!("quiet")), 5);

        let mut object = ptr::dangling_mut::<u8>();
        assert_eq!(
            unsafe { guard_new(&mut object, ptr::null_mut(), || panic!("no object")) },
            OvtStatus::Internal
        );
        assert!(object.is_null());
    }

    #[test]
    fn success_leaves_no_text() {
        let mut error = OvtString {
            ptr: ptr::dangling_mut(),
            len: 1,
        };
        assert_eq!(guard(&mut error, || Ok(())), OvtStatus::Ok);
        assert!(error.ptr.is_null() && error.len == 0);
    }
}
