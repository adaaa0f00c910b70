// Element-wise operators of one or two inputs, with broadcasting.
#include "kernels/fpga/elementwise.h"

#include <array>
#include <vector>

#include "backends/xrt/ops/support/function.h"
#include "backends/xrt/ops/support/nodes.h"

namespace oarlock::xrt {

namespace {

constexpr std::pair<const char*, int> kBinary[] = {
    {"Add", ELEMENTWISE_ADD},      {"Div", ELEMENTWISE_DIVIDE},   {"Max", ELEMENTWISE_MAXIMUM},
    {"Min", ELEMENTWISE_MINIMUM},  {"Mul", ELEMENTWISE_MULTIPLY}, {"PRelu", ELEMENTWISE_PRELU},
    {"Sub", ELEMENTWISE_SUBTRACT},
};
constexpr const char* kUnary[] = {"Abs",   "Clip",        "Elu",       "Erf",       "Exp",
                                  "Gelu",  "HardSigmoid", "HardSwish", "LeakyRelu", "Mish",
                                  "Relu",  "Reciprocal",  "Sigmoid",   "Softplus",  "Sqrt",
                                  "Swish", "Tanh"};

struct Axis {
  int64_t extent, a, b;
};

int64_t stride_of(const Shape& shape, const Shape& strides, size_t rank, size_t axis) {
  const size_t lead = rank - shape.rank();
  return axis < lead || shape[axis - lead] == 1 ? 0 : strides[axis - lead];
}

// The axes of the result, those that both inputs walk over alike joined.
std::vector<Axis> walk(const Shape& result, const Shape& a, const Shape& b) {
  const Shape a_strides = row_major_strides(a), b_strides = row_major_strides(b);
  std::vector<Axis> axes;
  for (size_t i = 0; i < result.rank(); ++i) {
    if (result[i] == 1) continue;
    const Axis axis{result[i], stride_of(a, a_strides, result.rank(), i),
                    stride_of(b, b_strides, result.rank(), i)};
    if (!axes.empty() && axes.back().a == axis.a * axis.extent &&
        axes.back().b == axis.b * axis.extent)
      axes.back() = {axes.back().extent * axis.extent, axis.a, axis.b};
    else
      axes.push_back(axis);
  }
  return axes;
}

struct Elementwise {
  Parameters parameters{ELEMENTWISE_WORDS};
  Function function;
  bool binary = false;
};

Result<Elementwise> read_node(const NodeView& node) {
  OARLOCK_TRY(expect_float32(node));
  Elementwise e;
  int op = ELEMENTWISE_FIRST;
  for (const auto& [name, code] : kBinary)
    if (node.node().op == name) op = code;
  e.binary = op != ELEMENTWISE_FIRST;
  if (e.binary && node.input_count() != 2) return unsupported(node.input_count(), " inputs");
  if (!e.binary) {
    OARLOCK_ASSIGN(e.function, function_of(node));
  }
  const Shape& result = node.output_shape(0);
  const std::vector<Axis> axes =
      walk(result, node.input_shape(0), e.binary ? node.input_shape(1) : Shape());
  if (axes.size() > FPGA_AXES)
    return unsupported("more than ", FPGA_AXES, " axes that broadcast differently");
  Parameters& p = e.parameters;
  p.set(ELEMENTWISE_OP, int64_t{op});
  p.set(ELEMENTWISE_COUNT, element_count(result));
  for (int i = 0; i < FPGA_AXES; ++i) {
    const int first = FPGA_AXES - static_cast<int>(axes.size());
    const Axis axis = i < first ? Axis{1, 0, 0} : axes[static_cast<size_t>(i - first)];
    p.set(ELEMENTWISE_EXTENTS + i, axis.extent);
    p.set(ELEMENTWISE_A + i, axis.a);
    p.set(ELEMENTWISE_B + i, axis.b);
  }
  set_function(p, ELEMENTWISE_FUNCTION, e.function);
  return e;
}

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_TRY(read_node(node).status());
  KernelOption option;
  if (node.input_shape(0) == node.output_shape(0))
    option.sharing.push_back({Sharing::Kind::in_place, 0, 0, 0});
  return KernelNeeds(option);
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  XrtDevice& xrt = xrt_device(device);
  OARLOCK_ASSIGN(const Elementwise e, read_node(node));
  OARLOCK_ASSIGN(const Launch::Argument table, table_argument(xrt, e.function));
  const int y = static_cast<int>(node.input_count());
  OARLOCK_ASSIGN(
      const LaunchPtr launch,
      Launch::make(xrt, "elementwise",
                   {tensor(0), e.binary ? tensor(1) : Launch::Argument(), table, tensor(y)}));
  OARLOCK_TRY(launch->add(e.parameters));
  return launch_kernel(launch);
}

}  // namespace

std::span<const KernelDef> elementwise_kernels();

std::span<const KernelDef> elementwise_kernels() {
  static const std::vector<KernelDef> list = [] {
    std::vector<KernelDef> defs;
    for (const auto& [name, code] : kBinary) defs.push_back({name, "elementwise", match, create});
    for (const char* name : kUnary) defs.push_back({name, "elementwise", match, create});
    return defs;
  }();
  return list;
}

}  // namespace oarlock::xrt
