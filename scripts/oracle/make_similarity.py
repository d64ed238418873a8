"""
Writes test/fixtures/vectors/similarity.json: small matrices of every dtype, and what NumPy makes of them in float64 for every
metric. Needs NumPy alone:

    python scripts/oracle/make_similarity.py
"""

import base64
import json
from pathlib import Path

import numpy as np

ROWS, QUERIES, WIDTH, BEST = 60, 3, 77, 8
TARGET = Path(__file__).parents[2] / "test" / "fixtures" / "vectors" / "similarity.json"


def to_bfloat16(values):
    """The bits, rounded to nearest even."""
    bits = values.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def from_bfloat16(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)


def scores(queries, rows, metric):
    if metric == "dot":
        return queries @ rows.T
    if metric == "cosine":
        norms = np.linalg.norm(queries, axis=1)[:, None] * np.linalg.norm(rows, axis=1)
        return queries @ rows.T / norms
    return np.linalg.norm(queries[:, None] - rows[None], axis=2)


def best(table, smaller_is_better):
    """Of equal scores the lower index first."""
    order = np.argsort(table if smaller_is_better else -table, axis=1, kind="stable")[:, :BEST]
    return {"indices": order.ravel().tolist(), "scores": np.take_along_axis(table, order, axis=1).ravel().tolist()}


def encode(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def case(dtype, rows, queries, rows_read, queries_read, query_dtype=None):
    found = {
        metric: best(scores(queries_read.astype(np.float64), rows_read.astype(np.float64), metric), metric == "euclidean")
        for metric in ("dot", "cosine", "euclidean")
    }
    return {
        "dtype": dtype,
        "queryDtype": query_dtype or dtype,
        "rows": encode(rows),
        "queries": encode(queries),
        "found": found,
    }


def bits_case(dtype, rows, queries, query_dtype):
    packed = [np.packbits(values > 0, axis=1) for values in (rows, queries)]
    table = np.array([[np.unpackbits(query ^ row).sum() for row in packed[0]] for query in packed[1]])
    as_dtype = lambda bits, kind: (bits.astype(np.int16) - 128).astype(np.int8) if kind == "binary" else bits
    sent = queries if query_dtype == "float32" else as_dtype(packed[1], query_dtype)
    return {
        "dtype": dtype,
        "queryDtype": query_dtype,
        "rows": encode(as_dtype(packed[0], dtype)),
        "queries": encode(sent),
        "found": {"hamming": best(table, True)},
    }


def main():
    random = np.random.default_rng(20261125)
    rows = random.standard_normal((ROWS, WIDTH)).astype(np.float32)
    queries = random.standard_normal((QUERIES, WIDTH)).astype(np.float32)
    rows[41] = rows[7]  # a tie
    half_rows, half_queries = rows.astype(np.float16), queries.astype(np.float16)
    brain_rows, brain_queries = to_bfloat16(rows), to_bfloat16(queries)
    codes = {
        "int8": [random.integers(-128, 128, (count, WIDTH)).astype(np.int8) for count in (ROWS, QUERIES)],
        "uint8": [random.integers(0, 256, (count, WIDTH)).astype(np.uint8) for count in (ROWS, QUERIES)],
    }
    cases = [
        case("float32", rows, queries, rows, queries),
        case("float16", half_rows, half_queries, half_rows, half_queries),
        case("bfloat16", brain_rows, brain_queries, from_bfloat16(brain_rows), from_bfloat16(brain_queries)),
    ]
    for dtype, (code_rows, code_queries) in codes.items():
        cases.append(case(dtype, code_rows, code_queries, code_rows, code_queries))
        # As sentence-transformers rescores: a float32 query against the codes as they are.
        cases.append(case(dtype, code_rows, queries, code_rows, queries, "float32"))
    for dtype in ("ubinary", "binary"):
        for query_dtype in ("ubinary", "binary", "float32"):
            cases.append(bits_case(dtype, rows, queries, query_dtype))
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    head = {"rows": ROWS, "queries": QUERIES, "dimensions": WIDTH, "best": BEST, "numpy": np.__version__}
    TARGET.write_text(json.dumps({**head, "cases": cases}) + "\n")


if __name__ == "__main__":
    main()
