"""Files of vectors as Python writes them, for test/unit/vectors: .npy, safetensors, Arrow, Parquet.

    pip install numpy ml_dtypes safetensors pyarrow
    python3 scripts/oracle/make_vector_files.py
    python3 scripts/oracle/make_vector_files.py --check DIR    # reads what lib/vectors wrote into DIR

Tests read the first. For the second, VECTOR_FILES=DIR makes test/unit/vectors/files.test.ts keep what it writes.
"""

import json
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors import safe_open
from safetensors.numpy import save_file

FOLDER = Path(__file__).parents[2] / "test" / "fixtures" / "vectors"
ROWS, DIMENSIONS = 5, 16


def matrices():
    values = np.random.default_rng(6).standard_normal((ROWS, DIMENSIONS)).astype(np.float32)
    values[0, :4] = [0.0, -0.0, 6e-8, -65504.0]  # zeros, a subnormal and the largest of float16
    bits = np.packbits(values > 0, axis=1)
    return {
        "float32": values,
        "float16": values.astype(np.float16),
        "bfloat16": values.astype(ml_dtypes.bfloat16),
        "int8": np.clip(np.round(values * 50), -128, 127).astype(np.int8),
        "uint8": np.clip(np.round(values * 50 + 128), 0, 255).astype(np.uint8),
        "binary": (bits.astype(np.int16) - 128).astype(np.int8),
        "ubinary": bits,
    }


def elements(matrix):
    """As lib/vectors holds them: halves by their bits."""
    return (matrix.view(np.uint16) if matrix.itemsize == 2 else matrix).ravel().tolist()


def fixed_size_list(matrix):
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), matrix.shape[1])


def write_npy(all_of):
    for name in ("float32", "float16", "bfloat16", "int8", "uint8"):
        np.save(FOLDER / f"{name}.npy", all_of[name])
    values = all_of["float32"]
    for version in (2, 3):
        with open(FOLDER / f"version-{version}.npy", "wb") as file:
            np.lib.format.write_array(file, values, version=(version, 0))
    np.save(FOLDER / "big-endian.npy", values.astype(">f4"))
    np.save(FOLDER / "big-endian-half.npy", all_of["float16"].astype(">f2"))
    np.save(FOLDER / "fortran.npy", np.asfortranarray(values))
    np.save(FOLDER / "float64.npy", values.astype(np.float64))
    np.save(FOLDER / "one-vector.npy", values[0])
    np.save(FOLDER / "empty.npy", values[:0])


def write_safetensors(all_of):
    save_file(all_of, FOLDER / "all.safetensors", metadata={"model": "none"})
    save_file({"one": all_of["float32"]}, FOLDER / "one.safetensors")
    save_file({"a": all_of["float32"].astype(np.float64)}, FOLDER / "float64.safetensors")


def write_tables(all_of):
    ids = pa.array([f"id {i}" for i in range(ROWS)])
    texts = pa.array(["straße", None, "", "三", "e"])
    counts = pa.array(range(ROWS), pa.int32())

    def table(embedding):
        return pa.table({"id": ids, "text": texts, "count": counts, "embedding": embedding})

    values = all_of["float32"]
    tables = {
        "fixed": table(fixed_size_list(values)),
        "list": table(pa.array(list(values))),
        "half": table(fixed_size_list(all_of["float16"])),
        "int8": table(fixed_size_list(all_of["int8"])),
        "uint8": table(fixed_size_list(all_of["uint8"])),
        "double": table(pa.array(list(values.astype(np.float64)))),
        "ragged": table(pa.array([row[: DIMENSIONS - i] for i, row in enumerate(values)])),
        "nulls": table(pa.array([list(values[0]), None, *map(list, values[2:])], pa.list_(pa.float32()))),
        "null-elements": table(pa.array([[None, *values[0][1:]], *map(list, values[1:])], pa.list_(pa.float32()))),
    }
    for name, one in tables.items():
        with pa.OSFile(str(FOLDER / f"{name}.arrow"), "wb") as sink, pa.ipc.new_file(sink, one.schema) as writer:
            writer.write_table(one, max_chunksize=2)  # several record batches
        pq.write_table(one, FOLDER / f"{name}.parquet", row_group_size=2)
    one = tables["fixed"]
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.OSFile(str(FOLDER / "zstd.arrow"), "wb") as sink, pa.ipc.new_file(sink, one.schema, options=options) as writer:
        writer.write_table(one)
    pq.write_table(one, FOLDER / "zstd.parquet", compression="zstd")


def check(folder, all_of):
    """What lib/vectors wrote of `elements.json`: every format and type."""
    for name, matrix in all_of.items():
        width = matrix.shape[1]
        plain = np.load(folder / f"{name}.npy")
        assert np.array_equal(plain.view(matrix.dtype), matrix), f"{name}.npy"
        with safe_open(folder / f"{name}.safetensors", "np") as file:
            assert file.metadata() == {"dtype": name, "dimensions": str(DIMENSIONS), "model": "none"}
            assert elements(file.get_tensor("embeddings")) == elements(matrix), f"{name}.safetensors"
        for suffix, table in (
            ("arrow", pa.ipc.open_file(folder / f"{name}.arrow").read_all()),
            ("parquet", pq.read_table(folder / f"{name}.parquet")),
        ):
            assert table.schema.metadata[b"dtype"] == name.encode(), f"{name}.{suffix}"
            assert table["text"].to_pylist() == ["straße", None, "", "三", "e"], f"{name}.{suffix}"
            column = table["embedding"].combine_chunks()
            assert suffix == "parquet" or column.type.list_size == width
            found = column.flatten().to_numpy(zero_copy_only=False).reshape(ROWS, width)
            assert elements(found) == elements(matrix), f"{name}.{suffix}"
    print(f"{len(all_of)} types in 4 formats: equal")


def main():
    all_of = matrices()
    if sys.argv[1:2] == ["--check"]:
        check(Path(sys.argv[2]), all_of)
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "elements.json").write_text(json.dumps({name: elements(one) for name, one in all_of.items()}) + "\n")
    write_npy(all_of)
    write_safetensors(all_of)
    write_tables(all_of)


if __name__ == "__main__":
    main()
