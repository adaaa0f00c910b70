#include "core/ops/support/check.h"

#include <string>

namespace oarlock::ops {

namespace {

Status wrong_dtype(std::string_view name, const std::string& expected, DType given) {
  return invalid("input ", name, " must be ", expected, ", but is ", given);
}

}  // namespace

Status expect_tensors(const InferContext& c) {
  const int required = c.node().def == nullptr ? 0 : c.node().def->inputs.min;
  for (int i = 0; i < required; ++i) {
    if (!c.has_input(static_cast<size_t>(i))) return invalid("input ", i, " is missing");
  }
  for (size_t i = 0; i < c.input_count(); ++i) {
    if (c.has_input(i) && c.input(i).kind != TypeInfo::Kind::unknown && !c.input(i).is_tensor())
      return invalid("input ", i, " must be a tensor, but is ", c.input(i));
  }
  return {};
}

Status expect_dtype(const InferContext& c, size_t i, std::string_view name,
                    std::initializer_list<DType> allowed) {
  const DType given = c.dtype(i);
  if (given == DType::undefined) return {};
  std::string expected;
  for (DType dtype : allowed) {
    if (dtype == given) return {};
    if (!expected.empty()) expected += ", ";
    expected += to_string(dtype);
  }
  return wrong_dtype(name, allowed.size() > 1 ? "one of " + expected : expected, given);
}

Status expect_float(const InferContext& c, size_t i, std::string_view name) {
  return expect_dtype(c, i, name,
                      {DType::float32, DType::float64, DType::float16, DType::bfloat16});
}

Status expect_number(const InferContext& c, size_t i, std::string_view name) {
  return expect_dtype(
      c, i, name,
      {DType::float32, DType::float64, DType::float16, DType::bfloat16, DType::int8, DType::uint8,
       DType::int16, DType::uint16, DType::int32, DType::uint32, DType::int64, DType::uint64});
}

Status expect_same_dtype(const InferContext& c, size_t i, std::string_view name, DType expected) {
  if (c.dtype(i) == expected || c.dtype(i) == DType::undefined || expected == DType::undefined)
    return {};
  return wrong_dtype(name, std::string(to_string(expected)), c.dtype(i));
}

Status expect_rank(const InferContext& c, size_t i, std::string_view name, size_t rank) {
  return expect_rank_between(c, i, name, rank, rank);
}

Status expect_rank_between(const InferContext& c, size_t i, std::string_view name, size_t least,
                           size_t most) {
  const size_t rank = c.shape(i).rank();
  if (rank >= least && rank <= most) return {};
  const std::string wanted =
      least == most ? std::to_string(least) : std::to_string(least) + " to " + std::to_string(most);
  return invalid("input ", name, " must have ", wanted, " dimensions, but its shape is ",
                 c.shape(i));
}

Status expect_min_rank(const InferContext& c, size_t i, std::string_view name, size_t least) {
  if (c.shape(i).rank() >= least) return {};
  return invalid("input ", name, " must have at least ", least, " dimensions, but its shape is ",
                 c.shape(i));
}

Status expect_shape(const InferContext& c, size_t i, std::string_view name, const Shape& expected) {
  if (agree(c.shape(i), expected)) return {};
  return invalid("input ", name, " must have shape ", expected, ", but has ", c.shape(i));
}

Status expect_optional(const InferContext& c, size_t i, std::string_view name, DType dtype,
                       const Shape& shape) {
  if (!c.has_input(i)) return {};
  OARLOCK_TRY(expect_same_dtype(c, i, name, dtype));
  return expect_shape(c, i, name, shape);
}

bool agree(const Shape& a, const Shape& b) {
  if (a.rank() != b.rank()) return false;
  for (size_t d = 0; d < a.rank(); ++d) {
    if (!agree(a[d], b[d])) return false;
  }
  return true;
}

bool broadcasts_to(const Shape& shape, const Shape& to) {
  if (shape.rank() > to.rank()) return false;
  const size_t shift = to.rank() - shape.rank();
  for (size_t d = 0; d < shape.rank(); ++d) {
    if (shape[d] != 1 && !agree(shape[d], to[d + shift])) return false;
  }
  return true;
}

Result<size_t> checked_axis(int64_t axis, size_t rank) {
  if (auto found = normalize_axis(axis, rank)) return *found;
  return invalid("axis ", axis, " is outside of a tensor with ", rank, " dimensions");
}

int64_t extent_product(const Shape& shape, size_t from, size_t to) {
  int64_t product = 1;
  for (size_t d = from; d < to; ++d) {
    if (shape[d] == Shape::kUnknown || __builtin_mul_overflow(product, shape[d], &product))
      return Shape::kUnknown;
  }
  return product;
}

}  // namespace oarlock::ops
