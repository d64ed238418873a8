// Everything of core that reads what others wrote, on damaged input: a result or an Error, never more. Models that come
// to run are damaged in test/native/mutants.test.ts, in child processes, as OpenVINO's own readers are not ours to
// mend.
#include "tests/fuzz/fuzz.h"

#include <numeric>

#include "core/compiled_blob.h"
#include "core/json.h"
#include "core/safetensors.h"
#include "core/tokenizer.h"
#include "tests/encodings.h"
#include "tests/engines.h"
#include "tests/temp_folder.h"

namespace ovembed {
namespace {

using testing::Dictionary;
using testing::fuzz;
using testing::Mutator;
using testing::read_bytes;
using testing::TinyModel;
using testing::write_file;

const Dictionary kJson{"null",     "true", "[]", "{}", "[[",    "]]", "{\"\":", "\"\\u0000\"",        "\"\\ud800\"",
                       "\xff\xfe", ",",    "\"", "\\", "[1,2]", "-",  "e9",     std::string(500, '[')};

Dictionary operator+(Dictionary a, const Dictionary& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

TEST(Fuzz, Json) {
    fuzz({"json",
          {testing::tiny_config({}), R"({"a":{"b":[1,"x",true,null]},"c":-1.5e3,"d":["p","q"]})"},
          kJson,
          [](const std::string& bytes, Mutator&) {
              const Json json = Json::parse(bytes, "a document");
              for (const char* key : {"hidden_size", "a", "a/b", "c", "d", "model_type"}) {
                  if (json.has(key) && json.is_text(key)) json.text(key, "");
                  try {
                      json.number(key, 0);
                      json.size(key, 1);
                      json.texts(key);
                      json.boolean(key, false);
                  } catch (const Error&) {
                      continue;  // of another type
                  }
              }
          },
          20'000});
}

// Sums up every byte that a tensor is said to have, so that one that is not in the file is read.
size_t touch(const TensorView& tensor) {
    const size_t bits = tensor.type.is_dynamic() ? 0 : tensor.type.bitwidth();
    const size_t bytes = ov::shape_size(tensor.shape) * bits / 8;
    const auto* data = static_cast<const uint8_t*>(tensor.data);
    return std::accumulate(data, data + bytes, size_t{0});
}

TEST(Fuzz, Safetensors) {
    const TinyModel model;
    const std::string whole = read_bytes(model.weights());
    uint64_t header = 0;
    std::memcpy(&header, whole.data(), sizeof header);
    // With all its data, and the header with the data of none.
    fuzz({"safetensors",
          {whole, whole.substr(0, 8 + header)},
          kJson + Dictionary{"\"dtype\":\"F64\"", "\"I64\"", "\"BF16\"", "\"data_offsets\":[0,4]", "\"shape\":[]"},
          [&](const std::string& bytes, Mutator&) {
              const std::string file = model.file("damaged.safetensors");
              write_file(file, bytes);
              const Safetensors tensors(file);
              size_t sum = 0;
              for (const auto& name : tensors.unused()) sum += touch(*tensors.find(name));
              volatile size_t kept = sum;
              (void)kept;
          },
          300});
}

TEST(Fuzz, ConfigBesideSoundWeights) {
    const TinyModel model;
    fuzz({"config",
          {testing::tiny_config({})},
          kJson + Dictionary{"\"gelu_new\"", "\"relative_key\"", "\"roberta\"", "\"distilbert\"", "\"position_ids\""},
          [&](const std::string& bytes, Mutator&) {
              write_file(model.file("config.json"), bytes);
              read_model({SourceKind::Safetensors, model.weights(), {}});
          },
          3'000});
}

TEST(Fuzz, TokenizerFile) {
    const testing::TempFolder folder;
    const std::string file = folder.file("tokenizer.json");
    fuzz({"tokenizer",
          {testing::tiny_tokenizer()},
          kJson + Dictionary{"\"BPE\"", "\"Unigram\"", "\"WordLevel\"", "\"Lowercase\"", "\"Metaspace\"", "\"[SEP]\"",
                             "\"type\":\"Sequence\"", "\"Split\"", "\"(a+)+$\"", "\"NFKC\"", "\"ByteLevel\""},
          [&](const std::string& bytes, Mutator& random) {
              write_file(file, bytes);
              const Tokenizer tokenizer(file, random.below(2) == 0);
              const Encoding encoding = tokenizer.encode(
                  {std::string("The winding sea!"), std::string(), std::string("\xc3\xa9 \xf0\x9f\x8c\x8a")},
                  {random.below(8), true, random.below(2) == 0});
              tokenizer.decode(encoding.ids, true);
          },
          1'000});
}

TEST(Fuzz, Texts) {
    const testing::TempFolder folder;
    write_file(folder.file("tokenizer.json"), testing::tiny_tokenizer());
    const Tokenizer tokenizer(folder.file("tokenizer.json"));
    fuzz({"texts",
          {"The winding sea, \xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\x8a, and\tmore.\n"},
          {std::string(1, '\0'), "\xed\xa0\x80", "\xff", "\xc0\x80", "\xef\xbf\xbf", std::string(2'000, 'a'), "[CLS]",
           "##"},
          [&](const std::string& bytes, Mutator& random) {
              const size_t most = random.below(10);
              TokenIds ids(random.below(12));
              for (auto& id : ids) id = static_cast<uint32_t>(random.below(random.below(8) == 0 ? SIZE_MAX : 60));
              const Encoding encoding = tokenizer.encode({bytes, ids}, {most, true, random.below(2) == 0});
              ASSERT_EQ(encoding.row_starts.size(), 3U);
              ASSERT_EQ(encoding.ids.size(), encoding.row_starts.back());
              ASSERT_EQ(encoding.offsets.size(), 2 * encoding.ids.size());
              tokenizer.decode(ids, random.below(2) == 0);
          },
          5'000});
}

// Rows, buckets and dimensions that do not fit; the device must not be asked for what is not there.
TEST(Fuzz, Batches) {
    const TinyModel model;
    TextEmbeddingPipeline pipeline(InferenceEngine::open(testing::engine_options(model)), {});
    fuzz({"batches",
          {""},
          {},
          [&](const std::string&, Mutator& random) {
              testing::Rows rows(random.below(4));
              for (auto& row : rows) {
                  row.resize(random.below(random.below(8) == 0 ? 200 : 12));
                  for (auto& id : row) id = static_cast<uint32_t>(random.below(random.below(40) == 0 ? SIZE_MAX : 70));
              }
              auto parts = testing::parts_of(rows);
              for (auto& part : parts) {
                  if (random.below(4) == 0) part.rows.push_back(static_cast<uint32_t>(random.below(6)));
              }
              const auto kind = random.below(2) == 0 ? OutputKind::Pooled : OutputKind::Tokens;
              testing::embed(pipeline, parts, {random.below(20), kind, random.below(40), random.below(2) == 0});
          },
          2'000});
}

TEST(Fuzz, CompiledBlob) {
    const TinyModel model;
    auto options = testing::engine_options(model);
    options.blob_file = model.file("model.blob");
    InferenceEngine{options};
    const std::string whole = read_bytes(options.blob_file);
    // The trailer is at the end of much: alone it is damaged, and cut, more than once in a thousand cases.
    fuzz({"blob",
          {whole, whole.substr(whole.size() - 100)},
          {"OVEMBLOB"},
          [&](const std::string& bytes, Mutator&) {
              write_file(model.file("damaged.blob"), bytes);
              import_blob(model.file("damaged.blob"), "CPU", [](uint64_t) { return ov::AnyMap{}; });
          },
          200});
}

}  // namespace
}  // namespace ovembed
