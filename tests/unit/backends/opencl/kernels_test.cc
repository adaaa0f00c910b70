// Element-wise operators, moves, reductions and normalization in every layout they offer.
#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/backends/opencl/kernel_check.h"

namespace oarlock::opencl {
namespace {

using Integers = std::vector<int64_t>;

struct OpenClKernels : testing::Test {
  void SetUp() override {
    std::string why;
    if (!has_device(why)) GTEST_SKIP() << why;
  }
};

Tensor integers(std::initializer_list<int64_t> values) {
  return Tensor::of<int64_t>(Shape{static_cast<int64_t>(values.size())}, values);
}
Tensor random(const Shape& shape) { return random_values(shape, 7); }

Tensor scaled(const Shape& shape, float factor, float offset) {
  Tensor tensor = random_values(shape, 11);
  for (float& v : tensor.mutable_as<float>()) v = v * factor + offset;
  return tensor;
}

TEST_F(OpenClKernels, Functions) {
  for (const char* op :
       {"Abs",     "Ceil",        "Clip",      "Cos",       "Elu",   "Erf", "Exp",  "Floor",
        "Gelu",    "HardSigmoid", "HardSwish", "LeakyRelu", "Mish",  "Neg", "Relu", "Round",
        "Sigmoid", "Sin",         "Softplus",  "Softsign",  "Swish", "Tanh"})
    check_every_option({op, {}, {scaled({2, 5, 3, 7}, 4, 0)}}, 2);
  for (const char* op : {"Log", "Reciprocal", "Sqrt"}) {
    check_every_option({op, {}, {scaled({2, 5, 3, 7}, 1, 1.5f)}}, 1);
    check_every_option({op, {}, {scaled({1, 32, 3, 2}, 1, 1.5f)}}, 2);
  }
}

TEST_F(OpenClKernels, Broadcasts) {
  const Shape whole{2, 19, 3, 5};
  check_every_option({"Add", {}, {random(whole), random(whole)}}, 2);
  check_every_option({"Mul", {}, {random(whole), random({2, 19, 1, 1})}}, 2);
  check_every_option({"Sub", {}, {random(whole), random({2, 1, 3, 5})}}, 2);
  check_every_option({"Sub", {}, {random({}), random(whole)}}, 2);
  check_every_option({"Add", {}, {random(whole), random({19, 1, 1})}}, 1);
  check_every_option({"Add", {}, {random({2, 32, 3, 5}), random({32, 1, 1})}}, 2);
  check_every_option({"Add", {}, {random(whole), random({5})}}, 2);
  check_every_option({"Max", {}, {random({1, 7}), random({6, 1})}}, 1);
  check_every_option({"Div", {}, {random({3, 4}), scaled({4}, 1, 2)}}, 1);
  check_every_option({"Add", {}, {random({2, 1, 3, 1, 2, 1, 3}), random({5, 1, 4, 1, 2, 1})}}, 1);
}

TEST_F(OpenClKernels, MoreThanNineMixedAxesAreRefused) {
  check_refused(
      {"Add",
       {},
       {random({2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2}), random({1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1})}});
}

TEST_F(OpenClKernels, OtherTypes) {
  const Tensor a = Tensor::of<int64_t>(Shape{2, 3}, {1, -2, 3, int64_t{1} << 40, 5, 6});
  check_every_option({"Add", {}, {a, integers({1, 2, 3})}}, 1);
  check_every_option({"Less", {}, {a, integers({1, 2, 3})}}, 1);
  const Tensor bytes = Tensor::of<uint8_t>(Shape{3}, {250, 7, 0});
  check_every_option({"Mul", {}, {bytes, Tensor::of<uint8_t>(Shape{1}, {2})}}, 1);
  check_every_option({"Not", {}, {Tensor::of<bool>(Shape{3}, {true, false, true})}}, 1);
  check_every_option(
      {"Where",
       {},
       {Tensor::of<bool>(Shape{3, 1}, {true, false, true}), random({4}), random({3, 4})}},
      1);
  check_refused({"Exp", {}, {Tensor::of<double>(Shape{2}, {1, 2})}});
}

TEST_F(OpenClKernels, Casts) {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor floats = Tensor::of<float>(Shape{7}, {0.5f, -1.5f, 300.7f, inf, -inf, -0.0f, 3e9f});
  for (const DType to : {DType::int32, DType::int64, DType::boolean, DType::uint8, DType::int16,
                         DType::float16, DType::bfloat16, DType::float64, DType::float32})
    check_every_option({"Cast", {{"to", static_cast<int64_t>(to)}}, {floats}}, 1);
  const Tensor whole = integers({0, -1, 300, int64_t{1} << 40});
  for (const DType to : {DType::int32, DType::int8, DType::boolean, DType::float32})
    check_every_option({"Cast", {{"to", static_cast<int64_t>(to)}}, {whole}}, 1);
}

TEST_F(OpenClKernels, Quantization) {
  const Tensor scale = Tensor::of<float>(Shape{}, {0.05f});
  const Tensor zero = Tensor::of<uint8_t>(Shape{}, {100});
  const Tensor x = scaled({2, 3, 5}, 12, 0);
  check_every_option({"QuantizeLinear", {}, {x, scale, zero}}, 1);
  check_every_option({"QuantizeLinear", {}, {x, scale}}, 1);
  const Tensor scales = Tensor::of<float>(Shape{3}, {0.05f, 0.1f, 0.2f});
  const Tensor zeros = Tensor::of<int8_t>(Shape{3}, {-3, 0, 9});
  check_every_option({"QuantizeLinear", {{"axis", int64_t{1}}}, {x, scales, zeros}}, 1);
  const Tensor codes = Tensor::of<int8_t>(Shape{1, 3, 2}, {-128, 127, 5, 6, 7, 0});
  check_every_option({"DequantizeLinear", {{"axis", int64_t{1}}}, {codes, scales, zeros}}, 1);
}

TEST_F(OpenClKernels, Moves) {
  check_every_option({"Transpose", {{"perm", Integers{0, 2, 3, 1}}}, {random({2, 5, 3, 7})}}, 1);
  check_every_option({"Transpose", {}, {random({37, 41})}}, 1);
  check_every_option({"Transpose", {}, {Tensor::of<int8_t>(Shape{2, 3}, {1, 2, 3, 4, 5, 6})}}, 1);
  check_every_option({"Reshape", {}, {random({6, 4}), integers({3, 8})}, {1}}, 1);
  check_every_option({"Flatten", {}, {random({2, 32, 1, 1})}}, 2);
  check_every_option({"Concat", {{"axis", int64_t{1}}}, {random({2, 32, 3}), random({2, 5, 3})}},
                     2);
  check_every_option({"Concat", {{"axis", int64_t{1}}}, {random({2, 5, 3}), random({2, 32, 3})}},
                     1);
  check_every_option({"Concat", {{"axis", int64_t{-1}}}, {random({2, 3}), random({2, 4})}}, 1);
  check_every_option(
      {"Split", {{"axis", int64_t{1}}, {"num_outputs", int64_t{2}}}, {random({2, 64, 3})}}, 2, 2);
  check_every_option(
      {"Slice", {}, {random({2, 40, 5}), integers({0, 16, 1}), integers({2, 40, 9})}, {1, 2}}, 2);
  check_every_option(
      {"Slice",
       {},
       {random({9, 5}), integers({-1, 0}), integers({-20, 5}), integers({0, 1}), integers({-3, 2})},
       {1, 2, 3, 4}},
      1);
  check_every_option({"Expand", {}, {random({3, 1}), integers({2, 3, 4})}, {1}}, 1);
  check_every_option({"Gather", {{"axis", int64_t{1}}}, {random({2, 5, 3}), integers({4, -1, 0})}},
                     1);
  check_refused({"Gather", {}, {random({2, 5}), integers({2})}, {1}});
  for (const char* mode : {"DCR", "CRD"})
    check_every_option({"DepthToSpace",
                        {{"blocksize", int64_t{2}}, {"mode", std::string(mode)}},
                        {random({2, 8, 3, 5})}},
                       1);
  check_every_option({"SpaceToDepth", {{"blocksize", int64_t{2}}}, {random({2, 3, 4, 6})}}, 1);
}

TEST_F(OpenClKernels, Pads) {
  const Tensor value = Tensor::of<float>(Shape{}, {2.5f});
  check_every_option(
      {"Pad", {}, {random({2, 5, 3, 4}), integers({0, 0, 1, 2, 0, 0, 3, 0}), value}, {1, 2}}, 2);
  check_every_option({"Pad", {}, {random({3, 5}), integers({1, -2, 0, 3})}, {1}}, 1);
  check_every_option({"Pad", {}, {random({3, 5}), integers({0, 7, 0, -5})}, {1}}, 1);
  for (const char* mode : {"reflect", "edge", "wrap"}) {
    const Attrs attrs = {{"mode", std::string(mode)}};
    check_every_option({"Pad", attrs, {random({3, 5}), integers({0, 4, 0, 3})}, {1}}, 1);
    check_every_option({"Pad", attrs, {random({3, 5}), integers({-1, 9, 2, -2})}, {1}}, 1);
    check_every_option({"Pad", attrs, {random({4, 1}), integers({0, 2, 0, 1})}, {1}}, 1);
    check_every_option(
        {"Pad", attrs, {random({2, 5, 3, 4}), integers({0, 0, 1, 2, 0, 0, 2, 3})}, {1}}, 2);
    check_every_option({"Pad",
                        attrs,
                        {Tensor::of<int8_t>(Shape{2, 3}, {1, 2, 3, 4, 5, 6}), integers({2, 1}),
                         Tensor(), integers({1})},
                        {1, 3}},
                       1);
  }
}

TEST_F(OpenClKernels, Pools) {
  const Attrs window = {{"kernel_shape", Integers{3, 2}},
                        {"strides", Integers{2, 1}},
                        {"pads", Integers{1, 0, 2, 1}}};
  Attrs all = window;
  all.set("count_include_pad", int64_t{1});
  all.set("ceil_mode", int64_t{1});
  check_every_option({"MaxPool", window, {random({2, 19, 9, 7})}}, 2);
  check_every_option({"AveragePool", window, {random({2, 19, 9, 7})}}, 2);
  check_every_option({"AveragePool", all, {random({2, 19, 10, 7})}}, 2);
  check_every_option({"MaxPool",
                      {{"kernel_shape", Integers{3}}, {"auto_pad", std::string("SAME_UPPER")}},
                      {random({1, 3, 20})}},
                     2);
  check_every_option({"GlobalAveragePool", {}, {random({2, 19, 9, 7})}}, 2);
  check_every_option({"GlobalMaxPool", {}, {random({2, 19, 9, 7})}}, 2);
}

TEST_F(OpenClKernels, Reductions) {
  for (const char* op : {"ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin",
                         "ReduceSum", "ReduceSumSquare"}) {
    check_every_option({op, {}, {random({2, 19, 9, 7}), integers({2, 3})}, {1}}, 2);
    check_every_option({op, {}, {random({3, 70}), integers({-1})}, {1}}, 1);
    check_every_option({op, {}, {random({3, 5, 33}), integers({1})}, {1}}, 1);
    check_every_option({op, {}, {random({3, 5, 32}), integers({1})}, {1}}, 1);
    check_every_option({op, {{"keepdims", int64_t{0}}}, {random({7, 9})}}, 1);
  }
  check_refused({"ReduceSum", {}, {random({3, 5, 33}), integers({0, 2})}, {1}});
}

TEST_F(OpenClKernels, Softmax) {
  for (const char* op : {"Softmax", "LogSoftmax"}) {
    check_every_option({op, {}, {scaled({5, 37}, 20, 0)}}, 1);
    check_every_option({op, {}, {scaled({5, 3}, 200, 0)}}, 1);
    check_every_option({op, {{"axis", int64_t{1}}}, {random({2, 7, 5})}}, 1);
  }
}

TEST_F(OpenClKernels, Normalization) {
  const Tensor scale = random({40}), bias = random({40});
  check_every_option({"LayerNormalization", {}, {scaled({3, 40}, 2, 5), scale, bias}}, 1);
  check_every_option({"LayerNormalization", {}, {scaled({3, 40}, 2, 5), scale}}, 1);
  check_every_option({"RMSNormalization", {}, {random({3, 40}), scale}}, 1);
  check_every_option({"InstanceNormalization", {}, {random({2, 40, 5, 5}), scale, bias}}, 1);
  check_every_option(
      {"GroupNormalization", {{"num_groups", int64_t{4}}}, {random({2, 40, 5, 5}), scale, bias}},
      1);
  check_every_option({"BatchNormalization",
                      {},
                      {random({2, 40, 3, 5}), scale, bias, random({40}), scaled({40}, 1, 2)},
                      {1, 2, 3, 4}},
                     2);
}

TEST_F(OpenClKernels, Lstm) {
  // X, W, R, B, sequence lengths, initial states, P.
  const auto inputs = [](int64_t directions) {
    return std::vector<Tensor>{random({3, 2, 19}),
                               random({directions, 4 * 21, 19}),
                               random({directions, 4 * 21, 21}),
                               random({directions, 8 * 21}),
                               Tensor(),
                               random({directions, 2, 21}),
                               random({directions, 2, 21}),
                               random({directions, 3 * 21})};
  };
  const auto attrs = [](const char* direction) {
    return Attrs{{"hidden_size", int64_t{21}}, {"direction", std::string(direction)}};
  };
  check_every_option({"LSTM", attrs("bidirectional"), inputs(2)}, 1, 3);
  check_every_option({"LSTM", attrs("reverse"), inputs(1)}, 1, 3);
  std::vector<Tensor> few = inputs(1);
  few.resize(3);
  check_every_option({"LSTM", attrs("forward"), few}, 1, 3);
  std::vector<Tensor> lengths = inputs(1);
  lengths[4] = Tensor::of<int32_t>(Shape{2}, {3, 1});
  check_refused({"LSTM", attrs("forward"), lengths});
}

TEST_F(OpenClKernels, Resizes) {
  for (const char* mode : {"nearest", "linear"})
    for (const char* coordinates : {"half_pixel", "asymmetric", "align_corners"})
      check_every_option({"Resize",
                          {{"mode", std::string(mode)},
                           {"coordinate_transformation_mode", std::string(coordinates)}},
                          {random({2, 19, 4, 6}), Tensor(), Tensor(), integers({2, 19, 7, 9})},
                          {3}},
                         2);
  check_refused({"Resize",
                 {{"mode", std::string("cubic")}},
                 {random({1, 2, 4, 6}), Tensor(), Tensor(), integers({1, 2, 7, 9})},
                 {3}});
}

}  // namespace
}  // namespace oarlock::opencl
