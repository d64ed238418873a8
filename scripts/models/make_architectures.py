"""Makes test/fixtures/architectures: token vectors that PyTorch (f32, CPU) gives for tiny models of every architecture.

Run by hand, with the environment of scripts/oracle/requirements.txt; names choose some of the files:

    oracle-venv/bin/python scripts/models/make_architectures.py [NAME…]

Every file of scripts/models/architectures describes one architecture:
  CONFIGURATIONS  {name: content of config.json}: at least two, with every published option that the builder claims
  build(config)   optional: a torch module in place of transformers' AutoModel; its state_dict() holds the names of a
                  published checkpoint, and module(input_ids=…, attention_mask=…) gives [B, S, H] or has last_hidden_state.
                  None for configurations that transformers is the reference for
  EARLIER_WORDS   optional: {name: what config.json has in place of layer_types and rope_parameters}, as earlier releases
                  of transformers wrote it and published checkpoints have it

Files written for each configuration:
  NAME.json      config, names and shapes of the tensors, token ids of the texts
  NAME.npy       float32 [tokens of all texts, H]: every text alone, without padding
  NAME.left.npy  the same padded on the left to a multiple of BUCKET, padding left out again

The weights come from architecture-model.mjs, as in the tests. That padding on the right changes nothing is checked here.
"""

import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
ARCHITECTURES = REPOSITORY / "scripts/models/architectures"
OUTPUT = REPOSITORY / "test/fixtures/architectures"
BUCKET = 16
LENGTHS = [1, 2, 5, 16, 17, 40]
"""Up to more than two buckets; with windows and bucketed distances of a few tokens in the configurations."""
SMALLEST_VOCABULARY = 220
"""That of the tokenizer (tiny-tokenizer.mjs), whose ids alone are accepted."""


WITH_PADDING = 2
"""The text that holds the id of padding as if a user had written it, which some architectures leave uncounted."""


def token_ids(pad: int) -> list[list[int]]:
    """The same for all but the padding; else above the ids of special tokens, and within every vocabulary."""
    random = numpy.random.default_rng(7)
    texts = [random.integers(5, SMALLEST_VOCABULARY, length).tolist() for length in LENGTHS]
    texts[WITH_PADDING][1] = pad
    return texts


def read_architecture(path: pathlib.Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def own_model(architecture, config: dict):
    """The architecture's own reference, with any weights; None if transformers is the reference."""
    build = getattr(architecture, "build", None)
    return build(config) if build else None


def new_model(architecture, config: dict):
    """With any weights."""
    own = own_model(architecture, config)
    if own is not None:
        return own
    return AutoModel.from_config(AutoConfig.for_model(**config), attn_implementation="eager")


def tensors_of(model, folder: pathlib.Path) -> list[tuple[str, list[int]]]:
    """Names and shapes as they are saved."""
    if hasattr(model, "save_pretrained"):
        model.save_pretrained(folder)
    else:
        save_file(model.state_dict(), folder / "model.safetensors")
    with safe_open(folder / "model.safetensors", "pt") as file:
        return [(name, file.get_slice(name).get_shape()) for name in sorted(file.keys())]


def in_earlier_words(architecture, name: str, config: dict) -> dict:
    words = getattr(architecture, "EARLIER_WORDS", {}).get(name)
    if words is None:
        return config
    return {key: value for key, value in config.items() if key not in ("layer_types", "rope_parameters")} | words


def load(architecture, config: dict, folder: pathlib.Path):
    """With the weights of architecture-model.mjs."""
    own = own_model(architecture, config)
    if own is None:
        return AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    own.load_state_dict(load_file(folder / "model.safetensors"))
    return own.eval()


def forward(model, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    output = model(input_ids=ids, attention_mask=mask)
    return getattr(output, "last_hidden_state", output)


def vectors(model, ids: list[int], side: str | None, pad: int) -> numpy.ndarray:
    """Of one text: alone, or padded on a side."""
    padding = 0 if side is None else -len(ids) % BUCKET
    pads, ones, zeros = [pad] * padding, [1] * len(ids), [0] * padding
    row, mask = (pads + ids, zeros + ones) if side == "left" else (ids + pads, ones + zeros)
    states = forward(model, torch.tensor([row]), torch.tensor([mask]))[0]
    return (states[padding:] if side == "left" else states[: len(ids)]).numpy()


def make(name: str, architecture, config: dict) -> None:
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory)
        torch.manual_seed(0)
        model = new_model(architecture, config)
        tensors = tensors_of(model, folder)
        saved = json.loads((folder / "config.json").read_text()) if (folder / "config.json").exists() else config
        saved = in_earlier_words(architecture, name, saved)
        pad = saved.get("pad_token_id") or 0
        texts = token_ids(pad)
        fixture = OUTPUT / f"{name}.json"
        fixture.write_text(json.dumps({"config": saved, "tensors": tensors, "ids": texts}) + "\n", encoding="ascii")
        script = REPOSITORY / "scripts/models/architecture-model.mjs"
        subprocess.run(["node", script, fixture, folder], check=True)
        # JavaScript writes 2.0 as 2, which transformers does not take for a float.
        (folder / "config.json").write_text(json.dumps(saved))
        model = load(architecture, config, folder)
    alone, right, left = (
        numpy.concatenate([vectors(model, ids, side, pad) for ids in texts]) for side in (None, "right", "left")
    )
    scale = numpy.abs(alone).max()
    if not numpy.isfinite(alone).all() or numpy.abs(right - alone).max() > 1e-5 * scale:
        raise SystemExit(f"{name}: padding on the right changes the vectors by {numpy.abs(right - alone).max() / scale}")
    numpy.save(OUTPUT / f"{name}.npy", alone.astype(numpy.float32))
    numpy.save(OUTPUT / f"{name}.left.npy", left.astype(numpy.float32))
    print(f"{name}: {alone.shape}, left differs by {numpy.abs(left - alone).max() / scale:.1e}")


def main() -> None:
    torch.set_grad_enabled(False)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[1:]
    for path in sorted(ARCHITECTURES.glob("*.py")):
        architecture = read_architecture(path)
        for name, config in architecture.CONFIGURATIONS.items():
            if not wanted or name in wanted or path.stem in wanted:
                make(name, architecture, config)


if __name__ == "__main__":
    main()
