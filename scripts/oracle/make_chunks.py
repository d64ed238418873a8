"""Makes test/fixtures/chunking: small tokenizers of the kinds that MiniLM's WordPiece is not, and what Python's tokenizers
say of long texts and of pieces of them.

Run by hand when the texts or the versions change; the result is committed, so no test needs Python for it:

    oracle-venv/bin/python scripts/oracle/make_chunks.py --minilm <folder of sentence-transformers/all-MiniLM-L6-v2>

Files written:
  <name>.tokenizer.json   trained here on the oracle's texts: unigram, byte-bpe, byte-fallback
  counts.json             `documents`: lists of indices of oracle/all-MiniLM-L6-v2/texts.json, joined by a blank line;
                          per tokenizer and document `pieces` (start, end in UTF-16 units, tokens of "query: " and the
                          piece, special tokens counted) and a CRC-32 of the offsets of all tokens
"""

import argparse
import json
import pathlib
import random
import zlib

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from texts import oracle_texts

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
OUTPUT = REPOSITORY / "test/fixtures/chunking"
PROMPT = "query: "
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
DOCUMENTS = 6
PIECES = 40


def finished(tokenizer: Tokenizer) -> Tokenizer:
    ids = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", pair=None, special_tokens=ids)
    return tokenizer


def unigram(texts: list[str]) -> Tokenizer:
    """As XLM-RoBERTa and camemBERT have it."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace("  ", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=2000, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return finished(tokenizer)


def byte_bpe(texts: list[str]) -> Tokenizer:
    """As RoBERTa, ModernBERT and Qwen have it: a character may be several tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return finished(tokenizer)


def byte_fallback(texts: list[str]) -> Tokenizer:
    """As Gemma and Llama have it: spaces are signs of their own, unknown characters become bytes."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    fallback = [AddedToken(f"<0x{byte:02X}>", normalized=False, special=False) for byte in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=700, limit_alphabet=120, special_tokens=SPECIAL + fallback, show_progress=False
    )
    # Pre-tokenised for training alone: pairs across spaces would make one token of a text.
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    tokenizer.train_from_iterator(texts, trainer)
    return finished(tokenizer)


def utf16_places(text: str) -> list[int]:
    places = [0]
    for character in text:
        places.append(places[-1] + (2 if ord(character) > 0xFFFF else 1))
    return places


def described(tokenizer: Tokenizer, text: str, random_source: random.Random) -> dict:
    places = utf16_places(text)
    offsets = [places[at] for pair in tokenizer.encode(text, add_special_tokens=False).offsets for at in pair]
    pieces = []
    for _ in range(PIECES):
        start = random_source.randrange(len(text))
        end = min(len(text), start + random_source.randrange(1, 400))
        count = len(tokenizer.encode(PROMPT + text[start:end]))
        pieces.append([places[start], places[end], count])
    crc = zlib.crc32(json.dumps(offsets, separators=(",", ":")).encode())
    return {"tokens": len(offsets) // 2, "offsets": crc, "pieces": pieces}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minilm", type=pathlib.Path, required=True)
    texts = oracle_texts()
    random_source = random.Random(8)
    short = [i for i, text in enumerate(texts) if len(text) < 2000]
    documents = [random_source.sample(short, 50) for _ in range(DOCUMENTS)]
    minilm = Tokenizer.from_file(str(parser.parse_args().minilm / "tokenizer.json"))
    minilm.no_truncation()
    minilm.no_padding()
    tokenizers = {
        "minilm": minilm,
        "unigram": unigram(texts),
        "byte-bpe": byte_bpe(texts),
        "byte-fallback": byte_fallback(texts),
    }
    OUTPUT.mkdir(parents=True, exist_ok=True)
    expected = {}
    for name, tokenizer in tokenizers.items():
        if name != "minilm":
            file = str(OUTPUT / f"{name}.tokenizer.json")
            tokenizer.save(file, pretty=False)
            # Just trained, it rounds the scores of pieces otherwise, and breaks other ties.
            tokenizer = Tokenizer.from_file(file)
        joined = ["\n\n".join(texts[i] for i in document) for document in documents]
        expected[name] = [described(tokenizer, text, random_source) for text in joined]
    content = {"prompt": PROMPT, "documents": documents, "expected": expected}
    (OUTPUT / "counts.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
