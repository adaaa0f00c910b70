// QuantizeLinear and DequantizeLinear between float32 and 8-bit integers.
#include "kernels/fpga/quantize.h"

#include <array>
#include <vector>

#include "backends/xrt/ops/support/nodes.h"
#include "backends/xrt/ops/support/quantization.h"
#include "kernels/fpga/convert.h"

namespace oarlock::xrt {

namespace {

struct Scaling {
  std::vector<float> pairs;  // of scale and zero point
  int64_t inner = 1;         // elements that follow each other with the same one
  int64_t count() const { return static_cast<int64_t>(pairs.size() / 2); }
};

Result<Scaling> read_scaling(const NodeView& node) {
  OARLOCK_TRY(expect_tensors(node));
  if (node.attrs().integer("block_size", 0) != 0) return unsupported("scales of blocks");
  OARLOCK_ASSIGN(const std::vector<float> scale, constant_floats(node, 1));
  OARLOCK_ASSIGN(std::vector<int> zero, constant_integers(node, 2));
  zero.resize(zero.empty() ? scale.size() : zero.size());
  const Shape& shape = node.input_shape(0);
  Scaling s;
  s.inner = element_count(shape);
  if (scale.size() > 1) {
    const auto axis = normalize_axis(node.attrs().integer("axis", 1), shape.rank());
    if (!axis || shape[*axis] != static_cast<int64_t>(scale.size()))
      return unsupported("scales of another number than the axis has");
    s.inner = extent(shape, *axis + 1, shape.rank());
  }
  if (zero.size() != scale.size()) return unsupported("zero points of another number than scales");
  for (size_t i = 0; i < scale.size(); ++i) {
    s.pairs.push_back(scale[i]);
    s.pairs.push_back(static_cast<float>(zero[i]));
  }
  return s;
}

Result<Scaling> read_quantize(const NodeView& node) {
  if (node.input(0).dtype != DType::float32 || !is_byte(node.output(0).dtype))
    return unsupported("from ", node.input(0).dtype, " to ", node.output(0).dtype);
  return read_scaling(node);
}

Result<Scaling> read_dequantize(const NodeView& node) {
  if (!is_byte(node.input(0).dtype) || node.output(0).dtype != DType::float32)
    return unsupported("from ", node.input(0).dtype, " to ", node.output(0).dtype);
  return read_scaling(node);
}

template <Result<Scaling> (*Read)(const NodeView&)>
Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_TRY(Read(node).status());
  return KernelNeeds();
}

Result<KernelPtr> create_quantize(const NodeView& node, const KernelOption&, Device& device) {
  XrtDevice& xrt = xrt_device(device);
  OARLOCK_ASSIGN(const Scaling s, read_quantize(node));
  OARLOCK_ASSIGN(std::shared_ptr<::xrt::bo> scales, xrt.constant(s.pairs));
  const int y = static_cast<int>(node.input_count());
  OARLOCK_ASSIGN(const LaunchPtr launch,
                 Launch::make(xrt, "quantize", {tensor(0), {-1, std::move(scales)}, tensor(y, 1)}));
  const ByteRange range = range_of(node.output(0).dtype);
  Parameters p(QUANTIZE_WORDS);
  p.set(QUANTIZE_COUNT, element_count(node.input_shape(0)));
  p.set(QUANTIZE_INNER, s.inner);
  p.set(QUANTIZE_SCALES, s.count());
  p.set(QUANTIZE_LEAST, int64_t{range.least});
  p.set(QUANTIZE_MOST, int64_t{range.most});
  OARLOCK_TRY(launch->add(p));
  return launch_kernel(launch);
}

Result<KernelPtr> create_dequantize(const NodeView& node, const KernelOption&, Device& device) {
  XrtDevice& xrt = xrt_device(device);
  OARLOCK_ASSIGN(const Scaling s, read_dequantize(node));
  OARLOCK_ASSIGN(std::shared_ptr<::xrt::bo> scales, xrt.constant(s.pairs));
  const int y = static_cast<int>(node.input_count());
  OARLOCK_ASSIGN(const LaunchPtr launch,
                 Launch::make(xrt, "convert", {tensor(0, 1), {-1, std::move(scales)}, tensor(y)}));
  Parameters p(CONVERT_WORDS);
  p.set(CONVERT_COUNT, element_count(node.input_shape(0)));
  p.set(CONVERT_SIGNED, int64_t{node.input(0).dtype == DType::int8});
  p.set(CONVERT_SCALES, s.count());
  p.set(CONVERT_INNER, s.inner);
  OARLOCK_TRY(launch->add(p));
  return launch_kernel(launch);
}

}  // namespace

std::span<const KernelDef> quantize_kernels();

std::span<const KernelDef> quantize_kernels() {
  static const std::array<KernelDef, 2> list = {{
      {"QuantizeLinear", "quantize_8_bits", match<read_quantize>, create_quantize},
      {"DequantizeLinear", "convert_8_bits", match<read_dequantize>, create_dequantize},
  }};
  return list;
}

}  // namespace oarlock::xrt
