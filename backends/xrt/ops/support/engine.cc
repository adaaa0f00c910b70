#include "backends/xrt/ops/support/engine.h"

#include <algorithm>

#include "kernels/fpga/gemm_words.h"

namespace oarlock::xrt {

Result<Convolution> read_convolution(const NodeView& node, size_t weights) {
  Convolution c;
  const Shape& filters = node.input_shape(weights);
  if (filters.rank() != node.input_shape(0).rank()) return unsupported("weights of another rank");
  OARLOCK_ASSIGN(c.window, read_window(node, filters.dims().subspan(2)));
  c.batch = node.input_shape(0)[0];
  c.in = node.input_shape(0)[1];
  c.out = node.output_shape(0)[1];
  c.groups = node.attrs().integer("group", 1);
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
