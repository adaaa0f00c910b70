#include "backends/xrt/ops/support/engine.h"

#include <algorithm>

#include "kernels/fpga/cost.h"
#include "kernels/fpga/gemm_words.h"
#include "kernels/fpga/winograd.h"

namespace oarlock::xrt {

Result<Convolution> read_convolution(const NodeView& node, size_t weights) {
  return read_convolution(node.attrs(), node.input_shape(0), node.input_shape(weights),
                          node.output_shape(0));
}

Result<Convolution> read_convolution(const Attrs& attrs, const Shape& in, const Shape& filters,
                                     const Shape& out) {
  Convolution c;
  if (filters.rank() != in.rank()) return unsupported("weights of another rank");
  OARLOCK_ASSIGN(c.window, read_window(attrs, in, out, filters.dims().subspan(2)));
  c.batch = in[0];
  c.in = in[1];
  c.out = out[1];
  c.groups = attrs.integer("group", 1);
  if (c.groups < 1 || c.in % c.groups != 0 || c.out % c.groups != 0)
    return unsupported(c.in, " input and ", c.out, " output channels in ", c.groups, " groups");
  return c;
}

void set_convolution(Parameters& p, const Convolution& c, bool bias) {
  const int64_t group_in = c.in / c.groups, group_out = c.out / c.groups;
  const int64_t in_pixels = c.window.y.in * c.window.x.in;
  p.set(GEMM_BATCH, c.batch);
  p.set(GEMM_GROUPS, c.groups);
  p.set(GEMM_M, group_out);
  p.set(GEMM_N, c.pixels());
  p.set(GEMM_K, c.depth());
  p.set(GEMM_A_ROW, c.depth());
  p.set(GEMM_A_COLUMN, int64_t{1});
  p.set(GEMM_A_GROUP, group_out * c.depth());
  p.set(GEMM_B_BATCH, c.in * in_pixels);
  p.set(GEMM_B_GROUP, group_in * in_pixels);
  p.set(GEMM_BIAS, int64_t{bias});
  p.set(GEMM_BIAS_ROW, int64_t{bias});
  p.set(GEMM_BIAS_GROUP, bias ? group_out : 0);
  p.set(GEMM_Y_BATCH, c.out * c.pixels());
  p.set(GEMM_Y_GROUP, group_out * c.pixels());
  p.set(GEMM_IMAGE, int64_t{1});
  p.set(GEMM_IN_Y, c.window.y.in);
  p.set(GEMM_IN_X, c.window.x.in);
  p.set(GEMM_OUT_X, c.window.x.out);
  p.set(GEMM_KERNEL_Y, c.window.y.kernel);
  p.set(GEMM_KERNEL_X, c.window.x.kernel);
  p.set(GEMM_STRIDE_Y, c.window.y.stride);
  p.set(GEMM_STRIDE_X, c.window.x.stride);
  p.set(GEMM_DILATION_Y, c.window.y.dilation);
  p.set(GEMM_DILATION_X, c.window.x.dilation);
  p.set(GEMM_PAD_Y, c.window.y.pad_begin);
  p.set(GEMM_PAD_X, c.window.x.pad_begin);
}

Parameters winograd_parameters(const Convolution& c, bool bias, const Function& function) {
  Parameters p(WINOGRAD_WORDS);
  p.set(WINOGRAD_BATCH, c.batch);
  p.set(WINOGRAD_FILTERS, c.out);
  p.set(WINOGRAD_CHANNELS, c.in);
  p.set(WINOGRAD_IN_Y, c.window.y.in);
  p.set(WINOGRAD_IN_X, c.window.x.in);
  p.set(WINOGRAD_OUT_Y, c.window.y.out);
  p.set(WINOGRAD_OUT_X, c.window.x.out);
  p.set(WINOGRAD_PAD_Y, c.window.y.pad_begin);
  p.set(WINOGRAD_PAD_X, c.window.x.pad_begin);
  p.set(WINOGRAD_BIAS, int64_t{bias});
  set_function(p, WINOGRAD_FUNCTION, function);
  return p;
}

bool has_winograd_window(const Convolution& c) {
  for (const WindowAxis* axis : {&c.window.y, &c.window.x})
    if (axis->kernel != 3 || axis->stride != 1 || axis->dilation != 1) return false;
  return c.groups == 1;
}

double engine_cycles(const Convolution& c, bool bias, const Function& function, size_t engines) {
  Parameters p(GEMM_WORDS);
  set_convolution(p, c, bias);
  set_function(p, GEMM_FUNCTION, function);
  // The engines divide the filters of a group, in whole tiles.
  const int64_t filters = p[GEMM_M];
  const int64_t tiles = (filters + FPGA_TILE_M - 1) / FPGA_TILE_M;
  const int64_t units = std::max<int64_t>(std::min(static_cast<int64_t>(engines), tiles), 1);
  p.set(GEMM_M, std::min(filters, (tiles + units - 1) / units * FPGA_TILE_M));
  kernels::fpga::Cost cost;
  kernels::fpga::gemm_cost(p.words().data(), &cost);
  return cost.cycles;
}

Status add_by_rows(Launch& launch, Parameters p,
                   const std::function<std::vector<int64_t>(int64_t row)>& offsets) {
  const int64_t rows = p[GEMM_M];
  const int64_t tiles = (rows + FPGA_TILE_M - 1) / FPGA_TILE_M;
  const auto units = std::min<int64_t>(static_cast<int64_t>(launch.compute_units()), tiles);
  for (int64_t unit = 0; unit < units; ++unit) {
    const int64_t first = tiles * unit / units * FPGA_TILE_M;
    const int64_t end = std::min(tiles * (unit + 1) / units * FPGA_TILE_M, rows);
    p.set(GEMM_M, end - first);
    std::vector<int> narrow;
    for (const int64_t offset : offsets(first)) narrow.push_back(static_cast<int>(offset));
    OARLOCK_TRY(launch.add(p, std::move(narrow)));
  }
  return {};
}

}  // namespace oarlock::xrt
