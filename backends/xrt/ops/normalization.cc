// LayerNormalization, RMSNormalization, GroupNormalization, InstanceNormalization and
// BatchNormalization.
#include <array>

#include "backends/xrt/ops/support/nodes.h"
#include "kernels/fpga/normalize.h"

namespace oarlock::xrt {

namespace {

struct Normalization {
  Parameters parameters{NORMALIZE_WORDS};
  bool given = false, bias = false;
};

Status expect_elements(const NodeView& node, size_t i, int64_t count) {
  if (i >= node.input_count() || !node.has_input(i) || element_count(node.input_shape(i)) == count)
    return {};
  return unsupported("input ", i, " of shape ", node.input_shape(i), " is broadcast");
}

Result<Normalization> read_node(const NodeView& node) {
  OARLOCK_TRY(expect_float32(node));
  for (size_t i = 1; i < node.output_count(); ++i)
    if (node.has_output(i)) return unsupported("outputs beside the result");
  const std::string& op = node.node().op;
  const Shape& shape = node.input_shape(0);
  const int64_t count = element_count(shape);
  Normalization n;
  n.bias = node.input_count() > 2 && node.has_input(2);
  n.given = op == "BatchNormalization";
  int64_t length = count, inner = 1, scales = 1;
  if (op == "LayerNormalization" || op == "RMSNormalization") {
    const auto axis = normalize_axis(node.attrs().integer("axis", -1), shape.rank());
    if (!axis) return unsupported("an axis outside the rank");
    length = scales = extent(shape, *axis, shape.rank());
  } else {
    if (shape.rank() < 2) return unsupported("a vector");
    scales = shape[1];
    inner = extent(shape, 2, shape.rank());
    const int64_t groups =
        op == "GroupNormalization" ? node.attrs().integer("num_groups", 1) : scales;
    if (groups < 1 || scales % groups != 0)
      return unsupported("groups that do not divide the channels");
    if (!n.given) length = scales / groups * inner;
    if (n.given && node.attrs().integer("training_mode", 0) != 0)
      return unsupported("training mode");
  }
  for (size_t i = 1; i < node.input_count(); ++i) OARLOCK_TRY(expect_elements(node, i, scales));
  Parameters& p = n.parameters;
  p.set(NORMALIZE_GROUPS, count / length);
  p.set(NORMALIZE_LENGTH, length);
  p.set(NORMALIZE_INNER, inner);
  p.set(NORMALIZE_SCALES, scales);
  p.set(NORMALIZE_EPSILON, node.attrs().number("epsilon", 1e-5f));
  p.set(NORMALIZE_CENTER, int64_t{op != "RMSNormalization"});
  p.set(NORMALIZE_GIVEN, int64_t{n.given});
  p.set(NORMALIZE_BIAS, int64_t{n.bias});
  return n;
}

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_TRY(read_node(node).status());
  return KernelNeeds();
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const Normalization n, read_node(node));
  const int y = static_cast<int>(node.input_count());
  OARLOCK_ASSIGN(const LaunchPtr launch,
                 Launch::make(xrt_device(device), "normalize",
                              {tensor(0), tensor(1), optional(n.bias, 2), optional(n.given, 3),
                               optional(n.given, 4), tensor(y)}));
  OARLOCK_TRY(launch->add(n.parameters));
  return launch_kernel(launch);
}

}  // namespace

std::span<const KernelDef> normalization_kernels();

std::span<const KernelDef> normalization_kernels() {
  static const std::array<KernelDef, 5> list = {{
      {"BatchNormalization", "normalize", match, create},
      {"GroupNormalization", "normalize", match, create},
      {"InstanceNormalization", "normalize", match, create},
      {"LayerNormalization", "normalize", match, create},
      {"RMSNormalization", "normalize", match, create},
  }};
  return list;
}

}  // namespace oarlock::xrt
