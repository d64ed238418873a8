#include "core/batch.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"

namespace ovembed {
namespace {

// Calls use(encoding, source row, batch row) for every row.
template <typename Use>
void for_each_row(const Batch& batch, const Use& use) {
    size_t target = 0;
    for (const auto& part : batch.parts) {
        for (const uint32_t row : part.rows) use(*part.encoding, row, target++);
    }
}

size_t first_token(const Batch& batch, size_t length) {
    return batch.padding_side == PaddingSide::Left ? batch.width - length : 0;
}

template <typename T>
T* input(ov::InferRequest& request, size_t port, const ov::Shape& shape) {
    ov::Tensor tensor = request.get_input_tensor(port);
    tensor.set_shape(shape);
    return static_cast<T*>(tensor.data());
}

// Positions count from a row's first real token, whatever stands before it; padding gets 0.
template <typename T>
void fill_positions(const Batch& batch, T* positions) {
    std::fill_n(positions, batch.rows() * batch.width, T{0});
    for_each_row(batch, [&](const Encoding& encoding, uint32_t row, size_t target) {
        const size_t length = encoding.length(row);
        T* first = positions + target * batch.width + first_token(batch, length);
        std::iota(first, first + length, T{0});
    });
}

template <typename T>
void fill_typed(const Batch& batch, const ModelPorts& ports, ov::InferRequest& request) {
    const ov::Shape shape{batch.rows(), batch.width};
    const size_t count = ov::shape_size(shape);
    T* ids = input<T>(request, ports.input_ids, shape);
    T* mask = ports.attention_mask ? input<T>(request, *ports.attention_mask, shape) : nullptr;
    std::fill_n(ids, count, static_cast<T>(batch.pad_token_id));
    if (mask != nullptr) std::fill_n(mask, count, T{0});
    for_each_row(batch, [&](const Encoding& encoding, uint32_t row, size_t target) {
        const size_t length = encoding.length(row);
        const size_t begin = target * batch.width + first_token(batch, length);
        std::copy_n(encoding.row_ids(row), length, ids + begin);
        if (mask != nullptr) std::fill_n(mask + begin, length, T{1});
    });
    if (ports.token_type_ids) std::fill_n(input<T>(request, *ports.token_type_ids, shape), count, T{0});
    if (ports.position_ids) fill_positions(batch, input<T>(request, *ports.position_ids, shape));
}

}  // namespace

size_t Batch::rows() const noexcept {
    size_t count = 0;
    for (const auto& part : parts) count += part.rows.size();
    return count;
}

std::vector<RowSpan> Batch::spans() const {
    std::vector<RowSpan> spans;
    spans.reserve(rows());
    for_each_row(*this, [&](const Encoding& encoding, uint32_t row, size_t) {
        const size_t length = encoding.length(row);
        spans.push_back({first_token(*this, length), length, encoding.prompt(row)});
    });
    return spans;
}

void Batch::validate(size_t vocabulary) const {
    if (rows() == 0) throw Error(ErrorCode::InvalidArgument, "A batch needs at least one row.");
    for_each_row(*this, [&](const Encoding& encoding, uint32_t row, size_t) {
        if (row >= encoding.rows()) {
            throw Error(ErrorCode::InvalidArgument, "Row " + std::to_string(row) + " is outside an encoding of " +
                                                        std::to_string(encoding.rows()) + " rows.");
        }
        const size_t length = encoding.length(row);
        if (length > width) {
            throw Error(ErrorCode::InvalidArgument, "A row of " + std::to_string(length) +
                                                        " tokens does not fit into a batch of width " +
                                                        std::to_string(width) + ".");
        }
        const uint32_t* ids = encoding.row_ids(row);
        const uint32_t* largest = std::max_element(ids, ids + length);
        if (vocabulary != 0 && length != 0 && *largest >= vocabulary) {
            throw Error(ErrorCode::ModelInvalid,
                        "Token id " + std::to_string(*largest) + " is outside the model's vocabulary of " +
                            std::to_string(vocabulary) + "; tokenizer.json and the weights do not belong together.");
        }
        if (vocabulary != 0 && length < width && pad_token_id >= vocabulary) {
            throw Error(ErrorCode::InvalidArgument, "The padding token id " + std::to_string(pad_token_id) +
                                                        " is outside the model's vocabulary of " +
                                                        std::to_string(vocabulary) + ".");
        }
    });
}

void fill_inputs(const Batch& batch, const ModelPorts& ports, ov::InferRequest& request) {
    if (ports.input_type == ov::element::i64) return fill_typed<int64_t>(batch, ports, request);
    fill_typed<int32_t>(batch, ports, request);
}

void check_width(size_t width, size_t max_positions) {
    if (width == 0) throw Error(ErrorCode::InvalidArgument, "The width of a batch is 0.");
    if (max_positions != 0 && width > max_positions) {
        throw Error(ErrorCode::InvalidArgument, "The model takes at most " + std::to_string(max_positions) +
                                                    " tokens, but the batch is " + std::to_string(width) + " wide.");
    }
}

}  // namespace ovembed
