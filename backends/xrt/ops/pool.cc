// MaxPool and AveragePool over windows, their global kinds over whole planes.
#include "kernels/fpga/pool.h"

#include <array>

#include "backends/xrt/ops/support/pool.h"

namespace oarlock::xrt {

namespace {

bool is_global(const NodeView& node) { return node.node().op.starts_with("Global"); }

Result<Parameters> read_node(const NodeView& node) {
  OARLOCK_TRY(expect_float32(node));
  if (node.has_output(1)) return unsupported("indices of maxima are wanted");
  const Shape& shape = node.input_shape(0);
  if (shape.rank() < 3) return unsupported("needs 3 or more dimensions");
  Parameters p(POOL_WORDS);
  p.set(POOL_PLANES, shape[0] * shape[1]);
  if (is_global(node)) {
    p.set(POOL_GLOBAL, int64_t{1});
    Window plane;
    plane.y.in = extent(shape, 2, shape.rank());
    set_pool(p, 0, node.node().op, node.attrs(), plane);
    return p;
  }
  OARLOCK_ASSIGN(const Window window, read_window(node.attrs(), shape, node.output_shape(0),
                                                  node.attrs().integers("kernel_shape")));
  if (!window.fits_lines())
    return unsupported("a window of ", window.y.kernel, " x ", window.x.kernel, " over rows of ",
                       window.x.in, " exceeds the line buffers");
  set_pool(p, 0, node.node().op, node.attrs(), window);
  return p;
}

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_TRY(read_node(node).status());
  return KernelNeeds();
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const Parameters p, read_node(node));
  OARLOCK_ASSIGN(const LaunchPtr launch,
                 Launch::make(xrt_device(device), "pool", {tensor(0), tensor(1)}));
  OARLOCK_TRY(launch->add(p));
  return launch_kernel(launch);
}

}  // namespace

std::span<const KernelDef> pool_kernels();

std::span<const KernelDef> pool_kernels() {
  static const std::array<KernelDef, 4> list = {{
      {"AveragePool", "pool_lines", match, create},
      {"GlobalAveragePool", "pool_plane", match, create},
      {"GlobalMaxPool", "pool_plane", match, create},
      {"MaxPool", "pool_lines", match, create},
  }};
  return list;
}

}  // namespace oarlock::xrt
