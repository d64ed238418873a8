"""Reads safetensors files with numpy alone; numpy has no bfloat16, so every floating type comes out as float32."""

import json
import pathlib

import numpy

DTYPES = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8"}


def read_safetensors(path: pathlib.Path) -> dict[str, numpy.ndarray]:
    """The tensors by name: float32, or int64 for buffers such as position_ids."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    return {name: _tensor(content, start, **entry) for name, entry in header.items()}


def _tensor(content: bytes, start: int, dtype: str, shape: list[int], data_offsets: list[int]) -> numpy.ndarray:
    begin, end = data_offsets
    array = numpy.frombuffer(content[start + begin : start + end], DTYPES[dtype]).reshape(shape)
    if dtype == "BF16":
        return (array.astype(numpy.uint32) << 16).view(numpy.float32)
    return array if dtype == "I64" else array.astype(numpy.float32)
