// MaxUnpool (ONNX 22).
#include <algorithm>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"
#include "core/ops/support/window.h"

namespace oarlock::ops {

namespace {

// The shape of what MaxPool had reduced to `x`.
Result<Shape> pooled_from(const Attrs& attrs, const Shape& x) {
  const size_t n = x.rank() - 2;
  OARLOCK_ASSIGN(const Shape kernel, spatial_list(attrs, "kernel_shape", n, 1, 1));
  OARLOCK_ASSIGN(const Shape strides, spatial_list(attrs, "strides", n, 1, 1));
  OARLOCK_ASSIGN(const Shape pads, spatial_list(attrs, "pads", 2 * n, 0, 0));
  Shape y = x;
  for (size_t d = 0; d < n; ++d) {
    if (x[d + 2] == Shape::kUnknown) continue;
    int64_t extent = 0;
    if (__builtin_mul_overflow(x[d + 2] - 1, strides[d], &extent))
      return invalid("X of shape ", x, " is too large");
    y[d + 2] = extent + kernel[d] - pads[d] - pads[d + n];
    if (y[d + 2] < 0) return invalid("the pads are larger than the output");
  }
  return y;
}

Result<Shape> output_shape(const Attrs& attrs, const Shape& x,
                           const std::optional<std::vector<int64_t>>& wanted) {
  OARLOCK_ASSIGN(const Shape inferred, pooled_from(attrs, x));
  if (!wanted) return inferred;
  const Shape y{std::span<const int64_t>(*wanted)};
  bool fits = y.rank() == x.rank();
  for (size_t d = 0; fits && d < y.rank(); ++d)
    fits = inferred[d] == Shape::kUnknown || y[d] >= inferred[d];
  if (!fits)
    return invalid("output_shape is ", y, ", but must be at least ", inferred, " for X of shape ",
                   x);
  return y;
}

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "X"));
  OARLOCK_TRY(expect_min_rank(c, 0, "X", 3));
  OARLOCK_TRY(expect_dtype(c, 1, "I", {DType::int64}));
  OARLOCK_TRY(expect_shape(c, 1, "I", c.shape(0)));
  if (c.has_input(2)) {
    OARLOCK_TRY(expect_dtype(c, 2, "output_shape", {DType::int64}));
    OARLOCK_TRY(expect_shape(c, 2, "output_shape", {static_cast<int64_t>(c.shape(0).rank())}));
    if (c.constant(2) == nullptr) {
      c.set_output(0, c.dtype(0), Shape(c.shape(0).rank(), Shape::kUnknown));
      return {};
    }
  }
  OARLOCK_ASSIGN(Shape y, output_shape(c.attrs(), c.shape(0),
                                       c.has_input(2) ? c.constant_integers(2) : std::nullopt));
  c.set_output(0, c.dtype(0), y);
  return {};
}

// Indices refer to the tensor that was pooled; where the output is larger, they are moved over.
Status max_unpool(RunContext& c) {
  const Tensor& x = c.input(0);
  OARLOCK_ASSIGN(const Shape pooled, pooled_from(c.attrs(), x.shape()));
  std::optional<std::vector<int64_t>> wanted;
  if (c.has_input(2)) {
    const auto values = c.input(2).as<int64_t>();
    wanted.emplace(values.begin(), values.end());
  }
  OARLOCK_ASSIGN(const Shape shape, output_shape(c.attrs(), x.shape(), wanted));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, x.dtype(), shape));
  const size_t width = bits(x.dtype()) / 8;
  std::fill_n(y->mutable_data(), y->bytes(), std::byte{0});
  const Shape strides = row_major_strides(shape);
  const int64_t limit = pooled.elements().value_or(0);
  const auto indices = c.input(1).as<int64_t>();
  for (int64_t i = 0; i < x.elements(); ++i) {
    if (indices[i] < 0 || indices[i] >= limit)
      return invalid("input I has the index ", indices[i], " at position ", i,
                     ", outside of a tensor of shape ", pooled);
    int64_t rest = indices[i];
    int64_t at = 0;
    for (size_t d = shape.rank(); d-- > 0;) {
      at += rest % pooled[d] * strides[d];
      rest /= pooled[d];
    }
    std::copy_n(x.data() + i * width, width, y->mutable_data() + at * width);
  }
  return {};
}

}  // namespace

std::span<const OpDef> max_unpool_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "MaxUnpool",
       .since_version = 22,
       .attrs = {AttrDef::must("kernel_shape", AttrKind::integers),
                 {"pads", AttrKind::integers},
                 {"strides", AttrKind::integers}},
       .inputs = {2, 3},
       .infer = infer,
       .reference = max_unpool},
  };
  return defs;
}

}  // namespace oarlock::ops
