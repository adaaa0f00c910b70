#include "backends/xrt/ops/support/pool.h"

#include "kernels/fpga/pool.h"

namespace oarlock::xrt {

void set_pool(Parameters& p, int at, std::string_view op, const Attrs& attrs,
              const Window& window) {
  const bool padding = attrs.integer("count_include_pad", 0) != 0;
  p.set(at + POOL_KIND, int64_t{op.ends_with("MaxPool") ? POOL_MAX
                                : padding               ? POOL_AVERAGE_WITH_PADDING
                                                        : POOL_AVERAGE});
  p.set(at + POOL_PAD_END_Y, window.y.pad_end);
  p.set(at + POOL_PAD_END_X, window.x.pad_end);
  window.set(p, at + POOL_WINDOW);
}

}  // namespace oarlock::xrt
