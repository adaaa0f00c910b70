// Kernels on 8-bit integers against the reference implementations.
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "oarlock/plugin/numeric.h"
#include "tests/unit/backends/cpu/kernel_check.h"

namespace oarlock::cpu {
namespace {

template <class T>
Tensor bytes(const Shape& shape, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> distribution(std::numeric_limits<T>::min(),
                                                  std::numeric_limits<T>::max());
  Tensor tensor = *Tensor::allocate(kDTypeOf<T>, shape);
  for (T& v : tensor.mutable_as<T>()) v = static_cast<T>(distribution(generator));
  return tensor;
}
Tensor bytes(bool is_signed, const Shape& shape, unsigned seed) {
  return is_signed ? bytes<int8_t>(shape, seed) : bytes<uint8_t>(shape, seed);
}
Tensor scale(float value) { return Tensor::of<float>(Shape{}, {value}); }

struct Kinds {
  bool a, b, constant;
};
std::vector<Kinds> all_kinds() {
  std::vector<Kinds> kinds;
  for (int i = 0; i < 8; ++i) kinds.push_back({(i & 1) != 0, (i & 2) != 0, (i & 4) != 0});
  return kinds;
}

TEST(IntegerKernels, MatMulInteger) {
  const std::pair<Shape, Shape> shapes[] = {
      {{5, 7}, {7, 33}},     {{50, 64}, {64, 96}},     {{1, 101}, {101, 70}},
      {{2, 3, 41}, {41, 5}}, {{4, 30, 8}, {4, 8, 30}}, {{3, 4}, {4}},
      {{4}, {4, 3}},         {{2, 1, 5, 6}, {3, 6, 7}}};
  for (const auto& [a, b] : shapes)
    for (const Kinds& kinds : all_kinds()) {
      std::vector<size_t> constants;
      if (kinds.constant) constants = {1};
      const Tensor x = bytes(kinds.a, a, 1), y = bytes(kinds.b, b, 2);
      check_kernel({"MatMulInteger", {}, {x, y}, constants});
      check_kernel({"MatMulInteger", {}, {x, y, bytes(kinds.a, {}, 3)}, constants});
      const Shape columns{b.rank() > 1 ? b.back() : 1};
      check_kernel({"MatMulInteger",
                    {},
                    {x, y, bytes(kinds.a, {1}, 3), bytes(kinds.b, columns, 4)},
                    constants});
      if (a.rank() == 2)
        check_kernel({"MatMulInteger",
                      {},
                      {x, y, bytes(kinds.a, {a[0]}, 3), bytes(kinds.b, {}, 4)},
                      constants});
    }
}

TEST(IntegerKernels, QLinearMatMul) {
  for (const Kinds& kinds : all_kinds()) {
    const Shape a{2, 13, 35}, b{35, 45};
    std::vector<size_t> constants;
    if (kinds.constant) constants = {3};
    const Tensor scales = random_tensor({45}, 9, 0.001f, 0.02f);
    check_kernel({"QLinearMatMul",
                  {},
                  {bytes(kinds.a, a, 1), scale(0.02f), bytes(kinds.a, {}, 2), bytes(kinds.b, b, 3),
                   scales, bytes(kinds.b, {45}, 4), scale(0.7f), bytes(kinds.b, {}, 5)},
                  constants});
    check_kernel({"QLinearMatMul",
                  {},
                  {bytes(kinds.a, {13, 35}, 1), random_tensor({13}, 8, 0.01f, 0.03f),
                   bytes(kinds.a, {13}, 2), bytes(kinds.b, b, 3), scale(0.011f),
                   bytes(kinds.b, {}, 4), scale(0.7f), bytes(kinds.a, {}, 5)},
                  constants});
  }
}

struct Case {
  Shape x, w;
  Attrs attrs;
};
using Ints = std::vector<int64_t>;
std::vector<Case> convolutions() {
  return {
      {{2, 3, 9, 11}, {7, 3, 3, 3}, {{"pads", Ints{1, 1, 1, 1}}}},
      {{1, 16, 14, 14}, {37, 16, 1, 1}, {}},
      {{1, 6, 15, 8}, {4, 3, 3, 5}, {{"group", int64_t{2}}, {"strides", Ints{2, 3}}}},
      {{1, 5, 20, 20}, {9, 5, 3, 3}, {{"dilations", Ints{3, 2}}, {"pads", Ints{2, 0, 4, 1}}}},
      {{2, 8, 9, 33}, {8, 1, 3, 3}, {{"group", int64_t{8}}, {"pads", Ints{1, 1, 1, 1}}}},
      {{1, 4, 17, 9}, {8, 1, 5, 3}, {{"group", int64_t{4}}, {"strides", Ints{2, 2}}}},
      {{1, 3, 50}, {5, 3, 7}, {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Ints{2}}}},
      {{1, 64, 7, 7}, {96, 64, 3, 3}, {{"pads", Ints{1, 1, 1, 1}}}},
      {{1, 40, 1, 1}, {12, 40, 1, 1}, {}},
  };
}

TEST(IntegerKernels, ConvInteger) {
  for (const Case& c : convolutions())
    for (const Kinds& kinds : all_kinds()) {
      std::vector<size_t> constants;
      if (kinds.constant) constants = {1};
      const Tensor x = bytes(kinds.a, c.x, 1), w = bytes(kinds.b, c.w, 2);
      check_kernel({"ConvInteger", c.attrs, {x, w}, constants});
      check_kernel({"ConvInteger", c.attrs, {x, w, bytes(kinds.a, {}, 3)}, constants});
      check_kernel({"ConvInteger",
                    c.attrs,
                    {x, w, bytes(kinds.a, {}, 3), bytes(kinds.b, {c.w[0]}, 4)},
                    constants});
    }
}

TEST(IntegerKernels, QLinearConv) {
  for (const Case& c : convolutions())
    for (const Kinds& kinds : all_kinds()) {
      std::vector<size_t> constants;
      if (kinds.constant) constants = {3};
      Tensor bias = *Tensor::allocate(DType::int32, {c.w[0]});
      for (int64_t i = 0; i < c.w[0]; ++i) bias.mutable_as<int32_t>()[i] = 300 * (i % 7) - 900;
      check_kernel({"QLinearConv",
                    c.attrs,
                    {bytes(kinds.a, c.x, 1), scale(0.02f), bytes(kinds.a, {}, 3),
                     bytes(kinds.b, c.w, 2), random_tensor({c.w[0]}, 9, 0.001f, 0.03f),
                     bytes(kinds.b, {c.w[0]}, 4), scale(0.9f), bytes(kinds.b, {}, 5), bias},
                    constants});
      check_kernel(
          {"QLinearConv",
           c.attrs,
           {bytes(kinds.a, c.x, 1), scale(0.02f), bytes(kinds.a, {}, 3), bytes(kinds.b, c.w, 2),
            scale(0.013f), bytes(kinds.b, {}, 4), scale(0.9f), bytes(kinds.a, {}, 5)},
           constants});
    }
}

TEST(IntegerKernels, DynamicQuantizeLinear) {
  for (int64_t n : {1, 7, 1000, 40000}) {
    check_kernel(
        {.op = "DynamicQuantizeLinear", .inputs = {random_tensor({n}, 1, -3, 5)}, .outputs = 3});
    check_kernel(
        {.op = "DynamicQuantizeLinear", .inputs = {random_tensor({n}, 2, 1, 5)}, .outputs = 3});
  }
}

}  // namespace
}  // namespace oarlock::cpu
