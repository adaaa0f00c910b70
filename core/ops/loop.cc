// ONNX Loop (25).
#include <algorithm>
#include <limits>

#include "core/ops/support/arguments.h"
#include "core/ops/support/merge_types.h"
#include "core/ops/support/stack.h"
#include "core/ops/support/types.h"

namespace oarlock::ops {
namespace {

// Inputs: trip count, condition, carried values. Outputs: carried values, then stacked ones.
// The body takes iteration number, condition and carried values; it gives condition, carried
// values, and the elements of the stacked outputs.
constexpr size_t kFirstCarried = 2;

Status check_body(size_t outputs, size_t carried, size_t node_outputs) {
  if (outputs == 1 + node_outputs && node_outputs >= carried) return {};
  return invalid("the body has ", outputs, " outputs, expected ", 1 + node_outputs,
                 " (the condition and one for each output of the node, of which ", carried,
                 " are carried)");
}

// Types of carried values that hold in every iteration: widened until the body keeps them.
Result<std::vector<TypeInfo>> infer_body(InferContext& c, std::vector<TypeInfo>& types) {
  constexpr int kRounds = 4;
  for (int round = 0; round < kRounds; ++round) {
    OARLOCK_ASSIGN(std::vector<TypeInfo> results, c.infer_graph("body", types));
    OARLOCK_TRY(check_body(results.size(), types.size() - kFirstCarried, c.output_count()));
    bool stable = true;
    for (size_t i = kFirstCarried; i < types.size(); ++i) {
      TypeInfo merged = merge_types(types[i], results[i - 1]);
      stable = stable && merged == types[i];
      types[i] = std::move(merged);
    }
    if (stable) return results;
  }
  return c.infer_graph("body", types);
}

Status infer_loop(InferContext& c) {
  if (c.has_input(0)) OARLOCK_TRY(check_integers(c, 0, true));
  if (c.has_input(1)) OARLOCK_TRY(check_type<Bools>(c, 1));
  std::vector<TypeInfo> types = {TypeInfo::tensor(DType::int64, {}),
                                 TypeInfo::tensor(DType::boolean, {})};
  for (size_t i = kFirstCarried; i < c.input_count(); ++i) types.push_back(c.input(i));
  OARLOCK_ASSIGN(const std::vector<TypeInfo> results, infer_body(c, types));
  const size_t carried = types.size() - kFirstCarried;
  for (size_t i = 0; i < c.output_count(); ++i) {
    if (i < carried) {
      c.set_output(i, types[kFirstCarried + i]);
      continue;
    }
    TypeInfo stacked = results[1 + i];
    stacked.dim_names.clear();
    if (stacked.has_rank) stacked.shape.insert(0, Shape::kUnknown);
    c.set_output(i, std::move(stacked));
  }
  return {};
}

Result<bool> continues(const Value& value) {
  if (value.is_tensor() && value.tensor().dtype() == DType::boolean &&
      value.tensor().elements() == 1) {
    return value.tensor().as<bool>()[0];
  }
  return invalid("the condition is not one bool");
}

Status run_loop(RunContext& c) {
  const GraphPtr body = c.attrs().graph("body");
  const size_t carried = c.input_count() - std::min(c.input_count(), kFirstCarried);
  OARLOCK_TRY(check_body(body->outputs().size(), carried, c.output_count()));
  int64_t trips = std::numeric_limits<int64_t>::max();
  if (c.has_input(0)) {
    if (!c.input_value(0).is_tensor()) return invalid("the trip count is not a tensor");
    OARLOCK_ASSIGN(trips, read_integer(c.input(0)));
  }
  bool going = true;
  if (c.has_input(1)) {
    OARLOCK_ASSIGN(going, continues(c.input_value(1)));
  }
  std::vector<Value> state(kFirstCarried + carried);
  for (size_t i = 0; i < carried; ++i) state[kFirstCarried + i] = c.input_value(kFirstCarried + i);
  std::vector<std::vector<Tensor>> stacks(c.output_count() - carried);
  for (int64_t trip = 0; trip < trips && going; ++trip) {
    if (c.cancelled()) return Status(Code::cancelled, "cancelled");
    state[0] = Tensor::scalar(trip);
    state[1] = Tensor::scalar(going);
    OARLOCK_ASSIGN(std::vector<Value> results, c.run_graph("body", state));
    OARLOCK_ASSIGN(going, continues(results[0]));
    for (size_t i = 0; i < stacks.size(); ++i) {
      Value& result = results[1 + carried + i];
      if (!result.is_tensor()) return invalid("output ", carried + i, " stacks tensors only");
      stacks[i].push_back(std::move(result.tensor()));
    }
    std::move(results.begin() + 1, results.begin() + 1 + static_cast<int64_t>(carried),
              state.begin() + kFirstCarried);
  }
  for (size_t i = 0; i < stacks.size(); ++i) {
    if (!c.has_output(carried + i)) continue;
    TypeInfo declared;
    if (stacks[i].empty()) {
      state[0] = Tensor::scalar(int64_t{0});
      state[1] = Tensor::scalar(going);
      declared = type_without_run(*body, 1 + carried + i, state);
    }
    OARLOCK_TRY(set_stacked(c, carried + i, stacks[i], 0, declared));
  }
  for (size_t i = 0; i < carried; ++i) {
    if (c.has_output(i)) OARLOCK_TRY(c.set_output(i, std::move(state[kFirstCarried + i])));
  }
  return {};
}

}  // namespace

std::span<const OpDef> loop_ops() {
  static const OpDef defs[] = {{.name = "Loop",
                                .since_version = 25,
                                .attrs = {AttrDef::must("body", AttrKind::graph)},
                                .inputs = {0, Arity::kMany},
                                .outputs = {1, Arity::kMany},
                                .infer = infer_loop,
                                .reference = run_loop}};
  return defs;
}

}  // namespace oarlock::ops
