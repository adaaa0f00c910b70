// ONNX TopK (24).
#include <algorithm>
#include <numeric>
#include <vector>

#include "core/ops/support/arguments.h"
#include "core/ops/support/types.h"

namespace oarlock::ops {
namespace {

Status check_k(int64_t k, int64_t extent) {
  if (k >= 0 && (extent == Shape::kUnknown || k <= extent)) return {};
  return invalid("k is ", k, " for an axis of extent ", extent);
}

Status infer_top_k(InferContext& c) {
  OARLOCK_TRY(check_type<Numbers>(c, 0));
  OARLOCK_TRY(check_integers(c, 1, true));
  OARLOCK_TRY(check_min_rank(c, 0, 1));
  Shape shape = c.shape(0);
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(c.attrs().integer("axis"), shape.rank()));
  int64_t k = Shape::kUnknown;
  if (c.constant(1)) {
    OARLOCK_ASSIGN(k, read_integer(*c.constant(1)));
    OARLOCK_TRY(check_k(k, shape[axis]));
  }
  shape[axis] = k;
  c.set_output(0, c.dtype(0), shape);
  c.set_output(1, DType::int64, shape);
  return {};
}

// Orders NaN as the greatest value, equal elements by index.
template <class T>
struct Before {
  const T* elements;
  int64_t stride;
  bool largest;

  bool operator()(int64_t i, int64_t j) const {
    const auto a = static_cast<Compute<T>>(elements[i * stride]);
    const auto b = static_cast<Compute<T>>(elements[j * stride]);
    const bool less = a < b || (a == a && b != b);
    const bool greater = b < a || (b == b && a != a);
    if (less || greater) return largest ? greater : less;
    return i < j;
  }
};

Status run_top_k(RunContext& c) {
  const Tensor& x = c.input(0);
  Shape shape = x.shape();
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(c.attrs().integer("axis"), shape.rank()));
  OARLOCK_ASSIGN(const int64_t k, read_integer(c.input(1)));
  const int64_t extent = shape[axis];
  OARLOCK_TRY(check_k(k, extent));
  shape[axis] = k;
  OARLOCK_ASSIGN(Tensor* const values, c.output(0, x.dtype(), shape));
  OARLOCK_ASSIGN(Tensor* const indices, c.output(1, DType::int64, shape));
  if (values->elements() == 0) return {};
  const bool largest = c.attrs().integer("largest") != 0;
  const int64_t outer = product(shape, 0, axis);
  const int64_t inner = product(shape, axis + 1, shape.rank());
  std::vector<int64_t> order(static_cast<size_t>(extent));
  return visit<Numbers>(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t i = 0; i < inner; ++i) {
        const T* from = x.as<T>().data() + o * extent * inner + i;
        std::iota(order.begin(), order.end(), int64_t{0});
        std::partial_sort(order.begin(), order.begin() + k, order.end(),
                          Before<T>{from, inner, largest});
        for (int64_t n = 0; n < k; ++n) {
          const int64_t at = (o * k + n) * inner + i;
          values->template mutable_as<T>()[at] = from[order[static_cast<size_t>(n)] * inner];
          indices->mutable_as<int64_t>()[at] = order[static_cast<size_t>(n)];
        }
      }
    }
  });
}

}  // namespace

std::span<const OpDef> top_k_ops() {
  static const OpDef defs[] = {{.name = "TopK",
                                .since_version = 24,
                                .attrs = {{"axis", -1}, {"largest", 1}, {"sorted", 1}},
                                .inputs = 2,
                                .outputs = 2,
                                .infer = infer_top_k,
                                .reference = run_top_k}};
  return defs;
}

}  // namespace oarlock::ops
