"""The texts of the oracle: made here from short word lists and templates, the same on every run.

Each function gives the texts of one concern; `oracle_texts()` joins them in a fixed order. No text holds a lone
surrogate (sentence-transformers refuses those), everything else that can stand in a string may occur.
"""

import random
import unicodedata

ENGLISH = (
    "river stone garden winter morning letter window market silver engine bridge doctor island music paper forest "
    "kitchen summer teacher village number reason history science question answer money colour language weather "
    "machine picture minute family animal circle corner danger dinner effort father finger freedom ground "
    "a the of and to in with from under over between after before without because while although however very "
    "quickly slowly opens reads writes builds carries follows explains measures remembers crosses returns"
).split()

# A handful of everyday words per script, enough to form sentences that exercise its letters, marks and joiners.
SCRIPTS = {
    "Latin with diacritics": "façade naïve Ångström señor über crème brûlée žluťoučký kůň piękny şeker ığdır Þór œuvre",
    "Vietnamese": "tiếng Việt không được những người thường ngày hôm nay trường học nước biển",
    "Turkish": "İstanbul ılık ışık şehir çiçek güneş öğretmen yağmur IĞDIR istanbul",
    "Greek": "καλημέρα κόσμε θάλασσα ήλιος φιλοσοφία ψωμί νερό δρόμος Ὅμηρος ΣΊΣΥΦΟΣ τέλος",
    "Cyrillic": "привет мир солнце книга ёлка подъезд здравствуйте вода дорога Їжак ґанок љубав",
    "Arabic": "السلام عليكم كتاب مدرسة شمس قمر بَيْتٌ ماء طريق لغة العربية",
    "Persian": "سلام کتاب‌ها می‌روم خورشید پنجره گل دوست روز",
    "Urdu": "سورج پانی کتاب دوست ہمارا گھر شہر راستہ زندگی",
    "Hebrew": "שלום עולם ספר שֶׁמֶשׁ מים דרך בית ירוק לילה",
    "Devanagari": "नमस्ते दुनिया पुस्तक सूर्य पानी विद्यालय क्षत्रिय ज्ञान हिन्दी",
    "Bengali": "নমস্কার বিশ্ব বই সূর্য জল বিদ্যালয় বাংলা নদী",
    "Gurmukhi": "ਸਤਿ ਸ੍ਰੀ ਅਕਾਲ ਪੰਜਾਬੀ ਪਾਣੀ ਕਿਤਾਬ ਸੂਰਜ",
    "Gujarati": "નમસ્તે દુનિયા પુસ્તક સૂર્ય પાણી ગુજરાતી શાળા",
    "Odia": "ନମସ୍କାର ପୃଥିବୀ ବହି ସୂର୍ଯ୍ୟ ପାଣି ଓଡ଼ିଆ",
    "Tamil": "வணக்கம் உலகம் புத்தகம் சூரியன் தண்ணீர் தமிழ் பள்ளி",
    "Telugu": "నమస్కారం ప్రపంచం పుస్తకం సూర్యుడు నీరు తెలుగు",
    "Kannada": "ನಮಸ್ಕಾರ ಪ್ರಪಂಚ ಪುಸ್ತಕ ಸೂರ್ಯ ನೀರು ಕನ್ನಡ",
    "Malayalam": "നമസ്കാരം ലോകം പുസ്തകം സൂര്യൻ വെള്ളം മലയാളം",
    "Sinhala": "ආයුබෝවන් ලෝකය පොත හිරු ජලය සිංහල පාසල",
    "Thai": "สวัสดีชาวโลก หนังสือ พระอาทิตย์ น้ำ ภาษาไทย โรงเรียน",
    "Lao": "ສະບາຍດີ ໂລກ ປຶ້ມ ຕາເວັນ ນ້ຳ ພາສາລາວ",
    "Khmer": "សួស្តី ពិភពលោក សៀវភៅ ព្រះអាទិត្យ ទឹក ភាសាខ្មែរ",
    "Burmese": "မင်္ဂလာပါ ကမ္ဘာ စာအုပ် နေ ရေ မြန်မာ ကျောင်း",
    "Tibetan": "བཀྲ་ཤིས་བདེ་ལེགས། འཛམ་གླིང་ དཔེ་ཆ་ ཉི་མ་ ཆུ་ བོད་ཡིག་",
    "Georgian": "გამარჯობა მსოფლიო წიგნი მზე წყალი ქართული სკოლა",
    "Armenian": "բարեւ աշխարհ գիրք արեւ ջուր Հայերեն դպրոց",
    "Ethiopic": "ሰላም ዓለም መጽሐፍ ፀሐይ ውሃ አማርኛ ትምህርት",
    "Hangul": "안녕하세요 세계 책 태양 물 한국어 학교 값어치 닭볶음탕",
    "Hiragana and katakana": "こんにちは せかい ありがとう カタカナ テレビ パソコン ゔぁいおりん ｶﾀｶﾅ ー",
    "Japanese": "東京都 学校で 勉強する 私は 本を 読みます 天気が 良い",
    "Han": "你好世界 书籍 太阳 河流 語言 學校 今天 天氣 很好 龍馬",
    "Mongolian": "ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ ᠨᠠᠷᠠ ᠤᠰᠤ",
    "Cherokee": "ᏣᎳᎩ ᎣᏏᏲ ᎡᎶᎯ ᏅᏓ",
    "Canadian syllabics": "ᐃᓄᒃᑎᑐᑦ ᓯᕿᓂᖅ ᐃᒪᖅ",
    "Runic": "ᚠᚢᚦᚨᚱᚲ ᚷᚹᚺᚾ ᛁᛃᛇᛈ",
    "Gothic": "𐌲𐌿𐍄𐌹𐍃𐌺 𐍂𐌰𐌶𐌳𐌰 𐌰𐍄𐍄𐌰",
}

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
WAVES = ["\U0001f44b" + chr(0x1F3FB + tone) for tone in range(5)]


def sentence(rng: random.Random, words: list[str], count: int) -> str:
    """`count` words with sentence ends and commas strewn in."""
    parts = []
    for position in range(count):
        word = rng.choice(words)
        if position == 0 or parts[-1].endswith("."):
            word = word[:1].upper() + word[1:]
        last = position == count - 1
        parts.append(word + ("." if last or rng.random() < 0.07 else "," if rng.random() < 0.08 else ""))
    return " ".join(parts)


def english_of_many_lengths(rng: random.Random) -> list[str]:
    lengths = [
        1,
        1,
        2,
        2,
        3,
        3,
        4,
        5,
        5,
        6,
        7,
        8,
        9,
        10,
        11,
        12,
        13,
        14,
        15,
        16,
        18,
        20,
        22,
        25,
        28,
        30,
        33,
        36,
        40,
        45,
        50,
        55,
    ]
    lengths += [
        60,
        66,
        72,
        80,
        90,
        100,
        110,
        120,
        130,
        140,
        150,
        170,
        190,
        210,
        230,
        250,
        300,
        400,
        600,
        1000,
        1500,
        2000,
    ]
    return [sentence(rng, ENGLISH, length) for length in lengths]


def every_script(rng: random.Random) -> list[str]:
    return [sentence(rng, words.split(), length) for words in SCRIPTS.values() for length in (1, 6, 18)]


def mixed_scripts(rng: random.Random) -> list[str]:
    pool = ENGLISH[:20] + [word for words in SCRIPTS.values() for word in words.split()]
    return [sentence(rng, pool, length) for length in (4, 8, 12, 20, 40, 80)] + [
        "日本語とEnglishとкириллица",
        "naïve東京Москва",
    ]


def token_limit() -> list[str]:
    """252 to 256 single-piece words are 254 to 258 tokens with [CLS] and [SEP]; then cuts inside a word."""
    exact = [" ".join([word] * count) for word in ("river", "stone") for count in (252, 253, 254, 255, 256)]
    inside_a_word = [" ".join(["garden"] * count + ["unfathomableness"] * 3) for count in (250, 252, 253, 254)]
    return exact + inside_a_word + ["!" * 254, "!" * 255, "東" * 253, "東" * 300, "a" * 100 + " b" * 255]


def long_words() -> list[str]:
    return [
        "x" * 99,
        "x" * 100,
        "x" * 101,
        "y" * 1000,
        "see " + "z" * 150 + " there",
        "é" * 100,
        "é" * 101,
        "e\u0301" * 101,
        "字" * 101,
        "a-" * 60,
    ]


def emoji() -> list[str]:
    return [
        "😀",
        FAMILY,
        f"We went home {FAMILY} and slept 😴.",
        " ".join(WAVES),
        "".join(WAVES),
        "🏳️\u200d🌈 🏴\u200d☠️ 🇩🇪🇯🇵",
        "❤️ and ❤ and ♥︎",
        "1️⃣ 2️⃣ #️⃣",
        "👩🏽\u200d💻 writes code",
        "👍🏿👍🏻👍",
        "🤷🏼\u200d♂️ who knows",
        "🔥" * 40,
        "ok👌ok",
        "🧑\u200d🚀\u200d",
    ]


def surrogate_pairs_only() -> list[str]:
    return ["𝒽𝑒𝓁𝓁𝑜", "𠮷𠮟𩸽", "𐐔𐐯𐑅𐐨𐑉𐐯𐐻", "𒀀𒁀𒂀", "🂡🂱🃁🃑", "𝟘𝟙𝟚𝟛", "🄰🄱🄲", "𞤀𞤁𞤂", "𝄞𝄢"]


def normal_forms() -> list[str]:
    words = [
        "Ångström café résumé",
        "Việt Nam đẹp",
        "한국어 값",
        "ἄνθρωπος ᾧ",
        "ﬁne ﬂow ﬃ",
        "ℌ ½ ² ™ Ⅳ",
        "が ぎ ｶﾞ",
        "क़ ख़ ग़",
        "שׁלום",
    ]
    return [unicodedata.normalize(form, word) for word in words for form in ("NFC", "NFD", "NFKC", "NFKD")]


def combining_marks() -> list[str]:
    return [
        "a\u0300\u0301\u0302\u0303\u0304b",
        "z̷̢̛a̸͝l̴g̵o̶",
        "\u0301 alone",
        "e\u0327\u0301 e\u0301\u0327",
        "i\u0307 I\u0307 ı İ",
        "a\u0308o\u0308u\u0308" * 10,
        "\u0336".join("strike"),
    ]


def direction_and_invisible_marks() -> list[str]:
    return [
        "\u200fשלום\u200f hello",
        "\u202bمرحبا\u202c world",
        "\u2066left\u2069 \u2067right\u2069",
        "\u202etxet desrever\u202c",
        "a\u200bb",
        "a\u200cb",
        "a\u200db",
        "soft\u00adhyphen",
        "word\u2060joiner",
        "\ufeffbyte order mark",
        "in\ufeffside",
        "\ufeff",
        "\u200b\u200b",
        "می\u200cخواهم",
        "no\u00a0break\u202fspace",
        "em\u2003space\u2009thin",
        "ideographic\u3000space",
        "line\u2028separator\u2029end",
        "variation\ufe0f selector\ufe0e",
        "tag\U000e0061\U000e007f end",
        "\ufffd",
        "broken \ufffd\ufffd bytes",
        "\ufffc object",
        "private \ue000 use \U000f0000",
        "unassigned \u0378 point",
        "noncharacter \ufffe \U0010ffff",
    ]


def control_characters() -> list[str]:
    return [
        "a\0b",
        "\0",
        "nul \0 between",
        "bell\x07 escape\x1b[31mred\x1b[0m",
        "".join(map(chr, range(1, 32))),
        "del\x7f c1\x85next\x9f",
        "form\ffeed\vtab",
        "back\bspace",
        "unit\x1fseparator\x1e",
    ]


def white_space() -> list[str]:
    return [
        "",
        " ",
        "   ",
        "\t",
        "\n",
        "\r\n",
        " \t\r\n ",
        "\u00a0",
        "\u3000\u2003",
        " leading",
        "trailing ",
        "  both  ",
        "two  spaces",
        "tab\tseparated\tvalues",
        "line one\nline two\n\nline four",
        "crlf\r\nline\rend",
    ]


def special_tokens() -> list[str]:
    return [
        "[SEP]",
        "[MASK]",
        "[CLS]",
        "[PAD]",
        "[UNK]",
        "The [MASK] of France",
        "a[SEP]b",
        "a [SEP] b",
        "[sep] [mask]",
        "[ SEP ]",
        "[CLS] text [SEP]",
        "[PAD][PAD][PAD]",
        "[[MASK]]",
        "##ing",
        "word ##piece",
        "<s> </s> <pad> <|endoftext|>",
    ]


def letter_case() -> list[str]:
    return [
        "hello world",
        "HELLO WORLD",
        "Hello World",
        "hELLO wORLD",
        "STRASSE straße ẞ",
        "ΌΔΟΣ όδος",
        "ǅ ǆ Ǆ",
        "İIıi",
        "ſet Kelvin K",
        "CamelCaseIdentifier snake_case_name kebab-case-name SCREAMING_SNAKE",
    ]


def code() -> list[str]:
    return [
        "def mean(xs: list[float]) -> float:\n    return sum(xs) / len(xs)  # fails for []\n",
        "const add = (a, b) => a + b;\nconsole.log(`sum: ${add(1, 2)}`);",
        "template <typename T>\nT clamp(T v, T lo, T hi) { return v < lo ? lo : hi < v ? hi : v; }",
        'fn main() -> Result<(), Box<dyn Error>> {\n    println!("{:?}", &[1u8, 2][..]);\n    Ok(())\n}',
        "SELECT t.id, COUNT(*) AS n FROM texts t LEFT JOIN rows r ON r.id = t.id WHERE lang <> 'en' GROUP BY 1;",
        "for f in *.txt; do grep -c '^#' \"$f\" | awk '{ s += $1 } END { print s }'; done 2>/dev/null",
        '{"a": [1, 2.5e-3, null, true], "b": {"c": "\\u00e9\\n"}}',
        "<T extends Record<string, unknown>>(x: T): asserts x is NonNullable<T> => {}",
        "(defun fact (n) (if (<= n 1) 1 (* n (fact (1- n)))))",
        "\\frac{1}{n}\\sum_{i=1}^{n} x_i^{2} \\leq \\int_0^\\infty e^{-x}\\,dx",
        "key: value\nlist:\n  - one\n  - two # comment\nanchor: &a {x: 1}\n",
        "/^(?:[a-z0-9!#$%&'*+/=?^_`{|}~-]+)@(?:\\w+\\.)+\\w{2,}$/i",
        "0xDEADBEEF >> 3 & ~mask | (1 << 7) ^ flags != 0 && *ptr++ == '\\0'",
    ]


def markup() -> list[str]:
    return [
        "# Title\n\nSome *emphasis*, **strong** and `code`.\n\n- one\n- [ ] two\n\n> quoted\n\n```js\nx = 1;\n```\n",
        "| name | value |\n|------|------:|\n| a    |     1 |\n| b    |    20 |\n",
        '[link](https://example.org/a_(b)) ![image](x.png "title") <https://example.org>',
        "<!doctype html><html><body><p class='x'>Hello &amp; <b>bye</b>&nbsp;&#x41;</p><!-- note --></body>",
        "<script>if (a < b && c > d) { alert('x'); }</script>",
        '<?xml version="1.0"?><a:b xmlns:a="urn:x"><![CDATA[ <raw> ]]></a:b>',
        "https://user:pw@example.org:8080/path/to%20file?q=caf%C3%A9&lang=de#frag",
        "www.example.org, mailto:someone@example.org, ftp://example.org/;type=i",
        "C:\\Program Files\\App\\file.txt and ../relative/path.tar.gz and ~/home",
        "192.168.0.1 2001:db8::ff00:42:8329 00:1B:44:11:3A:B7",
    ]


def numbers_and_punctuation() -> list[str]:
    return [
        "1",
        "42",
        "3.14159",
        "1,234,567.89",
        "1.234.567,89",
        "-0.5e-10",
        "2026-11-23T03:26:00Z",
        "12:30 pm",
        "$5.00 €4,50 £3 ¥200 ₹99",
        "50% ± 3σ",
        "٠١٢٣٤٥٦٧٨٩",
        "०१२३ ๐๑๒๓ 一二三",
        "½ ¾ ⅓",
        "+49 (0)30 123456-78",
        "ISBN 978-3-16-148410-0",
        "“Quoted” ‘single’ „low“ «guillemets» ‹single›",
        "en – dash, em — dash, minus −, hyphen ‐",
        "ellipsis… dots... ‽ ¡hola! ¿qué?",
        "don't won’t it's o'clock rock'n'roll",
        "!?!?!?",
        "...",
        "-----",
        "_",
        "'",
        '"',
        "() [] {} <>",
        "a/b\\c|d",
        "← ↑ → ↓ ⇒ ∀x ∈ ℝ: x² ≥ 0",
        "§ ¶ † ‡ • ° © ® ™",
        "e.g. i.e. etc. U.S.A. Ph.D.",
        "x=1;y=2,z=3",
        "9" * 60,
        "3" * 120,
    ]


def oracle_texts() -> list[str]:
    rng = random.Random(2026)
    groups = [
        english_of_many_lengths(rng),
        every_script(rng),
        mixed_scripts(rng),
        token_limit(),
        long_words(),
        emoji(),
        surrogate_pairs_only(),
        normal_forms(),
        combining_marks(),
        direction_and_invisible_marks(),
        control_characters(),
        white_space(),
        special_tokens(),
        letter_case(),
        code(),
        markup(),
        numbers_and_punctuation(),
    ]
    return list(dict.fromkeys(text for group in groups for text in group))
