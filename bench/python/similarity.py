"""NumPy's top-k over a matrix, for the bench: one JSON object a line on standard input, one answer a line.

    python similarity.py ROWS WIDTH

Row r of the matrix, and query q as row ROWS + q, are those of bench/cases/search.mjs, to the bit. {"query": q, "k": k} gives
the best rows and the milliseconds that it took; the first answer comes unasked, once the matrix is there.
"""

import json
import sys
import time

import numpy as np


def vectors(first, count, width):
    """Values from a hash of their position, in [-1, 1)."""
    x = np.arange(first * width, (first + count) * width, dtype=np.uint64).astype(np.uint32)
    x *= np.uint32(2654435761)
    x ^= x >> np.uint32(15)
    x *= np.uint32(2246822519)
    x ^= x >> np.uint32(13)
    return (x.view(np.int32).astype(np.float32) / np.float32(2**31)).reshape(count, width)


def top(matrix, query, k):
    scores = matrix @ query
    best = np.argpartition(scores, -k)[-k:]
    return best[np.argsort(-scores[best])]


def main():
    rows, width = map(int, sys.argv[1:])
    matrix = np.empty((rows, width), dtype=np.float32)
    for first in range(0, rows, 8192):
        count = min(8192, rows - first)
        matrix[first : first + count] = vectors(first, count, width)
    print(json.dumps({"numpy": np.__version__}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        query = vectors(rows + request["query"], 1, width)[0]
        start = time.perf_counter()
        indices = top(matrix, query, request["k"])
        milliseconds = (time.perf_counter() - start) * 1000
        print(json.dumps({"milliseconds": milliseconds, "indices": indices.tolist()}), flush=True)


main()
