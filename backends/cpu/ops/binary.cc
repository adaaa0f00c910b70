// Element-wise operators on two float tensors, and Where.
#include "kernels/cpu/binary.h"

#include <optional>
#include <vector>

#include "backends/cpu/ops/support/element_layout.h"
#include "kernels/cpu/unary.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

std::optional<kc::BinaryOp> binary_op(std::string_view op) {
  if (op == "Add" || op == "Sum") return kc::BinaryOp::add;
  if (op == "Sub") return kc::BinaryOp::sub;
  if (op == "Mul") return kc::BinaryOp::mul;
  if (op == "Div") return kc::BinaryOp::div;
  if (op == "Min") return kc::BinaryOp::min;
  if (op == "Max") return kc::BinaryOp::max;
  if (op == "Pow") return kc::BinaryOp::pow;
  if (op == "PRelu") return kc::BinaryOp::prelu;
  return std::nullopt;
}

// In the padding of NCHW16c these may turn zeros into something that is not finite.
bool needs_whole_blocks(kc::BinaryOp op) {
  return op == kc::BinaryOp::div || op == kc::BinaryOp::pow;
}

struct Walk {
  kc::Broadcast plan;
  std::vector<Layout> layouts;
};

Result<Walk> walk(const NodeView& node, bool blocked) {
  const Shape& result = node.output_shape(0);
  std::vector<BroadcastInput> inputs;
  std::vector<const int64_t*> strides;
  Walk walk;
  for (size_t i = 0; i < node.input_count(); ++i) {
    auto input = broadcast_input(node.input_shape(i), result, blocked);
    if (!input) return unsupported("input ", i, " cannot be broadcast in NCHW16c");
    walk.layouts.push_back(input->layout);
    inputs.push_back(std::move(*input));
  }
  for (const BroadcastInput& input : inputs) strides.push_back(input.strides.data());
  if (!kc::make_broadcast(memory_extents(result, blocked), strides, walk.plan))
    return unsupported("more than ", kc::Broadcast::kMaxRank, " axes that broadcast differently");
  return walk;
}

Result<KernelNeeds> options_of(const NodeView& node, bool blocked_too) {
  std::vector<KernelOption> options;
  const Shape& result = node.output_shape(0);
  for (bool blocked : {false, true}) {
    if (blocked && !(blocked_too && may_be_blocked(result))) continue;
    Result<Walk> way = walk(node, blocked);
    if (!way.ok() && !blocked) return way.status();
    if (!way.ok()) continue;
    KernelOption option;
    option.inputs = way->layouts;
    option.outputs = {blocked ? blocked_layout() : Layout::row_major()};
    option.variant = blocked;
    for (size_t i = 0; i < node.input_count(); ++i)
      if (node.input(i).dtype == node.output(0).dtype && node.input_shape(i) == result)
        option.sharing.push_back({Sharing::Kind::in_place, 0, static_cast<uint16_t>(i), 0});
    options.push_back(std::move(option));
  }
  return KernelNeeds(std::move(options));
}

Result<KernelNeeds> match_binary(const NodeView& node, const Device&) {
  OARLOCK_TRY(expect_float32(node));
  if (node.input_count() != 2) return unsupported(node.input_count(), " inputs instead of two");
  const auto op = binary_op(node.node().op);
  if (!op) return unsupported("operator ", node.node().op);
  const Shape& result = node.output_shape(0);
  return options_of(
      node, !needs_whole_blocks(*op) || (may_be_blocked(result) && has_whole_blocks(result)));
}

// Pow with the constant exponent 2 or 0.5.
std::optional<kc::UnaryOp> simple_power(const NodeView& node) {
  const Tensor* exponent = node.constant(1);
  if (node.node().op != "Pow" || !exponent || exponent->elements() != 1 ||
      !(node.input_shape(0) == node.output_shape(0)))
    return std::nullopt;
  const float value = exponent->as<float>()[0];
  if (value == 2.0f) return kc::UnaryOp::square;
  if (value == 0.5f) return kc::UnaryOp::sqrt;
  return std::nullopt;
}

Result<KernelPtr> create_binary(const NodeView& node, const KernelOption& chosen, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const Walk way, walk(node, is_blocked(chosen)));
  const kc::Broadcast plan = way.plan;
  if (const auto power = simple_power(node)) {
    return make_kernel([plan, power, &cpu](const KernelArgs& args) -> Status {
      const float* x = args.inputs[0].data<const float>();
      float* y = args.outputs[0].data<float>();
      cpu.parallel(plan.elements, 16384, [&](int64_t begin, int64_t end, int) {
        kc::unary(*power, x + begin, y + begin, end - begin);
      });
      return {};
    });
  }
  const kc::BinaryOp op = *binary_op(node.node().op);
  const int64_t grain = op == kc::BinaryOp::pow ? 512 : 16384;
  return make_kernel([plan, op, grain, &cpu](const KernelArgs& args) -> Status {
    const float* a = args.inputs[0].data<const float>();
    const float* b = args.inputs[1].data<const float>();
    float* y = args.outputs[0].data<float>();
    cpu.parallel(plan.elements, grain, [&](int64_t begin, int64_t end, int) {
      kc::binary(op, plan, a, b, y, begin, end);
    });
    return {};
  });
}

Result<KernelNeeds> match_where(const NodeView& node, const Device&) {
  if (!is_float32(node.input(1)) || !is_float32(node.input(2)) || !node.input(0).is_concrete())
    return unsupported("values of type ", to_string(node.input(1)), ", not float32");
  return options_of(node, false);
}

Result<KernelPtr> create_where(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const Walk way, walk(node, false));
  return make_kernel([plan = way.plan, &cpu](const KernelArgs& args) -> Status {
    const bool* condition = args.inputs[0].data<const bool>();
    const float* a = args.inputs[1].data<const float>();
    const float* b = args.inputs[2].data<const float>();
    float* y = args.outputs[0].data<float>();
    cpu.parallel(plan.elements, 16384, [&](int64_t begin, int64_t end, int) {
      kc::where(plan, condition, a, b, y, begin, end);
    });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> binary_kernels();

std::span<const KernelDef> binary_kernels() {
  static const std::vector<KernelDef> list = [] {
    std::vector<KernelDef> defs;
    for (const char* op : {"Add", "Div", "Max", "Min", "Mul", "PRelu", "Pow", "Sub", "Sum"})
      defs.push_back({op, "binary_f32", match_binary, create_binary});
    defs.push_back({"Where", "where_f32", match_where, create_where});
    return defs;
  }();
  return list;
}

}  // namespace oarlock::cpu
