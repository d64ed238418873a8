// Rows of one length bucket on their way into the model.
#pragma once

#include <memory>
#include <openvino/runtime/infer_request.hpp>
#include <vector>

#include "core/encoding.h"
#include "core/model_ports.h"
#include "core/pooling.h"

namespace ovembed {

enum class PaddingSide { Left, Right };

struct BatchPart {
    std::shared_ptr<const Encoding> encoding;
    std::vector<uint32_t> rows;
};

struct Batch {
    std::vector<BatchPart> parts;
    size_t width = 0;  // every row is padded to this many tokens
    PaddingSide padding_side = PaddingSide::Right;
    uint32_t pad_token_id = 0;

    size_t rows() const noexcept;
    // Where each row's real tokens are, in the order of the parts.
    std::vector<RowSpan> spans() const;
    // Throws InvalidArgument: no rows, a row that its encoding lacks, a row longer than `width`, a token id, of a
    // row or of padding, that the model's vocabulary (0: unknown) lacks. Nothing below checks any of these again.
    void validate(size_t vocabulary) const;
};

// Throws InvalidArgument for a batch without width, or wider than the model's positions (0: no limit known): the CPU
// plugin reads beyond the position table rather than fail, so a wider batch must never get there.
void check_width(size_t width, size_t max_positions);

// Writes ids and, where the model has them, attention mask, token types (zeros) and positions into the request's input
// tensors.
void fill_inputs(const Batch& batch, const ModelPorts& ports, ov::InferRequest& request);

}  // namespace ovembed
