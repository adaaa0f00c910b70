// LSTM with the default activations.
#include <algorithm>
#include <array>

#include "backends/opencl/ops/support/layouts.h"

namespace oarlock::opencl {

namespace {

constexpr size_t kItems = 64;

Status check(const NodeView& node) {
  if (node.has_input(4)) return unsupported("sequence lengths");
  OARLOCK_ASSIGN(const DType dtype, expect_floats(node));
  if (dtype != DType::float32) return unsupported("states of type ", dtype);
  if (node.attrs().integer("layout", 0) != 0) return unsupported("layout 1");
  if (node.attrs().integer("input_forget", 0) != 0) return unsupported("input_forget");
  if (node.attrs().has("clip")) return unsupported("clip");
  const auto& activations = node.attrs().strings("activations");
  for (size_t i = 0; i < activations.size(); ++i)
    if (activations[i] != (i % 3 == 0 ? "Sigmoid" : "Tanh"))
      return unsupported("activation ", activations[i]);
  return {};
}

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_TRY(check(node));
  KernelOption option;
  const Shape &x = node.input_shape(0), &r = node.input_shape(2);
  option.workspace = static_cast<size_t>(r[0] * x[1] * r[2]) * 3 * sizeof(float);
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  ClDevice& cl = cl_device(device);
  const Shape &x = node.input_shape(0), &r = node.input_shape(2);
  const int64_t directions = r[0], batches = x[1];
  Defines defines;
  defines.set("WIDTH", cl.traits().channel_block)
      .set("ITEMS", int64_t{kItems})
      .element("REAL", DType::float32);
  OARLOCK_ASSIGN(const ProgramSource source, embedded_program("lstm", defines));
  OARLOCK_ASSIGN(const LaunchPtr launch,
                 Launch::make(cl, source, "lstm", 11,
                              Work::grid({int64_t{kItems}, batches, directions}, {kItems, 1, 1})));
  OARLOCK_TRY(launch->scalars(static_cast<cl_int>(x[0]), static_cast<cl_int>(batches),
                              static_cast<cl_int>(x[2]), static_cast<cl_int>(r[2]),
                              static_cast<cl_int>(directions),
                              cl_int{node.attrs().string("direction") == "reverse"}));
  return make_kernel([launch](const KernelArgs& args) -> Status {
    // X, W, R, B, the initial states and P; sequence lengths are left out.
    constexpr std::array<size_t, 7> kInputs = {0, 1, 2, 3, 5, 6, 7};
    std::array<TensorRef, 11> tensors;
    for (size_t i = 0; i < kInputs.size(); ++i)
      if (kInputs[i] < args.inputs.size()) tensors[i] = args.inputs[kInputs[i]];
    for (size_t i = 0; i < std::min<size_t>(args.outputs.size(), 3); ++i)
      tensors[kInputs.size() + i] = args.outputs[i];
    tensors[10] = args.workspace;
    return launch->run(tensors);
  });
}

}  // namespace

std::span<const KernelDef> lstm_kernels();

std::span<const KernelDef> lstm_kernels() {
  static const KernelDef defs[] = {{"LSTM", "lstm_f32", match, create}};
  return defs;
}

}  // namespace oarlock::opencl
