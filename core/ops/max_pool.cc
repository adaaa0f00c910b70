// MaxPool (ONNX 22).
#include <limits>
#include <optional>

#include "core/ops/support/pool.h"

namespace oarlock::ops {

namespace {

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_dtype(c, 0, "X",
                           {DType::float32, DType::float64, DType::float16, DType::bfloat16,
                            DType::int8, DType::uint8}));
  return infer_pool(c);
}

// The offset in a plane of these extents when the first axis varies fastest.
int64_t column_major(int64_t offset, const Shape& extents) {
  int64_t weight = extent_product(extents, 0, extents.rank());
  int64_t result = 0;
  for (size_t d = extents.rank(); d-- > 0;) {
    weight /= extents[d];
    result += offset % extents[d] * weight;
    offset /= extents[d];
  }
  return result;
}

template <class C>
Status run(RunContext& c) {
  const Tensor& input = c.input(0);
  OARLOCK_ASSIGN(const Window window, window_from(c.attrs(), input.shape().dims().subspan(2), {},
                                                  c.attrs().integer("ceil_mode") != 0));
  const Shape shape = window_output_shape(input.shape()[0], input.shape()[1], window);
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, input.dtype(), shape));
  int64_t* indices = nullptr;
  if (c.has_output(1)) {
    OARLOCK_ASSIGN(Tensor* const tensor, c.output(1, DType::int64, shape));
    indices = tensor->mutable_as<int64_t>().data();
  }
  const bool by_column = c.attrs().integer("storage_order") == 1;
  const int64_t kernel = window.kernel_elements();
  const int64_t in_plane = extent_product(window.input, 0, window.rank());
  const int64_t out_plane = extent_product(window.output, 0, window.rank());
  const Elements<C> x(input);
  Results<C> out(*y);
  OARLOCK_TRY(
      for_each_window(c, shape[0] * shape[1], window,
                      [&](int64_t plane, int64_t position, const int64_t* offsets, int64_t stride) {
                        const C* from = x.data() + plane * in_plane;
                        C best = -std::numeric_limits<C>::infinity();
                        int64_t where = -1;
                        for (int64_t e = 0; e < kernel; ++e) {
                          const int64_t offset = offsets[e * stride];
                          if (offset < 0) continue;
                          const C value = from[offset];
                          if (value > best || value != value || where < 0) {
                            best = value;
                            where = offset;
                            if (value != value) break;
                          }
                        }
                        out[plane * out_plane + position] = best;
                        if (indices != nullptr) {
                          const int64_t at = std::max<int64_t>(where, 0);
                          indices[plane * out_plane + position] =
                              plane * in_plane + (by_column ? column_major(at, window.input) : at);
                        }
                      }));
  out.store();
  return {};
}

Status max_pool(RunContext& c) {
  return with_compute_type(c.input(0).dtype(),
                           [&](auto tag) { return run<typename decltype(tag)::Type>(c); });
}

}  // namespace

std::span<const OpDef> max_pool_ops() {
  static const std::vector<OpDef> defs = [] {
    OpDef def{.name = "MaxPool",
              .since_version = 22,
              .attrs = window_attrs(),
              .inputs = 1,
              .outputs = {1, 2},
              .infer = infer,
              .reference = max_pool,
              .flops = pool_flops};
    def.attrs.emplace_back("ceil_mode", 0);
    def.attrs.emplace_back("storage_order", 0);
    return std::vector<OpDef>{std::move(def)};
  }();
  return defs;
}

}  // namespace oarlock::ops
