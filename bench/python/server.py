"""Runs one Python library for the bench: one JSON object a line on standard input, one answer a line.

    python server.py sentence-transformers|genai MODEL_FOLDER f32|bf16|f16 BATCH_SIZE

{"do": "take", "texts": [...]} keeps texts, {"do": "run"} embeds them, {"do": "rows"} gives the vectors, {"do": "query",
"text": ...} one vector, {"do": "time", "text": ..., "repeats": n} the milliseconds of each query, {"do": "memory"}
resident bytes. An answer with "error" says what went wrong.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path


def sentence_transformers_engine(folder, precision, batch_size):
    import torch
    from sentence_transformers import SentenceTransformer

    dtype = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}[precision]
    model = SentenceTransformer(folder, device="cpu", model_kwargs={"dtype": dtype})

    def embed(texts):
        return model.encode(texts, batch_size=batch_size, show_progress_bar=False)

    return embed, lambda text: model.encode(text, show_progress_bar=False)


def genai_engine(folder, precision, batch_size):
    import openvino_genai

    config = openvino_genai.TextEmbeddingPipeline.Config()
    config.pooling_type = openvino_genai.TextEmbeddingPipeline.PoolingType.MEAN
    config.normalize = True
    config.max_length = max_length(folder)
    pipeline = openvino_genai.TextEmbeddingPipeline(folder, "CPU", config, INFERENCE_PRECISION_HINT=precision)

    def embed(texts):
        batches = (texts[i : i + batch_size] for i in range(0, len(texts), batch_size))
        return [row for batch in batches for row in pipeline.embed_documents(batch)]

    return embed, pipeline.embed_query


def max_length(folder):
    return json.loads(Path(folder, "tokenizer_config.json").read_text(encoding="utf-8"))["model_max_length"]


ENGINES = {"sentence-transformers": sentence_transformers_engine, "genai": genai_engine}


class Server:
    def __init__(self, embed, query):
        self.embed = embed
        self.query = query
        self.texts = []
        self.vectors = []

    def answer(self, request):
        return getattr(self, f"do_{request['do']}")(request)

    def do_ready(self, _):
        return {}

    def do_take(self, request):
        self.texts = request["texts"]
        return {}

    def do_run(self, _):
        self.vectors = self.embed(self.texts)
        return {}

    def do_rows(self, _):
        return {"rows": [[float(value) for value in row] for row in self.vectors]}

    def do_query(self, request):
        return {"vector": [float(value) for value in self.query(request["text"])]}

    def do_time(self, request):
        milliseconds = []
        for _ in range(request["repeats"]):
            started = time.perf_counter()
            self.query(request["text"])
            milliseconds.append((time.perf_counter() - started) * 1000)
        return {"milliseconds": milliseconds}

    def do_memory(self, _):
        # Linux counts the peak in KiB.
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return {"rss": {"peak": peak, "after": pages * os.sysconf("SC_PAGE_SIZE")}}


def main():
    library, folder, precision, batch_size = sys.argv[1:]
    # Libraries print as they like; the answers have standard output to themselves.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    server = None
    for line in sys.stdin:
        try:
            server = server or Server(*ENGINES[library](folder, precision, int(batch_size)))
            answer = server.answer(json.loads(line))
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
