#pragma once

#include <optional>
#include <span>

#include "oarlock/plugin/op.h"

namespace oarlock::ops {

// A list of integers (axes, extents, repeats); a Shape allocates nothing while it is short.
using IntegerList = Shape;

// All elements of an int32 or int64 tensor.
Result<IntegerList> read_integers(const Tensor& tensor);
// The one element of an int32 or int64 tensor.
Result<int64_t> read_integer(const Tensor& tensor);
// Element i of an int32 or int64 tensor.
int64_t integer_at(const Tensor& tensor, int64_t i);

// The same for an input, if it is a constant; empty when its value is not known yet.
Result<std::optional<IntegerList>> known_integers(const InferContext& c, size_t input);
// How many elements the 1-D (or scalar) input holds, if known.
std::optional<int64_t> known_length(const InferContext& c, size_t input);
// That input i holds int32 or int64 elements; `only_int64`: int64 alone.
Status check_integers(const InferContext& c, size_t input, bool only_int64 = false);
// That the input has at least / exactly this rank.
Status check_min_rank(const InferContext& c, size_t input, size_t rank);
Status check_rank(const InferContext& c, size_t input, size_t rank);

// 0..rank-1 from -rank..rank-1, or an error that names the allowed range.
Result<size_t> resolve_axis(int64_t axis, size_t rank);
// The same for a list; each axis at most once.
Result<IntegerList> resolve_axes(std::span<const int64_t> axes, size_t rank);

// Product of extents first..last-1 of an existing tensor (meaningless when it has no elements).
int64_t product(const Shape& shape, size_t first, size_t last);
// The same, kUnknown when an extent is, or on overflow.
int64_t known_product(const Shape& shape, size_t first, size_t last);

// Output 0 with the element type of input 0 and an unknown rank, or a known one.
void set_unknown_rank(InferContext& c, DType dtype);
void set_unknown_extents(InferContext& c, DType dtype, size_t rank);

}  // namespace oarlock::ops
