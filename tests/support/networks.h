#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "oarlock/model.h"
#include "oarlock/session.h"

namespace oarlock::test {

// Well-known networks with seeded random weights, made of plain ONNX operators the way exporters
// write them: input "input", output "output".

// ResNet-50 (He et al., arXiv 1512.03385, stride in the 3x3): float32[1, 3, size, size] to
// float32[1, 1000]. Batch normalizations are separate nodes.
Model resnet50(int64_t size, uint64_t seed);

// A BERT-like encoder: float32[1, tokens, width] to the same, `layers` layers of `heads` heads,
// with layer normalization, GELU and attention decomposed into elementary operators.
Model transformer(int layers, int64_t tokens, int64_t width, int64_t heads, uint64_t seed);

// Standard normal float32 elements.
Tensor random_tensor(const Shape& shape, uint64_t seed);

// A session of one input and one output, run at the same time by a thread for each input, answers
// with the bits expected; every thread runs all inputs in turn, `rounds` of them.
void expect_same_from_threads(Session& session, std::span<const Value> inputs,
                              std::span<const Tensor> expected, size_t rounds);

}  // namespace oarlock::test
