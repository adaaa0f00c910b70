// Conv of 3 x 3 by Winograd's transform, where the cost formulas find it faster than the engine.
#include <array>
#include <vector>

#include "backends/xrt/ops/support/engine.h"
#include "backends/xrt/ops/support/function.h"
#include "kernels/fpga/cost.h"
#include "kernels/fpga/winograd.h"

namespace oarlock::xrt {

namespace {

struct Winograd {
  Convolution shape;
  Function function;
  bool bias = false;
};

Result<Winograd> read_node(const NodeView& node) {
  OARLOCK_TRY(expect_float32(node));
  Winograd w;
  OARLOCK_ASSIGN(w.shape, read_convolution(node, 1));
  if (w.shape.groups != 1) return unsupported("groups");
  if (!has_winograd_window(w.shape)) return unsupported("a window that is not 3 x 3 with stride 1");
  if (node.constant(1) == nullptr) return unsupported("weights that are not constant");
  if (node.input_count() > 3 && node.has_input(3)) return unsupported("a residual");
  if (16 * w.shape.out * w.shape.in > kMostElements) return unsupported("weights that large");
  w.bias = node.input_count() > 2 && node.has_input(2);
  OARLOCK_ASSIGN(w.function, fused_function(node));
  return w;
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const Winograd w, read_node(node));
  kernels::fpga::Cost own;
  kernels::fpga::winograd_cost(winograd_parameters(w.shape, w.bias, w.function).words().data(),
                               &own);
  const double engine =
      engine_cycles(w.shape, w.bias, w.function,
                    static_cast<const XrtDevice&>(device).compute_units("oarlock_gemm"));
  if (own.cycles >= engine)
    return unsupported("the engine of products takes ", engine, " cycles, this ", own.cycles);
  return KernelNeeds();
}

// G g G^T for each filter and channel: [16][filters][channels].
std::vector<float> transformed(std::span<const float> weights, size_t pairs) {
  constexpr double kG[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
  std::vector<float> u(16 * pairs);
  for (size_t o = 0; o < pairs; ++o)
    for (size_t i = 0; i < 4; ++i)
      for (size_t j = 0; j < 4; ++j) {
        double sum = 0;
        for (size_t a = 0; a < 3; ++a)
          for (size_t b = 0; b < 3; ++b)
            sum += kG[i][a] * double{weights[9 * o + 3 * a + b]} * kG[j][b];
        u[(4 * i + j) * pairs + o] = static_cast<float>(sum);
      }
  return u;
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  XrtDevice& xrt = xrt_device(device);
  OARLOCK_ASSIGN(const Winograd w, read_node(node));
  const auto pairs = static_cast<size_t>(w.shape.out * w.shape.in);
  OARLOCK_ASSIGN(std::shared_ptr<::xrt::bo> weights,
                 xrt.constant(transformed(node.constant(1)->as<float>(), pairs)));
  OARLOCK_ASSIGN(const Launch::Argument table, table_argument(xrt, w.function));
  const int y = static_cast<int>(node.input_count());
  OARLOCK_ASSIGN(
      const LaunchPtr launch,
      Launch::make(xrt, "winograd",
                   {tensor(0), {-1, std::move(weights)}, optional(w.bias, 2), table, tensor(y)}));
  OARLOCK_TRY(launch->add(winograd_parameters(w.shape, w.bias, w.function)));
  return launch_kernel(launch);
}

}  // namespace

std::span<const KernelDef> conv_winograd_kernels();

std::span<const KernelDef> conv_winograd_kernels() {
  static const std::array<KernelDef, 2> list = {{
      {"Conv", "conv_winograd", match, create},
      {"oarlock.Conv", "conv_winograd", match, create},
  }};
  return list;
}

}  // namespace oarlock::xrt
