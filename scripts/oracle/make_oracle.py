"""Makes test/fixtures/oracle/all-MiniLM-L6-v2:
what sentence-transformers (PyTorch, f32, CPU) gives for 380 texts.

Run by hand when the texts or the versions change; the result is committed, so no test needs Python for it:

    python3 -m venv oracle-venv && oracle-venv/bin/pip install -r scripts/oracle/requirements.txt
    oracle-venv/bin/python scripts/oracle/make_oracle.py --model <folder of sentence-transformers/all-MiniLM-L6-v2>

Files written:
  texts.json             the texts, ASCII-escaped
  tokens.json            per text after truncation `ids` and `offsets` (start, end pairs in UTF-16 units),
                         and before it `counts`, the number of tokens
  embeddings.npy         float32 [texts, 384], each text embedded alone
  token_embeddings.npy   float32 [rows, 384]: token vectors of the texts that token_embeddings.json lists
  token_embeddings.json  per listed text its index in texts.json, its first row and its number of rows
  meta.json              versions, hash of the weights, date, command
"""

import argparse
import datetime
import hashlib
import importlib.metadata
import json
import pathlib

import numpy
import tokenizers
import torch
from sentence_transformers import SentenceTransformer

from texts import oracle_texts

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
OUTPUT = REPOSITORY / "test/fixtures/oracle/all-MiniLM-L6-v2"

# One text of each kind, short enough that the token vectors stay small.
TOKEN_EMBEDDING_TEXTS = [
    "",
    "[MASK]",
    "a\0b",
    "1️⃣ 2️⃣ #️⃣",
    "👍🏿👍🏻👍",
    "Ångström café résumé",
    "word ##piece",
    "x" * 101,
    "HELLO WORLD",
    "The [MASK] of France",
    "日本語とEnglishとкириллица",
    "tab\tseparated\tvalues",
    " ".join(["river"] * 252),
]


def check_weights(model: pathlib.Path) -> None:
    digest = hashlib.sha256((model / "model.safetensors").read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise SystemExit(f"model.safetensors has SHA-256 {digest}, expected {WEIGHTS_SHA256}")


def utf16_offsets(text: str, offsets: list[tuple[int, int]]) -> list[int]:
    """Code-point offsets, which Python's tokenizers give, as UTF-16 offsets, flat."""
    units = [0]
    for character in text:
        units.append(units[-1] + (2 if ord(character) > 0xFFFF else 1))
    return [units[position] for pair in offsets for position in pair]


def tokenise(st: SentenceTransformer, model: pathlib.Path, texts: list[str]) -> dict[str, list]:
    """Ids as the model sees them; checked against the Rust tokenizer on the same tokenizer.json."""
    plain = tokenizers.Tokenizer.from_file(str(model / "tokenizer.json"))
    plain.no_padding()
    rows, offsets, counts = [], [], []
    for text in texts:
        ids = st.preprocess([text])["input_ids"][0].tolist()
        plain.no_truncation()
        counts.append(len(plain.encode(text)))
        plain.enable_truncation(st.max_seq_length)
        encoding = plain.encode(text)
        if encoding.ids != ids:
            raise SystemExit(f"tokenizer.json and sentence-transformers disagree on {text!r}")
        rows.append(ids)
        offsets.append(utf16_offsets(text, encoding.offsets))
    return {"maxLength": st.max_seq_length, "ids": rows, "offsets": offsets, "counts": counts}


def token_embeddings(st: SentenceTransformer, texts: list[str]) -> tuple[list[dict[str, int]], numpy.ndarray]:
    index, blocks, row = [], [], 0
    for text in TOKEN_EMBEDDING_TEXTS:
        block = st.encode([text], output_value="token_embeddings")[0].numpy()
        index.append({"text": texts.index(text), "row": row, "rows": len(block)})
        blocks.append(block)
        row += len(block)
    return index, numpy.concatenate(blocks)


def write_json(name: str, value: object, **options) -> None:
    (OUTPUT / name).write_text(json.dumps(value, **options) + "\n", encoding="ascii")


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes the oracle of all-MiniLM-L6-v2.")
    parser.add_argument("--model", type=pathlib.Path, required=True, help="local model folder")
    model = parser.parse_args().model
    check_weights(model)
    torch.set_grad_enabled(False)
    st = SentenceTransformer(str(model), device="cpu", local_files_only=True, model_kwargs={"dtype": torch.float32})

    texts = oracle_texts()
    tokens = tokenise(st, model, texts)
    # One text per call: no padding, so that a vector is the text's own.
    embeddings = numpy.stack([st.encode([text])[0] for text in texts])
    index, blocks = token_embeddings(st, texts)

    OUTPUT.mkdir(parents=True, exist_ok=True)
    write_json("texts.json", texts, indent=0)
    write_json("tokens.json", tokens, separators=(",", ":"))
    write_json("token_embeddings.json", index)
    numpy.save(OUTPUT / "embeddings.npy", embeddings.astype(numpy.float32))
    numpy.save(OUTPUT / "token_embeddings.npy", blocks.astype(numpy.float32))
    packages = ["sentence-transformers", "transformers", "tokenizers", "torch", "numpy"]
    write_json("meta.json", {
        "model": MODEL,
        "weights_sha256": WEIGHTS_SHA256,
        "texts": len(texts),
        "dimensions": embeddings.shape[1],
        "versions": {name: importlib.metadata.version(name) for name in packages},
        "date": datetime.date.today().isoformat(),
        "command": "python scripts/oracle/make_oracle.py --model <all-MiniLM-L6-v2>",
    }, indent=2)  # fmt: skip
    print(f"{len(texts)} texts, {sum(map(len, tokens['ids']))} tokens, {len(blocks)} token vectors in {OUTPUT.name}")


if __name__ == "__main__":
    main()
