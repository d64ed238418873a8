"""Makes test/fixtures/long-input: what becomes of texts that are longer than a model reads, in PyTorch f32 on the CPU.

Run by hand when make-tiny.mjs or the versions change, with the environment of requirements.txt:

    oracle-venv/bin/python scripts/oracle/make_long_input.py

For the models `prompts` and `prompt-excluded` of scripts/models/make-tiny.mjs, cut to 16 tokens, embeddings.json holds
  texts    the texts
  cases    per model, policy and prompt the vectors of the texts, normalised, each text embedded alone
  late     per text of the model `mean`, which reads 48 tokens, its chunks, the overlap, and the chunks' vectors

`start` without a prompt is sentence-transformers itself with tokenizer.truncation_side = "left". With one it would cut the
prompt off, which is not what we do: the row is put together by hand, and so are the windows of `chunk` and of late
chunking. Token vectors are those of sentence-transformers' Transformer module; NumPy does the rest in f64.
"""

import json
import pathlib
import subprocess
import tempfile

import numpy
import torch
from sentence_transformers import SentenceTransformer

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
OUTPUT = REPOSITORY / "test/fixtures/long-input"
MAX_LENGTH = 16
LATE_MAX_LENGTH = 48

TEXTS = [
    "",
    "the river",
    "the winter morning was on the island with",
    "the winter morning was on the island with music and paper from the window",
    "a market by the bridge, a stone garden: " * 3,
    "東京 café ÀÉÎ 😀 naïve αβγ " * 4,
    "river " * 100,
]
LATE_TEXTS = [
    "a market by the bridge. the stone garden is on the island. music!",
    "東京 café 😀 is it. the letter of the window was not for you. " * 6,
    "the winter morning was on the island with music and paper from the window. " * 12,
]


def load(folder: pathlib.Path) -> SentenceTransformer:
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True, model_kwargs={"dtype": torch.float32})


def content(st: SentenceTransformer, text: str) -> list[int]:
    return st.tokenizer(text, add_special_tokens=False, truncation=False)["input_ids"]


def token_vectors(st: SentenceTransformer, ids: list[int]) -> numpy.ndarray:
    row = torch.tensor([[st.tokenizer.cls_token_id, *ids, st.tokenizer.sep_token_id]])
    features = {"input_ids": row, "attention_mask": torch.ones_like(row), "token_type_ids": torch.zeros_like(row)}
    return st[0](features)["token_embeddings"][0].numpy().astype(numpy.float64)


def normalized(vector: numpy.ndarray) -> numpy.ndarray:
    return vector / numpy.linalg.norm(vector)


def head(st: SentenceTransformer, prompt: str, ids: list[int]) -> int:
    """How many tokens of the prompt the text begins with."""
    count = 0
    for own, given in zip(ids, content(st, prompt), strict=False):
        if own != given:
            break
        count += 1
    return count


def start(st: SentenceTransformer, prompt: str, text: str, include_prompt: bool) -> numpy.ndarray:
    ids = content(st, prompt + text)
    kept = head(st, prompt, ids)
    room = MAX_LENGTH - 2 - kept
    if len(ids) > MAX_LENGTH - 2:
        ids = ids[:kept] + ids[-room:]
    first = 0 if include_prompt or not prompt else 1 + kept
    return normalized(token_vectors(st, ids)[first:].mean(axis=0))


def chunk(st: SentenceTransformer, prompt: str, text: str, include_prompt: bool) -> numpy.ndarray:
    ids = content(st, prompt + text)
    kept = head(st, prompt, ids)
    room = MAX_LENGTH - 2 - kept
    first = 0 if include_prompt or not prompt else 1 + kept
    if len(ids) <= MAX_LENGTH - 2:
        return normalized(token_vectors(st, ids)[first:].mean(axis=0))
    windows = [ids[at : at + room] for at in range(kept, len(ids), room)]
    vectors = [token_vectors(st, ids[:kept] + window)[first:].mean(axis=0) for window in windows]
    return normalized(numpy.average(vectors, axis=0, weights=[len(window) for window in windows]))


def cases(folder: pathlib.Path, include_prompt: bool) -> list[dict]:
    st = load(folder)
    found = []
    for input_type in (None, "query"):
        prompt = st.prompts["query"] if input_type else ""
        for truncate, embed in (("start", start), ("chunk", chunk)):
            vectors = [embed(st, prompt, text, include_prompt) for text in TEXTS]
            found.append({"model": folder.name, "truncate": truncate, "inputType": input_type, "vectors": vectors})
    st.max_seq_length = MAX_LENGTH
    st.tokenizer.truncation_side = "left"
    theirs = numpy.stack([st.encode([text], normalize_embeddings=True)[0] for text in TEXTS])
    if numpy.abs(theirs - numpy.stack(found[0]["vectors"])).max() > 1e-5:
        raise SystemExit("start is not what sentence-transformers gives with truncation_side = left")
    return found


def utf16(text: str, position: int) -> int:
    return len(text[:position].encode("utf-16-le")) // 2


def late(st: SentenceTransformer, text: str, overlap: int) -> dict:
    """The vectors of chunks that end at full stops; windows as in the paper's long late chunking."""
    encoded = st.tokenizer(text, add_special_tokens=False, truncation=False, return_offsets_mapping=True)
    ids, starts = encoded["input_ids"], [begin for begin, _ in encoded["offset_mapping"]]
    room = LATE_MAX_LENGTH - 2
    vectors = token_vectors(st, ids[:room])[1:-1]
    at = 0
    while len(vectors) < len(ids):
        at += room - overlap
        vectors = numpy.concatenate([vectors, token_vectors(st, ids[at : at + room])[1 + overlap : -1]])
    ends = [i + 1 for i, character in enumerate(text) if character in ".!"]
    bounds = [0, *ends] if ends[-1] == len(text) else [0, *ends, len(text)]
    chunks, pooled = [], []
    for begin, end in zip(bounds, bounds[1:], strict=False):
        own = [token for token, position in enumerate(starts) if begin <= position < end]
        if not own:
            continue
        chunks.append({"start": utf16(text, begin), "end": utf16(text, end), "tokens": len(own)})
        pooled.append(normalized(vectors[own].mean(axis=0)))
    return {"text": text, "overlap": overlap, "chunks": chunks, "vectors": pooled}


def plain(value):
    return [round(float(x), 7) for x in value] if isinstance(value, numpy.ndarray) else value


def main() -> None:
    torch.set_grad_enabled(False)
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["node", str(REPOSITORY / "scripts/models/make-tiny.mjs"), directory], check=True)
        folder = pathlib.Path(directory)
        found = cases(folder / "prompts", True) + cases(folder / "prompt-excluded", False)
        st = load(folder / "mean")
        chunks = [late(st, text, overlap) for text in LATE_TEXTS for overlap in (0, 10)]
    OUTPUT.mkdir(parents=True, exist_ok=True)
    result = {"maxLength": MAX_LENGTH, "lateMaxLength": LATE_MAX_LENGTH, "texts": TEXTS, "cases": found, "late": chunks}
    text = json.dumps(result, default=plain, indent=None, separators=(",", ":"))
    (OUTPUT / "embeddings.json").write_text(text.replace('{"model"', '\n{"model"') + "\n", encoding="ascii")
    print(f"{len(found)} cases, {len(chunks)} texts in chunks")


if __name__ == "__main__":
    main()
