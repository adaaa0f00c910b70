#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"
#include "core/ops/support/window.h"

namespace oarlock::ops {

// Shape inference of the pooling operators: every output has shape [N, C, positions...], output 0
// the type of X, output 1 int64.
inline Status infer_pool(InferContext& c) {
  OARLOCK_TRY(expect_min_rank(c, 0, "X", 3));
  OARLOCK_ASSIGN(const Window window, window_from(c.attrs(), c.shape(0).dims().subspan(2), {},
                                                  c.attrs().integer("ceil_mode") != 0));
  const Shape y = window_output_shape(c.shape(0)[0], c.shape(0)[1], window);
  c.set_output(0, c.dtype(0), y);
  if (c.output_count() > 1) c.set_output(1, DType::int64, y);
  return {};
}

inline double pool_flops(const Attrs& attrs, std::span<const TypeInfo>,
                         std::span<const TypeInfo> outputs) {
  double flops = 1;
  for (int64_t extent : outputs[0].shape) flops *= static_cast<double>(extent);
  for (int64_t extent : attrs.integers("kernel_shape")) flops *= static_cast<double>(extent);
  return flops;
}

// Calls visit(plane, position, offsets, stride) for every plane of [N, C] and output position;
// kernel element e reads offsets[e * stride] in the plane, or padding where that is -1.
template <class F>
Status for_each_window(RunContext& c, int64_t planes, const Window& window, F&& visit) {
  const int64_t tile = window_tile(window);
  const int64_t positions = extent_product(window.output, 0, window.rank());
  std::vector<int64_t> offsets(static_cast<size_t>(tile * window.kernel_elements()));
  for (int64_t first = 0; first < positions; first += tile) {
    if (c.cancelled()) return Status(Code::cancelled, "the run was cancelled");
    const int64_t count = std::min(tile, positions - first);
    window_offsets(window, first, count, offsets.data());
    for (int64_t plane = 0; plane < planes; ++plane) {
      for (int64_t p = 0; p < count; ++p) visit(plane, first + p, offsets.data() + p, count);
    }
  }
  return {};
}

}  // namespace oarlock::ops
