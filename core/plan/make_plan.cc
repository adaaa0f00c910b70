#include <algorithm>
#include <map>
#include <set>

#include "core/plan/plan.h"
#include "core/plan/tuned_kernels.h"
#include "oarlock/plugin/passes.h"

namespace oarlock {

namespace {

double tensor_bytes(const TypeInfo& type) {
  if (!type.is_concrete()) return 0;
  return static_cast<double>(storage_bytes(type.dtype, *type.shape.elements()).value_or(0));
}

void measure(const Graph& graph, const Node& node, Step& step) {
  std::vector<TypeInfo> inputs, outputs;
  for (ValueId v : node.inputs) inputs.push_back(v == kNone ? TypeInfo() : graph.value(v).type);
  for (ValueId v : node.outputs) outputs.push_back(v == kNone ? TypeInfo() : graph.value(v).type);
  for (const TypeInfo& t : inputs) step.bytes += tensor_bytes(t);
  for (const TypeInfo& t : outputs) step.bytes += tensor_bytes(t);
  if (node.def != nullptr && node.def->flops)
    step.flops = node.def->flops(node.attrs, inputs, outputs);
}

class PlanBuilder {
 public:
  PlanBuilder(const DeviceTable& devices, ConstantCache& constants, const PlanOptions& options)
      : devices_(devices), constants_(constants), options_(options) {}

  Result<std::shared_ptr<const Plan>> build(const Graph& graph, std::span<const TypeInfo> inputs) {
    plan_->inputs.assign(inputs.begin(), inputs.end());
    Graph specialized = graph;
    OARLOCK_TRY(specialize(specialized, inputs, devices_.ops));
    if (options_.simplify && knows_less(graph)) {
      // Known shapes let rewrites fit that could not when the model was loaded.
      OARLOCK_TRY(simplify(specialized, devices_.ops));
      OARLOCK_TRY(specialize(specialized, inputs, devices_.ops));
    }
    OARLOCK_ASSIGN(Split split, split_at_unknown_shapes(specialized));
    draft_.graph = std::move(split.head);
    draft_.trial = options_.trial;
    plan_->rest = std::move(split.rest);
    plan_->outputs = std::move(split.outputs);
    plan_->rest_begin = split.rest_begin;
    plan_->rest_outputs = std::move(split.rest_outputs);

    OARLOCK_TRY(settle_weights(draft_.graph, constants_, devices_));
    OARLOCK_TRY(place(draft_, devices_, options_.strict, options_.small));
    select_layouts(draft_, devices_);
    if (draft_.trial != nullptr) list_tunables(draft_, devices_);
    OARLOCK_TRY(insert_transfers(draft_, devices_, constants_));
    draft_.graph.erase_dead();
    OARLOCK_ASSIGN(order_, draft_.graph.order());
    for (NodeId id : order_) draft_.at(id);
#ifndef NDEBUG
    OARLOCK_TRY(verify(draft_.graph));
#endif
    OARLOCK_ASSIGN(MemoryPlan memory,
                   plan_memory(draft_, order_, devices_, {}, options_.separate_values));
    OARLOCK_TRY(make_steps(memory));
    plan_->values = std::move(memory.values);
    plan_->arena_bytes = std::move(memory.arena_bytes);
    plan_->images = std::move(memory.images);
    plan_->constants = std::move(draft_.constants);
    explain();
    plan_->graph = std::move(draft_.graph);
    return std::shared_ptr<const Plan>(std::move(plan_));
  }

 private:
  // The graph alone does not tell the types of its inputs.
  static bool knows_less(const Graph& graph) {
    return std::any_of(graph.inputs().begin(), graph.inputs().end(),
                       [&](ValueId v) { return !graph.value(v).type.is_concrete(); });
  }

  TensorDesc describe_value(ValueId v, const Layout& layout) const {
    const TypeInfo& type = draft_.graph.value(v).type;
    return {type.dtype, type.shape, layout};
  }

  Status make_steps(const MemoryPlan& memory) {
    for (size_t position = 0; position < order_.size(); ++position) {
      if (memory.skipped[position]) continue;
      if (draft_.trial != nullptr && std::chrono::steady_clock::now() > draft_.trial->deadline)
        return {Code::cancelled, "the time for tuning is over"};
      const NodeId id = order_[position];
      const Node& node = draft_.graph.node(id);
      NodeDraft& drafted = draft_.at(id);
      Step step;
      step.node = id;
      step.device = node.device;
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        const ValueId v = node.inputs[i];
        step.inputs.push_back(v == kNone ? Operand()
                                         : Operand{v, describe_value(v, input_layout(drafted, i))});
      }
      for (size_t i = 0; i < node.outputs.size(); ++i) {
        const ValueId v = node.outputs[i];
        step.outputs.push_back(
            v == kNone ? Operand() : Operand{v, describe_value(v, output_layout(drafted, i))});
      }
      if (drafted.kernel != nullptr) {
        const NodeView view(draft_.graph, node, drafted.relayout.get());
        Result<KernelPtr> kernel =
            drafted.kernel->create(view, drafted.chosen(), *devices_[node.device].device);
        if (!kernel.ok())
          return kernel.status().within(
              concat(describe(node), " on ", devices_[node.device].info().name));
        step.kernel = *std::move(kernel);
        step.kernel_name = drafted.kernel->name.c_str();
        step.workspace = drafted.chosen().workspace;
        step.reads_ahead = drafted.chosen().reads_ahead;
        step.workspace_offset = memory.workspaces[position];
        step.workspace_arena = devices_.arena(node.device);
      } else if (node.domain == kOarlockDomain && node.op == "Copy") {
        step.is_copy = true;
        step.kernel_name = "copy";
      }
      std::set<int> feeding;
      for (ValueId v : node.inputs) {
        if (v == kNone || draft_.graph.producer(v) == nullptr) continue;
        const int from = draft_.graph.producer(v)->device;
        if (from != node.device) feeding.insert(from);
      }
      step.wait_for.assign(feeding.begin(), feeding.end());
      measure(draft_.graph, node, step);
      if (draft_.trial != nullptr) step.tuning_keys = tuning_keys(draft_, id);
      plan_->steps.push_back(std::move(step));
    }
    return {};
  }

  void explain() {
    Explanation& e = plan_->explanation;
    std::vector<size_t> nodes_on(devices_.size());
    std::vector<std::map<std::string, size_t>> by_library(devices_.size());
    for (const Step& step : plan_->steps) {
      const Node& node = draft_.graph.node(step.node);
      PlannedStep planned;
      planned.node = node.name;
      planned.op = qualified_op(node);
      planned.device = devices_[step.device].info().name;
      planned.kernel = step.kernel_name;
      planned.flops = step.flops;
      for (const Operand& o : step.inputs)
        if (o.value != kNone)
          planned.inputs += concat(planned.inputs.empty() ? "" : ", ", operand_text(o));
      for (const Operand& o : step.outputs)
        if (o.value != kNone)
          planned.outputs += concat(planned.outputs.empty() ? "" : ", ", operand_text(o));
      planned.refusals = draft_.at(step.node).refusals;
      planned.tuned = draft_.at(step.node).tuned;
      ++nodes_on[step.device];
      if (const size_t end = planned.kernel.find('/'); end != std::string::npos)
        ++by_library[step.device][planned.kernel.substr(0, end)];
      e.steps.push_back(std::move(planned));
    }
    for (size_t d = 0; d < devices_.size(); ++d) {
      if (nodes_on[d] == 0) continue;
      e.summary += concat(e.summary.empty() ? "" : ", ", nodes_on[d],
                          nodes_on[d] == 1 ? " step on " : " steps on ", devices_[d].info().name);
      for (const auto& [library, count] : by_library[d])
        e.summary += concat(" (", count, " by ", library, ")");
    }
    if (plan_->rest != nullptr)
      e.summary += concat(e.summary.empty() ? "" : ", ", "then ", plan_->rest->node_count(),
                          " nodes planned while running, when data-dependent shapes are known");
    for (size_t bytes : plan_->arena_bytes) e.peak_bytes += bytes;
    for (const ImageSlot& image : plan_->images) e.peak_bytes += image.bytes();
    for (const auto& [id, constant] : plan_->constants) {
      e.constant_bytes += constant->bytes;
      e.packed_constants += constant->from != PlacedConstant::From::model;
      e.prepacked_constants += constant->from == PlacedConstant::From::file;
    }
    e.rewrites = draft_.rewrites;
  }

  std::string operand_text(const Operand& o) const {
    const TypeInfo& type = draft_.graph.value(o.value).type;
    return is_planned(type) ? to_string(o.desc) : to_string(type);
  }

  const DeviceTable& devices_;
  ConstantCache& constants_;
  const PlanOptions& options_;
  Draft draft_;
  std::vector<NodeId> order_;
  std::shared_ptr<Plan> plan_ = std::make_shared<Plan>();
};

}  // namespace

Result<std::shared_ptr<const Plan>> make_plan(const Graph& graph, std::span<const TypeInfo> inputs,
                                              const DeviceTable& devices, ConstantCache& constants,
                                              const PlanOptions& options) {
  return PlanBuilder(devices, constants, options).build(graph, inputs);
}

}  // namespace oarlock
