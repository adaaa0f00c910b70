// oarlock.Relayout of weights into the forms that the kernels of products and convolutions read.
#include "backends/opencl/ops/support/packing.h"

#include <algorithm>
#include <array>

#include "backends/opencl/ops/support/tags.h"

namespace oarlock::opencl {

namespace {

constexpr std::string_view kPanels = "panels", kConv = "conv", kWinograd = "winograd";

template <size_t N>
Layout numbered(std::string_view name, const std::array<int64_t, N>& numbers, DType dtype,
                int64_t elements) {
  return Layout::opaque(tag_of(name, numbers), static_cast<size_t>(elements) * (bits(dtype) / 8));
}

template <size_t N>
std::optional<std::array<int64_t, N>> numbers_of(const Layout& layout, std::string_view name) {
  if (layout.kind != Layout::Kind::opaque) return std::nullopt;
  return numbers_in<N>(layout.tag, name);
}

cl_int narrow(int64_t value) { return static_cast<cl_int>(value); }

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  const RelayoutLayouts& layouts = *node.relayout();
  if (!layouts.from.is_row_major()) return unsupported("packs from row-major only");
  if (!PanelPacking::from(layouts.to) && !ConvPacking::from(layouts.to) &&
      !WinogradPacking::from(layouts.to))
    return unsupported("not a packed form of weights");
  OARLOCK_ASSIGN(const DType dtype, expect_floats(node));
  if (layouts.to.bytes / (bits(dtype) / 8) > static_cast<size_t>(kMostElements))
    return unsupported("packed weights of ", layouts.to.bytes, " bytes");
  KernelOption option;
  option.inputs = {layouts.from};
  option.outputs = {layouts.to};
  return KernelNeeds(std::move(option));
}

Defines storage(DType dtype) {
  Defines defines;
  return defines.element("REAL", dtype);
}

Result<LaunchPtr> pack_conv(ClDevice& device, DType dtype, const ConvPacking& p) {
  OARLOCK_ASSIGN(const ProgramSource source, embedded_program("pack_conv", storage(dtype)));
  const int64_t rows = p.elements() / p.width;
  OARLOCK_ASSIGN(LaunchPtr launch,
                 Launch::make(device, source, "pack_conv", 2, Work::items(rows + 1)));
  OARLOCK_TRY(
      launch->scalars(narrow(p.taps), narrow(p.depth()), pair(p.in_channels, p.out_channels),
                      pair(p.group_in(), p.group_out()), narrow(p.in_blocks()), narrow(p.width),
                      narrow(p.block), narrow(p.transposed), narrow(rows)));
  return launch;
}

Result<LaunchPtr> pack_winograd(ClDevice& device, DType dtype, const WinogradPacking& p) {
  OARLOCK_ASSIGN(const ProgramSource source,
                 embedded_program("pack_winograd", storage(dtype).set("M", p.m)));
  OARLOCK_ASSIGN(LaunchPtr launch,
                 Launch::make(device, source, "pack_winograd", 2,
                              Work::grid({p.panels() * p.width, p.depth(), 1}, {16, 1, 1})));
  OARLOCK_TRY(launch->scalars(pair(p.in_channels, p.out_channels), narrow(p.depth()),
                              narrow(p.panels()), narrow(p.width)));
  return launch;
}

Result<LaunchPtr> launch_for(ClDevice& device, DType dtype, const Layout& layout) {
  if (const auto panels = PanelPacking::from(layout)) return pack_panels(device, dtype, *panels);
  if (const auto conv = ConvPacking::from(layout)) return pack_conv(device, dtype, *conv);
  if (const auto winograd = WinogradPacking::from(layout))
    return pack_winograd(device, dtype, *winograd);
  return internal_error("packing into ", layout);
}

Result<KernelPtr> create(const NodeView& node, const KernelOption& chosen, Device& device) {
  OARLOCK_ASSIGN(LaunchPtr launch,
                 launch_for(cl_device(device), node.input(0).dtype, chosen.outputs[0]));
  return launch_kernel(std::move(launch));
}

}  // namespace

Layout PanelPacking::layout(DType dtype) const {
  return numbered<8>(
      kPanels,
      {matrices, panels, depth, columns, width, depth_stride, column_stride, matrix_stride}, dtype,
      elements());
}

std::optional<PanelPacking> PanelPacking::from(const Layout& layout) {
  const auto n = numbers_of<8>(layout, kPanels);
  if (!n) return std::nullopt;
  return PanelPacking{(*n)[0], (*n)[1], (*n)[2], (*n)[3], (*n)[4], (*n)[5], (*n)[6], (*n)[7]};
}

Result<LaunchPtr> pack_panels(ClDevice& device, DType dtype, const PanelPacking& p, int64_t inner,
                              int64_t inner_stride) {
  OARLOCK_ASSIGN(const ProgramSource source, embedded_program("pack_matmul", storage(dtype)));
  OARLOCK_ASSIGN(LaunchPtr launch,
                 Launch::make(device, source, "pack_matmul", 2,
                              Work::grid({p.depth, p.panels, p.matrices}, {16, 1, 1})));
  OARLOCK_TRY(launch->scalars(narrow(p.depth), narrow(p.columns), narrow(p.panels), narrow(p.width),
                              pair(p.depth_stride, p.column_stride), narrow(inner),
                              pair(p.matrix_stride, inner_stride)));
  return launch;
}

Layout padded_vector(DType dtype, int64_t length, int64_t padded) {
  return PanelPacking{.columns = length, .width = padded}.layout(dtype);
}

int64_t ConvPacking::depth() const {
  int64_t most = 0;
  for (int64_t panel = 0; panel < panels(); ++panel) {
    const int64_t last = std::min((panel + 1) * width, out_channels) - 1;
    const int64_t begin = panel * width / group_out() * group_in() / block * block;
    most = std::max(most, (last / group_out() + 1) * group_in() - begin);
  }
  return ceil_div(most, 4) * 4;
}

Layout ConvPacking::layout(DType dtype) const {
  return numbered<7>(kConv, {taps, in_channels, out_channels, groups, width, block, transposed},
                     dtype, elements() + block);
}

std::optional<ConvPacking> ConvPacking::from(const Layout& layout) {
  const auto n = numbers_of<7>(layout, kConv);
  if (!n || (*n)[3] < 1 || (*n)[4] < 1 || (*n)[5] < 1) return std::nullopt;
  ConvPacking p;
  p.taps = (*n)[0];
  p.in_channels = (*n)[1];
  p.out_channels = (*n)[2];
  p.groups = (*n)[3];
  p.width = (*n)[4];
  p.block = (*n)[5];
  p.transposed = (*n)[6] != 0;
  return p;
}

Layout WinogradPacking::layout() const {
  return numbered<4>(kWinograd, {m, in_channels, out_channels, width}, DType::float32, elements());
}

std::optional<WinogradPacking> WinogradPacking::from(const Layout& layout) {
  const auto n = numbers_of<4>(layout, kWinograd);
  if (!n || ((*n)[0] != 2 && (*n)[0] != 4) || (*n)[3] < 1) return std::nullopt;
  return WinogradPacking{(*n)[0], (*n)[1], (*n)[2], (*n)[3]};
}

std::span<const KernelDef> packing_kernels();

std::span<const KernelDef> packing_kernels() {
  static const KernelDef defs[] = {{"oarlock.Relayout", "pack", match, create}};
  return defs;
}

}  // namespace oarlock::opencl
