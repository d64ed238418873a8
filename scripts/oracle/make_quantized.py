"""Makes test/fixtures/quantization/cases.json: what sentence-transformers, NumPy and PyTorch make of vectors in other
element types.

Run by hand when the versions change; the result is committed. Needs the packages of scripts/oracle/requirements.txt:

    oracle-venv/bin/python scripts/oracle/make_quantized.py

A case has vectors of one width, vectors to calibrate with, and the expected bytes of each element type; arrays are
little-endian and in base64. Every case has values beyond the calibrated ends, infinities, denormals, zeros of both signs
and, where it is wide enough, a dimension that is always the same.
"""

import base64
import json
import pathlib

import numpy
import torch
from sentence_transformers.util import quantize_embeddings

OUTPUT = pathlib.Path(__file__).resolve().parents[2] / "test/fixtures/quantization/cases.json"
WIDTHS = [1, 2, 7, 8, 9, 31, 64, 100, 384]
ROWS = 12
SPECIAL = [
    numpy.inf, -numpy.inf, numpy.nan, 0.0, -0.0, 1e-45, -1e-45, 1e-40, 5.9e-8, 2.9802322e-8, 6.1e-5, 65504, 65519.996,
    65520, 1e5, -1e5, 3.4e38, 1.0009766, 1.00048828125, 1.00146484375, 1.00390625, 1.01171875, -3.4e38,
]  # fmt: skip


def vectors_of(width: int, random: numpy.random.Generator) -> numpy.ndarray:
    vectors = random.normal(0, 0.1, (ROWS, width)).astype(numpy.float32)
    places = random.permutation(vectors.size)[: min(len(SPECIAL), vectors.size // 2)]
    vectors.reshape(-1)[places] = random.permutation(numpy.float32(SPECIAL))[: len(places)]
    return vectors


def calibration_of(width: int, random: numpy.random.Generator) -> numpy.ndarray:
    calibration = random.normal(0, 0.1, (40, width)).astype(numpy.float32)
    if width > 2:
        calibration[:, width // 2] = numpy.float32(0.0625)
    return calibration


def quantized(vectors: numpy.ndarray, calibration: numpy.ndarray) -> dict[str, numpy.ndarray]:
    # What NumPy makes an integer of NaN is undefined; ours is the lowest step.
    defined = numpy.where(numpy.isnan(vectors), calibration.min(axis=0), vectors)
    expected = {
        precision: quantize_embeddings(defined, precision, calibration_embeddings=calibration)
        for precision in ("int8", "uint8")
    }
    expected |= {precision: quantize_embeddings(vectors, precision) for precision in ("binary", "ubinary")}
    expected["float16"] = vectors.astype(numpy.float16).view(numpy.uint16)
    expected["bfloat16"] = torch.from_numpy(vectors).bfloat16().view(torch.int16).numpy().view(numpy.uint16)
    return expected


def base64_of(array: numpy.ndarray) -> str:
    return base64.b64encode(numpy.ascontiguousarray(array).tobytes()).decode()


def main() -> None:
    random = numpy.random.default_rng(20)
    cases = []
    for width in WIDTHS:
        vectors, calibration = vectors_of(width, random), calibration_of(width, random)
        with numpy.errstate(over="ignore"):
            expected = quantized(vectors, calibration)
        cases.append(
            {
                "dimensions": width,
                "vectors": base64_of(vectors),
                "calibration": base64_of(calibration),
                "expected": {name: base64_of(array) for name, array in expected.items()},
            }
        )
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
