#include "core/vectors/flat_index.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <future>
#include <limits>
#include <numeric>
#include <random>

#include "core/vectors/half.h"
#include "core/vectors/quantize.h"
#include "core/vectors/top_k.h"

namespace ovembed {
namespace {

// Rows of any type, and what they stand for.
struct Matrix64 {
    std::vector<std::byte> rows;
    std::vector<double> values;
};

constexpr VectorType kNumbers[] = {VectorType::Float32, VectorType::Float16, VectorType::BFloat16, VectorType::Int8,
                                   VectorType::UInt8};

template <typename T>
void append(std::vector<std::byte>& bytes, T value) {
    const auto* begin = reinterpret_cast<const std::byte*>(&value);
    bytes.insert(bytes.end(), begin, begin + sizeof value);
}

Matrix64 random_rows(VectorType type, size_t count, size_t dimensions, uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::uniform_int_distribution<int> byte(0, 255);
    Matrix64 matrix;
    for (size_t i = 0; i < count * dimensions; ++i) {
        switch (type) {
            case VectorType::Float32:
                append(matrix.rows, normal(random));
                break;
            case VectorType::Float16:
                append(matrix.rows, to_float16(normal(random)));
                break;
            case VectorType::BFloat16:
                append(matrix.rows, to_bfloat16(normal(random)));
                break;
            default:
                append(matrix.rows, static_cast<uint8_t>(byte(random)));
        }
    }
    for (size_t i = 0; i < count * dimensions; ++i) {
        const void* element = matrix.rows.data() + i * element_bytes(type);
        uint16_t half = 0;
        float value = 0;
        if (type == VectorType::Float32) std::memcpy(&value, element, sizeof value);
        if (type == VectorType::Float16 || type == VectorType::BFloat16) std::memcpy(&half, element, sizeof half);
        if (type == VectorType::Float16) value = from_float16(half);
        if (type == VectorType::BFloat16) value = from_bfloat16(half);
        if (type == VectorType::Int8) value = *static_cast<const int8_t*>(element);
        if (type == VectorType::UInt8) value = *static_cast<const uint8_t*>(element);
        matrix.values.push_back(value);
    }
    return matrix;
}

std::vector<float> run(KernelVersion version, RowOperation operation, const KernelQuery& query, VectorType type,
                       const Matrix64& rows, size_t count) {
    std::vector<float> results(count);
    run_kernel(version, operation, query, type, rows.rows.data(), count, results.data());
    return results;
}

class Widths : public testing::TestWithParam<size_t> {};

TEST_P(Widths, OfNumbersGiveWhatDoublesGiveInEveryVersion) {
    constexpr size_t kRows = 5;
    const size_t width = GetParam();
    for (const VectorType type : kNumbers) {
        const auto rows = random_rows(type, kRows, width, 1);
        const auto vector = random_rows(VectorType::Float32, 1, width, 2).values;
        const auto scales = random_rows(VectorType::Float32, 1, width, 3).values;
        KernelQuery query{width, {vector.begin(), vector.end()}, {}, {}};
        KernelQuery scaled{width, query.values, {scales.begin(), scales.end()}, {}};
        for (const auto version : kernel_versions()) {
            const auto dots = run(version, RowOperation::Dot, query, type, rows, kRows);
            const auto distances = run(version, RowOperation::SquaredDistance, query, type, rows, kRows);
            const auto of_scaled = run(version, RowOperation::SquaredDistance, scaled, type, rows, kRows);
            EXPECT_EQ(dots, run(KernelVersion::Portable, RowOperation::Dot, query, type, rows, kRows));
            EXPECT_EQ(distances, run(KernelVersion::Portable, RowOperation::SquaredDistance, query, type, rows, kRows));
            EXPECT_EQ(of_scaled,
                      run(KernelVersion::Portable, RowOperation::SquaredDistance, scaled, type, rows, kRows));
            for (size_t row = 0; row < kRows; ++row) {
                double dot = 0;
                double size = 0;
                double distance = 0;
                double of_scaled_row = 0;
                for (size_t d = 0; d < width; ++d) {
                    const double value = rows.values[row * width + d];
                    dot += vector[d] * value;
                    size += std::abs(vector[d] * value);
                    distance += (vector[d] - value) * (vector[d] - value);
                    of_scaled_row += std::pow(vector[d] - scales[d] * value, 2);
                }
                EXPECT_NEAR(dots[row], dot, 1e-6 * size) << width;
                EXPECT_NEAR(distances[row], distance, 2e-6 * distance) << width;
                EXPECT_NEAR(of_scaled[row], of_scaled_row, 2e-6 * of_scaled_row + 1e-30) << width;
            }
        }
    }
}

TEST_P(Widths, OfCodesAreExactInEveryVersion) {
    constexpr size_t kRows = 5;
    const size_t width = GetParam();
    for (const VectorType type : {VectorType::Int8, VectorType::UInt8}) {
        const auto rows = random_rows(type, kRows, width, 4);
        const auto vector = random_rows(type, 1, width, 5);
        KernelQuery query{width, {}, {}, std::vector<uint8_t>(width)};
        if (width > 0) std::memcpy(query.codes.data(), vector.rows.data(), width);
        for (const auto version : kernel_versions()) {
            const auto dots = run(version, RowOperation::Dot, query, type, rows, kRows);
            const auto distances = run(version, RowOperation::SquaredDistance, query, type, rows, kRows);
            for (size_t row = 0; row < kRows; ++row) {
                double dot = 0;
                double distance = 0;
                for (size_t d = 0; d < width; ++d) {
                    const double value = rows.values[row * width + d];
                    dot += vector.values[d] * value;
                    distance += std::pow(vector.values[d] - value, 2);
                }
                EXPECT_EQ(dots[row], static_cast<float>(dot));
                EXPECT_EQ(distances[row], static_cast<float>(distance));
            }
        }
    }
}

TEST_P(Widths, OfBitsAreCountedInEveryVersion) {
    constexpr size_t kRows = 5;
    const size_t bytes = (GetParam() + 7) / 8;
    const auto rows = random_rows(VectorType::UInt8, kRows, bytes, 6);
    const auto vector = random_rows(VectorType::UInt8, 1, bytes, 7);
    KernelQuery query{GetParam(), {}, {}, std::vector<uint8_t>(bytes)};
    if (bytes > 0) std::memcpy(query.codes.data(), vector.rows.data(), bytes);
    for (const auto version : kernel_versions()) {
        const auto distances = run(version, RowOperation::Hamming, query, VectorType::UBinary, rows, kRows);
        for (size_t row = 0; row < kRows; ++row) {
            int different = 0;
            for (size_t bit = 0; bit < 8 * bytes; ++bit) {
                const auto a = static_cast<unsigned>(rows.values[row * bytes + bit / 8]);
                const auto b = static_cast<unsigned>(vector.values[bit / 8]);
                different += static_cast<int>(((a ^ b) >> bit % 8) & 1);
            }
            EXPECT_EQ(distances[row], static_cast<float>(different));
        }
    }
}

INSTANTIATE_TEST_SUITE_P(RowKernels, Widths, testing::Range<size_t>(0, 131));
// More than are widened at once.
INSTANTIATE_TEST_SUITE_P(WideRowKernels, Widths, testing::Values<size_t>(511, 512, 513, 1024, 1500));

TEST(RowKernels, SumsOfManyLargeCodesDoNotOverflow) {
    constexpr size_t kWidth = 70'000;
    const std::vector<uint8_t> row(kWidth, 255);
    const KernelQuery query{kWidth, {}, {}, row};
    for (const auto version : kernel_versions()) {
        float dot = 0;
        run_kernel(version, RowOperation::Dot, query, VectorType::UInt8, row.data(), 1, &dot);
        EXPECT_EQ(dot, 255.0F * 255.0F * kWidth);
    }
}

TEST(TopK, IsTheStartOfTheSortedListWhateverTheOrder) {
    std::mt19937 random(8);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float infinity = std::numeric_limits<float>::infinity();
    std::vector<Hit> hits;
    for (uint32_t i = 0; i < 300; ++i) hits.push_back({static_cast<float>(random() % 7), i});
    for (const float key : {nan, infinity, -infinity, -0.0F, 0.0F, nan})
        hits.push_back({key, static_cast<uint32_t>(hits.size())});
    for (const size_t k : {0, 1, 10, 299, 305, 306, 400}) {
        auto sorted = hits;
        std::sort(sorted.begin(), sorted.end(), better);
        sorted.resize(std::min(k, sorted.size()));
        auto shuffled = hits;
        std::shuffle(shuffled.begin(), shuffled.end(), random);
        TopK all(k);
        TopK half(k);
        for (size_t i = 0; i < shuffled.size(); ++i) (i % 2 ? all : half).offer(shuffled[i]);
        all.offer(half);
        const auto best = all.take();
        ASSERT_EQ(best.size(), sorted.size());
        for (size_t i = 0; i < best.size(); ++i) EXPECT_EQ(best[i].index, sorted[i].index) << k << ' ' << i;
    }
}

// Waits for a search, and throws what it fails with.
SearchResult search(const FlatIndex& index, const void* queries, size_t count, VectorType type, SearchOptions options,
                    size_t threads = 2) {
    std::promise<SearchResult> promise;
    auto result = promise.get_future();
    ThreadPool pool(threads);
    index.search(queries, count, type, std::move(options), pool,
                 {[] { return true; }, [&](SearchResult found) { promise.set_value(std::move(found)); },
                  [&](std::exception_ptr error) { promise.set_exception(std::move(error)); }, nullptr});
    return result.get();
}

void add(FlatIndex& index, const Matrix64& rows, size_t count) {
    index.write(index.length(), rows.rows.data(), count);
    index.publish(index.length() + count);
}

TEST(FlatIndex, FindsTheSameOnAnyNumberOfThreads) {
    // More rows than a chunk holds, with many ties.
    constexpr size_t kRows = 300'000;
    FlatIndex index({VectorType::Int8, 32, Metric::Euclidean, {}});
    auto rows = random_rows(VectorType::Int8, kRows, 32, 9);
    std::copy_n(rows.rows.begin(), kRows * 8, rows.rows.begin() + kRows * 16);
    add(index, rows, kRows);
    const auto alone = search(index, rows.rows.data(), 3, VectorType::Int8, {50, {}}, 1);
    for (const size_t threads : {2, 5}) {
        const auto together = search(index, rows.rows.data(), 3, VectorType::Int8, {50, {}}, threads);
        EXPECT_EQ(together.indices, alone.indices);
        EXPECT_EQ(together.scores, alone.scores);
    }
    EXPECT_EQ(alone.indices[0], 0U);
    EXPECT_EQ(alone.indices[1], kRows / 2);  // its copy
    EXPECT_EQ(alone.scores[1], 0);
}

TEST(FlatIndex, GrowsInPartsAndKeepsWhatItHas) {
    constexpr size_t kWidth = 300;
    constexpr size_t kRows = 20'000;  // 24 MB: three chunks
    FlatIndex index({VectorType::Float32, kWidth, Metric::Cosine, {}});
    const auto rows = random_rows(VectorType::Float32, kRows, kWidth, 10);
    for (size_t first = 0; first < kRows; first += 777) {
        const size_t count = std::min<size_t>(777, kRows - first);
        index.write(first, rows.rows.data() + first * kWidth * sizeof(float), count);
        index.publish(first + count);
    }
    EXPECT_EQ(index.length(), kRows);
    EXPECT_GE(index.bytes(), kRows * kWidth * sizeof(float));
    for (const size_t row : {0, 776, 777, 6'990, 6'991, 19'999}) {
        const auto found =
            search(index, rows.rows.data() + row * kWidth * sizeof(float), 1, VectorType::Float32, {1, {}});
        EXPECT_EQ(found.indices[0], row);
        EXPECT_NEAR(found.scores[0], 1, 1e-6);
    }
}

TEST(FlatIndex, RowsAreSeenOnceTheyArePublished) {
    FlatIndex index({VectorType::Float32, 2, Metric::Dot, {}});
    const std::vector<float> rows{1, 0, 2, 0, 3, 0};
    index.write(0, rows.data(), 3);
    EXPECT_EQ(search(index, rows.data(), 1, VectorType::Float32, {5, {}}).k, 0U);
    index.publish(2);
    EXPECT_EQ(search(index, rows.data(), 1, VectorType::Float32, {5, {}}).indices, (std::vector<uint32_t>{1, 0}));
    EXPECT_THROW(index.write(1, rows.data(), 1), Error);  // is seen already
    EXPECT_THROW(index.write(4, rows.data(), 1), Error);  // would leave a hole
    EXPECT_THROW(index.publish(1), Error);
    EXPECT_THROW(index.publish(4), Error);
    index.write(2, rows.data(), 1);  // takes the place of what was never seen
    index.publish(3);
    EXPECT_EQ(search(index, rows.data(), 1, VectorType::Float32, {5, {}}).indices, (std::vector<uint32_t>{1, 0, 2}));
}

TEST(FlatIndex, RowsThatAreNoNumbersComeLast) {
    FlatIndex index({VectorType::Float32, 1, Metric::Dot, {}});
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> rows{nan, -1, nan, 5, -std::numeric_limits<float>::infinity()};
    index.write(0, rows.data(), rows.size());
    index.publish(rows.size());
    const float query = 1;
    EXPECT_EQ(search(index, &query, 1, VectorType::Float32, {5, {}}).indices, (std::vector<uint32_t>{3, 1, 4, 0, 2}));
}

TEST(FlatIndex, CodesWithRangesStandForWhatTheyWereMadeOf) {
    constexpr size_t kWidth = 70;
    constexpr size_t kRows = 40;
    const auto rows = random_rows(VectorType::Float32, kRows, kWidth, 11);
    const auto query = random_rows(VectorType::Float32, 1, kWidth, 12);
    const auto* floats = reinterpret_cast<const float*>(rows.rows.data());
    std::vector<float> ranges(2 * kWidth);
    for (size_t d = 0; d < kWidth; ++d) {
        ranges[d] = -3.0F - static_cast<float>(d % 3);
        ranges[kWidth + d] = 4.0F + static_cast<float>(d % 5);
    }
    for (const VectorType type : {VectorType::Int8, VectorType::UInt8}) {
        std::vector<std::byte> codes(kRows * kWidth);
        std::vector<float> back(kRows * kWidth);
        quantize(floats, {kRows, kWidth}, type, ranges.data(), codes.data());
        dequantize(codes.data(), {kRows, kWidth}, type, ranges.data(), back.data());
        for (const Metric metric : {Metric::Dot, Metric::Cosine, Metric::Euclidean}) {
            FlatIndex of_codes({type, kWidth, metric, ranges});
            FlatIndex of_floats({VectorType::Float32, kWidth, metric, {}});
            of_codes.write(0, codes.data(), kRows);
            of_floats.write(0, back.data(), kRows);
            of_codes.publish(kRows);
            of_floats.publish(kRows);
            const auto found = search(of_codes, query.rows.data(), 1, VectorType::Float32, {kRows, {}});
            const auto expected = search(of_floats, query.rows.data(), 1, VectorType::Float32, {kRows, {}});
            EXPECT_EQ(found.indices, expected.indices);
            for (size_t i = 0; i < kRows; ++i) EXPECT_NEAR(found.scores[i], expected.scores[i], 2e-4);
            // Codes as the query stand for the same values.
            const auto itself = search(of_codes, codes.data(), 1, type, {kRows, {}});
            const auto its_values = search(of_floats, back.data(), 1, VectorType::Float32, {kRows, {}});
            EXPECT_EQ(itself.indices, its_values.indices);
        }
    }
}

TEST(FlatIndex, CandidatesAreAllThatIsLookedAt) {
    FlatIndex index({VectorType::Float32, 1, Metric::Euclidean, {}});
    std::vector<float> rows(1000);
    std::iota(rows.begin(), rows.end(), 0.0F);
    index.write(0, rows.data(), rows.size());
    index.publish(rows.size());
    const std::vector<float> queries{500, 10};
    const auto found = search(index, queries.data(), 2, VectorType::Float32, {10, {{3, 999, 499, 3}, {12}}});
    EXPECT_EQ(found.k, 3U);
    EXPECT_EQ(found.indices, (std::vector<uint32_t>{499, 3, 999, 12, kNoRow, kNoRow}));
    EXPECT_EQ(found.scores[3], 2);
    EXPECT_TRUE(std::isnan(found.scores[4]));
    EXPECT_THROW(search(index, queries.data(), 1, VectorType::Float32, {1, {{1000}}}), Error);
    EXPECT_THROW(search(index, queries.data(), 2, VectorType::Float32, {1, {{1}, {1}, {1}}}), Error);
    EXPECT_EQ(search(index, queries.data(), 2, VectorType::Float32, {1, {{}}}).k, 0U);
}

TEST(FlatIndex, OneListOfCandidatesIsForAllQueries) {
    // More candidates than a block of rows, out of order and each twice.
    constexpr size_t kRows = 30'000;
    FlatIndex index({VectorType::Float32, 4, Metric::Dot, {}});
    const auto rows = random_rows(VectorType::Float32, kRows, 4, 15);
    add(index, rows, kRows);
    std::vector<uint32_t> list(kRows);
    for (size_t i = 0; i < kRows; ++i) list[i] = static_cast<uint32_t>(i / 2 * 7 % kRows);
    const auto shared = search(index, rows.rows.data(), 3, VectorType::Float32, {20'000, {list}});
    const auto separate = search(index, rows.rows.data(), 3, VectorType::Float32, {20'000, {list, list, list}});
    EXPECT_EQ(shared.k, 15'000U);
    EXPECT_EQ(shared.indices, separate.indices);
    EXPECT_EQ(shared.scores, separate.scores);
    for (const size_t query : {0, 1, 2}) {
        const auto alone =
            search(index, rows.rows.data() + query * 4 * sizeof(float), 1, VectorType::Float32, {20'000, {list}}, 1);
        EXPECT_TRUE(std::equal(alone.indices.begin(), alone.indices.end(), shared.indices.begin() + query * 15'000));
    }
}

TEST(FlatIndex, CosinesOfVeryLongAndVeryShortRowsAreCosines) {
    const std::vector<float> sizes{1e-30F, 1e-25F, 1e-12F, 1, 1e10F, 1e20F, 2e38F};
    std::vector<float> rows;
    for (const float size : sizes) rows.insert(rows.end(), {size, size});
    for (const VectorType type : {VectorType::Float32, VectorType::BFloat16}) {
        std::vector<std::byte> stored;
        for (const float value : rows)
            type == VectorType::Float32 ? append(stored, value) : append(stored, to_bfloat16(value));
        FlatIndex index({type, 2, Metric::Cosine, {}});
        index.write(0, stored.data(), sizes.size());
        index.publish(sizes.size());
        for (const float size : {1e-40F, 1e-25F, 1.0F, 1e20F, 3e38F}) {
            const std::vector<float> query{size, 0};
            const auto found = search(index, query.data(), 1, VectorType::Float32, {sizes.size(), {}});
            for (const float score : found.scores) EXPECT_NEAR(score, std::sqrt(0.5), 1e-6) << size;
        }
    }
    const std::vector<float> ranges{-1e25F, -1e25F, 1e25F, 1e25F};
    FlatIndex codes({VectorType::Int8, 2, Metric::Cosine, ranges});
    const std::vector<int8_t> row{127, 127};
    codes.write(0, row.data(), 1);
    codes.publish(1);
    const std::vector<float> query{1e20F, 1e20F};
    EXPECT_NEAR(search(codes, query.data(), 1, VectorType::Float32, {1, {}}).scores[0], 1, 1e-6);
}

TEST(RowStore, AChunkThatIsFullStaysWhereItIs) {
    constexpr size_t kRowBytes = size_t{1} << 20;
    RowStore store(kRowBytes, true);
    const auto nothing = [](std::byte*, float*, size_t, size_t) {};
    store.write(0, 8, nothing);
    const auto before = store.snapshot();
    ASSERT_EQ(before.chunks.size(), 1U);
    ASSERT_EQ(before.chunks[0].capacity, before.rows_per_chunk);
    store.write(8, 1, nothing);
    const auto after = store.snapshot();
    EXPECT_EQ(after.chunks.size(), 2U);
    EXPECT_EQ(after.chunks[0].rows, before.chunks[0].rows);
}

TEST(FlatIndex, SearchesEndWhenTheyAreCancelledOrNobodyIsThere) {
    FlatIndex index({VectorType::Float32, 64, Metric::Dot, {}});
    const auto rows = random_rows(VectorType::Float32, 20'000, 64, 13);
    add(index, rows, 20'000);
    ThreadPool pool(2);
    Cancellations jobs;
    for (const bool cancelled : {true, false}) {
        std::promise<ErrorCode> promise;
        auto work = jobs.begin(1);
        if (cancelled) work->cancel();
        index.search(rows.rows.data(), 100, VectorType::Float32, {10, {}}, pool,
                     {[&] { return cancelled; }, [&](SearchResult) { promise.set_value(ErrorCode::InvalidArgument); },
                      [&](std::exception_ptr error) {
                          try {
                              std::rethrow_exception(error);
                          } catch (const Error& known) {
                              promise.set_value(known.code());
                          }
                      },
                      work});
        EXPECT_EQ(promise.get_future().get(), ErrorCode::Closed);
    }
}

TEST(FlatIndex, ASearchOutlivesItsIndex) {
    std::promise<SearchResult> promise;
    ThreadPool pool(1);
    {
        FlatIndex index({VectorType::Float32, 64, Metric::Dot, {}});
        const auto rows = random_rows(VectorType::Float32, 20'000, 64, 14);
        add(index, rows, 20'000);
        index.search(rows.rows.data(), 10, VectorType::Float32, {1, {}}, pool,
                     {[] { return true; }, [&](SearchResult found) { promise.set_value(std::move(found)); },
                      [](std::exception_ptr) {}, nullptr});
    }
    EXPECT_EQ(promise.get_future().get().indices.size(), 10U);
}

TEST(FlatIndex, RefusesFormatsWhosePartsDoNotFit) {
    EXPECT_THROW(FlatIndex({VectorType::Float32, 0, Metric::Dot, {}}), Error);
    EXPECT_THROW(FlatIndex({VectorType::Float32, 8, Metric::Hamming, {}}), Error);
    EXPECT_THROW(FlatIndex({VectorType::UBinary, 8, Metric::Dot, {}}), Error);
    EXPECT_THROW(FlatIndex({VectorType::Float32, 1, Metric::Dot, {0, 1}}), Error);
    EXPECT_THROW(FlatIndex({VectorType::Int8, 2, Metric::Dot, {0, 1}}), Error);
    FlatIndex index({VectorType::Float32, 1, Metric::Dot, {}});
    const float query = 1;
    EXPECT_THROW(search(index, &query, 1, VectorType::Float16, {1, {}}), Error);
}

}  // namespace
}  // namespace ovembed
