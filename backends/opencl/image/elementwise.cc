// Element-wise operators on images.
#include <array>
#include <vector>

#include "backends/opencl/image/image.h"
#include "backends/opencl/ops/support/expression.h"

namespace oarlock::opencl::image {

namespace {

constexpr size_t kMostInputs = 3;

// How an input is walked over: see elementwise_image.cl.
struct Operand {
  bool rows = false;  // row-major in a buffer
  cl_int4 strides = {};
};

struct Function {
  Expression expression;
  std::vector<Operand> operands;
};

// Of another rank, or one number: in a buffer, else an image.
Operand read_operand(const Shape& own, const Shape& result) {
  const size_t rank = result.rank(), lead = rank - own.rank();
  Operand operand;
  operand.rows = lead > 0 || element_count(own) == 1;
  Shape whole(rank, 1);
  for (size_t i = lead; i < rank; ++i) whole[i] = own[i - lead];
  const Plane plane(whole);
  const auto step = [](int64_t extent, int64_t stride) { return extent == 1 ? 0 : stride; };
  const int64_t pixels = plane.width * plane.height;
  operand.strides = operand.rows ? four(step(plane.channels, pixels), step(plane.width, 1),
                                        step(plane.images, plane.channels * pixels),
                                        step(plane.height, plane.width))
                                 : four(step(plane.channels, plane.width), step(plane.width, 1),
                                        step(plane.images, plane.height), step(plane.height, 1));
  return operand;
}

Result<Function> read_node(const NodeView& node) {
  OARLOCK_TRY(expect_floats(node).status());
  const std::string& op = node.node().op;
  const Shape& result = node.output_shape(0);
  if (result.rank() != 3 && result.rank() != 4)
    return unsupported("a result of ", result.rank(), " dimensions");
  const size_t inputs = op == "Clip" ? 1 : node.input_count();
  const bool variadic = op == "Max" || op == "Min" || op == "Sum";
  if (inputs > kMostInputs || (variadic && inputs != 2)) return unsupported(inputs, " inputs");
  Function function;
  OARLOCK_ASSIGN(function.expression, expression_of(node, true));
  if (!function.expression.zero_to_finite && result[1] % 4 != 0)
    return unsupported(result[1], " channels, with whose padding ", op, " is not finite");
  bool whole = false;
  for (size_t i = 0; i < inputs; ++i) {
    function.operands.push_back(read_operand(node.input_shape(i), result));
    whole = whole || (node.input_shape(i) == result && !function.operands.back().rows);
  }
  if (!whole) return unsupported("no input has the shape of the result");
  return function;
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const Function function, read_node(node));
  KernelOption option;
  option.inputs.assign(node.input_count(), Layout::row_major());
  std::vector<size_t> images;
  for (size_t i = 0; i < function.operands.size(); ++i) {
    if (function.operands[i].rows) continue;
    option.inputs[i] = Layout::image2d();
    images.push_back(i);
  }
  OARLOCK_TRY(expect_images(node, device, images));
  option.outputs = {Layout::image2d()};
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const Function function, read_node(node));
  const size_t inputs = function.operands.size();
  const Plane out(node.output_shape(0));
  Defines defines;
  defines.set("EXPRESSION(T, a, b, c)", function.expression.text)
      .set("INPUTS", static_cast<int64_t>(inputs));
  constexpr const char* kInRows[] = {"A_ROWS", "B_ROWS", "C_ROWS"};
  std::array<cl_int4, kMostInputs> strides = {};
  for (size_t i = 0; i < inputs; ++i) {
    strides[i] = function.operands[i].strides;
    if (function.operands[i].rows) defines.set(kInRows[i]);
  }
  OARLOCK_ASSIGN(const ProgramSource source,
                 image_program("elementwise_image", node.output(0).dtype, defines));
  OARLOCK_ASSIGN(LaunchPtr launch, Launch::make(cl_device(device), source, "elementwise_image",
                                                inputs + 1, texels(out.columns(), out.rows())));
  OARLOCK_TRY(launch->scalars(out.extents(), strides[0], strides[1], strides[2]));
  return launch_given(std::move(launch), inputs);
}

}  // namespace

std::span<const KernelDef> elementwise_kernels() {
  static const std::vector<KernelDef> list = [] {
    std::vector<KernelDef> defs;
    for (const char* op :
         {"Abs",  "Add",        "Ceil",  "Clip",  "Cos",         "Div",       "Elu",
          "Erf",  "Exp",        "Floor", "Gelu",  "HardSigmoid", "HardSwish", "LeakyRelu",
          "Log",  "Max",        "Min",   "Mish",  "Mul",         "Neg",       "PRelu",
          "Pow",  "Reciprocal", "Relu",  "Round", "Sigmoid",     "Sin",       "Softplus",
          "Sqrt", "Softsign",   "Sub",   "Sum",   "Swish",       "Tanh"})
      defs.push_back(image_kernel(op, "image2d/elementwise", match, create));
    return defs;
  }();
  return list;
}

}  // namespace oarlock::opencl::image
