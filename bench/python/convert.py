"""Traces a model from PyTorch into OpenVINO IR, with its tokenizer, as openvino-genai reads them:

    python convert.py MODEL_FOLDER OUTPUT_FOLDER MAX_TOKENS

Weights stay f32. The tokenizer cuts texts at MAX_TOKENS.
"""

import json
import pathlib
import sys

import openvino
import torch
from openvino_tokenizers import convert_tokenizer
from transformers import AutoModel, AutoTokenizer


def main():
    folder, output = sys.argv[1], pathlib.Path(sys.argv[2])
    max_tokens = int(sys.argv[3])
    output.mkdir(parents=True, exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(folder, model_max_length=max_tokens)
    model = AutoModel.from_pretrained(folder, add_pooling_layer=False, dtype=torch.float32).eval()
    example = dict(tokenizer(["a text", "another one of more words"], padding=True, return_tensors="pt"))
    with torch.no_grad():
        graph = openvino.convert_model(model, example_input=example)
    openvino.save_model(graph, output / "openvino_model.xml", compress_to_fp16=False)
    tokens = convert_tokenizer(tokenizer, number_of_inputs=1)
    openvino.save_model(tokens, output / "openvino_tokenizer.xml", compress_to_fp16=False)
    tokenizer.save_pretrained(output)
    config = pathlib.Path(folder, "config.json").read_text(encoding="utf-8")
    (output / "config.json").write_text(json.dumps(json.loads(config)), encoding="utf-8")


if __name__ == "__main__":
    main()
