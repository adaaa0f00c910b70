#include <algorithm>

#include "core/plan/draft.h"
#include "core/plan/tuned_kernels.h"

namespace oarlock {

bool is_planned(const TypeInfo& type) { return type.is_concrete() && type.dtype != DType::string; }

namespace {

// Why no device but the reference may take the node; empty when others may.
std::string reference_only(const Graph& graph, const Node& node) {
  for (const Attrs::Entry& entry : node.attrs.entries())
    if (std::holds_alternative<GraphPtr>(entry.second)) return "control flow runs on the host";
  bool empty = false;
  for (const std::vector<ValueId>& ids : {node.inputs, node.outputs}) {
    for (ValueId id : ids) {
      if (id == kNone) continue;
      const TypeInfo& type = graph.value(id).type;
      if (type.is_tensor() && type.dtype == DType::string) return "strings live on the host";
      if (type.element != nullptr) return "sequences, optionals and maps live on the host";
      if (!type.is_concrete()) return "the shape of '" + graph.value(id).name + "' depends on data";
      empty = empty || type.shape.elements() == 0;
    }
  }
  return empty ? "a tensor is empty" : "";
}

// What a kernel wants beside its inputs and outputs: a workspace, and constants packed for it.
double extra_bytes(const NodeView& node, const KernelOption& option) {
  double sum = static_cast<double>(option.workspace);
  for (size_t i = 0; i < std::min(option.inputs.size(), node.input_count()); ++i) {
    if (!node.has_input(i) || node.constant(i) == nullptr) continue;
    const TypeInfo& type = node.input(i);
    sum +=
        static_cast<double>(storage_bytes({type.dtype, type.shape, option.inputs[i]}).value_or(0));
  }
  return sum;
}

// The first kernel that takes the node; of all that do the one that wants the least memory, if the
// plan must be small.
bool find_kernel(Draft& draft, NodeId id, const PlacedDevice& device) {
  if (find_tuned_kernel(draft, id, device)) return true;
  const Node& node = draft.graph.node(id);
  const NodeView view(draft.graph, node);
  NodeDraft& drafted = draft.at(id);
  const auto kernels = device.kernels_for(node);
  if (kernels.empty())
    drafted.refusals.push_back(
        {device.info().name, "", concat("no kernel for ", qualified_op(node))});
  for (const KernelDef* kernel : kernels) {
    Result<KernelNeeds> needs = kernel->match(view, *device.device);
    if (!needs.ok() || needs->options.empty()) {
      if (needs.ok() || !needs.status().message().empty())
        drafted.refusals.push_back({device.info().name, kernel->name, needs.status().message()});
      continue;
    }
    if (draft.small && drafted.kernel != nullptr) {
      if (extra_bytes(view, needs->options[0]) >= extra_bytes(view, drafted.chosen())) continue;
      drafted.refusals.push_back({device.info().name, drafted.kernel->name,
                                  "memory is short, and another kernel needs less"});
      drafted.kernel = nullptr;
    }
    if (drafted.kernel == nullptr) {
      drafted.kernel = kernel;
      drafted.option = 0;
      drafted.needs.options.clear();
      drafted.owners.clear();
    }
    for (KernelOption& option : needs->options) {
      drafted.needs.options.push_back(std::move(option));
      drafted.owners.push_back(kernel);
    }
    if (!needs->beside_next && !draft.small) break;
  }
  return drafted.kernel != nullptr;
}

void place_node(Draft& draft, NodeId id, const DeviceTable& devices) {
  draft.at(id) = {};
  const std::string reason = reference_only(draft.graph, draft.graph.node(id));
  for (size_t d = 0; d < devices.size(); ++d) {
    if (devices[d].is_reference()) break;
    if (!reason.empty()) {
      draft.at(id).refusals.push_back({devices[d].info().name, "", reason});
    } else if (find_kernel(draft, id, devices[d])) {
      draft.graph.set_device(id, static_cast<int>(d));
      return;
    }
  }
  draft.graph.set_device(id, devices.reference());
}

// Nodes that nobody can run as they are become others.
Status decompose(Draft& draft, NodeId id, const DeviceTable& devices, std::vector<NodeId>& added) {
  const Node& node = draft.graph.node(id);
  if (node.device != devices.reference() || node.def == nullptr || node.def->reference ||
      !node.def->decompose)
    return {};
  Result<std::optional<Patch>> patch = node.def->decompose(draft.graph, id);
  if (!patch.ok()) return patch.status().within(describe(node));
  if (!*patch)
    return unsupported(describe(node), ": no device takes it and it cannot be decomposed");
  OARLOCK_ASSIGN(added, draft.graph.apply(**std::move(patch), devices.ops));
  return {};
}

Status place_all(Draft& draft, std::vector<NodeId> work, const DeviceTable& devices) {
  for (size_t i = 0; i < work.size(); ++i) {
    if (work.size() > 1000000) return internal_error("decomposing operators does not end");
    const NodeId id = work[i];
    if (!draft.graph.node(id).alive) continue;
    place_node(draft, id, devices);
    std::vector<NodeId> added;
    OARLOCK_TRY(decompose(draft, id, devices, added));
    work.insert(work.end(), added.begin(), added.end());
  }
  return {};
}

// A backend's rule sees nodes placed on its device; a patch stays only if that device takes it.
Status apply_rules(Draft& draft, int device, const DeviceTable& devices) {
  const Backend* backend = devices[device].backend;
  if (backend == nullptr || backend->rules == nullptr) return {};
  for (const Rule& rule : backend->rules()) {
    OARLOCK_ASSIGN(const std::vector<NodeId> order, draft.graph.order());
    int applied = 0;
    for (NodeId id : order) {
      const Node& node = draft.graph.node(id);
      if (!node.alive || node.device != device) continue;
      if (!rule.root_op.empty() && rule.root_op != qualified_op(node)) continue;
      Result<std::optional<Patch>> patch = rule.rewrite(draft.graph, id);
      if (!patch.ok())
        return patch.status().within(concat("rewrite ", rule.name, " at ", describe(node)));
      if (!*patch || (*patch)->empty()) continue;
      GraphChange change;
      OARLOCK_ASSIGN(const std::vector<NodeId> added,
                     draft.graph.apply(**std::move(patch), devices.ops, change));
      const FusionChoice choice(draft, added, devices[device]);
      bool taken = !choice.apart();
      for (NodeId a : added) {
        draft.at(a) = {};
        taken = taken && find_kernel(draft, a, devices[device]);
        draft.graph.set_device(a, device);
      }
      choice.list(draft, change, taken);
      if (taken) {
        ++applied;
        continue;
      }
      draft.graph.undo(std::move(change));
      if (choice.apart()) {
        std::string& tuned = draft.at(id).tuned;
        tuned += concat(tuned.empty() ? "" : "; ", "without ", rule.name);
      }
    }
    if (applied > 0) draft.rewrites.push_back(concat(rule.name, " x ", applied));
  }
  return {};
}

Status check_strict(const Draft& draft, const DeviceTable& devices) {
  std::string elsewhere;
  for (NodeId id = 0; id < static_cast<NodeId>(draft.graph.node_count()); ++id) {
    const Node& node = draft.graph.node(id);
    if (!node.alive || node.device == 0) continue;
    elsewhere += concat("\n  ", describe(node), " would run on ", devices[node.device].info().name);
    if (static_cast<size_t>(id) < draft.nodes.size())
      for (const Refusal& r : draft.nodes[id].refusals)
        elsewhere += concat("; ", r.device, ": ", r.reason);
  }
  if (elsewhere.empty()) return {};
  return unsupported("strict: not every node runs on ", devices[0].info().name, elsewhere);
}

}  // namespace

Status place(Draft& draft, const DeviceTable& devices, bool strict, bool small) {
  draft.small = small;
  OARLOCK_ASSIGN(std::vector<NodeId> order, draft.graph.order());
  OARLOCK_TRY(place_all(draft, std::move(order), devices));
  for (size_t d = 0; d < devices.size(); ++d)
    OARLOCK_TRY(apply_rules(draft, static_cast<int>(d), devices));
  return strict ? check_strict(draft, devices) : Status();
}

}  // namespace oarlock
