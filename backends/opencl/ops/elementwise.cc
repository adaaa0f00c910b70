// Element-wise operators with broadcasting: their expression is compiled into one kernel source.
#include <algorithm>
#include <array>
#include <vector>

#include "backends/opencl/ops/support/expression.h"
#include "backends/opencl/ops/support/layouts.h"

namespace oarlock::opencl {

namespace {

constexpr size_t kMostInputs = 3;
constexpr size_t kMostAxes = 8;  // beside the innermost
constexpr int64_t kShort = 16;   // vectors of an innermost axis that is no work of its own

// How the inputs are walked over while the output is produced in order of its memory.
struct Walk {
  int64_t inner = 1;                          // extent of the innermost axis
  std::vector<int64_t> extents;               // of the other axes, outer to inner
  std::vector<std::vector<int64_t>> strides;  // by input, of these axes
  std::vector<int64_t> inner_strides;         // by input, 0 or 1
  std::vector<Layout> layouts;                // by input
  int64_t rows() const {
    int64_t product = 1;
    for (const int64_t e : extents) product *= e;
    return product;
  }
};

// Extents of an input's memory along the output's memory axes; empty when it cannot be broadcast in
// blocked channels. Sets the layout it needs.
std::vector<int64_t> input_extents(const Shape& own, const Shape& result, int64_t block,
                                   const Layout& blocked, Layout& layout) {
  const size_t rank = result.rank(), lead = rank - own.rank();
  const auto at = [&](size_t axis) { return axis < lead ? 1 : own[axis - lead]; };
  std::vector<int64_t> extents;
  for (size_t axis = 0; axis < rank; ++axis) extents.push_back(at(axis));
  if (block == 1) return extents;
  if (at(1) == 1) {
    extents.push_back(1);
    return extents;
  }
  if (lead == 0) {
    layout = blocked;
    return memory_extents(own, block);
  }
  // [C, 1, 1]: the same bytes in whole blocks.
  for (size_t axis = 2; axis < rank; ++axis)
    if (at(axis) != 1) return {};
  if (at(1) % block != 0) return {};
  extents.assign(rank + 1, 1);
  extents[1] = at(1) / block;
  extents[rank] = block;
  return extents;
}

// Neighbouring axes that all inputs walk alike become one.
void merge_axes(std::vector<int64_t>& extents, std::vector<std::vector<int64_t>>& strides) {
  for (size_t i = extents.size(); i-- > 1;) {
    const bool mergeable = std::all_of(strides.begin(), strides.end(), [&](const auto& s) {
      return extents[i] == 1 || extents[i - 1] == 1 || s[i - 1] == s[i] * extents[i];
    });
    if (!mergeable) continue;
    for (auto& s : strides) {
      if (extents[i] == 1) s[i] = s[i - 1];
      s.erase(s.begin() + static_cast<ptrdiff_t>(i) - 1);
    }
    extents[i - 1] *= extents[i];
    extents.erase(extents.begin() + static_cast<ptrdiff_t>(i));
  }
}

Result<Walk> walk_over(const Shape& result, const std::vector<Shape>& inputs, int64_t block,
                       const Layout& blocked) {
  Walk walk;
  walk.extents = memory_extents(result, block);
  for (size_t i = 0; i < inputs.size(); ++i) {
    walk.layouts.emplace_back();
    const std::vector<int64_t> own =
        input_extents(inputs[i], result, block, blocked, walk.layouts.back());
    if (own.empty() && !walk.extents.empty())
      return unsupported("input ", i, " cannot be broadcast in blocked channels");
    std::vector<int64_t> strides(own.size());
    int64_t stride = 1;
    for (size_t axis = own.size(); axis-- > 0;) {
      strides[axis] = own[axis] == 1 ? 0 : stride;
      stride *= own[axis];
    }
    walk.strides.push_back(std::move(strides));
  }
  merge_axes(walk.extents, walk.strides);
  if (!walk.extents.empty()) {
    walk.inner = walk.extents.back();
    walk.extents.pop_back();
  }
  for (auto& s : walk.strides) {
    walk.inner_strides.push_back(s.empty() || walk.inner == 1 ? 0 : s.back());
    if (!s.empty()) s.pop_back();
  }
  if (walk.extents.size() > kMostAxes)
    return unsupported("more than ", kMostAxes, " axes that broadcast differently");
  return walk;
}

// What is computed, of which inputs, seen as which shapes.
struct Function {
  Expression expression;
  std::vector<Shape> inputs;
  std::string compute;  // the type to compute with
};

bool is_single(DType dtype) {
  return dtype == DType::float32 || dtype == DType::float16 || dtype == DType::bfloat16;
}

// Scales and zero points of QuantizeLinear and DequantizeLinear have one value, or one for each
// index of an axis.
Result<Function> read_quantization(const NodeView& node) {
  const bool quantizes = node.node().op == "QuantizeLinear";
  const DType code = quantizes ? node.output(0).dtype : node.input(0).dtype;
  const DType real = quantizes ? node.input(0).dtype : node.output(0).dtype;
  if (code != DType::uint8 && code != DType::int8) return unsupported("quantized type ", code);
  if (real != DType::float32 || node.input(1).dtype != DType::float32)
    return unsupported("values or scales that are not float32");
  if (node.attrs().integer("block_size", 0) != 0) return unsupported("blocked scales");
  const Shape &shape = node.input_shape(0), &scales = node.input_shape(1);
  Shape seen;
  if (element_count(scales) != 1) {
    const auto axis = normalize_axis(node.attrs().integer("axis", 1), shape.rank());
    if (!axis || scales.rank() != 1 || shape[*axis] != scales[0])
      return unsupported("scales of shape ", scales);
    std::vector<int64_t> extents(shape.rank() - *axis, 1);
    extents[0] = scales[0];
    seen = Shape(extents);
  }
  const std::string_view text = !quantizes ? "(((float)(a) - (float)(c)) * (b))"
                                : code == DType::uint8
                                    ? "fmin(fmax(rint((a) / (b)) + (float)(c), 0.0f), 255.0f)"
                                    : "fmin(fmax(rint((a) / (b)) + (float)(c), -128.0f), 127.0f)";
  Function function{{std::string(text), false}, {shape, seen, seen}, "float"};
  if (node.input_count() < 3 || !node.has_input(2)) function.inputs.pop_back();
  return function;
}

Result<Function> read_node(const NodeView& node, const Device& device) {
  OARLOCK_TRY(expect_tensors(node));
  const std::string& op = node.node().op;
  for (size_t i = 0; i < node.input_count(); ++i)
    if (node.has_input(i)) OARLOCK_TRY(expect_element(node.input(i).dtype, device));
  OARLOCK_TRY(expect_element(node.output(0).dtype, device));
  if (op == "QuantizeLinear" || op == "DequantizeLinear") return read_quantization(node);
  const size_t inputs = op == "Clip" ? 1 : node.input_count();
  const bool variadic = op == "Max" || op == "Min" || op == "Sum";
  if (inputs > kMostInputs || (variadic && inputs != 2)) return unsupported(inputs, " inputs");
  const DType type = node.input(inputs - 1).dtype;
  Function function;
  for (size_t i = 0; i < inputs; ++i) {
    if (node.input(i).dtype != type && !(op == "Where" && i == 0))
      return unsupported("inputs of types ", node.input(i).dtype, " and ", type);
    function.inputs.push_back(node.input_shape(i));
  }
  OARLOCK_ASSIGN(function.expression, op == "Cast" ? cast_expression(type, node.output(0).dtype)
                                                   : expression_of(node, is_single(type)));
  function.compute = inputs == 1 ? "A_compute" : inputs == 2 ? "B_compute" : "C_compute";
  return function;
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const Function function, read_node(node, device));
  const size_t inputs = function.inputs.size();
  const Shape& result = node.output_shape(0);
  const Layout blocked = blocked_layout(device);
  const int64_t block = cl_device(device).traits().channel_block;
  std::vector<KernelOption> options;
  for (const bool in_blocks : {false, true}) {
    if (in_blocks && (!may_be_blocked(result) || moved_as(node.output(0).dtype).empty() ||
                      !(function.expression.zero_to_finite || result[1] % block == 0)))
      continue;
    Result<Walk> walk = walk_over(result, function.inputs, in_blocks ? block : 1, blocked);
    if (!walk.ok() && !in_blocks) return walk.status();
    if (!walk.ok()) continue;
    KernelOption option;
    option.inputs = walk->layouts;
    option.inputs.resize(node.input_count());
    option.outputs = {in_blocks ? blocked : Layout::row_major()};
    option.variant = in_blocks;
    for (size_t i = 0; i < inputs; ++i)
      if (node.input(i).dtype == node.output(0).dtype && node.input_shape(i) == result)
        option.sharing.push_back({Sharing::Kind::in_place, 0, static_cast<uint16_t>(i), 0});
    options.push_back(std::move(option));
  }
  return KernelNeeds(std::move(options));
}

cl_int8 eight(const std::vector<int64_t>& values) {
  cl_int8 packed = {};
  for (size_t i = 0; i < values.size(); ++i) packed.s[i] = static_cast<cl_int>(values[i]);
  return packed;
}

// The kernel takes exactly its tensors; inputs that are parameters stay behind.
KernelPtr launch_first(LaunchPtr launch, size_t inputs) {
  return make_kernel([launch = std::move(launch), inputs](const KernelArgs& args) -> Status {
    std::array<TensorRef, kMostInputs + 1> tensors;
    std::copy_n(args.inputs.begin(), inputs, tensors.begin());
    tensors[inputs] = args.outputs[0];
    return launch->run(std::span<const TensorRef>(tensors.data(), inputs + 1));
  });
}

Result<KernelPtr> create(const NodeView& node, const KernelOption& chosen, Device& device) {
  ClDevice& cl = cl_device(device);
  OARLOCK_ASSIGN(const Function function, read_node(node, device));
  const size_t inputs = function.inputs.size();
  const int64_t block = chosen.variant ? cl.traits().channel_block : 1;
  OARLOCK_ASSIGN(const Walk walk,
                 walk_over(node.output_shape(0), function.inputs, block, blocked_layout(device)));
  const auto has_vectors = [](DType dtype) {
    return dtype == DType::float32 || dtype == DType::float16;
  };
  bool vectors = has_vectors(node.output(0).dtype);
  for (size_t i = 0; i < inputs; ++i) vectors = vectors && has_vectors(node.input(i).dtype);
  const int width = vectors ? cl.traits().channel_block : 1;
  Defines defines;
  constexpr const char* kNames[] = {"A", "B", "C"};
  for (size_t i = 0; i < inputs; ++i) defines.element(kNames[i], node.input(i).dtype);
  defines.element("Y", node.output(0).dtype)
      .set("COMPUTE", function.compute)
      .set("EXPRESSION(T, a, b, c)", function.expression.text)
      .set("INPUTS", static_cast<int64_t>(inputs))
      .set("RANK", static_cast<int64_t>(walk.extents.size()))
      .set("WIDTH", width);
  Work work = Work::grid({ceil_div(walk.inner, width), walk.rows(), 1},
                         {walk.rows() == 1 ? 64u : 16u, 1, 1});
  if (walk.rows() > 1 && ceil_div(walk.inner, width) < kShort) {
    // Neighbouring work-items of a GPU take neighbours in memory.
    const int64_t rows = cl.traits().is_cpu ? 16 : 1, last = walk.extents.back();
    defines.set("ROWS", rows);
    work = Work::items(walk.rows() / last * ceil_div(last, rows));
  }
  OARLOCK_ASSIGN(const ProgramSource source, embedded_program("elementwise", defines));
  OARLOCK_ASSIGN(const LaunchPtr launch, Launch::make(cl, source, "elementwise", inputs + 1, work));
  const auto inner = static_cast<cl_int>(walk.inner), rows = static_cast<cl_int>(walk.rows());
  const cl_int8 extents = eight(walk.extents);
  std::array<cl_int, kMostInputs> steps = {};
  std::array<cl_int8, kMostInputs> strides = {};
  for (size_t i = 0; i < inputs; ++i) {
    steps[i] = static_cast<cl_int>(walk.inner_strides[i]);
    strides[i] = eight(walk.strides[i]);
  }
  if (inputs == 1) {
    OARLOCK_TRY(launch->scalars(inner, rows, extents, steps[0], strides[0]));
  } else if (inputs == 2) {
    OARLOCK_TRY(launch->scalars(inner, rows, extents, steps[0], strides[0], steps[1], strides[1]));
  } else {
    OARLOCK_TRY(launch->scalars(inner, rows, extents, steps[0], strides[0], steps[1], strides[1],
                                steps[2], strides[2]));
  }
  return launch_first(launch, inputs);
}

}  // namespace

std::span<const KernelDef> elementwise_kernels();

std::span<const KernelDef> elementwise_kernels() {
  static const std::vector<KernelDef> list = [] {
    std::vector<KernelDef> defs;
    for (const char* op : {"Abs",
                           "Add",
                           "And",
                           "Cast",
                           "DequantizeLinear",
                           "QuantizeLinear",
                           "Ceil",
                           "Clip",
                           "Cos",
                           "Div",
                           "Elu",
                           "Equal",
                           "Erf",
                           "Exp",
                           "Floor",
                           "Gelu",
                           "Greater",
                           "GreaterOrEqual",
                           "HardSigmoid",
                           "HardSwish",
                           "LeakyRelu",
                           "Less",
                           "LessOrEqual",
                           "Log",
                           "Max",
                           "Min",
                           "Mish",
                           "Mul",
                           "Neg",
                           "Not",
                           "Or",
                           "PRelu",
                           "Pow",
                           "Reciprocal",
                           "Relu",
                           "Round",
                           "Sigmoid",
                           "Sin",
                           "Softplus",
                           "Softsign",
                           "Sqrt",
                           "Sub",
                           "Sum",
                           "Swish",
                           "Tanh",
                           "Where",
                           "Xor"})
      defs.push_back({op, "elementwise", match, create});
    return defs;
  }();
  return list;
}

}  // namespace oarlock::opencl
