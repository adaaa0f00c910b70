// TensorScatter (ONNX 24): writes rows into a cache.
#include <algorithm>
#include <string>

#include "core/ops/support/check.h"

namespace oarlock::ops {

namespace {

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_min_rank(c, 0, "past_cache", 2));
  OARLOCK_TRY(expect_same_dtype(c, 1, "update", c.dtype(0)));
  if (bits(c.dtype(0)) < 8)
    return unsupported("a cache of type ", c.dtype(0), " is not implemented");
  const Shape& cache = c.shape(0);
  OARLOCK_ASSIGN(const size_t axis, checked_axis(c.attrs().integer("axis", -2), cache.rank()));
  if (axis == 0) return invalid("attribute axis is 0, which is the batch");
  Shape expected = cache;
  expected[axis] = Shape::kUnknown;
  OARLOCK_TRY(expect_shape(c, 1, "update", expected));
  const int64_t rows = c.shape(1)[axis];
  if (cache[axis] != Shape::kUnknown && rows != Shape::kUnknown && rows > cache[axis])
    return invalid("input update of shape ", c.shape(1), " does not fit into a cache of shape ",
                   cache);
  if (c.has_input(2)) {
    OARLOCK_TRY(expect_dtype(c, 2, "write_indices", {DType::int64}));
    OARLOCK_TRY(expect_shape(c, 2, "write_indices", {cache[0]}));
  }
  const std::string& mode = c.attrs().string("mode");
  if (mode != "linear" && mode != "circular")
    return invalid("attribute mode must be linear or circular, but is ", mode);
  return same_type_as_input(c);
}

// Rows of bytes, or of strings.
template <class T>
Status scatter(RunContext& c, Tensor& y, int64_t unit) {
  const Shape& cache = c.input(0).shape();
  const Shape& update = c.input(1).shape();
  OARLOCK_ASSIGN(const size_t axis, checked_axis(c.attrs().integer("axis", -2), cache.rank()));
  const bool circular = c.attrs().string("mode") == "circular";
  const int64_t middle = extent_product(cache, 1, axis);
  const int64_t row = extent_product(cache, axis + 1, cache.rank()) * unit;
  const int64_t rows = update[axis], room = cache[axis];
  const T* past = reinterpret_cast<const T*>(c.input(0).data());
  const T* fresh = reinterpret_cast<const T*>(c.input(1).data());
  T* to = reinterpret_cast<T*>(y.mutable_data());
  std::copy_n(past, c.input(0).elements() * unit, to);
  const auto starts = c.has_input(2) ? c.input(2).as<int64_t>() : std::span<const int64_t>();
  for (int64_t b = 0; b < cache[0]; ++b) {
    const int64_t start = starts.empty() ? 0 : starts[b];
    if (start < 0 || (!circular && start > room - rows))
      return invalid("input write_indices has the index ", start, " for batch ", b, "; ", rows,
                     " rows do not fit there into a cache of ", room);
    for (int64_t m = b * middle; m < (b + 1) * middle; ++m) {
      for (int64_t t = 0; t < rows; ++t) {
        const int64_t at = circular ? (start % room + t) % room : start + t;
        std::copy_n(fresh + (m * rows + t) * row, row, to + (m * room + at) * row);
      }
    }
  }
  return {};
}

Status tensor_scatter(RunContext& c) {
  const DType dtype = c.input(0).dtype();
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, dtype, c.input(0).shape()));
  if (dtype == DType::string) return scatter<std::string>(c, *y, 1);
  return scatter<std::byte>(c, *y, static_cast<int64_t>(bits(dtype) / 8));
}

}  // namespace

std::span<const OpDef> tensor_scatter_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "TensorScatter",
       .since_version = 24,
       .attrs = {{"axis", -2}, {"mode", "linear"}},
       .inputs = {2, 3},
       .infer = infer,
       .reference = tensor_scatter},
  };
  return defs;
}

}  // namespace oarlock::ops
