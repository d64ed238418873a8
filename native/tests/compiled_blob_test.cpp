#include "core/compiled_blob.h"

#include <thread>

#include "tests/encodings.h"
#include "tests/engines.h"
#include "tests/expect.h"
#include "tests/graphs.h"

namespace ovembed {
namespace {

using testing::expect_error;
using testing::read_bytes;
using testing::write_file;

constexpr size_t kTrailerSize = 64;
const testing::Rows kRows{{2, 5, 9, 3}, {2, 60, 61, 62, 63, 64, 3}, {2, 3}};

// A tiny model and the path of its blob, in a folder that the first export makes.
const auto kNoProperties = [](uint64_t) { return ov::AnyMap{}; };

class CompiledBlobTest : public ::testing::Test {
protected:
    EngineOptions options() const {
        auto options = testing::engine_options(m_model);
        options.blob_file = m_blob;
        return options;
    }

    static std::vector<float> vectors(const std::shared_ptr<InferenceEngine>& engine) {
        TextEmbeddingPipeline pipeline(engine, {});
        return testing::embed(pipeline, testing::parts_of(kRows), testing::pooled(8)).data;
    }

    std::vector<float> vectors_without_blob() const {
        return vectors(std::make_shared<InferenceEngine>(testing::engine_options(m_model)));
    }

    void make_blob() const { InferenceEngine{options()}; }
    void expect_refused(const std::string& part) const {
        expect_error(ErrorCode::ModelInvalid, part, [&] { import_blob(m_blob, "CPU", kNoProperties); });
    }

    testing::TinyModel m_model;
    std::string m_blob = m_model.file("blobs/model.blob");
};

TEST_F(CompiledBlobTest, ComesBackWithTheSameBits) {
    const auto compiled = std::make_shared<InferenceEngine>(options());
    EXPECT_FALSE(compiled->from_blob());
    EXPECT_EQ(compiled->blob_problem(), "");
    const auto imported = std::make_shared<InferenceEngine>(options());
    EXPECT_TRUE(imported->from_blob());
    EXPECT_EQ(imported->blob_problem(), "");
    EXPECT_EQ(imported->vocabulary(), compiled->vocabulary());
    EXPECT_EQ(imported->max_positions(), 64U);
    EXPECT_EQ(imported->hidden(), compiled->hidden());
    const auto expected = vectors(compiled);
    EXPECT_TRUE(testing::same_bits(vectors(imported), expected));
    EXPECT_TRUE(testing::same_bits(expected, vectors_without_blob()));
}

TEST_F(CompiledBlobTest, NeedsNoSourceOnceItIsThere) {
    const auto expected = vectors_without_blob();
    make_blob();
    std::filesystem::remove(m_model.weights());
    EXPECT_TRUE(testing::same_bits(vectors(std::make_shared<InferenceEngine>(options())), expected));
}

TEST_F(CompiledBlobTest, OutlivesItsFile) {
    make_blob();
    const auto imported = std::make_shared<InferenceEngine>(options());
    std::filesystem::remove(m_blob);
    EXPECT_TRUE(testing::same_bits(vectors(imported), vectors_without_blob()));
}

TEST_F(CompiledBlobTest, FreesTheModelFromItsSource) {
    const auto expected = vectors_without_blob();
    const auto engine = std::make_shared<InferenceEngine>(options());
    const auto size = std::filesystem::file_size(m_model.weights());
    write_file(m_model.weights(), std::string(size, '\0'));  // in place: mapped pages change with it
    EXPECT_TRUE(testing::same_bits(vectors(engine), expected));
    std::filesystem::resize_file(m_model.weights(), 0);  // touching mapped pages would end the process
    EXPECT_TRUE(testing::same_bits(vectors(engine), expected));
}

TEST_F(CompiledBlobTest, IsNotWrittenFromWeightsThatChanged) {
    CompiledModel compiled = compile(options());
    const std::string weights = read_bytes(m_model.weights());
    std::filesystem::remove(m_model.weights());
    write_file(m_model.weights(), weights);
    expect_error(ErrorCode::ModelInvalid, "changed while it was being read", [&] { export_blob(m_blob, compiled); });
    EXPECT_TRUE(std::filesystem::is_empty(m_model.file("blobs")));
}

TEST_F(CompiledBlobTest, IsNotWrittenForAModelThatIsNoEncoder) {
    const auto flat = testing::parameter("ids");
    ov::save_model(std::make_shared<ov::Model>(ov::ResultVector{testing::result("x", testing::look_up(flat, 10, 6))},
                                               ov::ParameterVector{flat}),
                   m_model.file("m.xml"));
    auto other = options();
    other.source = {SourceKind::OpenVino, m_model.file("m.xml")};
    expect_error(ErrorCode::ModelUnsupported, "input_ids", [&] { InferenceEngine{other}; });
    EXPECT_FALSE(std::filesystem::exists(m_blob));
}

TEST_F(CompiledBlobTest, IsEmptyWithoutAFile) { EXPECT_FALSE(import_blob(m_blob, "CPU", kNoProperties).has_value()); }

TEST_F(CompiledBlobTest, NoticesEveryFlippedBitOfTheTrailer) {
    make_blob();
    const std::string good = read_bytes(m_blob);
    for (size_t i = good.size() - kTrailerSize; i < good.size(); ++i) {
        SCOPED_TRACE(good.size() - i);
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
        write_file(m_blob, bad);
        expect_refused("is damaged");
    }
    write_file(m_blob, good);
    EXPECT_TRUE(import_blob(m_blob, "CPU", kNoProperties).has_value()) << "the undamaged blob must load";
}

TEST_F(CompiledBlobTest, NoticesFlippedBitsOfThePayload) {
    make_blob();
    const std::string good = read_bytes(m_blob);
    const size_t payload = good.size() - kTrailerSize;
    for (size_t i = 0; i < payload; i += payload / 100 + 1) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 0x10);
        write_file(m_blob, bad);
        expect_refused("its checksum is wrong");
    }
}

TEST_F(CompiledBlobTest, NoticesWhatIsNoBlob) {
    make_blob();
    const std::string good = read_bytes(m_blob);
    const std::string trailer = good.substr(good.size() - kTrailerSize);
    const std::string cases[] = {"",
                                 "x",
                                 std::string(63, 'x'),
                                 std::string(64, '\0'),
                                 std::string(5000, 'x'),
                                 read_bytes(m_model.weights()),
                                 trailer,
                                 "x" + good,
                                 good + "x",
                                 good + trailer,
                                 good.substr(1),
                                 good.substr(0, good.size() - 1),
                                 good.substr(0, good.size() / 2),
                                 good.substr(0, good.size() - kTrailerSize),
                                 good.substr(0, good.size() / 2) + trailer};
    for (const std::string& bytes : cases) {
        SCOPED_TRACE(bytes.size());
        write_file(m_blob, bytes);
        expect_refused(m_blob);
    }
}

TEST_F(CompiledBlobTest, RefusesAnotherDevice) {
    make_blob();
    expect_error(ErrorCode::ModelInvalid, "NOSUCH refuses the compiled model",
                 [&] { import_blob(m_blob, "NOSUCH", kNoProperties); });
}

TEST_F(CompiledBlobTest, IsReplacedWhenDamaged) {
    const auto expected = vectors_without_blob();
    make_blob();
    const std::string good = read_bytes(m_blob);
    for (const std::string& bytes : {std::string(), std::string("x"), good.substr(0, good.size() / 2), good + "x"}) {
        write_file(m_blob, bytes);
        const auto repaired = std::make_shared<InferenceEngine>(options());
        EXPECT_FALSE(repaired->from_blob());
        EXPECT_NE(repaired->blob_problem().find(m_blob), std::string::npos) << repaired->blob_problem();
        EXPECT_NE(repaired->blob_problem().find("was compiled again and replaced"), std::string::npos);
        EXPECT_TRUE(testing::same_bits(vectors(repaired), expected));
        EXPECT_TRUE(InferenceEngine(options()).from_blob());
    }
}

// Nothing can be made below a regular file, not even by root; a name of 300 characters is too long for any file system.
TEST_F(CompiledBlobTest, IsNoReasonToFailWhereItCannotBeWritten) {
    const auto expected = vectors_without_blob();
    for (const std::string& path : {m_model.file("config.json/model.blob"), m_model.file(std::string(300, 'x')),
                                    m_model.file(""), std::string("/proc/no/such/place")}) {
        SCOPED_TRACE(path);
        m_blob = path;
        std::shared_ptr<InferenceEngine> engine;
        ASSERT_NO_THROW(engine = std::make_shared<InferenceEngine>(options()));
        EXPECT_FALSE(engine->from_blob());
        EXPECT_NE(engine->blob_problem(), "");
        EXPECT_TRUE(testing::same_bits(vectors(engine), expected));
    }
}

TEST_F(CompiledBlobTest, LoadsBesideLeftoverTemporaryFiles) {
    make_blob();
    for (int i = 0; i < 50; ++i) write_file(m_blob + "." + std::to_string(i) + "-0.tmp", "half a blob");
    EXPECT_TRUE(InferenceEngine(options()).from_blob());
}

TEST_F(CompiledBlobTest, IsWrittenByManyAtOnce) {
    const auto expected = vectors_without_blob();
    std::vector<std::thread> loaders;
    for (int i = 0; i < 4; ++i) {
        loaders.emplace_back([&] {
            for (int round = 0; round < 3; ++round) {
                const auto engine = std::make_shared<InferenceEngine>(options());
                EXPECT_EQ(engine->blob_problem(), "");
                EXPECT_TRUE(testing::same_bits(vectors(engine), expected));
                if (round % 2 == 0) std::filesystem::remove(m_blob);
            }
        });
    }
    for (auto& loader : loaders) loader.join();
    make_blob();
    EXPECT_TRUE(InferenceEngine(options()).from_blob());
    for (const auto& entry : std::filesystem::directory_iterator(m_model.file("blobs"))) {
        EXPECT_EQ(entry.path().extension(), ".blob") << "left over: " << entry.path();
    }
}

TEST_F(CompiledBlobTest, GivesTheSameBitsWithOtherStreamsAndThreads) {
    const auto expected = vectors_without_blob();
    make_blob();
    auto other = options();
    other.streams = 2;
    other.threads = 2;
    const auto engine = std::make_shared<InferenceEngine>(other);
    EXPECT_TRUE(engine->from_blob());
    EXPECT_TRUE(testing::same_bits(vectors(engine), expected));
}

}  // namespace
}  // namespace ovembed
