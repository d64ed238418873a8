"""The clients of Python against a server: its address is the argument, what they get goes out as JSON."""

import json
import sys

import numpy as np
import openai
from huggingface_hub import InferenceClient
from langchain_openai import OpenAIEmbeddings

URL, KEY, MODEL = sys.argv[1:4]
TEXTS = json.load(sys.stdin)


def from_openai():
    client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0, timeout=30)
    create = client.embeddings.create
    default = create(model=MODEL, input=TEXTS)
    results = {
        "default": [row.embedding for row in default.data],
        "usage": default.usage.model_dump(),
        "model": default.model,
        "float": [row.embedding for row in create(model=MODEL, input=TEXTS, encoding_format="float").data],
        "dimensions": [row.embedding for row in create(model=MODEL, input=TEXTS, dimensions=8).data],
        "single": [row.embedding for row in create(model=MODEL, input=TEXTS[0]).data],
        "extra": [
            row.embedding for row in create(model=MODEL, input=TEXTS, extra_body={"input_type": "query"}).data
        ],
        "models": [model.id for model in client.models.list()],
    }
    raw = client.embeddings.with_raw_response.create(model=MODEL, input=TEXTS)
    results["tokens header"] = int(raw.headers["x-ovembed-tokens"])
    return {**results, "failures": failures(client)}


def failures(client):
    """What each failure is to a program: the class of the exception, its status, code and parameter."""

    def told(call):
        try:
            return f"no failure: {call()}"
        except openai.APIStatusError as error:
            return [type(error).__name__, error.status_code, error.code, error.param]

    create = client.embeddings.create
    wrong = openai.OpenAI(base_url=f"{URL}/v1", api_key="wrong", max_retries=0)
    return {
        "empty": told(lambda: create(model=MODEL, input="")),
        "unknown model": told(lambda: create(model="gpt", input="a")),
        "too many dimensions": told(lambda: create(model=MODEL, input="a", dimensions=4096)),
        "wrong key": told(lambda: wrong.embeddings.create(model=MODEL, input="a")),
        "timeout": told(
            lambda: create(model=MODEL, input=["a b c"] * 2000, extra_body={"timeout_ms": 0.001})
        ),
    }


def from_huggingface():
    client = InferenceClient(base_url=URL, api_key=KEY)
    features = client.feature_extraction(TEXTS[0])
    return {
        "feature_extraction": np.asarray(features).tolist(),
        "normalize": np.asarray(client.feature_extraction(TEXTS[0], normalize=False)).tolist(),
        "truncate": np.asarray(client.feature_extraction("mill " * 2000, truncate=True)).shape,
    }


def from_huggingface_similarity():
    client = InferenceClient(base_url=f"{URL}/similarity", api_key=KEY)
    return {"sentence_similarity": client.sentence_similarity(TEXTS[0], other_sentences=TEXTS[1:])}


def from_langchain():
    embeddings = OpenAIEmbeddings(
        base_url=f"{URL}/v1", api_key=KEY, model=MODEL, check_embedding_ctx_length=False, max_retries=0
    )
    return {"documents": embeddings.embed_documents(TEXTS), "query": embeddings.embed_query(TEXTS[0])}


results = {
    "openai": from_openai(),
    "huggingface": from_huggingface(),
    "similarity": from_huggingface_similarity(),
    "langchain": from_langchain(),
}
json.dump(results, sys.stdout)
