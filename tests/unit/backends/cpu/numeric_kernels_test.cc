// Kernels that compute over axes against the reference implementations.
#include <gtest/gtest.h>

#include "tests/unit/backends/cpu/kernel_check.h"

namespace oarlock::cpu {
namespace {

using Ints = std::vector<int64_t>;

TEST(NumericKernels, Reduce) {
  const Tensor x = random_tensor({2, 32, 5, 7}, 1, 0.5f, 1.5f);
  for (const char* op : {"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax",
                         "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"}) {
    for (const auto& axes : {integers({3}), integers({-3}), integers({1, 2}), integers({0})})
      check_kernel({op, {}, {x, axes}, {1}}, 1);
    check_kernel({op, {}, {x, integers({2, 3})}, {1}}, 2);
    check_kernel({op, {{"keepdims", int64_t{0}}}, {x, integers({2, 3})}, {1}}, 2);
    check_kernel({op, {}, {random_tensor({3, 3}, 2, 0.5f, 1.5f)}});
  }
  check_refused({"ReduceSum", {}, {x, integers({1, 3})}, {1}});
}

TEST(NumericKernels, ArgExtremes) {
  const Tensor x = random_tensor({4, 9, 5}, 1);
  for (const char* op : {"ArgMax", "ArgMin"})
    for (int64_t axis : {0, 1, 2}) check_kernel({op, {{"axis", axis}}, {x}});
}

TEST(NumericKernels, MatMul) {
  const std::pair<Shape, Shape> shapes[] = {{{5, 7}, {7, 33}},
                                            {{50, 64}, {64, 96}},
                                            {{1, 100}, {100, 70}},
                                            {{2, 3, 40}, {40, 5}},
                                            {{4, 30, 8}, {4, 8, 30}},
                                            {{2, 1, 5, 6}, {3, 6, 7}},
                                            {{12, 50, 32}, {12, 32, 50}},
                                            {{3, 4}, {4}},
                                            {{4}, {4, 3}},
                                            {{3, 1, 2, 9}, {3, 5, 9, 64}}};
  for (const auto& [a, b] : shapes)
    for (bool constant : {true, false}) {
      std::vector<size_t> constants;
      if (constant) constants = {1};
      check_kernel({"MatMul", {}, {random_tensor(a, 1), random_tensor(b, 2)}, constants});
    }
}

TEST(NumericKernels, FusedMatMul) {
  const Attrs attrs{{"trans_b", int64_t{1}}, {"alpha", 0.5f}, {"activation", std::string("Gelu")}};
  for (int64_t m : {1, 3, 20, 64})
    for (bool constant : {true, false}) {
      std::vector<size_t> constants;
      if (constant) constants = {1};
      check_kernel({"oarlock.MatMul",
                    attrs,
                    {random_tensor({m, 40}, 1), random_tensor({50, 40}, 2), random_tensor({50}, 3),
                     random_tensor({m, 50}, 4)},
                    constants});
    }
  check_kernel({"oarlock.MatMul",
                {{"trans_a", int64_t{1}}},
                {random_tensor({4, 40, 9}, 1), random_tensor({4, 40, 33}, 2), Tensor(),
                 random_tensor({4, 9, 33}, 4)}});
}

TEST(NumericKernels, Gemm) {
  check_kernel(
      {"Gemm",
       {{"transA", int64_t{1}}, {"transB", int64_t{1}}, {"alpha", 2.0f}},
       {random_tensor({30, 17}, 1), random_tensor({45, 30}, 2), random_tensor({17, 45}, 3)},
       {1}});
  check_kernel({"Gemm",
                {},
                {random_tensor({17, 30}, 1), random_tensor({30, 45}, 2), random_tensor({45}, 3)}});
}

TEST(NumericKernels, Softmax) {
  for (const char* op : {"Softmax", "LogSoftmax"})
    for (int64_t axis : {0, 1, -1})
      check_kernel({op, {{"axis", axis}}, {random_tensor({5, 70, 33}, 1, -9, 9)}});
}

TEST(NumericKernels, Normalization) {
  const Tensor x = random_tensor({2, 20, 6, 6}, 1, -3, 5);
  const Tensor scale = random_tensor({20}, 2), bias = random_tensor({20}, 3);
  check_kernel({"LayerNormalization", {}, {x, random_tensor({6}, 2), random_tensor({6}, 3)}});
  check_kernel({"LayerNormalization", {{"axis", int64_t{2}}}, {x, random_tensor({6, 6}, 2)}});
  check_kernel({"RMSNormalization", {}, {x, random_tensor({6}, 2)}});
  check_kernel({"InstanceNormalization", {}, {x, scale, bias}});
  check_kernel({"GroupNormalization", {{"num_groups", int64_t{5}}}, {x, scale, bias}});
  check_kernel({"BatchNormalization",
                {},
                {x, scale, bias, random_tensor({20}, 4), random_tensor({20}, 5, 0.5f, 2)},
                {1, 2, 3, 4}},
               2);
}

TEST(NumericKernels, Lstm) {
  const int64_t steps = 4, batch = 2, inputs = 5, hidden = 19;
  for (const char* direction : {"forward", "reverse", "bidirectional"})
    for (bool constant : {true, false}) {
      const int64_t d = std::string(direction) == "bidirectional" ? 2 : 1;
      std::vector<size_t> constants;
      if (constant) constants = {1, 2};
      KernelCase lstm{
          "LSTM",
          {{"direction", std::string(direction)}, {"hidden_size", hidden}},
          {random_tensor({steps, batch, inputs}, 1), random_tensor({d, 4 * hidden, inputs}, 2),
           random_tensor({d, 4 * hidden, hidden}, 3), random_tensor({d, 8 * hidden}, 4), Tensor(),
           random_tensor({d, batch, hidden}, 5), random_tensor({d, batch, hidden}, 6),
           random_tensor({d, 3 * hidden}, 7)},
          constants,
          3};
      check_kernel(lstm);
      lstm.inputs.resize(3);
      check_kernel(lstm);
    }
}

TEST(NumericKernels, GruAndRnn) {
  const int64_t steps = 4, batch = 2, inputs = 5, hidden = 19;
  for (const char* op : {"GRU", "RNN"})
    for (const char* direction : {"forward", "reverse", "bidirectional"})
      for (bool constant : {true, false}) {
        const int64_t d = std::string(direction) == "bidirectional" ? 2 : 1;
        const int64_t gates = std::string(op) == "GRU" ? 3 : 1;
        Attrs attrs{{"direction", std::string(direction)}, {"hidden_size", hidden}};
        if (gates == 3) attrs.set("linear_before_reset", int64_t{1});
        std::vector<size_t> constants;
        if (constant) constants = {1, 2};
        KernelCase recurrent{op,
                             attrs,
                             {random_tensor({steps, batch, inputs}, 1),
                              random_tensor({d, gates * hidden, inputs}, 2),
                              random_tensor({d, gates * hidden, hidden}, 3),
                              random_tensor({d, 2 * gates * hidden}, 4), Tensor(),
                              random_tensor({d, batch, hidden}, 5)},
                             constants,
                             2};
        check_kernel(recurrent);
        recurrent.inputs.resize(3);
        check_kernel(recurrent);
      }
}

TEST(NumericKernels, Resize) {
  const Tensor x = random_tensor({2, 19, 5, 7}, 1);
  for (const char* mode : {"nearest", "linear"})
    for (const char* coordinates :
         {"half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"})
      for (const Tensor& sizes : {integers({2, 19, 10, 14}), integers({2, 19, 3, 11})})
        check_kernel({"Resize",
                      {{"mode", std::string(mode)},
                       {"coordinate_transformation_mode", std::string(coordinates)}},
                      {x, Tensor(), Tensor(), sizes},
                      {3}},
                     2);
  check_kernel({"Resize",
                {{"nearest_mode", std::string("floor")}},
                {x, Tensor(), Tensor::of<float>(Shape{4}, {1, 1, 2, 1.5f})},
                {2}},
               2);
}

TEST(NumericKernels, GridSample) {
  const Tensor x = random_tensor({2, 5, 9, 7}, 1),
               grid = random_tensor({2, 11, 13, 2}, 2, -1.3, 1.3);
  for (const char* padding : {"zeros", "border"})
    for (const int64_t align : {0, 1})
      check_kernel({"GridSample",
                    {{"padding_mode", std::string(padding)}, {"align_corners", align}},
                    {x, grid}});
}

TEST(NumericKernels, RoiAlign) {
  const Tensor x = random_tensor({2, 5, 19, 17}, 1);
  const Tensor rois =
      Tensor::of<float>(Shape{4, 4}, {1, 2, 9, 12, -3, -4, 40, 50, 5, 5, 5.1f, 5.1f, 9, 9, 3, 3});
  const Tensor images = Tensor::of<int64_t>(Shape{4}, {0, 1, 1, 0});
  for (const int64_t ratio : {0, 1, 3})
    for (const char* mode : {"half_pixel", "output_half_pixel"})
      check_kernel({"RoiAlign",
                    {{"output_height", int64_t{3}},
                     {"output_width", int64_t{2}},
                     {"sampling_ratio", ratio},
                     {"spatial_scale", 0.7f},
                     {"coordinate_transformation_mode", std::string(mode)}},
                    {x, rois, images}});
}

TEST(NumericKernels, Quantization) {
  const Tensor x = random_tensor({3, 4, 50}, 1, -9, 9);
  const Tensor one = Tensor::scalar(0.07f),
               three = Tensor::of<float>(Shape{3}, {0.1f, 0.2f, 0.05f});
  const Tensor zero = Tensor::scalar<uint8_t>(100),
               zeros = Tensor::of<int8_t>(Shape{3}, {0, -5, 9});
  check_kernel({"QuantizeLinear", {}, {x, one, zero}});
  check_kernel({"QuantizeLinear", {{"axis", int64_t{0}}}, {x, three, zeros}});
  const Tensor bytes = Tensor::of<int8_t>(Shape{3, 2}, {1, -128, 127, 0, 5, 77});
  check_kernel({"DequantizeLinear", {{"axis", int64_t{0}}}, {bytes, three, zeros}});
  check_kernel({"DequantizeLinear", {}, {bytes, one}});
}

TEST(NumericKernels, Attention) {
  const auto heads = [](int64_t q, int64_t kv) {
    return Attrs{{"q_num_heads", q}, {"kv_num_heads", kv}};
  };
  check_kernel({"Attention",
                heads(4, 4),
                {random_tensor({2, 50, 64}, 1), random_tensor({2, 50, 64}, 2),
                 random_tensor({2, 50, 64}, 3)}});
  check_kernel({"Attention",
                heads(4, 2),
                {random_tensor({1, 9, 64}, 1), random_tensor({1, 300, 32}, 2),
                 random_tensor({1, 300, 32}, 3), random_tensor({9, 300}, 4)}});
  check_kernel({"Attention",
                {{"scale", 0.3f}},
                {random_tensor({2, 3, 17, 8}, 1), random_tensor({2, 3, 21, 8}, 2),
                 random_tensor({2, 3, 21, 5}, 3), random_tensor({2, 1, 17, 21}, 4)}});
  check_kernel({"Attention",
                {{"is_causal", int64_t{1}}},
                {random_tensor({1, 2, 17, 8}, 1), random_tensor({1, 2, 21, 8}, 2),
                 random_tensor({1, 2, 21, 5}, 3)}});
}

}  // namespace
}  // namespace oarlock::cpu
