/**
 * C ABI of ovembed_tokenizer: Hugging Face tokenizer, JSON, safetensors headers, CRC-32.
 *
 * Rules that hold for every function:
 * - No call throws or unwinds. What can fail returns OvtStatus and takes `error`: NULL, or a place for an OvtString that
 *   is overwritten (not freed) by the call: no text on success, else a text that the caller frees with ovt_string_free.
 * - Objects that a function hands out by `out` belong to the caller and have a function to free them. Every object is
 *   immutable: any number of threads may use it at once; only freeing it must be the last use.
 * - A pointer must be NULL or valid for what it points to. NULL is reported where it is not allowed, never followed.
 * - Arguments are borrowed for the call only.
 */

#ifndef OVEMBED_TOKENIZER_H
#define OVEMBED_TOKENIZER_H

/* Generated from src/ by tests/header.rs; do not edit. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Most bytes that a vector of JSON takes for each of its numbers, with a comma; brackets take two more.
 */
#define OVT_JSON_NUMBER_BYTES 25

/**
 * How a call ended. On anything but OVT_STATUS_OK the function's `error` says what was wrong.
 */
typedef enum OvtStatus {
  /**
   * The call did what it says.
   */
  OVT_STATUS_OK,
  /**
   * An argument breaks the function's rules: a NULL pointer, text that is not UTF-8, a token id out of range.
   */
  OVT_STATUS_INVALID_ARGUMENT,
  /**
   * The bytes of a file (tokenizer.json, JSON, safetensors) are not what they have to be.
   */
  OVT_STATUS_INVALID_FILE,
  /**
   * A defect in this library or in one below it, such as a Rust panic. The object stays safe to free.
   */
  OVT_STATUS_INTERNAL,
} OvtStatus;

/**
 * On which side of a row padding goes.
 */
typedef enum OvtSide {
  OVT_SIDE_LEFT,
  OVT_SIDE_RIGHT,
} OvtSide;

/**
 * What becomes of an input that has more tokens than `max_length`.
 */
typedef enum OvtCut {
  /**
   * Its last tokens go.
   */
  OVT_CUT_END,
  /**
   * Its first tokens go, those of the head stay.
   */
  OVT_CUT_START,
  /**
   * It becomes several rows, each with the head in front: nothing goes.
   */
  OVT_CUT_WINDOWS,
} OvtCut;

/**
 * Type of a JSON value.
 */
typedef enum OvtJsonType {
  OVT_JSON_TYPE_NULL,
  OVT_JSON_TYPE_BOOLEAN,
  OVT_JSON_TYPE_NUMBER,
  OVT_JSON_TYPE_STRING,
  OVT_JSON_TYPE_ARRAY,
  OVT_JSON_TYPE_OBJECT,
} OvtJsonType;

/**
 * Element type of a tensor. Types without a constant of their own are OVT_DTYPE_OTHER; `dtype_name` tells which.
 */
typedef enum OvtDtype {
  OVT_DTYPE_F32,
  OVT_DTYPE_F16,
  OVT_DTYPE_BF16,
  OVT_DTYPE_F64,
  OVT_DTYPE_I64,
  OVT_DTYPE_I32,
  OVT_DTYPE_I16,
  OVT_DTYPE_I8,
  OVT_DTYPE_U64,
  OVT_DTYPE_U32,
  OVT_DTYPE_U16,
  OVT_DTYPE_U8,
  OVT_DTYPE_BOOL,
  OVT_DTYPE_OTHER,
} OvtDtype;

/**
 * Encoded rows. Immutable, so that any number of threads may read it. Owned by the caller: ovt_encoding_free.
 */
typedef struct OvtEncoding OvtEncoding;

/**
 * A JSON value. Immutable, so that any number of threads may read it. The root is owned by the caller: ovt_json_free.
 * Every other value is borrowed from its root: it lives as long, and must not be freed.
 *
 * The functions below allow NULL for a value: it has the type OVT_JSON_TYPE_NULL and nothing in it.
 */
typedef struct OvtJson OvtJson;

/**
 * The validated header of a safetensors file. Immutable, so that any number of threads may read it. It holds no pointer
 * into the file. Owned by the caller: ovt_safetensors_free.
 */
typedef struct OvtSafetensors OvtSafetensors;

/**
 * A tokenizer. Immutable, so that any number of threads may use it at once. Owned by the caller: ovt_tokenizer_free.
 */
typedef struct OvtTokenizer OvtTokenizer;

/**
 * Text owned by the caller, UTF-8, not NUL-terminated and possibly containing NUL. Free it with ovt_string_free.
 * `ptr` is NULL if there is no text.
 */
typedef struct OvtString {
  uint8_t *ptr;
  size_t len;
} OvtString;

/**
 * Borrowed text: UTF-8, not NUL-terminated and possibly containing NUL. `ptr` may be NULL if `len` is 0.
 * As an argument it has to live until the call returns; as a result it lives as long as the object it came from.
 */
typedef struct OvtText {
  const uint8_t *ptr;
  size_t len;
} OvtText;

/**
 * The padding section of a tokenizer.json.
 */
typedef struct OvtPadding {
  enum OvtSide side;
  /**
   * The id that fills a row, and the type id beside it.
   */
  uint32_t pad_id;
  uint32_t pad_type_id;
  /**
   * The token of `pad_id`, such as [PAD]. Lives as long as the tokenizer.
   */
  struct OvtText pad_token;
} OvtPadding;

/**
 * How to encode.
 */
typedef struct OvtEncodeOptions {
  /**
   * Longest row in tokens, special tokens counted; 0: no limit.
   */
  size_t max_length;
  /**
   * What becomes of longer ones. Special tokens of the template stay at the ends of each row.
   */
  enum OvtCut cut;
  /**
   * Tokens that a window repeats of the one before it; more than half of its own are not.
   */
  size_t overlap;
  /**
   * [head_len] ids, without special tokens, of what texts begin with, such as a prompt. The head of a text is as much of
   * this as its own tokens begin with. NULL if there is none.
   */
  const uint32_t *head;
  size_t head_len;
  /**
   * Whether the tokenizer's template (such as [CLS] … [SEP]) is applied to texts. Rows given as ids are model input
   * already and are taken as they are.
   */
  bool add_special_tokens;
  /**
   * Whether offsets are wanted. Without them encoding is faster.
   */
  bool with_offsets;
} OvtEncodeOptions;

/**
 * The arrays of an encoding. They are borrowed: valid until ovt_encoding_free. `total` is `row_starts[rows]`.
 */
typedef struct OvtEncodingView {
  /**
   * Number of rows.
   */
  size_t rows;
  /**
   * [rows + 1]: the tokens of row i are at `row_starts[i]` up to, not including, `row_starts[i + 1]`.
   */
  const size_t *row_starts;
  /**
   * [total] token ids, row after row.
   */
  const uint32_t *ids;
  /**
   * [total] token type ids.
   */
  const uint32_t *type_ids;
  /**
   * [total] 1 for special tokens. For texts these are the ones that the tokenizer's template added, as in Hugging
   * Face's encodings; for rows given as ids, every token that the tokenizer declares special.
   */
  const uint8_t *special_tokens_mask;
  /**
   * [2 × total] start and end of each token in its text, in UTF-16 code units; 0, 0 for tokens that the template
   * added and for rows given as ids. No elements unless asked for.
   */
  const uint32_t *offsets;
  /**
   * Number of elements of `offsets`: 2 × total, or 0.
   */
  size_t offsets_len;
  /**
   * [rows] tokens of the row's input before it was cut, special tokens counted.
   */
  const uint32_t *original_counts;
  /**
   * [rows] 1 where tokens of the row's input are in no row.
   */
  const uint8_t *truncated;
  /**
   * [rows] the input that the row is made of. Inputs have one row each, but for those that were cut into windows.
   */
  const uint32_t *inputs;
  /**
   * [rows] the first token that is the row's own: no special token of the template, none of the head of a row that was
   * cut, and not in the window before.
   */
  const uint32_t *own_starts;
  /**
   * [rows] how many tokens are the row's own; they follow each other.
   */
  const uint32_t *own_counts;
} OvtEncodingView;

/**
 * A tensor of a safetensors file. Its pointers are borrowed from the OvtSafetensors.
 */
typedef struct OvtTensor {
  struct OvtText name;
  enum OvtDtype dtype;
  /**
   * The element type as safetensors writes it, such as F32 or F8_E4M3.
   */
  struct OvtText dtype_name;
  /**
   * [rank] sizes of the dimensions, outermost first; a scalar has rank 0.
   */
  const size_t *shape;
  size_t rank;
  /**
   * The data's bytes in the file, counted from its start: `begin` up to, not including, `end`. Row-major, little
   * endian, and not necessarily aligned to the element size.
   */
  size_t begin;
  size_t end;
} OvtTensor;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Frees text that a function of this library handed out, and sets it to NULL. NULL and empty text are allowed.
 */
void ovt_string_free(struct OvtString *string);

/**
 * Loads a tokenizer from the `len` bytes of a tokenizer.json, which are not needed after the call.
 *
 * With `lower_case`, texts are lower-cased (Unicode, character by character) before the file's own normalisation, unless
 * one of its normalizers is named Lowercase.
 *
 * The file's own truncation and padding are switched off; see ovt_tokenizer_padding, ovt_tokenizer_cut and
 * OvtEncodeOptions. `*out` receives the tokenizer (NULL on failure).
 * OVT_STATUS_INVALID_FILE if the bytes are no tokenizer.json that the library understands.
 */
enum OvtStatus ovt_tokenizer_new(const uint8_t *json,
                                 size_t len,
                                 bool lower_case,
                                 struct OvtTokenizer **out,
                                 struct OvtString *error);

/**
 * Frees a tokenizer. No other thread may be using it. Encodings made with it stay valid. NULL is allowed.
 */
void ovt_tokenizer_free(struct OvtTokenizer *tokenizer);

/**
 * One more than the largest token id, added tokens counted; valid ids are smaller. 0 for NULL.
 */
size_t ovt_tokenizer_vocab_size(const struct OvtTokenizer *tokenizer);

/**
 * Writes the padding that the tokenizer.json asks for to `out`. False, and `out` untouched, if it has no such section.
 */
bool ovt_tokenizer_padding(const struct OvtTokenizer *tokenizer, struct OvtPadding *out);

/**
 * Where the tokenizer.json cuts texts by itself: OVT_CUT_START if its truncation section has the direction Left, else
 * OVT_CUT_END.
 */
enum OvtCut ovt_tokenizer_cut(const struct OvtTokenizer *tokenizer);

/**
 * Encodes `n` texts, a row each unless they are cut into windows, on the calling thread.
 *
 * Rows longer than `max_length` are cut as Hugging Face does with `truncation=True, max_length=…`: the text's tokens
 * are cut, then the special tokens are added. `*out` receives the rows (NULL on failure); the texts are not needed
 * after the call. OVT_STATUS_INVALID_ARGUMENT if a text is not UTF-8 (the error names the row) or if `max_length` has
 * no room for the special tokens, or for what it has to keep and the head of a text; OVT_STATUS_INVALID_FILE if the
 * tokenizer cannot encode a text, such as a word outside the vocabulary of a tokenizer without unknown token.
 */
enum OvtStatus ovt_tokenizer_encode(const struct OvtTokenizer *tokenizer,
                                    const struct OvtText *texts,
                                    size_t n,
                                    const struct OvtEncodeOptions *options,
                                    struct OvtEncoding **out,
                                    struct OvtString *error);

/**
 * Takes `n` rows of token ids as exact model input: nothing is added.
 *
 * `row_starts` has n + 1 elements that start at 0 and do not decrease; row i is `ids[row_starts[i]]` up to, not
 * including, `ids[row_starts[i + 1]]`. Type ids and offsets are 0. A row longer than `max_length` is cut so that the
 * special tokens of the tokenizer's template, if they are at its ends, stay: ids from an untruncated encode give the
 * row that the text itself would have given. OVT_STATUS_INVALID_ARGUMENT if an id is not below
 * ovt_tokenizer_vocab_size (the error names row, position, id and size) or if `max_length` has no room for a row's
 * special tokens. The arrays are not needed after the call.
 */
enum OvtStatus ovt_tokenizer_encode_ids(const struct OvtTokenizer *tokenizer,
                                        const uint32_t *ids,
                                        const size_t *row_starts,
                                        size_t n,
                                        const struct OvtEncodeOptions *options,
                                        struct OvtEncoding **out,
                                        struct OvtString *error);

/**
 * Decodes `n` token ids to `*out`, which the caller frees with ovt_string_free (NULL text on failure).
 * OVT_STATUS_INVALID_ARGUMENT if an id is not below ovt_tokenizer_vocab_size.
 */
enum OvtStatus ovt_tokenizer_decode(const struct OvtTokenizer *tokenizer,
                                    const uint32_t *ids,
                                    size_t n,
                                    bool skip_special_tokens,
                                    struct OvtString *out,
                                    struct OvtString *error);

/**
 * Writes the arrays of `encoding` to `view`. Nothing is copied.
 */
enum OvtStatus ovt_encoding_view(const struct OvtEncoding *encoding,
                                 struct OvtEncodingView *view,
                                 struct OvtString *error);

/**
 * Frees an encoding and with it the arrays of its views. NULL is allowed.
 */
void ovt_encoding_free(struct OvtEncoding *encoding);

/**
 * Parses `len` bytes of JSON text (UTF-8), which are not needed after the call. `*out` receives the root (NULL on
 * failure). OVT_STATUS_INVALID_FILE, with line and column in the text, if it is no JSON or nested more than 127 deep.
 * Of equal keys in one object the last counts.
 */
enum OvtStatus ovt_json_parse(const uint8_t *bytes, size_t len, struct OvtJson **out, struct OvtString *error);

/**
 * Frees a root and every value in it. NULL is allowed.
 */
void ovt_json_free(struct OvtJson *json);

/**
 * The value at a JSON pointer (RFC 6901) of `len` bytes, such as "/architectures/0"; "" is `json` itself. NULL if there
 * is none. Borrowed from the root.
 */
const struct OvtJson *ovt_json_at(const struct OvtJson *json, const uint8_t *pointer, size_t len);

/**
 * The type of a value.
 */
enum OvtJsonType ovt_json_type(const struct OvtJson *json);

/**
 * Writes a number that is written without fraction and exponent, and fits, to `out`. False, and `out` untouched, for
 * anything else.
 */
bool ovt_json_as_integer(const struct OvtJson *json, int64_t *out);

/**
 * Writes any number to `out`. False, and `out` untouched, for anything else.
 */
bool ovt_json_as_number(const struct OvtJson *json, double *out);

/**
 * Writes a boolean to `out`. False, and `out` untouched, for anything else.
 */
bool ovt_json_as_boolean(const struct OvtJson *json, bool *out);

/**
 * Writes a string, borrowed from the root, to `out`. False, and `out` untouched, for anything else.
 */
bool ovt_json_as_string(const struct OvtJson *json, struct OvtText *out);

/**
 * Number of elements of an array or members of an object; 0 for anything else.
 */
size_t ovt_json_size(const struct OvtJson *json);

/**
 * Element `index` of an array, or the value of member `index` of an object; NULL if there is none. Borrowed from the
 * root. Members are in the byte order of their keys, and reaching one takes time proportional to `index`.
 */
const struct OvtJson *ovt_json_item(const struct OvtJson *json, size_t index);

/**
 * Writes the key of member `index` of an object, borrowed from the root, to `out`. False, and `out` untouched, if there
 * is none.
 */
bool ovt_json_key(const struct OvtJson *json, size_t index, struct OvtText *out);

/**
 * Writes the `count` values at `values` as an array of JSON to the `capacity` bytes at `out`, and the number of bytes that
 * it has to `*written`. Each number has the fewest digits that read back as the same float32.
 * OVT_STATUS_INVALID_ARGUMENT if a value is not finite, or if `capacity` is below
 * `count` × OVT_JSON_NUMBER_BYTES + 2; what `out` then holds is not said.
 */
enum OvtStatus ovt_json_vector(const float *values,
                               size_t count,
                               uint8_t *out,
                               size_t capacity,
                               size_t *written,
                               struct OvtString *error);

/**
 * Reads the header of the safetensors file that is the `len` bytes at `file`, usually a memory map.
 *
 * The header is checked against the length of the whole file: its own size, offsets without gap or overlap, shape times
 * element size equal to the bytes of each tensor, no byte left over. Only the header is touched, and copied: the file is
 * not needed after the call, but must not shrink during it. `*out` receives the header (NULL on failure).
 * OVT_STATUS_INVALID_FILE if a check fails.
 */
enum OvtStatus ovt_safetensors_open(const uint8_t *file,
                                    size_t len,
                                    struct OvtSafetensors **out,
                                    struct OvtString *error);

/**
 * Frees a header. NULL is allowed.
 */
void ovt_safetensors_free(struct OvtSafetensors *header);

/**
 * Number of tensors. 0 for NULL.
 */
size_t ovt_safetensors_count(const struct OvtSafetensors *header);

/**
 * Writes tensor `index`, in the order of the data in the file, to `out`. False, and `out` untouched, if there is none.
 */
bool ovt_safetensors_get(const struct OvtSafetensors *header, size_t index, struct OvtTensor *out);

/**
 * CRC-32 (ISO-HDLC, as in zlib, gzip and PNG) of `len` bytes. `data` may be NULL if `len` is 0. Never fails.
 */
uint32_t ovt_crc32(const uint8_t *data, size_t len);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* OVEMBED_TOKENIZER_H */
