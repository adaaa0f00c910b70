#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ops/evaluate.h"
#include "oarlock/plugin/graph.h"
#include "oarlock/plugin/numeric.h"
#include "oarlock/plugin/op.h"

// Running and inferring single operators in tests: "Relu", "com.microsoft.Gelu".
namespace oarlock::test {

using Values = std::vector<Value>;

// A tensor of the given elements: tensor<float>({2, 2}, {1, 2, 3, 4}).
template <class T>
Tensor tensor(const Shape& shape, std::initializer_list<T> elements) {
  return Tensor::of<T>(shape, elements);
}
// A 1-D tensor.
template <class T>
Tensor list(std::initializer_list<T> elements) {
  return Tensor::of<T>(Shape{static_cast<int64_t>(elements.size())}, elements);
}
inline Tensor integers(std::initializer_list<int64_t> elements) { return list<int64_t>(elements); }
// 0, 1, 2, ... as T.
template <class T>
Tensor counting(const Shape& shape) {
  std::vector<T> elements(static_cast<size_t>(*shape.elements()));
  for (size_t i = 0; i < elements.size(); ++i) elements[i] = static_cast<T>(i);
  return Tensor::of<T>(shape, std::span<const T>(elements));
}

// Output 0 of an operator; a failure is a test failure and gives an undefined tensor.
Tensor run(std::string_view op, Attrs attrs, Values inputs);
// All outputs.
Values run_all(std::string_view op, Attrs attrs, Values inputs, size_t outputs);
// The message with which an operator refuses these inputs; "" when it does not.
std::string error_of(std::string_view op, Attrs attrs, Values inputs, size_t outputs = 1);

// An input of inference: a type, or a constant tensor.
struct Given {
  Given(TypeInfo t) : type(std::move(t)) {}
  Given(Tensor c) : constant(std::move(c)) {}
  Given(DType dtype, Shape shape) : type(TypeInfo::tensor(dtype, std::move(shape))) {}
  TypeInfo type;
  Tensor constant;
};
// "float32[2, ?]; int64[2]": the inferred types of all outputs, or the error's message.
std::string inferred(std::string_view op, Attrs attrs, std::vector<Given> inputs,
                     size_t outputs = 1);

// That a value is a tensor of exactly these elements; for floats, within `tolerance`.
void expect_tensor(const Value& value, const Tensor& expected, double tolerance = 0);

}  // namespace oarlock::test
