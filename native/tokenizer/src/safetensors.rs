//! safetensors headers: which tensors a file holds, and where.

use crate::ffi::{Error, OvtStatus, OvtString, OvtText, Result, borrow_slice, free, guard_new, guard_or};
use safetensors::{Dtype, SafeTensors};

/// The validated header of a safetensors file. Immutable, so that any number of threads may read it. It holds no pointer
/// into the file. Owned by the caller: ovt_safetensors_free.
#[derive(Debug)]
pub struct OvtSafetensors {
    tensors: Vec<Tensor>,
}

#[derive(Debug)]
struct Tensor {
    name: String,
    dtype: Dtype,
    dtype_name: String,
    shape: Vec<usize>,
    begin: usize,
    end: usize,
}

/// Element type of a tensor. Types without a constant of their own are OVT_DTYPE_OTHER; `dtype_name` tells which.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OvtDtype {
    F32,
    F16,
    Bf16,
    F64,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    Bool,
    Other,
}

impl From<Dtype> for OvtDtype {
    fn from(dtype: Dtype) -> Self {
        match dtype {
            Dtype::F32 => Self::F32,
            Dtype::F16 => Self::F16,
            Dtype::BF16 => Self::Bf16,
            Dtype::F64 => Self::F64,
            Dtype::I64 => Self::I64,
            Dtype::I32 => Self::I32,
            Dtype::I16 => Self::I16,
            Dtype::I8 => Self::I8,
            Dtype::U64 => Self::U64,
            Dtype::U32 => Self::U32,
            Dtype::U16 => Self::U16,
            Dtype::U8 => Self::U8,
            Dtype::BOOL => Self::Bool,
            _ => Self::Other,
        }
    }
}

/// A tensor of a safetensors file. Its pointers are borrowed from the OvtSafetensors.
#[repr(C)]
pub struct OvtTensor {
    pub name: OvtText,
    pub dtype: OvtDtype,
    /// The element type as safetensors writes it, such as F32 or F8_E4M3.
    pub dtype_name: OvtText,
    /// [rank] sizes of the dimensions, outermost first; a scalar has rank 0.
    pub shape: *const usize,
    pub rank: usize,
    /// The data's bytes in the file, counted from its start: `begin` up to, not including, `end`. Row-major, little
    /// endian, and not necessarily aligned to the element size.
    pub begin: usize,
    pub end: usize,
}

impl OvtSafetensors {
    /// Reads the header of a whole file. Only the header's bytes are touched, so the rest may be unread memory map.
    pub fn from_file(file: &[u8]) -> Result<Self> {
        let (header, metadata) = SafeTensors::read_metadata(file)
            .map_err(|error| Error::file(format!("not a valid safetensors file: {error}")))?;
        let data = size_of::<u64>() + header;
        let tensor = |name: String| {
            let info = metadata.info(&name)?;
            let (begin, end) = (data + info.data_offsets.0, data + info.data_offsets.1);
            let (dtype, shape) = (info.dtype, info.shape.clone());
            Some(Tensor {
                name,
                dtype,
                dtype_name: dtype.to_string(),
                shape,
                begin,
                end,
            })
        };
        Ok(Self {
            tensors: metadata.offset_keys().into_iter().filter_map(tensor).collect(),
        })
    }
}

/// Reads the header of the safetensors file that is the `len` bytes at `file`, usually a memory map.
///
/// The header is checked against the length of the whole file: its own size, offsets without gap or overlap, shape times
/// element size equal to the bytes of each tensor, no byte left over. Only the header is touched, and copied: the file is
/// not needed after the call, but must not shrink during it. `*out` receives the header (NULL on failure).
/// OVT_STATUS_INVALID_FILE if a check fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_safetensors_open(
    file: *const u8,
    len: usize,
    out: *mut *mut OvtSafetensors,
    error: *mut OvtString,
) -> OvtStatus {
    unsafe {
        guard_new(out, error, || {
            OvtSafetensors::from_file(borrow_slice(file, len, "file")?)
        })
    }
}

/// Frees a header. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_safetensors_free(header: *mut OvtSafetensors) {
    unsafe { free(header) };
}

/// Number of tensors. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_safetensors_count(header: *const OvtSafetensors) -> usize {
    guard_or(0, || {
        unsafe { header.as_ref() }.map_or(0, |header| header.tensors.len())
    })
}

/// Writes tensor `index`, in the order of the data in the file, to `out`. False, and `out` untouched, if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ovt_safetensors_get(header: *const OvtSafetensors, index: usize, out: *mut OvtTensor) -> bool {
    guard_or(false, || {
        let tensor = unsafe { header.as_ref() }.and_then(|header| header.tensors.get(index));
        let (Some(tensor), false) = (tensor, out.is_null()) else {
            return false;
        };
        let tensor = OvtTensor {
            name: tensor.name.as_str().into(),
            dtype: tensor.dtype.into(),
            dtype_name: tensor.dtype_name.as_str().into(),
            shape: tensor.shape.as_ptr(),
            rank: tensor.shape.len(),
            begin: tensor.begin,
            end: tensor.end,
        };
        unsafe { out.write(tensor) };
        true
    })
}
