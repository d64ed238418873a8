"""Makes test/fixtures/tiny: what sentence-transformers (PyTorch, f32, CPU) gives for the models of make-tiny.mjs.

Run by hand when make-tiny.mjs or the versions change, with the environment of scripts/oracle/requirements.txt:

    oracle-venv/bin/python scripts/models/make_tiny.py

Files written:
  texts.json  the texts
  tokens.json per model the token ids of every text, without a prompt, cut at the model's limit
  cases.json  the cases: which model, which call, what was set otherwise, and the file with its vectors
  *.npy       float32 [texts, dimensions]; every text is embedded alone

A case with `truncateDim` is cut after all modules and then normalised.

A case with `padToMultipleOf` pads each text to that multiple on `paddingSide`, as transformers does: BERT's positions
count from the first padding token, so vectors padded on the left differ from those of the text alone.

Compare by the largest difference, 1e-4 at most: f32 against f64 is 1e-5 here, a wrong GELU 3e-3, and cosine cannot
tell two kinds of GELU apart.
"""

import json
import pathlib
import subprocess
import tempfile

import numpy
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
OUTPUT = REPOSITORY / "test/fixtures/tiny"
BUCKET = 16

POOLING_MODES = {
    "CLS": "cls",
    "MEAN": "mean",
    "MAX": "max",
    "MEAN_SQRT_LEN": "mean_sqrt_len_tokens",
    "WEIGHTED_MEAN": "weightedmean",
    "LAST_TOKEN": "lasttoken",
}

TEXTS = [
    "",
    " ",
    "a",
    "the river",
    "Stone garden",
    "a market by the bridge",
    "query: passage: text",
    "the winter morning was on the island with music and paper from the window",
    "WORDS in UPPER case",
    "café ÀÉÎ naïve",
    "αβγ δε, жзик",
    "東京 文字 未知",
    "שלום नमस",
    "😀 text 👩🏽\u200d💻",
    "[MASK] and [SEP]",
    "1 + 22 = 333; f(x) != g[y]",
    "un##known",
    "x" * 101,
    "tab\tnew\nline\0nul\u200bzero",
    "the a of and to in is it for on with as at by",
    "the letter of the market is not for you " * 3,
    "river " * 100,
]


def load(folder: pathlib.Path) -> SentenceTransformer:
    """Computes in f32, whatever the dtype of the file."""
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True, model_kwargs={"dtype": torch.float32})


def embed(encode, **options) -> numpy.ndarray:
    return numpy.stack([encode([text], **options)[0] for text in TEXTS])


def pooling_cases(folder: pathlib.Path) -> list[tuple[dict, numpy.ndarray]]:
    """Every pooling mode on the same weights, not normalised: the text alone, and padded on the left."""
    cases = []
    for pooling, mode in POOLING_MODES.items():
        transformer = load(folder)[0]
        st = SentenceTransformer(
            modules=[transformer, Pooling(transformer.get_embedding_dimension(), mode)], device="cpu"
        )
        case = {"model": folder.name, "call": "embed", "pooling": pooling, "normalize": False}
        alone = embed(st.encode)
        cases.append((case, alone))
        padding = {"text": {"pad_to_multiple_of": BUCKET}}
        if numpy.abs(embed(st.encode, processing_kwargs=padding) - alone).max() > 1e-5:
            raise SystemExit(f"padding on the right changes {pooling} of {folder.name}")
        st.tokenizer.padding_side = "left"
        left = {**case, "paddingSide": "left", "padToMultipleOf": BUCKET}
        cases.append((left, embed(st.encode, processing_kwargs=padding)))
    return cases


def prompt_cases(folder: pathlib.Path) -> list[tuple[dict, numpy.ndarray]]:
    """Every pooling mode without the prompt of queries: the text alone, and padded on the left."""
    cases = []
    for pooling, mode in POOLING_MODES.items():
        loaded = load(folder)
        pooling_module = Pooling(loaded[0].get_embedding_dimension(), mode, include_prompt=False)
        st = SentenceTransformer(modules=[loaded[0], pooling_module], prompts=loaded.prompts, device="cpu")
        case = {"model": folder.name, "call": "query", "pooling": pooling, "normalize": False}
        cases.append((case, embed(st.encode_query)))
        st.tokenizer.padding_side = "left"
        left = {**case, "paddingSide": "left", "padToMultipleOf": BUCKET}
        padding = {"text": {"pad_to_multiple_of": BUCKET}}
        cases.append((left, embed(st.encode_query, processing_kwargs=padding)))
    return cases


def truncated_cases(folder: pathlib.Path) -> list[tuple[dict, numpy.ndarray]]:
    """Cut further, and normalised where the model does not."""
    st = load(folder)
    cases = []
    for dimensions in (1, 7, 24):
        case = {"model": folder.name, "call": "embed", "normalize": True, "truncateDim": dimensions}
        cases.append((case, embed(st.encode, truncate_dim=dimensions, normalize_embeddings=True)))
    return cases


def model_cases(folder: pathlib.Path, st: SentenceTransformer) -> list[tuple[dict, numpy.ndarray]]:
    """The model as its folder says; the calls with a prompt only where there is one."""
    calls = {"embed": st.encode}
    if any(st.prompts.values()):
        calls |= {"query": st.encode_query, "document": st.encode_document}
    return [({"model": folder.name, "call": call}, embed(encode)) for call, encode in calls.items()]


def file_name(case: dict) -> str:
    parts = [case["model"], case["call"], case.get("pooling"), case.get("paddingSide"), case.get("truncateDim")]
    return ".".join(str(part) for part in parts if part) + ".npy"


def write_json(name: str, value: object, **options) -> None:
    (OUTPUT / name).write_text(json.dumps(value, **options) + "\n", encoding="ascii")


def main() -> None:
    torch.set_grad_enabled(False)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["node", REPOSITORY / "scripts/models/make-tiny.mjs", directory], check=True)
        cases, tokens = [], {}
        for folder in sorted(pathlib.Path(directory).iterdir()):
            st = load(folder)
            tokens[folder.name] = [st.preprocess([text])["input_ids"][0].tolist() for text in TEXTS]
            cases += model_cases(folder, st)
        cases += pooling_cases(pathlib.Path(directory) / "mean")
        cases += prompt_cases(pathlib.Path(directory) / "prompt-excluded")
        cases += truncated_cases(pathlib.Path(directory) / "truncate-dim")
    for case, vectors in cases:
        case["file"] = file_name(case)
        numpy.save(OUTPUT / case["file"], vectors.astype(numpy.float32))
    write_json("texts.json", TEXTS, indent=1)
    write_json("tokens.json", tokens)
    write_json("cases.json", [case for case, _ in cases], indent=1)
    print(f"{len(cases)} cases, {len(TEXTS)} texts")


if __name__ == "__main__":
    main()
