// GlobalAveragePool, GlobalMaxPool, GlobalLpPool (ONNX 22): all spatial dimensions become 1.
#include <cmath>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"

namespace oarlock::ops {

namespace {

Shape pooled(const Shape& x) {
  Shape y(x.rank(), 1);
  y[0] = x[0];
  y[1] = x[1];
  return y;
}

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "X"));
  OARLOCK_TRY(expect_min_rank(c, 0, "X", 2));
  c.set_output(0, c.dtype(0), pooled(c.shape(0)));
  return {};
}

// reduce(elements of one plane, their number) -> C, for every plane.
template <class C, class F>
Status pool_planes(RunContext& c, F&& reduce) {
  const Shape& shape = c.input(0).shape();
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, c.input(0).dtype(), pooled(shape)));
  const Elements<C> x(c.input(0));
  Results<C> out(*y);
  const int64_t plane = extent_product(shape, 2, shape.rank());
  for (int64_t p = 0; p < out.size(); ++p) out[p] = reduce(x.data() + p * plane, plane);
  out.store();
  return {};
}

Status average(RunContext& c) {
  return with_compute_type(c.input(0).dtype(), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    return pool_planes<C>(c, [](const C* x, int64_t n) {
      double sum = 0;
      for (int64_t i = 0; i < n; ++i) sum += x[i];
      return static_cast<C>(sum / static_cast<double>(n));
    });
  });
}

Status maximum(RunContext& c) {
  return with_compute_type(c.input(0).dtype(), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    return pool_planes<C>(c, [](const C* x, int64_t n) {
      C best = n > 0 ? x[0] : -std::numeric_limits<C>::infinity();
      for (int64_t i = 1; i < n; ++i) {
        if (x[i] > best || x[i] != x[i]) best = x[i];
      }
      return best;
    });
  });
}

Status lp(RunContext& c) {
  const double p = static_cast<double>(c.attrs().integer("p", 2));
  return with_compute_type(c.input(0).dtype(), [&](auto tag) {
    using C = typename decltype(tag)::Type;
    return pool_planes<C>(c, [p](const C* x, int64_t n) {
      double sum = 0;
      for (int64_t i = 0; i < n; ++i) sum += std::pow(std::abs(static_cast<double>(x[i])), p);
      return static_cast<C>(std::pow(sum, 1 / p));
    });
  });
}

double flops(const Attrs&, std::span<const TypeInfo> inputs, std::span<const TypeInfo>) {
  return static_cast<double>(inputs[0].shape.elements().value_or(0));
}

OpDef make(std::string name, std::function<Status(RunContext&)> reference,
           std::vector<AttrDef> attrs = {}) {
  return {.name = std::move(name),
          .since_version = 22,
          .attrs = std::move(attrs),
          .inputs = 1,
          .infer = infer,
          .reference = std::move(reference),
          .flops = flops};
}

}  // namespace

std::span<const OpDef> global_pool_ops() {
  static const std::vector<OpDef> defs = {
      make("GlobalAveragePool", average),
      make("GlobalMaxPool", maximum),
      make("GlobalLpPool", lp, {{"p", 2}}),
  };
  return defs;
}

}  // namespace oarlock::ops
