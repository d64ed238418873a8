/** A hand-built WordPiece tokenizer of some 300 pieces for the tiny models, as transformers saves it. */

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const LETTERS = [...'abcdefghijklmnopqrstuvwxyz0123456789'];
const PUNCTUATION = [...'!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'];
const OTHER_SCRIPTS = [...'αβγδεжзикл東京文字שלוםनमस'];
const WORDS = (
  'the a of and to in is it for on with as at by from that this was are be have not you he she they we text word ' +
  'vector model query passage river stone garden winter morning letter window market bridge island music paper'
).split(' ');
const SUFFIXES = 'ing ed er est ly ness tion s es al able ment ful less ist ize th st nd rd an en in on un re'.split(
  ' ',
);

const pieces = [
  ...SPECIAL,
  ...PUNCTUATION,
  ...LETTERS,
  ...LETTERS.map((letter) => `##${letter}`),
  ...OTHER_SCRIPTS,
  ...OTHER_SCRIPTS.map((letter) => `##${letter}`),
  ...WORDS,
  ...SUFFIXES.map((suffix) => `##${suffix}`),
];

export const vocabulary = Object.fromEntries([...new Set(pieces)].map((piece, id) => [piece, id]));
export const vocabularySize = Object.keys(vocabulary).length;

/** The content of tokenizer.json: BERT normalisation (lower-casing unless the model does), WordPiece, `[CLS] text [SEP]`. */
export function tokenizerJson({ lowerCase = false } = {}) {
  const special = (token) => ({ SpecialToken: { id: token, type_id: 0 } });
  const template = (token) => [token, { id: token, ids: [vocabulary[token]], tokens: [token] }];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: !lowerCase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, special('[SEP]')],
      pair: [
        special('[CLS]'),
        { Sequence: { id: 'A', type_id: 0 } },
        special('[SEP]'),
        { Sequence: { id: 'B', type_id: 1 } },
        { SpecialToken: { id: '[SEP]', type_id: 1 } },
      ],
      special_tokens: Object.fromEntries([template('[CLS]'), template('[SEP]')]),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: vocabulary,
    },
  };
}

/** The content of tokenizer_config.json; a null `modelMaxLength` is left out. */
export function tokenizerConfig({ modelMaxLength, paddingSide, lowerCase }) {
  return {
    tokenizer_class: 'BertTokenizer',
    do_lower_case: !lowerCase,
    strip_accents: null,
    tokenize_chinese_chars: true,
    ...(modelMaxLength === null ? {} : { model_max_length: modelMaxLength }),
    padding_side: paddingSide,
    truncation_side: 'right',
    cls_token: '[CLS]',
    sep_token: '[SEP]',
    pad_token: '[PAD]',
    unk_token: '[UNK]',
    mask_token: '[MASK]',
  };
}
