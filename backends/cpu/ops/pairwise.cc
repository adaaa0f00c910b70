// Comparisons, logic, and arithmetic of whole numbers.
#include "kernels/cpu/pairwise.h"

#include <array>
#include <optional>
#include <vector>

#include "backends/cpu/ops/support/element_layout.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

struct Named {
  const char* op;
  kc::PairOp pair;
};
constexpr Named kNamed[] = {
    {"Add", kc::PairOp::add},         {"And", kc::PairOp::logical_and},
    {"Div", kc::PairOp::div},         {"Equal", kc::PairOp::equal},
    {"Greater", kc::PairOp::greater}, {"GreaterOrEqual", kc::PairOp::greater_or_equal},
    {"Less", kc::PairOp::less},       {"LessOrEqual", kc::PairOp::less_or_equal},
    {"Max", kc::PairOp::max},         {"Min", kc::PairOp::min},
    {"Mul", kc::PairOp::mul},         {"Or", kc::PairOp::logical_or},
    {"Sub", kc::PairOp::sub},         {"Xor", kc::PairOp::logical_xor},
};

std::optional<kc::PairType> type_of(DType dtype) {
  switch (dtype) {
    case DType::boolean:
      return kc::PairType::boolean;
    case DType::uint8:
      return kc::PairType::uint8;
    case DType::int8:
      return kc::PairType::int8;
    case DType::int32:
      return kc::PairType::int32;
    case DType::int64:
      return kc::PairType::int64;
    case DType::float32:
      return kc::PairType::float32;
    case DType::float64:
      return kc::PairType::float64;
    default:
      return std::nullopt;
  }
}

struct Pair {
  kc::PairOp op = kc::PairOp::add;
  kc::PairType type = kc::PairType::int64;
  kc::Broadcast plan;
};

Result<Pair> pair_of(const NodeView& node) {
  if (node.input_count() != 2) return unsupported(node.input_count(), " inputs instead of two");
  Pair pair;
  for (const Named& named : kNamed)
    if (node.node().op == named.op) pair.op = named.pair;
  const auto type = type_of(node.input(0).dtype);
  if (!type || node.input(1).dtype != node.input(0).dtype || !kc::has_pair_op(pair.op, *type))
    return unsupported("numbers of type ", node.input(0).dtype);
  pair.type = *type;
  const Shape& result = node.output_shape(0);
  const auto a = broadcast_input(node.input_shape(0), result, false);
  const auto b = broadcast_input(node.input_shape(1), result, false);
  const std::array<const int64_t*, 2> strides = {a->strides.data(), b->strides.data()};
  if (!kc::make_broadcast(result.dims(), strides, pair.plan))
    return unsupported("more than ", kc::Broadcast::kMaxRank, " axes that broadcast differently");
  return pair;
}

Result<KernelNeeds> match_pair(const NodeView& node, const Device&) {
  OARLOCK_TRY(pair_of(node).status());
  KernelOption option;
  for (uint16_t i = 0; i < 2; ++i)
    if (node.input(i).dtype == node.output(0).dtype && node.input_shape(i) == node.output_shape(0))
      option.sharing.push_back({Sharing::Kind::in_place, 0, i, 0});
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create_pair(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const Pair pair, pair_of(node));
  return make_kernel([pair, &cpu](const KernelArgs& args) -> Status {
    cpu.parallel(pair.plan.elements, 16384, [&](int64_t begin, int64_t end, int) {
      kc::pairwise(pair.op, pair.type, pair.plan, args.inputs[0].data(), args.inputs[1].data(),
                   args.outputs[0].data(), begin, end);
    });
    return {};
  });
}

Result<KernelNeeds> match_not(const NodeView&, const Device&) { return KernelNeeds(in_place({0})); }

Result<KernelPtr> create_not(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  const int64_t n = element_count(node.input(0));
  return make_kernel([n, &cpu](const KernelArgs& args) -> Status {
    cpu.parallel(n, 65536, [&](int64_t begin, int64_t end, int) {
      kc::logical_not(args.inputs[0].data<const bool>() + begin,
                      args.outputs[0].data<bool>() + begin, end - begin);
    });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> pairwise_kernels();

std::span<const KernelDef> pairwise_kernels() {
  static const std::vector<KernelDef> list = [] {
    std::vector<KernelDef> defs = {{"Not", "not", match_not, create_not}};
    for (const Named& named : kNamed)
      defs.push_back({named.op, "pairwise", match_pair, create_pair});
    return defs;
  }();
  return list;
}

}  // namespace oarlock::cpu
