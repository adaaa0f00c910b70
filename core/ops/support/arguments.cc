#include "core/ops/support/arguments.h"

#include "core/ops/support/types.h"

namespace oarlock::ops {

int64_t integer_at(const Tensor& tensor, int64_t i) {
  return tensor.dtype() == DType::int32 ? tensor.as<int32_t>()[i] : tensor.as<int64_t>()[i];
}

Result<IntegerList> read_integers(const Tensor& tensor) {
  if (!Indices::contains(tensor.dtype())) {
    return invalid("expected integers of type int64 or int32, got ", tensor);
  }
  IntegerList out(static_cast<size_t>(tensor.elements()));
  for (size_t i = 0; i < out.size(); ++i) out[i] = integer_at(tensor, static_cast<int64_t>(i));
  return out;
}

Result<int64_t> read_integer(const Tensor& tensor) {
  if (!Indices::contains(tensor.dtype()) || tensor.elements() != 1) {
    return invalid("expected one integer of type int64 or int32, got ", tensor);
  }
  return integer_at(tensor, 0);
}

Result<std::optional<IntegerList>> known_integers(const InferContext& c, size_t input) {
  if (!c.has_input(input)) return std::optional<IntegerList>();
  const Tensor* tensor = c.constant(input);
  if (tensor == nullptr) return std::optional<IntegerList>();
  auto list = read_integers(*tensor);
  if (!list.ok()) return list.status().within(concat("input ", input));
  return std::optional<IntegerList>(std::move(*list));
}

std::optional<int64_t> known_length(const InferContext& c, size_t input) {
  return c.input(input).has_rank ? c.shape(input).elements() : std::nullopt;
}

Status check_integers(const InferContext& c, size_t input, bool only_int64) {
  return only_int64 ? check_type<Types<int64_t>>(c, input) : check_type<Indices>(c, input);
}

Status check_min_rank(const InferContext& c, size_t input, size_t rank) {
  if (c.shape(input).rank() >= rank) return {};
  return invalid("input ", input, " has the shape ", c.shape(input), ", expected rank ", rank,
                 " or more");
}

Status check_rank(const InferContext& c, size_t input, size_t rank) {
  if (c.shape(input).rank() == rank) return {};
  return invalid("input ", input, " has the shape ", c.shape(input), ", expected rank ", rank);
}

Result<size_t> resolve_axis(int64_t axis, size_t rank) {
  const auto resolved = normalize_axis(axis, rank);
  if (!resolved) {
    return invalid("axis ", axis, " is out of range for a tensor of rank ", rank,
                   rank == 0 ? std::string() : concat(" (allowed: -", rank, " to ", rank - 1, ")"));
  }
  return *resolved;
}

Result<IntegerList> resolve_axes(std::span<const int64_t> axes, size_t rank) {
  IntegerList out(axes);
  for (size_t i = 0; i < out.size(); ++i) {
    OARLOCK_ASSIGN(const size_t axis, resolve_axis(axes[i], rank));
    out[i] = static_cast<int64_t>(axis);
    for (size_t j = 0; j < i; ++j) {
      if (out[j] == out[i]) return invalid("axis ", axes[i], " is given twice in ", Shape(axes));
    }
  }
  return out;
}

int64_t product(const Shape& shape, size_t first, size_t last) {
  uint64_t out = 1;
  for (size_t i = first; i < last; ++i) out *= static_cast<uint64_t>(shape[i]);
  return static_cast<int64_t>(out);
}

int64_t known_product(const Shape& shape, size_t first, size_t last) {
  return Shape(shape.dims().subspan(first, last - first)).elements().value_or(Shape::kUnknown);
}

void set_unknown_rank(InferContext& c, DType dtype) { c.set_output(0, TypeInfo::tensor(dtype)); }

void set_unknown_extents(InferContext& c, DType dtype, size_t rank) {
  c.set_output(0, dtype, Shape(rank, Shape::kUnknown));
}

}  // namespace oarlock::ops
