"""Makes ONNX files of a BERT model folder without PyTorch, laid out as transformers.js reads a local model:

    python3 scripts/models/make_onnx.py MODEL_FOLDER OUTPUT_FOLDER [--external] [--variant NAME] [--quantize]

OUTPUT_FOLDER gets onnx/model.onnx and the folder's JSON files and vocabulary. With --external, the weights are in a file
beside it, onnx/model.onnx_data, as exporters write models above 2 GB. With --variant, the graph has other inputs or outputs (onnx_variants.py). With --quantize, also
onnx/model_quantized.onnx by onnxruntime's dynamic quantisation, with the settings of the published transformers.js `q8`
files: weights of matrix products and embedding tables as signed integers per channel in the 7-bit range, activations as
unsigned 8-bit integers at run time; products of two activations (attention) stay f32.

Needs requirements.txt, with --quantize requirements-quantize.txt.
"""

import argparse
import json
import pathlib
import shutil

import onnx

from bert_onnx import bert_model
from onnx_variants import VARIANTS
from safetensors_file import read_safetensors


def make_onnx(model: pathlib.Path, output: pathlib.Path, external: bool, variant: str | None) -> pathlib.Path:
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    if config.get("model_type") != "bert":
        raise SystemExit(f"model_type is {config.get('model_type')!r}; only 'bert' can be converted")
    target = output / "onnx/model.onnx"
    target.parent.mkdir(parents=True, exist_ok=True)
    graph = bert_model(config, read_safetensors(model / "model.safetensors"))
    if variant:
        VARIANTS[variant](graph.graph)
        onnx.checker.check_model(graph)
    apart = {"save_as_external_data": True, "location": "model.onnx_data", "size_threshold": 64} if external else {}
    onnx.save(graph, target, **apart)
    return target


def copy_configuration(model: pathlib.Path, output: pathlib.Path) -> None:
    """Everything but the weights: configuration, tokenizer and the modules' folders."""
    for source in [*model.glob("*.json"), *model.glob("*/*.json"), *model.glob("vocab.txt")]:
        target = output / source.relative_to(model)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def quantize(source: pathlib.Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    target = source.with_name("model_quantized.onnx")
    quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes ONNX files of a BERT model folder.")
    parser.add_argument("model", type=pathlib.Path, help="folder with config.json and model.safetensors")
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--external", action="store_true", help="write the weights to a file beside the model")
    parser.add_argument("--variant", choices=VARIANTS, help="change inputs or outputs")
    parser.add_argument("--quantize", action="store_true", help="also write onnx/model_quantized.onnx")
    arguments = parser.parse_args()
    copy_configuration(arguments.model, arguments.output)
    target = make_onnx(arguments.model, arguments.output, arguments.external, arguments.variant)
    if arguments.quantize:
        quantize(target)


if __name__ == "__main__":
    main()
