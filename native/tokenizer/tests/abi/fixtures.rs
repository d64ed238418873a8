//! Two small tokenizers of the kinds that matter, and texts that are hard on offsets.

use serde_json::{Map, Value, json};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

/// A WordPiece tokenizer as BERT's: lower-cases, strips accents, splits CJK; [CLS] = 2 and [SEP] = 3 around the text.
pub fn wordpiece() -> Value {
    let mut vocab: Vec<String> = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].map(String::from).into();
    vocab.extend(('!'..='~').filter(|c| !c.is_ascii_uppercase()).map(String::from));
    vocab.extend(('a'..='z').chain('0'..='9').map(|c| format!("##{c}")));
    vocab.extend(
        [
            "hello", "world", "em", "##bed", "##ding", "##s", "中", "文", "日", "本", "😀",
        ]
        .map(String::from),
    );
    vocab.retain({
        let mut seen = std::collections::HashSet::new();
        move |token| seen.insert(token.clone())
    });
    let vocab: Map<_, _> = vocab
        .into_iter()
        .enumerate()
        .map(|(id, token)| (token, json!(id)))
        .collect();
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [
            special(0, "[PAD]"), special(1, "[UNK]"), special(2, "[CLS]"), special(3, "[SEP]"), special(4, "[MASK]"),
        ],
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
            "lowercase": true,
        },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": template("[CLS]", 2, "[SEP]", 3),
        "decoder": { "type": "WordPiece", "prefix": "##", "cleanup": true },
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocab,
        },
    })
}

/// A byte-level BPE tokenizer as RoBERTa's: offsets are trimmed after the fact; <s> = 256 and </s> = 257 around the text.
pub fn byte_level() -> Value {
    let mut alphabet: Vec<char> = ByteLevel::alphabet().into_iter().collect();
    alphabet.sort_unstable();
    let tokens = alphabet
        .into_iter()
        .map(String::from)
        .chain(["<s>", "</s>"].map(String::from));
    let mut vocab: Map<_, _> = tokens.enumerate().map(|(id, token)| (token, json!(id))).collect();
    let merges = ["h e", "l l", "he ll", "hell o", "Ġ w", "Ġ Ġ", "i n", "in g"];
    for merge in merges {
        vocab.insert(merge.replace(' ', ""), json!(vocab.len()));
    }
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [special(256, "<s>"), special(257, "</s>")],
        "normalizer": null,
        "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true },
        "post_processor": {
            "type": "RobertaProcessing", "sep": ["</s>", 257], "cls": ["<s>", 256], "trim_offsets": true,
            "add_prefix_space": false,
        },
        "decoder": { "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true },
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "vocab": vocab, "merges": merges,
        },
    })
}

pub fn special(id: u32, content: &str) -> Value {
    json!({
        "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
        "special": true,
    })
}

fn template(cls: &str, cls_id: u32, sep: &str, sep_id: u32) -> Value {
    json!({
        "type": "TemplateProcessing",
        "single": [
            { "SpecialToken": { "id": cls, "type_id": 0 } },
            { "Sequence": { "id": "A", "type_id": 0 } },
            { "SpecialToken": { "id": sep, "type_id": 0 } },
        ],
        "pair": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "Sequence": { "id": "B", "type_id": 1 } }],
        "special_tokens": {
            cls: { "id": cls, "ids": [cls_id], "tokens": [cls] },
            sep: { "id": sep, "ids": [sep_id], "tokens": [sep] },
        },
    })
}

/// The same tokenizer.json with the value at a JSON pointer replaced.
pub fn with(mut json: Value, pointer: &str, value: Value) -> Value {
    *json.pointer_mut(pointer).expect("the pointer is in the fixture") = value;
    json
}

/// The same tokenizer.json with a truncation section that cuts at the given side.
pub fn cutting(json: Value, direction: &str) -> Value {
    let truncation = json!({ "max_length": 5, "strategy": "LongestFirst", "stride": 0, "direction": direction });
    with(json, "/truncation", truncation)
}

pub fn bytes(json: &Value) -> Vec<u8> {
    serde_json::to_vec(json).expect("JSON can be written")
}

/// Both kinds of tokenizer, each cutting at either side.
pub fn all() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for (name, json) in [("WordPiece", wordpiece()), ("byte-level BPE", byte_level())] {
        for direction in ["Right", "Left"] {
            all.push((
                format!("{name}, cut at {direction}"),
                bytes(&cutting(json.clone(), direction)),
            ));
        }
    }
    all
}

pub const TEXTS: [&str; 20] = [
    "",
    " ",
    " \t\n ",
    "hello world",
    "  hello   world  ",
    "Hello, WORLD! embeddings",
    "a\0b",
    "\0",
    "naïve café",
    "nai\u{308}ve cafe\u{301}",
    "中文 日本",
    "hello中文world",
    "😀",
    "a😀b 😀😀 c",
    "👩\u{200d}👩\u{200d}👧\u{200d}👦 ok",
    "🏳\u{fe0f}\u{200d}🌈x",
    "\u{feff}hello\u{fffd}",
    "שלום مرحبا",
    "İstanbul ﬁn ẞ",
    "𝒜𝓑 \u{10ffff} \u{202e}end",
];

/// `count` texts of up to 40 pieces from a palette of letters, marks, scripts, emoji and controls; the same every time.
pub fn random_texts(count: usize) -> Vec<String> {
    const PALETTE: [&str; 28] = [
        "a",
        "b",
        "hello",
        "embeddings",
        "w",
        " ",
        " ",
        "  ",
        "\n",
        ".",
        "Ä",
        "e\u{301}",
        "\u{301}",
        "中",
        "本",
        "한",
        "😀",
        "👩\u{200d}🔬",
        "🇩🇪",
        "\u{1d49c}",
        "\0",
        "\u{7f}",
        "\u{200b}",
        "\u{3000}",
        "\u{a0}",
        "ß",
        "İ",
        "1",
    ];
    let mut random = Random(1);
    let mut text = || {
        let pieces = random.below(41);
        (0..pieces).map(|_| PALETTE[random.below(PALETTE.len())]).collect()
    };
    (0..count).map(|_| text()).collect()
}

/// A linear congruential generator: reproducible, and good enough to choose test cases.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}
