// Comparisons, logic, whole numbers and casts of them against the reference implementations.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "oarlock/plugin/numeric.h"
#include "tests/unit/backends/cpu/kernel_check.h"

namespace oarlock::cpu {
namespace {

template <class T>
Tensor numbers(const Shape& shape, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> distribution(std::is_signed_v<T> ? -4 : 0, 4);
  Tensor tensor = *Tensor::allocate(kDTypeOf<T>, shape);
  for (T& v : tensor.mutable_as<T>()) v = static_cast<T>(distribution(generator));
  return tensor;
}
Tensor booleans(const Shape& shape, unsigned seed) {
  Tensor tensor = *Tensor::allocate(DType::boolean, shape);
  std::mt19937 generator(seed);
  for (bool& v : tensor.mutable_as<bool>()) v = generator() % 2 == 0;
  return tensor;
}

const std::pair<Shape, Shape> kShapes[] = {{{3, 50}, {3, 50}},     {{7, 1}, {1, 9}},
                                           {{2, 3, 5}, {}},        {{}, {70}},
                                           {{4, 1, 6}, {4, 3, 6}}, {{1}, {1}}};

template <class T>
void check_numbers(std::initializer_list<const char*> ops) {
  for (const char* op : ops)
    for (const auto& [a, b] : kShapes) check_kernel({op, {}, {numbers<T>(a, 1), numbers<T>(b, 2)}});
}

TEST(PairwiseKernels, Compare) {
  const auto ops = {"Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"};
  check_numbers<float>(ops);
  check_numbers<double>(ops);
  check_numbers<int32_t>(ops);
  check_numbers<int64_t>(ops);
  check_numbers<uint8_t>(ops);
  check_numbers<int8_t>(ops);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor odd = Tensor::of<float>(Shape{4}, {nan, 1, nan, INFINITY});
  for (const char* op : ops)
    check_kernel({op, {}, {odd, Tensor::of<float>(Shape{4}, {nan, nan, 0, INFINITY})}});
}

TEST(PairwiseKernels, Arithmetic) {
  const auto ops = {"Add", "Sub", "Mul", "Div", "Min", "Max"};
  check_numbers<int32_t>(ops);
  check_numbers<int64_t>(ops);
  constexpr int32_t kLeast = std::numeric_limits<int32_t>::min();
  for (const char* op : ops)
    check_kernel({op,
                  {},
                  {Tensor::of<int32_t>(Shape{4}, {kLeast, kLeast, 7, -7}),
                   Tensor::of<int32_t>(Shape{4}, {-1, kLeast, 0, 2})}});
  check_refused({"Add", {}, {numbers<int16_t>({2}, 1), numbers<int16_t>({2}, 2)}});
}

TEST(PairwiseKernels, Logic) {
  for (const char* op : {"And", "Or", "Xor", "Equal"})
    for (const auto& [a, b] : kShapes) check_kernel({op, {}, {booleans(a, 1), booleans(b, 2)}});
  check_kernel({"Not", {}, {booleans({3, 41}, 1)}});
}

TEST(PairwiseKernels, CastOfFloats) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> values = {nan,    INFINITY, -INFINITY,     3e9f,           -3e9f,
                               1e19f,  -1e19f,   2147483648.0f, -2147483648.0f, 255.9f,
                               256.0f, -0.9f,    70000.0f};
  for (int i = 0; i < 200; ++i) values.push_back(static_cast<float>(i) * 1.37f - 100);
  const Tensor x = Tensor::of<float>(Shape{static_cast<int64_t>(values.size())}, values);
  for (DType to : {DType::int8, DType::uint8, DType::int16, DType::uint16, DType::int32,
                   DType::int64, DType::boolean})
    check_kernel({"Cast", {{"to", static_cast<int64_t>(to)}}, {x}});
}

TEST(PairwiseKernels, Functions) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Tensor x = random_tensor({5, 103}, 1, -4, 4);
  const std::initializer_list<float> odd = {nan, INFINITY, -INFINITY, 0.0f, -0.0f, 1e35f, 1e-20f};
  std::copy(odd.begin(), odd.end(), x.mutable_as<float>().begin() + 30);
  for (const char* op : {"Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Celu", "Cosh", "Selu",
                         "Shrink", "Sinh", "Tan", "ThresholdedRelu"})
    check_kernel({op, {}, {x}});
  check_kernel({"Celu", {{"alpha", 0.3f}}, {x}});
  check_kernel({"Shrink", {{"lambd", 1.5f}, {"bias", 0.5f}}, {x}});
  check_refused({"Celu", {{"alpha", -1.0f}}, {x}});
}

}  // namespace
}  // namespace oarlock::cpu
