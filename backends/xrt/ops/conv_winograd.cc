// Conv of 3 x 3 by Winograd's transform, where the cost formulas find it faster than the engine.
#include <algorithm>
#include <array>
#include <vector>

#include "backends/xrt/ops/support/engine.h"
#include "backends/xrt/ops/support/function.h"
#include "kernels/fpga/cost.h"
#include "kernels/fpga/gemm_words.h"
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
  for (const WindowAxis* axis : {&w.shape.window.y, &w.shape.window.x})
    if (axis->kernel != 3 || axis->stride != 1 || axis->dilation != 1)
      return unsupported("a window that is not 3 x 3 with stride 1");
  if (w.shape.groups != 1) return unsupported("groups");
  if (node.constant(1) == nullptr) return unsupported("weights that are not constant");
  if (node.input_count() > 3 && node.has_input(3)) return unsupported("a residual");
  if (16 * w.shape.out * w.shape.in > kMostElements) return unsupported("weights that large");
  w.bias = node.input_count() > 2 && node.has_input(2);
  OARLOCK_ASSIGN(w.function, fused_function(node));
  return w;
}

Parameters parameters_of(const Winograd& w, int64_t filters) {
  const Convolution& c = w.shape;
  Parameters p(WINOGRAD_WORDS);
  p.set(WINOGRAD_BATCH, c.batch);
  p.set(WINOGRAD_FILTERS, filters);
  p.set(WINOGRAD_CHANNELS, c.in);
  p.set(WINOGRAD_IN_Y, c.window.y.in);
  p.set(WINOGRAD_IN_X, c.window.x.in);
  p.set(WINOGRAD_OUT_Y, c.window.y.out);
  p.set(WINOGRAD_OUT_X, c.window.x.out);
  p.set(WINOGRAD_PAD_Y, c.window.y.pad_begin);
  p.set(WINOGRAD_PAD_X, c.window.x.pad_begin);
  p.set(WINOGRAD_BIAS, int64_t{w.bias});
  set_function(p, WINOGRAD_FUNCTION, w.function);
  return p;
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const Winograd w, read_node(node));
  kernels::fpga::Cost own, engine;
  kernels::fpga::winograd_cost(parameters_of(w, w.shape.out).words().data(), &own);
  Parameters p(GEMM_WORDS);
  set_convolution(p, w.shape, w.bias);
  set_function(p, GEMM_FUNCTION, w.function);
  // The engines divide the filters, in whole tiles.
  const int64_t tiles = (w.shape.out + FPGA_TILE_M - 1) / FPGA_TILE_M;
  const auto engines =
      static_cast<int64_t>(static_cast<const XrtDevice&>(device).compute_units("oarlock_gemm"));
  const int64_t units = std::max<int64_t>(std::min(engines, tiles), 1);
  p.set(GEMM_M, std::min(w.shape.out, (tiles + units - 1) / units * FPGA_TILE_M));
  kernels::fpga::gemm_cost(p.words().data(), &engine);
  if (own.cycles >= engine.cycles)
    return unsupported("the engine of products takes ", engine.cycles, " cycles, this ",
                       own.cycles);
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
  OARLOCK_TRY(launch->add(parameters_of(w, w.shape.out)));
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
