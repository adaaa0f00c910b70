#pragma once

#include <initializer_list>
#include <string_view>

#include "oarlock/plugin/op.h"

// Checks that shape inference makes of its inputs. `name` is the input's name in the operator's
// specification; messages tell what is expected and what is given. What is not known yet passes.
namespace oarlock::ops {

// Every required input is present, and every present one is a tensor.
Status expect_tensors(const InferContext& c);

Status expect_dtype(const InferContext& c, size_t i, std::string_view name,
                    std::initializer_list<DType> allowed);
Status expect_float(const InferContext& c, size_t i, std::string_view name);   // 16 bits and more
Status expect_number(const InferContext& c, size_t i, std::string_view name);  // no bool, 8 bits up
Status expect_same_dtype(const InferContext& c, size_t i, std::string_view name, DType expected);

Status expect_rank(const InferContext& c, size_t i, std::string_view name, size_t rank);
Status expect_rank_between(const InferContext& c, size_t i, std::string_view name, size_t least,
                           size_t most);
Status expect_min_rank(const InferContext& c, size_t i, std::string_view name, size_t least);
Status expect_shape(const InferContext& c, size_t i, std::string_view name, const Shape& expected);
// The input is omitted, or of this element type and shape.
Status expect_optional(const InferContext& c, size_t i, std::string_view name, DType dtype,
                       const Shape& shape);

// The extents fit: equal, or one is unknown.
inline bool agree(int64_t a, int64_t b) {
  return a == b || a == Shape::kUnknown || b == Shape::kUnknown;
}
bool agree(const Shape& a, const Shape& b);
// The known one of two extents that agree.
inline int64_t known_of(int64_t a, int64_t b) { return a == Shape::kUnknown ? b : a; }

// Whether `shape` stretches to `to` by numpy rules without changing `to`.
bool broadcasts_to(const Shape& shape, const Shape& to);

// Resolves an attribute or input that names an axis.
Result<size_t> checked_axis(int64_t axis, size_t rank);

// Product of known extents in [from, to); kUnknown when one is unknown or the product overflows.
int64_t extent_product(const Shape& shape, size_t from, size_t to);

}  // namespace oarlock::ops
