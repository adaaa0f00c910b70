#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "oarlock/plugin/rewrite.h"

// What rules put into patches.
namespace oarlock::passes {

// A constant of one number, of any type with numbers.
ValueId add_number(Patch& patch, std::string_view name, DType dtype, double value,
                   const Shape& shape = {});
// A 1-D int64 constant.
ValueId add_integers(Patch& patch, std::string_view name, std::span<const int64_t> values);
// A Reshape to these extents, which may hold one -1.
ValueId add_reshape(Patch& patch, std::string_view name, ValueId value,
                    std::span<const int64_t> dims);
ValueId add_transpose(Patch& patch, std::string_view name, ValueId value,
                      std::span<const size_t> perm);
// A copy of `node` (attributes, name) with other inputs; its first output.
ValueId add_copy(Patch& patch, const Node& node, std::vector<ValueId> inputs);

// Extents for a Reshape to this shape: -1 in place of one unknown extent. Empty when more are
// unknown.
std::optional<std::vector<int64_t>> reshape_dims(const Shape& shape);

// A new tensor of `value` in every element; numbers only.
Result<Tensor> filled(DType dtype, const Shape& shape, double value);
// Element-wise with float64 arithmetic; the result has the type of `a`. `b` is broadcast into a.
enum class Arithmetic { add, subtract, multiply };
Result<Tensor> combine(const Tensor& a, const Tensor& b, Arithmetic what);
Result<Tensor> scaled(const Tensor& tensor, double factor);
// Elements as float64; real types only.
std::vector<double> numbers(const Tensor& tensor);
Result<Tensor> from_numbers(DType dtype, const Shape& shape, std::span<const double> values);
// Rows (everything behind the first axis) of a real tensor multiplied by a factor each.
Result<Tensor> scaled_rows(const Tensor& tensor, std::span<const double> factors);
// Last-axis elements multiplied by a factor each.
Result<Tensor> scaled_columns(const Tensor& tensor, std::span<const double> factors);

}  // namespace oarlock::passes
