// Transpose, Slice, Expand and Pad as one strided move.
#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "backends/xrt/ops/support/strided_move.h"

namespace oarlock::xrt {

namespace {

Result<Parameters> read_transpose(const NodeView& node) {
  OARLOCK_TRY(expect_tensors(node));
  const Shape &in = node.input_shape(0), &out = node.output_shape(0);
  std::vector<int64_t> order = node.attrs().integers("perm");
  if (order.empty())
    for (size_t i = in.rank(); i-- > 0;) order.push_back(static_cast<int64_t>(i));
  if (order.size() != in.rank()) return unsupported("a permutation of another rank");
  const Shape from = row_major_strides(in), to = row_major_strides(out);
  StridedMove move;
  for (size_t i = 0; i < out.rank(); ++i) {
    const auto axis = normalize_axis(order[i], in.rank());
    if (!axis) return unsupported("a permutation outside the rank");
    move.axes.push_back({out[i], 0, out[i], from[*axis], to[i]});
  }
  return move_parameters(std::move(move), node.input(0).dtype);
}

Result<Parameters> read_expand(const NodeView& node) {
  if (!node.input(0).is_concrete() || !node.output(0).is_concrete())
    return unsupported("a type that is not concrete");
  const Shape &in = node.input_shape(0), &out = node.output_shape(0);
  const int64_t count = element_count(out);
  if (count < 1 || count > kMostElements) return unsupported(count, " elements");
  const Shape from = row_major_strides(in), to = row_major_strides(out);
  const size_t lead = out.rank() - in.rank();
  StridedMove move;
  for (size_t i = 0; i < out.rank(); ++i) {
    const bool repeats = i < lead || in[i - lead] == 1;
    move.axes.push_back({out[i], 0, out[i], repeats ? 0 : from[i - lead], to[i]});
  }
  return move_parameters(std::move(move), node.input(0).dtype);
}

// A constant list of integers of an input.
std::optional<std::vector<int64_t>> integers(const NodeView& node, size_t i) {
  const Tensor* const value =
      i < node.input_count() && node.has_input(i) ? node.constant(i) : nullptr;
  if (value == nullptr) return std::nullopt;
  std::vector<int64_t> list;
  if (value->dtype() == DType::int64)
    for (const int64_t v : value->as<int64_t>()) list.push_back(v);
  else if (value->dtype() == DType::int32)
    for (const int32_t v : value->as<int32_t>()) list.push_back(v);
  else
    return std::nullopt;
  return list;
}

Result<Parameters> read_slice(const NodeView& node) {
  const Shape &in = node.input_shape(0), &out = node.output_shape(0);
  OARLOCK_TRY(expect_tensors(node));
  const auto starts = integers(node, 1);
  if (!starts) return unsupported("starts that are not constant");
  std::vector<int64_t> axes, steps(starts->size(), 1);
  for (size_t i = 0; i < starts->size(); ++i) axes.push_back(static_cast<int64_t>(i));
  for (const size_t i : {size_t{3}, size_t{4}}) {
    if (i >= node.input_count() || !node.has_input(i)) continue;
    const auto list = integers(node, i);
    if (!list || list->size() != starts->size()) return unsupported("axes or steps not constant");
    (i == 3 ? axes : steps) = *list;
  }
  const Shape from = row_major_strides(in), to = row_major_strides(out);
  StridedMove move;
  for (size_t i = 0; i < out.rank(); ++i) move.axes.push_back({out[i], 0, out[i], from[i], to[i]});
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = normalize_axis(axes[i], in.rank());
    if (!axis || steps[i] == 0) return unsupported("an axis outside the rank, or a step of 0");
    const int64_t size = in[*axis];
    int64_t start = (*starts)[i] < 0 ? (*starts)[i] + size : (*starts)[i];
    start = std::clamp<int64_t>(start, 0, steps[i] < 0 ? size - 1 : size);
    if (out[*axis] > 1 && (steps[i] > size || steps[i] < -size))
      return unsupported("a step of ", steps[i]);
    move.from_start += start * from[*axis];
    move.axes[*axis].from = out[*axis] > 1 ? steps[i] * from[*axis] : 0;
  }
  return move_parameters(std::move(move), node.input(0).dtype);
}

Result<Parameters> read_pad(const NodeView& node) {
  const Shape &in = node.input_shape(0), &out = node.output_shape(0);
  OARLOCK_TRY(expect_tensors(node));
  const std::string& mode = node.attrs().string("mode");
  if (!mode.empty() && mode != "constant") return unsupported("mode ", mode);
  if (node.input(0).dtype != DType::float32) return unsupported("elements that are not float32");
  const auto pads = integers(node, 1);
  if (!pads) return unsupported("pads that are not constant");
  float value = 0;
  if (node.input_count() > 2 && node.has_input(2)) {
    const Tensor* const given = node.constant(2);
    if (given == nullptr || given->elements() != 1) return unsupported("a value not constant");
    value = given->as<float>()[0];
  }
  std::vector<int64_t> begins(in.rank(), 0), axes;
  for (size_t i = 0; i < in.rank(); ++i) axes.push_back(static_cast<int64_t>(i));
  if (node.input_count() > 3 && node.has_input(3)) {
    const auto list = integers(node, 3);
    if (!list) return unsupported("axes that are not constant");
    axes = *list;
  }
  if (pads->size() != 2 * axes.size()) return unsupported("pads of another number");
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = normalize_axis(axes[i], in.rank());
    if (!axis) return unsupported("an axis outside the rank");
    if (std::abs((*pads)[i]) > kMostElements) return unsupported("a pad of ", (*pads)[i]);
    begins[*axis] = (*pads)[i];
  }
  const Shape from = row_major_strides(in), to = row_major_strides(out);
  StridedMove move;
  for (size_t i = 0; i < out.rank(); ++i)
    move.axes.push_back({out[i], begins[i], in[i], from[i], to[i]});
  return move_parameters(std::move(move), DType::float32, std::bit_cast<int32_t>(value));
}

using Read = Result<Parameters> (*)(const NodeView&);

template <Read R>
Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_TRY(R(node).status());
  return KernelNeeds();
}

template <Read R>
Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const Parameters p, R(node));
  const int y = static_cast<int>(node.input_count());
  OARLOCK_ASSIGN(LaunchPtr launch, launch_move(xrt_device(device), 0, y, p));
  return launch_kernel(std::move(launch));
}

}  // namespace

std::span<const KernelDef> moves_kernels();

std::span<const KernelDef> moves_kernels() {
  static const std::array<KernelDef, 4> list = {{
      {"Expand", "move", match<read_expand>, create<read_expand>},
      {"Pad", "move", match<read_pad>, create<read_pad>},
      {"Slice", "move", match<read_slice>, create<read_slice>},
      {"Transpose", "move", match<read_transpose>, create<read_transpose>},
  }};
  return list;
}

}  // namespace oarlock::xrt
